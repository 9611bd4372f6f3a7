//! `stream-jobs`: wires the command line to the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use settings::Logs;
use stream_jobs::{Accept, Config, ENVIRONMENT_PREFIX, Flags};

/// The object store's own retries are no news; what comes of them is logged by the worker.
const DEFAULT_LOG: &str = "info,object_store=warn";

/// Reads telemetry events and recordings from Kafka and lands them as Parquet, each exactly once
///
/// Settings come from a TOML file (--config), then STREAM_JOBS_… variables, then flags. Several workers with the same group share the topic's partitions.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    logs: Logs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Work until SIGTERM or SIGINT, then flush and end
    Run(Run),
    /// Let a stopped partition of a topic (--topic) go on, by writing the loss or the new topic into its chain
    Resume(Resume),
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    flags: Flags,
    /// Print the settings, secrets hidden, and end
    #[arg(long)]
    print_config: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Accepted {
    /// Offsets that retention removed before they were landed are lost: go on at the topic's first offset
    #[arg(long)]
    accept_gap: bool,
    /// The topic was made anew: go on at its first offset, behind the old chain
    #[arg(long)]
    new_incarnation: bool,
}

#[derive(Args)]
struct Resume {
    #[command(flatten)]
    flags: Flags,
    /// The partition that stopped, as the log and /health/ready name it
    #[arg(long)]
    partition: i32,
    #[command(flatten)]
    accepted: Accepted,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match &arguments.command {
        Command::Run(run) => Config::load(&run.flags, settings::environment()),
        Command::Resume(resume) => Config::load_for_topic(&resume.flags, settings::environment()),
    };
    let config = match config {
        Ok(config) => config,
        Err(wrong) => return wrong.exit(),
    };
    if matches!(&arguments.command, Command::Run(run) if run.print_config) {
        print!("{}", config.printed());
        return ExitCode::SUCCESS;
    }
    if let Err(wrong) = arguments.logs.start(ENVIRONMENT_PREFIX, DEFAULT_LOG) {
        return wrong.exit();
    }
    match command(arguments.command, config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stream-jobs: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn command(command: Command, config: Config) -> anyhow::Result<()> {
    match command {
        Command::Run(_) => stream_jobs::run(config, settings::stop_on_signal()?).await,
        Command::Resume(resume) => {
            let accept = if resume.accepted.accept_gap { Accept::Gap } else { Accept::NewIncarnation };
            println!("{}", stream_jobs::resume(&config, resume.partition, accept).await?);
            Ok(())
        }
    }
}
