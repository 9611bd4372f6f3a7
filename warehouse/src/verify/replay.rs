//! Recordings: the links and landing files of their topic, every landed frame in its table exactly once, every payload as it
//! landed.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use schemas::landing::Link;
use schemas::topics::REPLAY;
use xxhash_rust::xxh3::xxh3_64;

use super::{Report, check_progress, curated_files, key_count, landing};
use crate::books::Books;
use crate::books::compare::EXAMPLES_MAX;
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::inputs::{number, text};
use crate::lake::Lake;
use crate::limits::REPLAY_BATCH_ROWS;
use crate::replay::{Taken, taken};
use crate::tables::RECORDINGS;

/// Checks all that is there; where nothing was ever recorded, nothing is said.
pub(super) async fn check(lake: &Lake, mut step: impl FnMut(&str), report: &mut Report) -> anyhow::Result<()> {
    let mut versions = Vec::new();
    for table in RECORDINGS {
        versions.push(lake.recordings.table(table).newest().await?);
    }
    let chains = lake.recordings.chains.all().await?;
    if chains.is_empty() && versions.iter().all(|version| !version.exists()) {
        return Ok(());
    }
    step("recordings");
    landing::check_chains(&chains, report);
    let links: Vec<Arc<Link>> = chains.values().flatten().cloned().collect();
    let readable = landing::check_files(lake, &links, &Books::default(), report).await?;
    landing::note_orphans(lake, REPLAY, &links, report).await?;
    let waiting = links.iter().filter(|link| !versions.iter().all(|version| version.progress.covers(link))).count();
    if waiting > 0 {
        let links = key_count(waiting as u64, "link");
        report.notes.push(format!("{links} of recordings landed, not compacted yet: checked in the landing zone only"));
    }
    for version in versions.iter().filter(|version| version.exists()) {
        step(version.table.name);
        check_progress(version, &chains, report);
        let sound = curated_files::check(lake, version, report).await?;
        check_rows(lake, version, &sound, &readable, report).await?;
    }
    Ok(())
}

/// Compares a table's rows with the landed frames, by their places in Kafka.
async fn check_rows(
    lake: &Lake,
    version: &Version,
    sound: &[CuratedFile],
    links: &[Arc<Link>],
    report: &mut Report,
) -> anyhow::Result<()> {
    let links: Vec<Arc<Link>> = links.iter().filter(|link| version.progress.covers(link)).cloned().collect();
    let Taken { frames, .. } = taken(&lake.engine, version.table, &links).await?;
    // The checksum of each landed frame, and whether it was met in the table.
    let mut landed: HashMap<_, _> =
        frames.into_values().map(|(origin, checksum)| (origin, (checksum, false))).collect();
    let name = if version.table.columns().iter().any(|column| column == "page_view_id") {
        "page_view_id || ' chunk ' || cast(chunk_seq as varchar) || ' part ' || cast(part as varchar)"
    } else {
        "sha256 || ' of ' || cast(event_date as varchar)"
    };
    let sql = format!("select {name}, kafka_partition, kafka_offset, checksum, bytes, payload from curated");
    let files: Vec<&CuratedFile> = sound.iter().collect();
    // A row may be half a megabyte.
    let inputs = lake.engine.inputs_of(REPLAY_BATCH_ROWS, 1).table("curated", Scan::some(version, &files))?;
    let [mut unknown, mut doubled, mut altered] = [const { Examples::new() }; 3];
    inputs
        .each(&sql, |batch, row| {
            let name = || text(batch, 0, row).to_owned();
            let (checksum, bytes) = (number(batch, 3, row), number(batch, 4, row));
            let payload = batch.column(5).as_binary::<i32>().value(row);
            let as_landed = match landed.get_mut(&(number(batch, 1, row), number(batch, 2, row))) {
                None => return unknown.add(name),
                Some((_, true)) => return doubled.add(name),
                Some((as_landed, met)) => {
                    *met = true;
                    *as_landed
                }
            };
            let is_whole = xxh3_64(payload).cast_signed() == checksum && payload.len() as i64 == bytes;
            if !is_whole || checksum != as_landed {
                altered.add(name);
            }
        })
        .await?;
    let mut lost = Examples::new();
    let mut missing: Vec<_> = landed.into_iter().filter(|(_, (_, met))| !met).map(|(origin, _)| origin).collect();
    missing.sort_unstable();
    missing.iter().for_each(|(partition, offset)| lost.add(|| format!("{REPLAY}/{partition} at {offset}")));
    let table = version.table.name;
    lost.report(report, table, "landed, but missing in it");
    doubled.report(report, table, "in it more than once");
    unknown.report(report, table, "in it, but in no landing file of the chain");
    altered.report(report, table, "with another payload than landed");
    Ok(())
}

/// Names of frames, a few of them, and how many there are.
struct Examples {
    count: u64,
    names: Vec<String>,
}

impl Examples {
    const fn new() -> Self {
        Self { count: 0, names: Vec::new() }
    }

    fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.names.len() < EXAMPLES_MAX {
            self.names.push(name());
        }
    }

    fn report(&self, report: &mut Report, table: &str, what: &str) {
        if self.count > 0 {
            let more = if self.count as usize > self.names.len() { ", …" } else { "" };
            let frames = key_count(self.count, "frame");
            report.problem(format!("table {table}: {frames} {what}: {}{more}", self.names.join(", ")));
        }
    }
}
