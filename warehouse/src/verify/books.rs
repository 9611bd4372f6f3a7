//! The tables' counts agree with `events`, each at its own progress.

use std::sync::Arc;

use schemas::landing::Link;

use super::Report;
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::inputs::Inputs;
use crate::lake::Lake;
use crate::progress::condition;

/// `versions` are those of the tables that are there, with their sound files; `events` is the first.
pub(super) async fn check(
    lake: &Lake,
    versions: &[Arc<Version>],
    sound: &[Vec<CuratedFile>],
    links: &[Arc<Link>],
    report: &mut Report,
) -> anyhow::Result<()> {
    let (events, derived) = versions.split_first().expect("events come first");
    for (version, own) in derived.iter().zip(&sound[1..]) {
        let inputs = inputs(lake, (events, &sound[0]), (version, own)).await?;
        let level = version.progress == events.progress;
        check_sums(&inputs, version, level, report).await?;
        check_landed(&inputs, version, links, report).await?;
        if level {
            check_strays(&inputs, version, report).await?;
        } else {
            let name = version.table.name;
            report.notes.push(format!("table {name} is behind events: the next compaction brings it up"));
        }
    }
    Ok(())
}

/// The table, and of `events` what the table has taken in.
async fn inputs(
    lake: &Lake,
    events: (&Version, &[CuratedFile]),
    table: (&Version, &[CuratedFile]),
) -> anyhow::Result<Inputs> {
    let scan = |(version, files): (&Version, &[CuratedFile])| Scan::some(version, &files.iter().collect::<Vec<_>>());
    let all = lake.engine.inputs().table("all_events", scan(events))?;
    let taken = all.select(&format!("select * from all_events where {}", condition(&table.0.progress))).await?;
    lake.engine.inputs().rows("events", taken)?.table(table.0.table.name, scan(table))
}

async fn check_sums(inputs: &Inputs, version: &Version, level: bool, report: &mut Report) -> anyhow::Result<()> {
    for sum in version.table.sums.iter().filter(|sum| level || !sum.level_only) {
        let (own, wanted) = (inputs.number(sum.own).await?, inputs.number(sum.of_events).await?);
        if own != wanted {
            let (name, what) = (version.table.name, sum.what);
            report.problem(format!("table {name}: {own} {what}, but {wanted} by the table events"));
        }
    }
    Ok(())
}

async fn check_strays(inputs: &Inputs, version: &Version, report: &mut Report) -> anyhow::Result<()> {
    for stray in version.table.strays {
        let found = inputs.number(&format!("select count(*) from ({})", stray.sql)).await?;
        if found > 0 {
            report.problem(format!("table {}: {found} {}", version.table.name, stray.what));
        }
    }
    Ok(())
}

/// Every landed row is an event, or a repeat that the table counts if it counts them.
async fn check_landed(
    inputs: &Inputs,
    version: &Version,
    links: &[Arc<Link>],
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(repeats) = version.table.repeats else { return Ok(()) };
    let landed: u64 = links.iter().filter(|link| version.progress.covers(link)).map(|link| link.counts.events).sum();
    let (events, repeats) = (inputs.number("select count(*) from events").await?, inputs.number(repeats).await?);
    if u64::try_from(events + repeats) != Ok(landed) {
        report.problem(format!(
            "table {}: {landed} rows landed, but {events} events and {repeats} repeats stand in the tables",
            version.table.name
        ));
    }
    Ok(())
}
