//! `bench compaction`: what compaction spends on a million events, beside the least that its reading and writing can cost and
//! beside DuckDB and Spark, all on the same landing files.

mod contenders;
pub mod floor;
mod late;
mod report;
mod shards;
mod size;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use schemas::landing::Link;

use crate::files::{empty, files_below};
use crate::pipeline::results::write_section;
use contenders::Contender;
use report::{Measured, section};
use size::Size;

#[derive(Args)]
pub struct CompactionArguments {
    /// Folder that holds `landing/`, such as `bench pipeline` leaves; nothing in it is changed
    #[arg(long, value_name = "FOLDER")]
    pub store: PathBuf,
    /// Folder of warehouse [default: where bench itself lies]
    #[arg(long, value_name = "FOLDER")]
    pub bin: Option<PathBuf>,
    /// Folder for what is written, emptied before every run
    #[arg(long, value_name = "FOLDER")]
    pub work: PathBuf,
    /// Threads of DuckDB and of Spark
    #[arg(long, default_value_t = 2)]
    pub threads: usize,
    /// Memory of each of them; Spark's is Java's heap
    #[arg(long, default_value = "4GB")]
    pub memory: String,
    /// Measure our compaction alone: by one process with one core, and by so many with a part of the partitions and a core each
    #[arg(long, value_name = "PROCESSES")]
    pub shards: Option<usize>,
    /// Measure our compaction alone: of so many events that arrive last, on a store of a million and on one of all others
    #[arg(long, value_name = "EVENTS", conflicts_with = "shards")]
    pub late: Option<u64>,
    /// Where the results are written as Markdown, in place of those of an earlier run
    #[arg(long, value_name = "FILE", default_value = "bench/RESULTS.md")]
    pub out: PathBuf,
}

pub fn run(arguments: &CompactionArguments) -> Result<()> {
    let own = std::env::current_exe().context("where bench itself lies is not known")?;
    let bin = arguments.bin.clone().or_else(|| Some(own.parent()?.to_owned())).unwrap_or_default();
    if let Some(shards) = arguments.shards {
        return shards::run(arguments, &bin, shards);
    }
    if let Some(late) = arguments.late {
        return late::run(arguments, &bin, late);
    }
    let landing = arguments.store.join("landing");
    let events = landed_events(&landing)?;
    let (mut all, mut left_out) = (Vec::new(), Vec::new());
    for contender in Contender::ALL {
        if let Some(reason) = contender.missing() {
            println!("{}: {reason}", contender.name());
            left_out.push((contender, reason));
            continue;
        }
        let work = empty(&arguments.work.join(contender.name()))?;
        let command = contender.command(arguments, &own, &bin, &landing, &work)?;
        let used = crate::pipeline::usage::run_measured(command, contender.name())?;
        let size = Size::below(&work.join(contender.output()))?;
        let measured = Measured { contender, used, size, events };
        println!("{}", measured.line());
        all.push(measured);
    }
    let text = section(arguments, &bin, &all, &left_out);
    write_section(&arguments.out, &text)
}

/// Distinct events by what the links say.
fn landed_events(landing: &Path) -> Result<u64> {
    let events = links_below(landing)?.iter().map(|(_, link)| distinct(link)).sum();
    ensure!(events > 0, "{}: no events", landing.display());
    Ok(events)
}

/// Events of a link that had not come before.
fn distinct(link: &Link) -> u64 {
    link.counts.events - link.counts.duplicates
}

/// Every link with its file, partition by partition from the first one on.
fn links_below(landing: &Path) -> Result<Vec<(PathBuf, Link)>> {
    let mut links = Vec::new();
    for path in files_below(&landing.join("commits"), "json")? {
        let link = serde_json::from_slice(&fs::read(&path)?).with_context(|| path.display().to_string())?;
        links.push((path, link));
    }
    ensure!(!links.is_empty(), "{}: no link", landing.display());
    Ok(links)
}
