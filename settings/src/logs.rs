//! What a process logs, and how: alike in all of them.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::mistakes::Wrong;

/// The flags of the logs, which go to standard error. Without a flag `PREFIX_LOG` and `PREFIX_LOG_FORMAT` count.
#[derive(Args, Clone, Debug, Default)]
pub struct Logs {
    /// What to log, such as info or warn,collector=debug; also …_LOG
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// How to log; also …_LOG_FORMAT [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line for each event, for people
    Text,
    /// One JSON object a line
    Json,
}

impl Logs {
    /// Begins to log. `prefix` is that of the process's variables, `default` what is logged when nobody says.
    pub fn start(&self, prefix: &str, default: &str) -> Result<(), Wrong> {
        let given = |flag: &Option<String>, name: String| flag.clone().or_else(|| std::env::var(name).ok());
        let filter = given(&self.log, format!("{prefix}LOG")).unwrap_or_else(|| default.to_owned());
        let format = given(&None, format!("{prefix}LOG_FORMAT"));
        let format = self.log_format.map_or_else(|| format_of(format.as_deref().unwrap_or("text")), Ok)?;
        let filter = filter_of(&filter)?;
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            // It would panic when the log cannot be written, as on a full disk.
            .log_internal_errors(false);
        match format {
            Format::Text => logs.init(),
            Format::Json => logs.json().init(),
        }
        Ok(())
    }
}

fn filter_of(text: &str) -> Result<EnvFilter, Wrong> {
    EnvFilter::builder()
        .parse(text)
        .map_err(|error| Wrong::because(format!("log = {text:?}: write it like info or warn,collector=debug: {error}")))
}

fn format_of(text: &str) -> Result<Format, Wrong> {
    Format::from_str(text, true).map_err(|_| Wrong::because(format!("log_format = {text:?}: write text or json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_or_format_is_a_wrong_setting() {
        filter_of("warn,collector=debug").unwrap();
        assert!(filter_of("collector=loud").unwrap_err().to_string().contains("collector=loud"));
        assert_eq!(format_of("JSON").unwrap(), Format::Json);
        assert!(format_of("xml").unwrap_err().to_string().contains("xml"));
    }
}
