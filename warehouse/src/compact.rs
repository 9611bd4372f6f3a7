//! Compaction: takes landed links into the curated tables, in rounds.
//!
//! Each table has its own progress, committed with its data. `events` goes first; every other table then catches up
//! with it. A round that dies between two tables is finished by the next one. Two compactions of one store are safe:
//! one of them wins a commit, the other starts its round again from the winner's version.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use datafusion::prelude::DataFrame;
use schemas::landing::Link;
use tokio_util::sync::CancellationToken;

use crate::chain::check_continues;
use crate::curated::{Committed, CuratedFile, Version};
use crate::derive::Derivation;
use crate::engine::memory_exhausted;
use crate::lake::Lake;
use crate::limits::{
    ROUND_BYTES_MAX, ROUND_ROWS_MAX, ROUND_TRIES_MAX, SIZE_CLASS_BITS, SMALL_FILE_BYTES, SMALL_FILES_MAX,
};
use crate::merge::Merge;
use crate::progress::Progress;
use crate::scan::Scan;
use crate::tables::Table;
use crate::writer::write;

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub links: u64,
    /// Events that were added.
    pub events: u64,
    /// Events whose session differs from the one that the stream job gave: late ones and their neighbours.
    pub sessions_corrected: u64,
    /// Commits over all tables.
    pub commits: u64,
}

/// Compacts everything that had landed when it was called. `progress` is told the links done and those to do.
pub async fn compact(lake: &Lake, progress: impl FnMut(u64, u64)) -> anyhow::Result<Summary> {
    rounds(lake, progress).await.map_err(|error| match memory_exhausted(&error) {
        Some(what) => anyhow!("compaction needs more memory than memory_bytes_max allows; raise it ({what})"),
        None => error,
    })
}

async fn rounds(lake: &Lake, mut progress: impl FnMut(u64, u64)) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let events = lake.table(Table::Events).newest().await?;
    let todo = lake.chains.links_after(&events.progress).await?;
    let mut goal = events.progress.clone();
    todo.iter().for_each(|link| goal.advance(link));
    let total = todo.len() as u64;
    drop((events, todo));

    progress(0, total);
    while let Some(round) = events_round(lake, &goal).await? {
        summary.links += round.links;
        summary.events += round.events;
        summary.sessions_corrected += round.sessions_corrected;
        summary.commits += round.commits;
        progress(summary.links.min(total), total);
    }
    let mut derived = DerivedTables::new(lake);
    for table in Table::ALL.into_iter().filter(|table| *table != Table::Events) {
        summary.commits += u64::from(derived.round(table).await?);
    }
    lake.chains.forget(&lake.least_progress().await?).await;
    Ok(summary)
}

