//! `warehouse-cluster`: see the library.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::iter::once;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use cluster::ask::ask;
use cluster::serve::{Executor, Scheduler};
use settings::Logs;
use tokio::runtime::{Builder, Runtime};
use warehouse::config::{self, Config, ENVIRONMENT_PREFIX};
use warehouse::elsewhere::ASK;
use warehouse::limits::STACK_BYTES;

/// Lost races for a commit are part of the work, as for `warehouse compact`. Executors say of each task when it begins and ends.
const LOG: &str = "warn,deltalake_core=off,buoyant_kernel=off,delta_kernel=off,ballista_executor=info";
const LOG_OF_ONE_ANSWER: &str = "off,warehouse=warn";
/// What steps that are running at the end get.
const LAST_STEPS: Duration = Duration::from_millis(500);

/// A Ballista cluster for statements and compactions of `warehouse --engine ballista://HOST:PORT`.
#[derive(Debug, Parser)]
#[command(
    name = "warehouse-cluster",
    version,
    after_help = "Examples:\n  warehouse-cluster scheduler\n  warehouse-cluster executor --store s3://bucket/prefix --scheduler 127.0.0.1:50050\n  \
                  warehouse --store s3://bucket/prefix --engine ballista://127.0.0.1:50050 compact\n  \
                  warehouse --store s3://bucket/prefix --engine ballista://127.0.0.1:50050 sql \"select type, count(*) from events group by 1\"\n\n\
                  Its processes trust each other and everybody who reaches them. More in docs/cluster.md."
)]
struct Cli {
    #[command(flatten)]
    logs: Logs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scheduler(Scheduler),
    Executor(Executor),
}

fn main() -> ExitCode {
    // What `warehouse` hands over comes with its own flags.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ASK) {
        return asked(arguments);
    }
    let Cli { logs, command } = Cli::parse();
    if let Err(wrong) = logs.start("WAREHOUSE_CLUSTER_", LOG) {
        return wrong.exit();
    }
    let done = runtime().block_on(async {
        match command {
            Command::Scheduler(scheduler) => scheduler.run().await,
            Command::Executor(executor) => executor.run().await,
        }
    });
    told(done.map(|()| ExitCode::SUCCESS))
}

/// A command of `warehouse`.
fn asked(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = config::Cli::parse_from(once("warehouse".into()).chain(arguments));
    let config = match Config::new(&cli, settings::environment()) {
        Ok(config) => config,
        Err(wrong) => return wrong.exit(),
    };
    if let Err(wrong) = cli.logs.start(ENVIRONMENT_PREFIX, LOG_OF_ONE_ANSWER) {
        return wrong.exit();
    }
    let runtime = runtime();
    let done = runtime.block_on(async move {
        let command = cli.command.ok_or_else(|| anyhow::anyhow!("no command; see warehouse --help"))?;
        // Planning recurses over expressions: on a thread with a stack for it.
        tokio::spawn(async move { ask(&command, &config).await }).await?
    });
    runtime.shutdown_timeout(LAST_STEPS);
    told(done)
}

fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build();
    runtime.expect("the system lets this process start threads")
}

fn told(done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("{}", format!("{error:#}").replace('\n', " "));
        ExitCode::FAILURE
    })
}
