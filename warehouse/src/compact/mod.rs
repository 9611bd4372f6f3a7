//! Compaction: takes landed links into the curated tables, in rounds.
//!
//! Each table has its own progress, committed with its data. `events` goes first; every other table then catches up
//! with it. A round that dies between two tables is finished by the next one. Any number of compactions of one store is safe:
//! one of them wins a commit. The other commits its round on top of that, if the winner changed nothing that the round rests
//! on, as compactions of different parts of the partitions do not ([`crate::Shard`]); else it starts the round again.

mod apart;
mod round;
mod rounds;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use rounds::Rounds;
use rounds::SetAside;

use crate::engine::memory_exhausted;
use crate::lake::Lake;
use crate::limits::REPLAY_PATIENCE;
use crate::replay;
use crate::tables::{self, EVENTS, Table};

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub links: u64,
    /// Events that were added.
    pub events: u64,
    /// Events whose session differs from the one that the stream job gave: late ones and their neighbours.
    pub sessions_corrected: u64,
    /// Frames of recordings that were added.
    pub frames: u64,
    /// Commits over all tables.
    pub commits: u64,
}

impl fmt::Display for Summary {
    /// For people: a line, and another where there were recordings.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { links, events, sessions_corrected, frames, commits } = self;
        write!(
            out,
            "{links} links compacted: {events} events, {sessions_corrected} with another session than the stream job's, {commits} commits"
        )?;
        if *frames > 0 { write!(out, "\n{frames} frames of recordings") } else { Ok(()) }
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.links += other.links;
        self.events += other.events;
        self.sessions_corrected += other.sessions_corrected;
        self.frames += other.frames;
        self.commits += other.commits;
    }
}

/// Compacts everything of the lake's part that had landed when it was called. `progress` is told the links done and those to do.
pub async fn compact(lake: &Lake, progress: impl FnMut(u64, u64)) -> anyhow::Result<Summary> {
    compact_after(lake, progress, Duration::ZERO).await
}

/// The same, where recordings may wait for others to fill a file with.
async fn compact_after(
    lake: &Lake,
    progress: impl FnMut(u64, u64),
    replay_patience: Duration,
) -> anyhow::Result<Summary> {
    let all = async {
        // What stops the one does not stop the other.
        let (events, recordings) = (rounds(lake, progress).await, replay::compact(lake, replay_patience).await);
        if let (Err(_), Err(error)) = (&events, &recordings) {
            tracing::error!("{error:#}");
        }
        let (mut summary, replay::Appended { frames, commits }) = (events?, recordings?);
        summary += Summary { frames, commits, ..Summary::default() };
        Ok(summary)
    };
    all.await.map_err(|error: anyhow::Error| match memory_exhausted(&error) {
        Some(what) => {
            let whose = error.downcast_ref::<SetAside>().map(|aside| format!("{aside}: ")).unwrap_or_default();
            anyhow!("{whose}compaction needs more memory than memory_bytes_max allows; raise it ({what})")
        }
        None => error,
    })
}

/// Into how many parts it is worth dividing what has landed: one for each partition of which a table has not taken in something.
pub async fn parts(lake: &Lake) -> anyhow::Result<usize> {
    let events = lake.links_after(&lake.least_progress().await?).await?;
    let recordings = lake.recordings.chains.links_after(&lake.recordings.least_progress().await?).await?;
    Ok(events.iter().chain(&recordings).map(|link| link.partition).collect::<BTreeSet<_>>().len())
}

async fn rounds(lake: &Lake, mut progress: impl FnMut(u64, u64)) -> anyhow::Result<Summary> {
    let events = lake.table(&EVENTS).newest().await?;
    let mut todo = lake.links_after(&events.progress).await?;
    todo.retain(|link| lake.shard.owns(link.partition));
    let mut rounds = Rounds::new(lake, events.progress.after(&todo));
    let total = todo.len() as u64;
    drop((events, todo));

    let mut summary = Summary::default();
    // What cannot be computed, and what is computed from it, is taken in another time, and keeps nothing else from going on.
    let mut stopped: Vec<&'static Table> = Vec::new();
    let mut failures = Failures::default();
    loop {
        // First what an earlier compaction left of them. Then they are level, and share what a round of `events` reads.
        for table in tables::ALL.iter().filter(|table| ***table != EVENTS) {
            if table.reads().any(|read| stopped.contains(&read)) {
                stopped.push(table);
            }
            while !stopped.contains(table) {
                match rounds.next(table).await {
                    Ok(Some(round)) => summary += round,
                    Ok(None) => break,
                    Err(error) if error.is::<SetAside>() => failures.note(error),
                    Err(error) => {
                        stopped.push(table);
                        failures.note(error.context(format!("table {} stopped, others went on", table.name)));
                    }
                }
            }
        }
        progress(summary.links.min(total), total);
        match rounds.next(&EVENTS).await {
            Ok(Some(round)) => summary += round,
            Ok(None) => break,
            Err(error) if error.is::<SetAside>() => failures.note(error),
            Err(error) => return Err(error),
        }
    }
    lake.chains.forget(&lake.least_progress().await?).await;
    failures.0.map_or(Ok(summary), Err)
}

/// The first thing that failed; the others are logged.
#[derive(Default)]
struct Failures(Option<anyhow::Error>);

impl Failures {
    fn note(&mut self, error: anyhow::Error) {
        match &self.0 {
            None => self.0 = Some(error),
            Some(_) => tracing::error!("{error:#}"),
        }
    }
}

/// Compacts now and then every `interval` until `shutdown`, which ends it at once: the work runs in a task of its own, and
/// what it has not committed is as if it had never been. Errors are logged: the next round tries again.
pub async fn every(lake: Arc<Lake>, interval: Duration, shutdown: CancellationToken) {
    loop {
        let done = tokio::select! {
            done = aside(lake.clone(), |_, _| {}, REPLAY_PATIENCE) => done,
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
    aside(lake, progress, Duration::ZERO).await
}

async fn aside(
    lake: Arc<Lake>,
    progress: impl FnMut(u64, u64) + Send + 'static,
    replay_patience: Duration,
) -> anyhow::Result<Summary> {
    let compacting = async move { compact_after(&lake, progress, replay_patience).await };
    AbortOnDropHandle::new(tokio::spawn(compacting)).await.context("the compaction")?
}