/// Compacts now and then every `interval` until `shutdown`. Errors are logged: the next round tries again.
pub async fn every(lake: Arc<Lake>, interval: Duration, shutdown: CancellationToken) {
    loop {
        let done = tokio::select! {
            done = compact(&lake, |_, _| {}) => done,
            () = shutdown.cancelled() => return,
        };
        match done {
            Ok(Summary { commits: 0, .. }) => {}
            Ok(summary) => tracing::info!(?summary, "compacted"),
            Err(error) => tracing::error!("compaction failed, trying again in {interval:?}: {error:#}"),
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// One round of `events`, up to `goal`; `None` when there is nothing left.
pub async fn events_round(lake: &Lake, goal: &Progress) -> anyhow::Result<Option<Summary>> {
    let table = lake.table(Table::Events);
    for _ in 0..ROUND_TRIES_MAX {
        let base = table.newest().await?;
        let mut links = lake.chains.links_after(&base.progress).await?;
        links.retain(|link| goal.covers(link));
        check_continues(&base.progress, &links)?;
        let links = bounded(links);
        if links.is_empty() {
            return Ok(None);
        }
        let merge = Merge::plan(&lake.engine, &base, &links).await?;
        let changed = merge.outcome().changed_files.iter().map(|file| *file as usize);
        let rewritten = with_small_files(&base, changed);
        let mut rows = merge.new_rows(&lake.engine).await?;
        if !rewritten.is_empty() {
            rows = rows.union(merge.curated_rows(&lake.engine, Scan::some(&base, &rewritten)).await?)?;
        }
        if let Committed::Landed(_) = replace(lake, &base, &rewritten, rows, &links).await? {
            let outcome = merge.outcome();
            return Ok(Some(Summary {
                links: links.len() as u64,
                events: outcome.events,
                sessions_corrected: outcome.disagreements,
                commits: 1,
            }));
        }
    }
    bail!("table events: {ROUND_TRIES_MAX} commits in a row were won by other compactions; is one running amok?")
}

/// Brings derived tables up to where `events` is. Tables that are equally far share what was computed of the links.
pub struct DerivedTables<'a> {
    lake: &'a Lake,
    /// Progress, and version of `events`, that the derivation is for.
    planned: Option<(Progress, u64, Derivation)>,
}

impl<'a> DerivedTables<'a> {
    pub fn new(lake: &'a Lake) -> Self {
        Self { lake, planned: None }
    }

    /// One round of a table; says whether there was anything to do.
    pub async fn round(&mut self, table: Table) -> anyhow::Result<bool> {
        let lake = self.lake;
        for _ in 0..ROUND_TRIES_MAX {
            let base = lake.table(table).newest().await?;
            let events = lake.table(Table::Events).newest().await?;
            let mut links = lake.chains.links_after(&base.progress).await?;
            links.retain(|link| events.progress.covers(link));
            check_continues(&base.progress, &links)?;
            if links.is_empty() {
                return Ok(false);
            }
            let derivation = self.plan(&base, &events, &links).await?;
            let rewritten = with_small_files(&base, derivation.changed_files(&base).await?);
            let ledger = match table {
                Table::Sessions => Some(Scan::version(&*lake.table(Table::Ledger).newest().await?) as _),
                _ => None,
            };
            let mut rows = derivation.fresh(&base, ledger).await?;
            if !rewritten.is_empty() {
                rows = rows.union(derivation.surviving(&base, &rewritten).await?)?;
            }
            if let Committed::Landed(_) = replace(lake, &base, &rewritten, rows, &links).await? {
                return Ok(true);
            }
        }
        bail!(
            "table {}: {ROUND_TRIES_MAX} commits in a row were won by other compactions; is one running amok?",
            table.name()
        )
    }

    async fn plan(&mut self, base: &Version, events: &Version, links: &[Arc<Link>]) -> anyhow::Result<&Derivation> {
        let known = self
            .planned
            .take()
            .filter(|(progress, version, _)| (progress, *version) == (&base.progress, events.number));
        let planned = match known {
            Some(known) => known,
            None => {
                let derivation = Derivation::plan(&self.lake.engine, Scan::version(events), links).await?;
                (base.progress.clone(), events.number, derivation)
            }
        };
        Ok(&self.planned.insert(planned).2)
    }
}

/// Writes the rows and commits them in the place of the rewritten files.
async fn replace(
    lake: &Lake,
    base: &Version,
    rewritten: &[&CuratedFile],
    rows: DataFrame,
    links: &[Arc<Link>],
) -> anyhow::Result<Committed> {
    let context = lake.engine.session();
    context.register_table("rows", rows.into_view())?;
    let (columns, order) = (base.table.columns().join(", "), base.table.sort_order());
    let sorted = context.sql(&format!("select {columns} from rows order by {order}")).await?;
    let written = write(lake.store.objects(), base.table, sorted).await?;
    let mut progress = base.progress.clone();
    links.iter().for_each(|link| progress.advance(link));
    lake.table(base.table).commit(base, rewritten, written.added, &progress).await
}

/// The first links within the limits of one round, at least one.
fn bounded(links: Vec<Arc<Link>>) -> Vec<Arc<Link>> {
    let (mut bytes, mut rows, mut count) = (0, 0, 0);
    for link in &links {
        bytes += link.files.iter().map(|file| file.bytes).sum::<u64>();
        rows += link.files.iter().map(|file| file.rows).sum::<u64>();
        if count > 0 && (bytes > ROUND_BYTES_MAX || rows > ROUND_ROWS_MAX) {
            break;
        }
        count += 1;
    }
    links.into_iter().take(count).collect()
}

/// The given files, and the small ones of partitions where too many of one size class lie.
fn with_small_files(base: &Version, files: impl IntoIterator<Item = usize>) -> Vec<&CuratedFile> {
    let mut chosen: std::collections::BTreeSet<usize> = files.into_iter().collect();
    let mut classes: HashMap<(&str, i32, u32), Vec<usize>> = HashMap::new();
    for (index, file) in base.files.iter().enumerate().filter(|(_, file)| file.bytes < SMALL_FILE_BYTES) {
        let class = file.bytes.max(1).ilog2() / SIZE_CLASS_BITS;
        classes.entry((&file.site_id, file.event_date, class)).or_default().push(index);
    }
    chosen.extend(classes.into_values().filter(|files| files.len() >= SMALL_FILES_MAX).flatten());
    chosen.into_iter().map(|index| &base.files[index]).collect()
}
