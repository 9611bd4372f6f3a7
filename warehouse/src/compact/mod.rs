//! Compaction: takes landed links into the curated tables, in rounds.
//!
//! Each table has its own progress, committed with its data. `events` goes first; every other table then catches up
//! with it. A round that dies between two tables is finished by the next one. Two compactions of one store are safe:
//! one of them wins a commit, the other starts its round again from the winner's version.

pub mod round;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use datafusion::datasource::TableProvider;
use landing::{Progress, check_continues};
use schemas::landing::Link;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::compact::round::{add_rows, after, bounded, fitted, replace, running_amok, take_less, with_small_files};
use crate::curated::scan::Scan;
use crate::curated::{Committed, Version};
use crate::engine::{Engine, memory_exhausted};
use crate::lake::Lake;
use crate::limits::ROUND_TRIES_MAX;
use crate::merge::Merge;
use crate::merge::derivation::Derivation;
use crate::progress::condition;
use crate::tables::Table;

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
        while derived.round(table).await? {
            summary.commits += 1;
        }
    }
    lake.chains.forget(&lake.least_progress().await?).await;
    Ok(summary)
}

/// Compacts now and then every `interval` until `shutdown`, which ends it at once: the work runs in a task of its own, and
/// what it has not committed is as if it had never been. Errors are logged: the next round tries again.
pub async fn every(lake: Arc<Lake>, interval: Duration, shutdown: CancellationToken) {
    loop {
        let done = tokio::select! {
            done = compact_aside(lake.clone(), |_, _| {}) => done,
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

/// [`compact`] in a task of its own: a step that computes for seconds does not keep its caller, who may stop waiting.
pub async fn compact_aside(
    lake: Arc<Lake>,
    progress: impl FnMut(u64, u64) + Send + 'static,
) -> anyhow::Result<Summary> {
    AbortOnDropHandle::new(tokio::spawn(async move { compact(&lake, progress).await }))
        .await
        .context("the compaction")?
}

/// One round of `events`, up to `goal`; `None` when there is nothing left.
pub async fn events_round(lake: &Lake, goal: &Progress) -> anyhow::Result<Option<Summary>> {
    let mut lost = 0;
    while lost < ROUND_TRIES_MAX {
        let base = lake.table(Table::Events).ready().await?;
        let mut links = lake.chains.links_after(&base.progress).await?;
        links.retain(|link| goal.covers(link));
        check_continues(&base.progress, &links)?;
        let links = bounded(lake, Table::Events, links).await?;
        if links.is_empty() {
            return Ok(None);
        }
        match merge_round(lake, &base, &links).await {
            Ok(Some(summary)) => {
                fitted(lake, Table::Events);
                return Ok(Some(summary));
            }
            Ok(None) => lost += 1,
            Err(error) => take_less(lake, Table::Events, links.len(), error)?,
        }
    }
    Err(running_amok(Table::Events))
}

/// Merges the links into `base`; `None` when another compaction won the commit.
async fn merge_round(lake: &Lake, base: &Version, links: &[Arc<Link>]) -> anyhow::Result<Option<Summary>> {
    let share = lake.shares.of(Table::Events);
    let merge = Merge::plan(&lake.engine, base, links).await?;
    let changed = merge.outcome().changed_files.iter().map(|file| *file as usize);
    let rewritten = with_small_files(lake, base, changed).await?;
    let mut parts = Vec::new();
    for part in share.each_part() {
        parts.push(merge.new_rows(&lake.engine, part).await?);
    }
    if !rewritten.is_empty() {
        let curated = merge.curated_rows(&lake.engine, Scan::some(base, &rewritten)).await?;
        add_rows(&mut parts, curated)?;
    }
    let Committed::Landed(_) = replace(lake, base, &rewritten, parts, links).await? else { return Ok(None) };
    let outcome = merge.outcome();
    Ok(Some(Summary {
        links: links.len() as u64,
        events: outcome.events,
        sessions_corrected: outcome.disagreements,
        commits: 1,
    }))
}

/// Brings derived tables up to where `events` is. Tables that are equally far share what was computed of the links.
pub struct DerivedTables<'a> {
    lake: &'a Lake,
    planned: Option<Planned>,
}

/// A derivation, and what it is for.
struct Planned {
    from: Progress,
    to: Progress,
    events_version: u64,
    derivation: Derivation,
}

impl<'a> DerivedTables<'a> {
    pub fn new(lake: &'a Lake) -> Self {
        Self { lake, planned: None }
    }

    /// One round of a table; says whether there was anything to do.
    pub async fn round(&mut self, table: Table) -> anyhow::Result<bool> {
        let lake = self.lake;
        let mut lost = 0;
        while lost < ROUND_TRIES_MAX {
            let base = lake.table(table).ready().await?;
            let events = lake.table(Table::Events).newest().await?;
            let mut links = lake.chains.links_after(&base.progress).await?;
            links.retain(|link| events.progress.covers(link));
            check_continues(&base.progress, &links)?;
            let links = bounded(lake, table, links).await?;
            if links.is_empty() {
                return Ok(false);
            }
            match self.derive_round(&base, &events, &links).await {
                Ok(true) => {
                    fitted(lake, table);
                    return Ok(true);
                }
                Ok(false) => lost += 1,
                Err(error) => {
                    self.planned = None;
                    take_less(lake, table, links.len(), error)?;
                }
            }
        }
        Err(running_amok(table))
    }

    /// Says whether the commit was won.
    async fn derive_round(&mut self, base: &Version, events: &Version, links: &[Arc<Link>]) -> anyhow::Result<bool> {
        let lake = self.lake;
        let share = lake.shares.of(base.table);
        let derivation = self.plan(base, events, links).await?;
        let rewritten = with_small_files(lake, base, derivation.changed_files(base).await?).await?;
        let ledger = match base.table {
            Table::Sessions => Some(Scan::version(&*lake.table(Table::Ledger).newest().await?) as _),
            _ => None,
        };
        let mut parts = Vec::new();
        for part in share.each_part() {
            parts.push(derivation.fresh(base, ledger.clone(), part).await?);
        }
        if !rewritten.is_empty() {
            add_rows(&mut parts, derivation.surviving(base, &rewritten).await?)?;
        }
        Ok(matches!(replace(lake, base, &rewritten, parts, links).await?, Committed::Landed(_)))
    }

    async fn plan(&mut self, base: &Version, events: &Version, links: &[Arc<Link>]) -> anyhow::Result<&Derivation> {
        let (from, to) = (base.progress.clone(), after(base, links));
        let known = self
            .planned
            .take()
            .filter(|planned| (&planned.from, &planned.to, planned.events_version) == (&from, &to, events.number));
        let planned = match known {
            Some(known) => known,
            None => {
                let rows = events_until(&self.lake.engine, events, &to).await?;
                let derivation = Derivation::plan(&self.lake.engine, rows, links).await?;
                Planned { from, to, events_version: events.number, derivation }
            }
        };
        Ok(&self.planned.insert(planned).derivation)
    }
}

/// The events that a derived table has taken in when it is as far as `progress`: its counts are theirs at any time.
async fn events_until(
    engine: &Engine,
    events: &Version,
    progress: &Progress,
) -> anyhow::Result<Arc<dyn TableProvider>> {
    let all = Scan::version(events);
    if progress.reaches(&events.progress) {
        return Ok(all);
    }
    let context = engine.session();
    context.register_table("events", all)?;
    Ok(context.sql(&format!("select * from events where {}", condition(progress))).await?.into_view())
}
