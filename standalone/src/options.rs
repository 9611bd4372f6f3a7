//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use settings::Logs;

/// Customer telemetry in one process: an embedded Kafka broker, the collector, a stream job, the warehouse and a demo
/// shop, on one folder.
///
/// Stop it with Ctrl-C, start it again on the same folder: everything is still there, once. Other tools work beside it,
/// for example `warehouse --store file:///FOLDER/store sql "select type, count(*) from events group by 1"`.
#[derive(Debug, Parser)]
#[command(name = "standalone", version, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    #[command(flatten)]
    pub system: Options,
    #[command(flatten)]
    pub logs: Logs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Parts that also make sense by themselves.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve only the demo shop, watched by a collector that runs elsewhere.
    Shop(ShopOptions),
}

/// Options of the whole system.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Folder for the broker's log, the registry and the lakehouse; made where needed. One process at a time owns it.
    #[arg(long, env = "STANDALONE_DATA_DIR", default_value = "telemetry-data", value_name = "DIR")]
    pub data_dir: PathBuf,

    /// Let every listener without a port of its own take any free loopback port, so that several run side by side.
    #[arg(long)]
    pub free_ports: bool,

    #[arg(long, value_name = "PORT", help = "Port for the browsers' events [default: 8080]")]
    pub collector_port: Option<u16>,
    #[arg(long, value_name = "PORT", help = "Port of the collector's metrics [default: 8081]")]
    pub internal_port: Option<u16>,
    #[arg(long, value_name = "PORT", help = "Port of the stream job's metrics [default: 8082]")]
    pub stream_jobs_port: Option<u16>,
    #[arg(long, value_name = "PORT", help = "Port of the studio and the SQL API [default: 8090]")]
    pub studio_port: Option<u16>,
    #[arg(long, value_name = "PORT", help = "Port of the demo shop [default: 8091]")]
    pub shop_port: Option<u16>,
    #[arg(long, value_name = "PORT", help = "Port of the embedded broker [default: 9092]")]
    pub kafka_port: Option<u16>,
    #[arg(long, value_name = "PORT", help = "Port of the schema registry [default: 8085]")]
    pub registry_port: Option<u16>,

    /// How long events may wait before they are written to the landing zone.
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub flush_every: Duration,
    /// How often the landing zone is compacted into the curated tables.
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub compact_every: Duration,
}

/// Options of `standalone shop`.
#[derive(Debug, Args)]
pub struct ShopOptions {
    /// Address to serve the shop on.
    #[arg(long, default_value = "127.0.0.1:8091", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Where the shop's pages send their events.
    #[arg(long, value_name = "URL")]
    pub collector_url: String,
    /// Write key of the site, as configured in the collector.
    #[arg(long, value_name = "KEY")]
    pub write_key: String,
    /// Where to look at what was captured.
    #[arg(long, value_name = "URL")]
    pub studio_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_contract_of_the_acceptance_run_parses() {
        let parsed =
            CommandLine::parse_from(["standalone", "--data-dir", "/tmp/x", "--free-ports", "--studio-port", "8099"]);
        let options = parsed.system;
        assert!(options.free_ports);
        assert_eq!((options.studio_port, options.collector_port), (Some(8099), None));
    }
}
