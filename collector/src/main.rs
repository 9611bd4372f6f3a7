//! The collector's process: arguments, logs, signals.
#![forbid(unsafe_code)]

mod arguments;

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;

use arguments::Arguments;

/// What is logged when nobody says.
const LOG: &str = "info";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match collector::load(arguments.layers()) {
        Ok(config) => config,
        Err(wrong) => return wrong.exit(),
    };
    if arguments.print_config {
        print!("{}", config.print());
        return ExitCode::SUCCESS;
    }
    if arguments.check_config {
        println!("the configuration is good");
        return ExitCode::SUCCESS;
    }
    if let Err(wrong) = arguments.logs.start(collector::ENVIRONMENT_PREFIX, LOG) {
        return wrong.exit();
    }
    collector::limit_panic_lines();
    let shutdown = CancellationToken::new();
    tokio::spawn(cancel_on_signal(shutdown.clone()));
    match collector::run(config, shutdown, |_| ()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("collector: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn cancel_on_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        tracing::error!("no signal handlers: only SIGKILL will stop this process");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    shutdown.cancel();
}
