//! `bench generate`: the bodies as files, for peers that read their own input.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use crate::load::now_ms;
use crate::post::events_bar;
use crate::traffic::{Profile, Traffic, TypeCounts};

/// Bodies of one file: some 150 MB with batches of 50.
const BODIES_PER_FILE: usize = 10_000;

#[derive(Args)]
pub struct GenerateArguments {
    /// How many distinct events
    #[arg(long)]
    pub events: u64,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder for bodies-00000.ndjson …, user-agents-00000.txt … (line by line the same batches) and manifest.json
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Most events of a batch
    #[arg(long, default_value_t = 50)]
    pub batch: usize,
    /// Late and repeated batches and wrong clocks too
    #[arg(long)]
    pub rough: bool,
    /// Time of the first event, epoch milliseconds; the same gives the same bytes [default: six hours ago, or more for more than 8 million]
    #[arg(long)]
    pub base_ms: Option<f64>,
}

#[derive(Serialize)]
struct Manifest {
    seed: u64,
    base_ms: f64,
    batch_events_max: usize,
    rough: bool,
    distinct_events: u64,
    batches: u64,
    repeated_batches: u64,
    bytes: u64,
    files: usize,
    distinct_events_by_type: BTreeMap<&'static str, u64>,
}

pub fn run(arguments: &GenerateArguments) -> Result<()> {
    let base_ms = arguments.base_ms.unwrap_or_else(|| Profile::past(now_ms(), arguments.events));
    let profile = match arguments.rough {
        true => Profile::rough(base_ms, arguments.events),
        false => Profile::plain(base_ms, arguments.events),
    };
    let profile = Profile { batch_events_max: arguments.batch.max(1), ..profile };
    fs::create_dir_all(&arguments.out).with_context(|| format!("{} cannot be made", arguments.out.display()))?;
    let progress = events_bar(arguments.events, "generating");
    let mut counts = TypeCounts::default();
    let (mut batches, mut repeated, mut bytes) = (0u64, 0u64, 0u64);
    let mut files = 0;
    let mut traffic = Traffic::new(arguments.seed, profile).peekable();
    while traffic.peek().is_some() {
        let mut bodies = create(arguments, &format!("bodies-{files:05}.ndjson"))?;
        let mut agents = create(arguments, &format!("user-agents-{files:05}.txt"))?;
        files += 1;
        for batch in traffic.by_ref().take(BODIES_PER_FILE) {
            bodies.write_all(&batch.body)?;
            bodies.write_all(b"\n")?;
            writeln!(agents, "{}", batch.user_agent)?;
            batches += 1;
            bytes += batch.body.len() as u64;
            if batch.repeat {
                repeated += 1;
            } else {
                counts.add_all(&batch.counts);
                progress.inc(u64::from(batch.events));
            }
        }
        bodies.flush()?;
        agents.flush()?;
    }
    progress.finish_and_clear();
    let manifest = Manifest {
        seed: arguments.seed,
        base_ms,
        batch_events_max: arguments.batch,
        rough: arguments.rough,
        distinct_events: counts.total(),
        batches,
        repeated_batches: repeated,
        bytes,
        files,
        distinct_events_by_type: counts.iter().map(|(kind, count)| (kind.name(), count)).collect(),
    };
    let text = serde_json::to_string_pretty(&manifest)?;
    fs::write(arguments.out.join("manifest.json"), &text)?;
    println!("{text}");
    Ok(())
}

fn create(arguments: &GenerateArguments, name: &str) -> Result<BufWriter<File>> {
    let path = arguments.out.join(name);
    Ok(BufWriter::new(File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?))
}
