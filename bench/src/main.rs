//! `bench`: generates traffic, posts it, and measures the pipeline with it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use bench::{compaction, generate, pipeline, post, replay, sql};
use clap::{Parser, Subcommand};

/// Seeded, plausible traffic, and what the pipeline spends on it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write generated batches to files
    Generate(generate::GenerateArguments),
    /// Post generated traffic to a collector; exit 1 if anything was refused
    Post(post::PostArguments),
    /// Post to a collector on a real Kafka, registry and S3 server until everything is landed and compacted, and print
    /// the CPU time that each process took
    Pipeline(pipeline::PipelineArguments),
    /// Compact what `pipeline --until landed` left, and print what it costs beside its limit, DuckDB and Spark
    Compaction(compaction::CompactionArguments),
    /// Ask a compacted store what designers and support people ask, and print how long that takes beside DuckDB
    Sql(sql::SqlArguments),
    /// Make a store with recordings on a real Kafka, registry and S3 server, and print how fast they are found and shown, what the
    /// collector spends on them, and how often compaction writes them
    Replay(replay::ReplayArguments),
    /// The limit of `compaction`, in a process of its own
    #[command(hide = true)]
    CompactionFloor(compaction::floor::FloorArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Post(arguments) => post::run(arguments).await,
        Command::Pipeline(arguments) => pipeline::run(arguments).await,
        Command::Compaction(arguments) => compaction::run(&arguments),
        Command::Sql(arguments) => sql::run(&arguments).await,
        Command::Replay(arguments) => replay::run(&arguments).await,
        Command::CompactionFloor(arguments) => compaction::floor::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
