//! The command line. Everything that is configured can be set in three places; the later one wins.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Variables with the settings' prefix that are no settings.
const NOT_SETTINGS: [&str; 3] = ["COLLECTOR_CONFIG", "COLLECTOR_LOG", "COLLECTOR_LOG_FORMAT"];

/// Takes batches of events over HTTP and answers 200 when they are durable in Kafka.
///
/// Settings come from the TOML file, then from the environment (COLLECTOR_KAFKA__BOOTSTRAP for kafka.bootstrap, two
/// underscores between a table and its key), then from flags. infra/config/collector.toml explains each of them.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    /// TOML file with the settings
    #[arg(long, env = "COLLECTOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address for browsers [default: 0.0.0.0:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Address for metrics and health; keep it off the internet [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDRESS:PORT")]
    internal_listen: Option<String>,
    /// Kafka brokers [default: 127.0.0.1:9092]
    #[arg(long, value_name = "HOST:PORT,…")]
    kafka: Option<String>,
    /// Schema registry [default: http://127.0.0.1:8085]
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// Any other setting, such as limits.connections_max=2000 or kafka.options.linger.ms=5; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print the resulting settings as TOML, with keys and passwords hidden, and end
    #[arg(long)]
    pub print_config: bool,
    /// Only check the settings; exit code 2 and one line for each mistake
    #[arg(long)]
    pub check_config: bool,
    /// What to log, such as info or collector=debug
    #[arg(long, env = "COLLECTOR_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
    /// How to log
    #[arg(long, env = "COLLECTOR_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl Arguments {
    /// The environment variables that are settings.
    pub fn environment(&self) -> impl Iterator<Item = (String, String)> {
        std::env::vars().filter(|(name, _)| !NOT_SETTINGS.contains(&name.as_str()))
    }

    /// The flags as `KEY=VALUE`.
    pub fn flags(&self) -> Vec<String> {
        let named = [
            ("listen", &self.listen),
            ("internal_listen", &self.internal_listen),
            ("kafka.bootstrap", &self.kafka),
            ("registry.url", &self.registry),
        ];
        let named = named.iter().filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value}")));
        named.chain(self.set.iter().cloned()).collect()
    }

    /// Logs to standard error.
    pub fn start_logging(&self) {
        let logs = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(&self.log))
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            // It would panic when the log cannot be written, as on a full disk.
            .log_internal_errors(false);
        match self.log_format {
            LogFormat::Text => logs.init(),
            LogFormat::Json => logs.json().init(),
        }
    }
}
