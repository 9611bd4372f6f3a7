//! The collector's process: arguments, logs, signals.
#![forbid(unsafe_code)]

mod arguments;

use std::process::ExitCode;

use clap::Parser;

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
    let ended = match settings::stop_on_signal() {
        Ok(stop) => collector::run(config, stop, |_| ()).await,
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("collector: {error:#}");
            ExitCode::FAILURE
        }
    }
}
