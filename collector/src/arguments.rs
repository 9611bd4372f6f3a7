//! The command line. Everything that is configured can be set in three places; the later one wins.

use std::path::PathBuf;

use clap::Parser;
use settings::{Layers, Logs};

/// Takes batches of events over HTTP and answers 200 when they are durable in Kafka.
///
/// Settings come from the TOML file, then from the environment (COLLECTOR_KAFKA__BOOTSTRAP for kafka.bootstrap, two
/// underscores between a table and its key), then from flags. infra/config/collector.toml explains each of them.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
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
    #[command(flatten)]
    pub logs: Logs,
}

impl Arguments {
    /// Everything that was given, in the order in which it counts.
    pub(crate) fn layers(&self) -> Layers {
        let mut layers = collector::layers();
        if let Some(file) = &self.config {
            layers.file(file);
        }
        layers.environment(collector::ENVIRONMENT_PREFIX, settings::environment());
        let named = [
            ("--listen", "listen", &self.listen),
            ("--internal-listen", "internal_listen", &self.internal_listen),
            ("--kafka", "kafka.bootstrap", &self.kafka),
            ("--registry", "registry.url", &self.registry),
        ];
        for (flag, key, value) in named {
            if let Some(value) = value {
                layers.flag(flag, key, value);
            }
        }
        self.set.iter().for_each(|assignment| layers.assignment(assignment));
        layers
    }
}
