//! Rounds: as many links as fit, read whole, their new rows sorted and appended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::bail;
use landing::check_continues;
use schemas::landing::Link;
use schemas::time::epoch_us;

use super::fresh::{Origin, fresh};
use super::writer::write;
use crate::curated::{Committed, Version, Written};
use crate::lake::Lake;
use crate::limits::{REPLAY_ROUND_BYTES_MAX, REPLAY_ROUND_BYTES_MIN, ROUND_ROWS_MAX, ROUND_TRIES_MAX};
use crate::tables::{RECORDINGS, Table};

/// What some rounds did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Appended {
    pub frames: u64,
    pub commits: u64,
}

/// Takes in what has landed. With a `patience`, only what fills a file or has waited for so long: payloads are put
/// together once at most, so small rounds would leave many small files for the day. Queries see what waits.
pub(crate) async fn compact(lake: &Lake, patience: Duration) -> anyhow::Result<Appended> {
    let mut appended = Appended::default();
    for table in RECORDINGS {
        while let Some(frames) = round(lake, table, patience).await? {
            appended.frames += frames;
            appended.commits += 1;
        }
    }
    if appended.commits > 0 {
        lake.recordings.chains.forget(&lake.recordings.least_progress().await?).await;
    }
    Ok(appended)
}

/// One round of a table; how many frames it added, or `None` when there is nothing to take.
async fn round(lake: &Lake, table: &'static Table, patience: Duration) -> anyhow::Result<Option<u64>> {
    let curated = lake.recordings.table(table);
    let mut tries = ROUND_TRIES_MAX;
    while tries > 0 {
        let seen = curated.newest().await?;
        if !is_due(&waiting(lake, &seen).await?, patience) {
            return Ok(None);
        }
        let base = curated.ready().await?;
        let links = waiting(lake, &base).await?;
        check_continues(&base.progress, &links)?;
        let links = first_links(links);
        let fresh = fresh(&lake.engine, &base, &links).await?;
        let added = write(lake, table, &links, &fresh).await?;
        let written = Written { replaced: &[], added, links: &links };
        let holds = |newest: Arc<Version>| {
            let (base, of) = (&base, (links.as_slice(), &fresh));
            async move { holds_on(lake, base, &newest, of).await }
        };
        if let Committed::Landed(_) = curated.commit_round(&base, &written, &mut tries, holds).await? {
            return Ok(Some(fresh.len() as u64));
        }
    }
    bail!(
        "table {table:?}: {ROUND_TRIES_MAX} commits in a row were refused, since others' came first or the store failed; what was \
         committed stays. When more than one compaction runs on this store, give each a part of its own (--shard 1/2, \
         --shard 2/2), or stop all but one"
    )
}

/// Links of our part that a version has not taken in.
async fn waiting(lake: &Lake, version: &Version) -> anyhow::Result<Vec<Arc<Link>>> {
    let mut links = lake.recordings.chains.links_after(&version.progress).await?;
    links.retain(|link| lake.shard.owns(link.partition));
    Ok(links)
}

/// Whether a round, which was computed on `base`, is right on `newest` as well: others took no link of ours, and the same frames
/// are new. An asset may come in every partition.
async fn holds_on(
    lake: &Lake,
    base: &Version,
    newest: &Version,
    (links, frames): (&[Arc<Link>], &HashSet<Origin>),
) -> anyhow::Result<bool> {
    let ours_stand = links.iter().all(|link| {
        let partition = link.as_ref().into();
        newest.progress.get(&partition) == base.progress.get(&partition)
    });
    Ok(ours_stand
        && newest.kept == base.kept
        && lake.recordings.table(base.table).only_rounds_between(base, newest).await?
        && fresh(&lake.engine, newest, links).await? == *frames)
}

/// Whether a round is worth its files.
fn is_due(waiting: &[Arc<Link>], patience: Duration) -> bool {
    let bytes: u64 = waiting.iter().flat_map(|link| &link.files).map(|file| file.bytes).sum();
    let oldest = waiting.iter().map(|link| link.written_at).min();
    let patience_us = i64::try_from(patience.as_micros()).unwrap_or(i64::MAX);
    bytes >= REPLAY_ROUND_BYTES_MIN
        || oldest.is_some_and(|written| epoch_us(SystemTime::now()).saturating_sub(written) >= patience_us)
}

/// The first links within the limits of one round, at least one.
fn first_links(links: Vec<Arc<Link>>) -> Vec<Arc<Link>> {
    let (mut bytes, mut rows, mut count) = (0, 0, 0);
    for link in &links {
        bytes += link.files.iter().map(|file| file.bytes).sum::<u64>();
        rows += link.counts.events;
        if count > 0 && (bytes > REPLAY_ROUND_BYTES_MAX || rows > ROUND_ROWS_MAX) {
            break;
        }
        count += 1;
    }
    links.into_iter().take(count).collect()
}

#[cfg(test)]
mod tests {
    use schemas::landing::{DataFile, LinkCounts};
    use testkit::link::link;

    use super::*;

    fn links(bytes: &[u64], rows: u64) -> Vec<Arc<Link>> {
        let file = |bytes| DataFile {
            path: "p".into(),
            rows,
            bytes,
            checksum: String::new(),
            occurred_min: 0,
            occurred_max: 0,
        };
        let made = bytes.iter().zip(0..).map(|(bytes, sequence)| {
            let offset = i64::try_from(sequence).unwrap();
            let counts = LinkCounts { events: rows, ..LinkCounts::default() };
            Arc::new(Link { files: vec![file(*bytes)], counts, ..link("t", 0, sequence, offset..=offset) })
        });
        made.collect()
    }

    #[test]
    fn a_round_takes_what_fits_and_at_least_one_link() {
        assert_eq!(first_links(links(&[REPLAY_ROUND_BYTES_MAX * 2, 1], 1)).len(), 1);
        assert_eq!(first_links(links(&[REPLAY_ROUND_BYTES_MAX, 1, 1], 1)).len(), 1);
        assert_eq!(first_links(links(&[1, 1, 1], ROUND_ROWS_MAX / 2)).len(), 2);
        assert_eq!(first_links(links(&[1, 1, 1], 1)).len(), 3);
    }

    #[test]
    fn a_round_waits_until_it_fills_a_file_or_somebody_waits_too_long() {
        let patience = Duration::from_secs(60);
        let now = epoch_us(SystemTime::now());
        let written = |bytes: u64, ago_s: i64| {
            let link = links(&[bytes], 1).remove(0);
            vec![Arc::new(Link { written_at: now - ago_s * 1_000_000, ..Arc::unwrap_or_clone(link) })]
        };
        assert!(!is_due(&[], Duration::ZERO));
        assert!(!is_due(&written(1, 5), patience));
        assert!(is_due(&written(1, 61), patience));
        assert!(is_due(&written(REPLAY_ROUND_BYTES_MIN, 0), patience));
        assert!(is_due(&written(1, 0), Duration::ZERO));
    }
}
