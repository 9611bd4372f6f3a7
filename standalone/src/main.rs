//! `standalone`: reads the command line, runs the system until a signal.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use standalone::data_dir::Addresses;
use standalone::options::{Command, CommandLine};
use standalone::shop::ShopConfig;

/// The embedded broker's own lines are not shown: with each record that it cannot store it prints the record. What comes
/// of it is logged by those who wait for it.
const LOG: &str = "warn,standalone=info,tansu_broker=off,tansu_service=off,tansu_storage=off";

fn main() -> ExitCode {
    if warehouse::sql::worker::is_asked_for() {
        return warehouse::sql::worker::main();
    }
    let command_line = CommandLine::parse();
    if let Err(wrong) = command_line.logs.start("STANDALONE_", LOG) {
        return wrong.exit();
    }
    collector::limit_panic_lines();
    match start(command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("standalone: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command_line: CommandLine) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(warehouse::limits::STACK_BYTES)
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        let shutdown = settings::stop_on_signal()?;
        match command_line.command {
            None => standalone::run(command_line.system, print_addresses, shutdown).await,
            Some(Command::Shop(options)) => {
                let config = ShopConfig {
                    collector_url: options.collector_url,
                    write_key: options.write_key,
                    studio_url: options.studio_url,
                };
                say(&format!("shop: http://{}\n", options.listen));
                standalone::serve_shop(options.listen, config, shutdown).await
            }
        }
    });
    // threads of client libraries may still be closing connections: nothing waits for them
    runtime.shutdown_background();
    result
}

/// To whoever looks; that nobody does, or that the disk is full, ends nothing.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn print_addresses(addresses: &Addresses) {
    say(&format!(
        "Ready.\n\n  Watch and ask   {studio}\n  Click around    {shop}\n\n  collector       {collector}   key {key}\n  metrics         {internal}/metrics\n  \
         Kafka           {kafka}\n  registry        {registry}\n  store           {store}\n\nStop with Ctrl-C.\n",
        studio = addresses.studio_url,
        shop = addresses.shop_url,
        collector = addresses.collector_url,
        key = addresses.write_key,
        internal = addresses.internal_url,
        kafka = addresses.kafka_bootstrap,
        registry = addresses.registry_url,
        store = addresses.store_url,
    ));
}
