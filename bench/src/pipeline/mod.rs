//! `bench pipeline`: how much CPU time each process spends on a million events, on the real parts, with the books
//! checked afterwards.

mod books;
pub(crate) mod limits;
pub(crate) mod machine;
pub(crate) mod parts;
pub(crate) mod processes;
mod report;
pub(crate) mod results;
mod run;
pub(crate) mod server;
pub(crate) mod usage;
mod warehouse;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use self::report::Report;
use self::run::{Run, Setting};
use crate::files::empty;
use crate::load::{Encoding, now_ms};
use crate::post::events_bar;
use crate::traffic::{Batch, Profile, Traffic};

/// Where a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Collector, Kafka and stream job; the links are checked. Needs no `warehouse`.
    Landed,
    /// Also compaction, `warehouse verify` and a count by SQL.
    Compacted,
}

#[derive(Args)]
pub struct PipelineArguments {
    /// Measured events of a run
    #[arg(long, default_value_t = 2_000_000)]
    pub events: u64,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Most events of a batch
    #[arg(long, default_value_t = 50)]
    pub batch: usize,
    /// How bodies are compressed
    #[arg(long, value_enum, default_value_t)]
    pub encoding: Encoding,
    /// Events before the measured ones, while the broker's compiler warms up; they are counted and checked too
    #[arg(long, default_value_t = 200_000)]
    pub warm_up: u64,
    /// Runs, each on fresh parts; with more than one the median, least and greatest are shown
    #[arg(long, default_value_t = 1)]
    pub runs: usize,
    /// Requests at the same time
    #[arg(long, default_value_t = 128)]
    pub connections: usize,
    /// Where a run ends
    #[arg(long, value_enum, default_value_t = Stage::Compacted)]
    pub until: Stage,
    /// Folder of collector and stream-jobs [default: where bench itself lies]
    #[arg(long, value_name = "FOLDER")]
    pub bin: Option<PathBuf>,
    /// Folder of warehouse [default: --bin]
    #[arg(long, value_name = "FOLDER")]
    pub warehouse_bin: Option<PathBuf>,
    /// The program that starts Kafka, registry and S3 server
    #[arg(long, value_name = "FILE", default_value = "infra/dev/parts")]
    pub parts: PathBuf,
    /// Folder for the parts' data and all logs, emptied before every run [default: bench-pipeline beside --bin]
    #[arg(long, value_name = "FOLDER")]
    pub work: Option<PathBuf>,
    /// Where the results are written as Markdown, in place of those of an earlier run
    #[arg(long, value_name = "FILE", default_value = "bench/RESULTS.md")]
    pub out: PathBuf,
}

pub async fn run(arguments: PipelineArguments) -> Result<()> {
    let setting = setting(&arguments)?;
    let work = arguments.work.clone().unwrap_or_else(|| setting.bin.join("../bench-pipeline"));
    let (batches, setting) = generate(&arguments, setting);
    let mut runs = Vec::new();
    for number in 1..=arguments.runs.max(1) {
        eprintln!("run {number} of {}", arguments.runs.max(1));
        let folder = empty(&work)?;
        runs.push(run_unless_interrupted(&setting, &batches, &folder).await?);
    }
    let report = Report::new(&arguments, &setting, runs, batches.len());
    let text = report.markdown();
    println!("{text}");
    results::write_section(&arguments.out, &text)?;
    let json = work.join("pipeline.json");
    fs::write(&json, serde_json::to_string_pretty(&report)?)
        .with_context(|| format!("{} cannot be written", json.display()))?;
    eprintln!("written: {} and {}", arguments.out.display(), json.display());
    Ok(())
}

/// Finds the programs before anything is generated or started.
fn setting(arguments: &PipelineArguments) -> Result<Setting> {
    let own = std::env::current_exe().context("where bench itself lies is not known; give --bin")?;
    let beside = own.parent().map(Path::to_owned).unwrap_or_default();
    let bin = arguments.bin.clone().unwrap_or(beside);
    let warehouse_bin = match arguments.until {
        Stage::Landed => None,
        Stage::Compacted => Some(arguments.warehouse_bin.clone().unwrap_or_else(|| bin.clone())),
    };
    let mut needed = vec![bin.join("collector"), bin.join("stream-jobs"), arguments.parts.clone()];
    needed.extend(warehouse_bin.as_ref().map(|folder| folder.join("warehouse")));
    let missing: Vec<_> = needed.iter().filter(|path| !path.is_file()).map(|path| path.display().to_string()).collect();
    if !missing.is_empty() {
        bail!(
            "missing: {}; build with `cargo build --release -p collector -p stream-jobs -p warehouse -p bench`, name the folders with --bin and --warehouse-bin, or do without compaction by --until landed",
            missing.join(", ")
        );
    }
    Ok(Setting {
        parts: arguments.parts.clone(),
        bin,
        warehouse_bin,
        connections: arguments.connections,
        encoding: arguments.encoding,
        warm_up_batches: 0,
    })
}

/// All bodies before the first measurement: what they cost must not be in it.
fn generate(arguments: &PipelineArguments, setting: Setting) -> (Vec<Batch>, Setting) {
    let events = arguments.warm_up + arguments.events;
    let base_ms = Profile::past(now_ms(), events);
    let profile = Profile { batch_events_max: arguments.batch.max(1), ..Profile::plain(base_ms, events) };
    let progress = events_bar(events, "generating");
    let batches: Vec<Batch> =
        Traffic::new(arguments.seed, profile).inspect(|batch| progress.inc(u64::from(batch.events))).collect();
    progress.finish_and_clear();
    let mut before = 0;
    let warm_up_batches = batches
        .iter()
        .take_while(|batch| {
            before += u64::from(batch.events);
            before <= arguments.warm_up
        })
        .count();
    (batches, Setting { warm_up_batches, ..setting })
}

/// Stops what was started when somebody presses Ctrl-C: all of it is stopped as `run` goes out of scope.
async fn run_unless_interrupted(setting: &Setting, batches: &[Batch], folder: &Path) -> Result<Run> {
    tokio::select! {
        done = run::run(setting, batches, folder) => done,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    }
}
