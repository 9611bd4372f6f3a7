//! The tables' counts agree with `events`, each at its own progress.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;
use schemas::landing::Link;

use super::Report;
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::lake::Lake;
use crate::progress::condition;
use crate::tables::Table;

/// What a derived table must add up to: a select of one number from it, and the same from `events`.
const SUMS: [(Table, &str, &str, &str); 7] = [
    (Table::Pointer, "trails", "select count(*) from pointer", "select count(*) from events where type = 'pointer'"),
    (
        Table::Ledger,
        "events received",
        "select coalesce(sum(events_received), 0) from ledger",
        "select count(*) from events",
    ),
    (Table::Sessions, "events", "select coalesce(sum(events), 0) from sessions", "select count(*) from events"),
    (
        Table::Sessions,
        "pointer events",
        "select coalesce(sum(pointer_count), 0) from sessions",
        "select count(*) from events where type = 'pointer'",
    ),
    (Table::PageViews, "events", "select coalesce(sum(events), 0) from page_views", "select count(*) from events"),
    (
        Table::PageViews,
        "clicks",
        "select coalesce(sum(clicks), 0) from page_views",
        "select count(*) from events where type = 'click'",
    ),
    (
        Table::Ledger,
        "tabs of sessions",
        "select count(*) from ledger",
        "select count(*) from (select distinct site_id, session_id, tab_id from events)",
    ),
];

/// What must have no row while a table is as far as `events`; late events change sessions in between.
const EMPTY: [(Table, &str, &str); 5] = [
    (
        Table::Sessions,
        "sessions that events knows otherwise or not",
        "select s.session_id from sessions s full join (select site_id, session_id, count(*) as n, min(occurred_at) as first, \
         max(occurred_at) as last from events group by site_id, session_id) e on s.site_id = e.site_id and s.session_id = e.session_id \
         where s.session_id is null or e.session_id is null or s.events <> e.n or s.started_at <> e.first or s.ended_at <> e.last",
    ),
    (
        Table::Sessions,
        "sessions with several rows",
        "select session_id from sessions group by site_id, session_id having count(*) > 1",
    ),
    (
        Table::Pointer,
        "trails whose event has another session, or none",
        "select p.session_id from pointer p left join events e on p.site_id = e.site_id and p.tab_id = e.tab_id and p.seq = e.seq \
         where e.session_id is null or e.session_id <> p.session_id",
    ),
    (
        Table::PageViews,
        "page views of a session that events does not know",
        "select p.session_id from page_views p left join (select distinct site_id, session_id from events) e \
         on p.site_id = e.site_id and p.session_id = e.session_id where e.session_id is null",
    ),
    (
        Table::Ledger,
        "tabs of a session that events does not know",
        "select l.session_id from ledger l left join (select distinct site_id, session_id from events) e \
         on l.site_id = e.site_id and l.session_id = e.session_id where e.session_id is null",
    ),
];

pub async fn check(
    lake: &Lake,
    versions: &[Arc<Version>],
    sound: &[Vec<CuratedFile>],
    links: &[Arc<Link>],
    report: &mut Report,
) -> anyhow::Result<()> {
    let context = lake.engine.session();
    for (version, sound) in versions.iter().zip(sound) {
        let files: Vec<&CuratedFile> = sound.iter().collect();
        let name = if version.table == Table::Events { "all_events" } else { version.table.name() };
        context.register_table(name, Scan::some(version, &files))?;
    }
    let events = &versions[0];
    for version in versions.iter().skip(1) {
        // Only the events that the table has taken in.
        let taken = context.sql(&format!("select * from all_events where {}", condition(&version.progress))).await?;
        context.deregister_table("events")?;
        context.register_table("events", taken.into_view())?;
        let name = version.table.name();
        for (_, what, own, wanted) in SUMS.iter().filter(|(table, ..)| *table == version.table) {
            if *what == "tabs of sessions" && version.progress != events.progress {
                continue;
            }
            let (own, wanted) = (number(&context, own).await?, number(&context, wanted).await?);
            if own != wanted {
                report.problem(format!("table {name}: {own} {what}, but {wanted} by the table events"));
            }
        }
        if version.table == Table::Ledger {
            check_landed(&context, version, links, report).await?;
        }
        if version.progress != events.progress {
            report.notes.push(format!("table {name} is behind events: the next compaction brings it up"));
            continue;
        }
        for (_, what, sql) in EMPTY.iter().filter(|(table, ..)| *table == version.table) {
            let found = number(&context, &format!("select count(*) from ({sql})")).await?;
            if found > 0 {
                report.problem(format!("table {name}: {found} {what}"));
            }
        }
    }
    Ok(())
}

/// Every landed row is an event or a repeat that the ledger counts.
async fn check_landed(
    context: &SessionContext,
    ledger: &Version,
    links: &[Arc<Link>],
    report: &mut Report,
) -> anyhow::Result<()> {
    let landed: u64 = links.iter().filter(|link| ledger.progress.covers(link)).map(|link| link.counts.events).sum();
    let events = number(context, "select count(*) from events").await?;
    let repeats = number(context, "select coalesce(sum(duplicates), 0) from ledger").await?;
    if u64::try_from(events + repeats) != Ok(landed) {
        report.problem(format!(
            "table ledger: {landed} rows landed, but {events} events and {repeats} repeats stand in the tables"
        ));
    }
    Ok(())
}

async fn number(context: &SessionContext, sql: &str) -> anyhow::Result<i64> {
    let batches = context.sql(sql).await?.collect().await?;
    let batch = batches.iter().find(|batch| batch.num_rows() > 0);
    Ok(batch.map_or(0, |batch| batch.column(0).as_primitive::<Int64Type>().value(0)))
}
