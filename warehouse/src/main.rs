//! `warehouse`: see the library.
#![forbid(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::{self, ExitCode};
use std::time::Duration;

use clap::{CommandFactory, Parser};
use settings::Wrong;
use warehouse::commands::run;
use warehouse::config::{Cli, Command, Config, ENVIRONMENT_PREFIX};
use warehouse::elsewhere;
use warehouse::limits::STACK_BYTES;

/// Lost races for a commit are part of the work: the libraries' own lines about them are not shown.
const LOG: &str = "warn,deltalake_core=off,buoyant_kernel=off,delta_kernel=off,warehouse=info";
const LOG_OF_ONE_ANSWER: &str = "off,warehouse=warn";

/// What steps that are running at the end get.
const LAST_STEPS: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    if warehouse::sql::worker::is_asked_for() {
        return warehouse::sql::worker::main();
    }
    let cli = Cli::parse();
    if let Some(Command::Friction { explain: true, .. }) = cli.command {
        print!("{}", warehouse::friction::explained());
        return ExitCode::SUCCESS;
    }
    let config = match Config::new(&cli, settings::environment()) {
        Ok(config) => config,
        Err(wrong) => return wrong.exit(),
    };
    if cli.options.print_config {
        print!("{}", config.print());
        return ExitCode::SUCCESS;
    }
    if let Some(engine) = &config.engine {
        return Wrong::because(elsewhere::hand_over(engine)).exit();
    }
    let Some(command) = cli.command else {
        let _ = Cli::command().print_help();
        return ExitCode::from(2);
    };
    let log = match command {
        Command::Compact { .. } | Command::Maintain { .. } | Command::Serve { .. } => LOG,
        _ => LOG_OF_ONE_ANSWER,
    };
    if let Err(wrong) = cli.logs.start(ENVIRONMENT_PREFIX, log) {
        return wrong.exit();
    }

    if matches!(command, Command::Compact { .. } | Command::Maintain { .. } | Command::Erase { .. } | Command::Verify) {
        restart_with_one_arena();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build();
    let runtime = runtime.expect("the system lets this process start threads");
    let done = runtime.block_on(async move {
        let stop = if command.takes_interrupts() { settings::stop_on_terminate() } else { settings::stop_on_signal() };
        tokio::spawn(async { run(command, config, stop?).await }).await
    });
    // A step of a query or of a compaction that computes for seconds is not waited for: what it has not committed is not
    // there.
    runtime.shutdown_timeout(LAST_STEPS);
    match done {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprintln!("{}", format!("{error:#}").replace('\n', " "));
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// The C library gives each thread its own arena, and keeps there what a round gave back, where the threads of the next do
/// not find it: a compaction's memory doubled from round to round. It reads the number of arenas when a program starts.
/// Comes back when the number is set, or when the program cannot be started again.
fn restart_with_one_arena() {
    const ARENAS: &str = "MALLOC_ARENA_MAX";
    if let (None, Ok(program)) = (std::env::var_os(ARENAS), std::env::current_exe()) {
        let failed = process::Command::new(program).args(std::env::args_os().skip(1)).env(ARENAS, "1").exec();
        tracing::debug!(%failed, "not started again: compaction takes more memory");
    }
}
