//! The tables' counts agree with `events`, each at its own progress.

use std::sync::Arc;

use schemas::landing::Link;

use super::Report;
use crate::books::Books;
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::inputs::Inputs;
use crate::lake::Lake;
use crate::limits::BATCH_ROWS;
use crate::progress::{Kept, condition, sessions_before};

/// Sorts of a join.
const JOINED: usize = 2;

/// `versions` are those of the tables that are there, with their sound files; `events` is the first.
pub(super) async fn check(
    lake: &Lake,
    versions: &[Arc<Version>],
    sound: &[Vec<CuratedFile>],
    (links, books): (&[Arc<Link>], &Books),
    report: &mut Report,
) -> anyhow::Result<()> {
    let (events, derived) = versions.split_first().expect("events come first");
    for (version, own) in derived.iter().zip(&sound[1..]) {
        let name = version.table.name;
        if version.kept.removals != events.kept.removals {
            report.notes.push(format!(
                "table {name}: a removal of rows was begun in events and not finished in it: run it again, or `maintain \
                 --apply`"
            ));
            continue;
        }
        let inputs = inputs(lake, (events, &sound[0]), (version, own)).await?;
        let level = version.progress == events.progress;
        check_sums(&inputs, version, level, report).await?;
        check_landed(&inputs, version, (links, books), report).await?;
        if level {
            check_strays(&inputs, version, report).await?;
        } else {
            report.notes.push(format!("table {name} is behind events: the next compaction brings it up"));
        }
    }
    Ok(())
}

/// The table, and of `events` what the table has taken in; of both the sessions that neither has removed. As `all_events` and
/// `all_rows` the same with all sessions.
async fn inputs(
    lake: &Lake,
    events: (&Version, &[CuratedFile]),
    table: (&Version, &[CuratedFile]),
) -> anyhow::Result<Inputs> {
    let scan = |(version, files): (&Version, &[CuratedFile])| Scan::some(version, &files.iter().collect::<Vec<_>>());
    let all =
        lake.engine.inputs_that_spill(JOINED, BATCH_ROWS).table("events", scan(events))?.table("rows", scan(table))?;
    let (taken, kept) = (condition(&table.0.progress), kept_sessions(&events.0.kept, &table.0.kept));
    let all_events = all.select(&format!("select * from events where {taken}")).await?;
    let events = all.select(&format!("select * from events where {taken} and {kept}")).await?;
    let rows = all.select(&format!("select * from rows where {kept}")).await?;
    lake.engine
        .inputs_that_spill(JOINED, BATCH_ROWS)
        .rows("all_events", all_events)?
        .rows("events", events)?
        .table("all_rows", scan(table))?
        .rows(table.0.table.name, rows)
}

/// Condition on rows of any table: their session began after what was removed of either of two.
fn kept_sessions(one: &Kept, other: &Kept) -> String {
    let mut days = one.expired.clone();
    for (site, day) in &other.expired {
        let known = days.entry(site.clone()).or_insert(*day);
        *known = (*known).max(*day);
    }
    let gone = days.iter().map(|(site, day)| format!("not {}", sessions_before(site, *day)));
    [String::from("true")].into_iter().chain(gone).collect::<Vec<_>>().join(" and ")
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

/// Every landed row is an event, or a repeat that the table counts if it counts them, or was removed as one of these.
async fn check_landed(
    inputs: &Inputs,
    version: &Version,
    (links, books): (&[Arc<Link>], &Books),
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(repeats) = version.table.repeats else { return Ok(()) };
    let landed: u64 = links.iter().filter(|link| version.progress.covers(link)).map(|link| link.counts.events).sum();
    let events = inputs.number("select count(*) from all_events").await?;
    let repeats = inputs.number(&format!("select coalesce(sum({repeats}), 0) from all_rows")).await?;
    let removed = books.removed + u64::try_from(version.kept.repeats).unwrap_or_default();
    if u64::try_from(events + repeats) != Ok(landed.saturating_sub(removed)) {
        let since = if removed > 0 { format!(", and {removed} were removed") } else { String::new() };
        report.problem(format!(
            "table {}: {landed} rows landed, but {events} events and {repeats} repeats stand in the tables{since}",
            version.table.name
        ));
    }
    Ok(())
}
