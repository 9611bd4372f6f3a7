//! Removes files that no link names: what a worker left that was killed between its uploads and its link, and states
//! that later links have replaced.
//!
//! The files are listed before the links: a link that appears in between names a file that was listed, never the other
//! way round. Only files older than a grace period are touched, so a link that is being written right now is safe.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::Path;
use schemas::landing::{data_prefix, state_prefix};

use crate::chain::{Chain, LoadError};

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
    let mut removed = delete(chain, old_states.into_iter().filter(|state| !live.contains(&state.location))).await?;
    if let Some(first) = old_files.iter().map(|file| file.last_modified).min() {
        let named = named_since(chain, first, grace).await?;
        removed += delete(chain, old_files.into_iter().filter(|file| !named.contains(&file.location))).await?;
    }
    Ok(removed)
}

/// The data folders of the last days that can hold a file older than `oldest`.
fn data_folders(chain: &Chain, oldest: DateTime<Utc>) -> Vec<String> {
    let prefix = format!("{}/p={}", data_prefix(chain.topic()), chain.partition());
    (0..=DAYS_LOOKED_AT)
        .filter_map(|days| oldest.checked_sub_days(Days::new(days)))
        .map(|day| format!("{prefix}/dt={}", day.format("%Y-%m-%d")))
        .collect()
}

/// Every file that a link names which was written after `first`, less `grace` for clocks that differ.
async fn named_since(chain: &Chain, first: DateTime<Utc>, grace: Duration) -> Result<HashSet<Path>, LoadError> {
    let enough = first.timestamp_micros().saturating_sub(i64::try_from(grace.as_micros()).unwrap_or(i64::MAX));
    let starts = chain.starts_from(0).await?;
    let mut named = HashSet::new();
    for step in starts.rchunks(LINKS_PER_STEP) {
        let links: Vec<_> = futures::stream::iter(step.iter().copied())
            .map(|start| chain.read_link(start))
            .buffered(REQUESTS)
            .try_collect()
            .await?;
        let links: Vec<_> = links.into_iter().flatten().collect();
        named.extend(links.iter().flat_map(|link| &link.files).map(|file| Path::from(file.path.as_str())));
        if links.first().is_some_and(|link| link.written_at < enough) {
            break;
        }
    }
    Ok(named)
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
