//! Removes files that no link names: what a worker left that was killed between its uploads and its link, and states
//! that later links have replaced.
//!
//! The files are listed before the links: a link that appears in between names a file that was listed, never the other
//! way round. Only files older than a grace period are touched, so a link that is being written right now is safe. Of a chain in
//! which a link is missing nothing is removed: a list may leave out a link that is there, and its files would be taken for orphans.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::Path;
use schemas::landing::{Link, data_prefix, state_prefix};

use crate::chain::{Chain, LoadError};
use crate::progress::Progress;
use crate::rule::check_continues;

/// Days of data folders that are looked at: a worker that was killed longer ago than this was followed by another one,
/// which looked.
const DAYS_LOOKED_AT: u64 = 2;
/// Requests at a time.
const REQUESTS: usize = 16;
/// How far back links are read at a time, in links.
const LINKS_PER_STEP: usize = 256;

/// Removes a partition's orphans older than `grace`; gives how many.
pub async fn remove(chain: &Chain, grace: Duration, now: DateTime<Utc>) -> Result<u64, LoadError> {
    let Some(oldest) = chrono::Duration::from_std(grace).ok().and_then(|grace| now.checked_sub_signed(grace)) else {
        return Ok(0);
    };
    let mut old_files = Vec::new();
    for folder in data_folders(chain, oldest) {
        old_files.extend(chain.list(&folder).await?.into_iter().filter(|file| file.last_modified < oldest));
    }
    let mut old_states = chain.list(&state_prefix(chain.topic(), chain.partition())).await?;
    old_states.retain(|state| state.last_modified < oldest);
    let Some(tail) = chain.load_tail(None).await? else { return Ok(0) };

    let live: HashSet<Path> = tail.state.iter().map(|key| Path::from(key.as_str())).collect();
    old_states.retain(|state| !live.contains(&state.location));
    if let Some(first) = old_files.iter().map(|file| file.last_modified).min() {
        let named = named_since(chain, &tail, first, grace).await?;
        old_files.retain(|file| !named.contains(&file.location));
    }
    delete(chain, old_states.into_iter().chain(old_files)).await
}

/// The data folders of the last days that can hold a file older than `oldest`.
fn data_folders(chain: &Chain, oldest: DateTime<Utc>) -> Vec<String> {
    let prefix = format!("{}/p={}", data_prefix(chain.topic()), chain.partition());
    (0..=DAYS_LOOKED_AT)
        .filter_map(|days| oldest.checked_sub_days(Days::new(days)))
        .map(|day| format!("{prefix}/dt={}", day.format("%Y-%m-%d")))
        .collect()
}

/// Every file that a link up to `tail` names which was written after `first`, less `grace` for clocks that differ.
async fn named_since(
    chain: &Chain,
    tail: &Link,
    first: DateTime<Utc>,
    grace: Duration,
) -> Result<HashSet<Path>, LoadError> {
    let enough = first.timestamp_micros().saturating_sub(i64::try_from(grace.as_micros()).unwrap_or(i64::MAX));
    let mut starts = chain.starts_from(0).await?;
    starts.retain(|start| *start < tail.start);
    let mut named = HashSet::new();
    // Oldest first: what was read last, up to where the step before it began.
    let mut run = vec![Arc::new(tail.clone())];
    for step in starts.rchunks(LINKS_PER_STEP) {
        named.extend(files_of(&run));
        let links: Vec<_> = futures::stream::iter(step.iter().copied())
            .map(|start| chain.read_link(start))
            .buffered(REQUESTS)
            .try_collect()
            .await?;
        run.truncate(1);
        run.splice(0..0, links.into_iter().flatten().map(Arc::new));
        check_continues(&Progress::default().after(&run[..1]), &run[1..])?;
        if run[0].written_at < enough {
            break;
        }
    }
    named.extend(files_of(&run));
    if run[0].written_at >= enough {
        check_continues(&Progress::default(), &run)?;
    }
    Ok(named)
}

fn files_of(links: &[Arc<Link>]) -> impl Iterator<Item = Path> {
    links.iter().flat_map(|link| &link.files).map(|file| Path::from(file.path.as_str()))
}

async fn delete(chain: &Chain, files: impl Iterator<Item = ObjectMeta>) -> Result<u64, LoadError> {
    let mut removed = 0;
    for file in files {
        removed += u64::from(chain.delete(&file.location).await?);
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
