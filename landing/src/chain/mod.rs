//! The landing chain of one partition: read its tail, add a link exactly once, whatever the store answers.
//!
//! A link is created with `PutMode::Create` at a key made of its start offset, so two writers that hold the same tail
//! can never both succeed. An error says nothing about what happened, and neither does `AlreadyExists` (a lost answer
//! followed by the library's own retry says it for our own link), so after both the link is read back and its writer
//! compared.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use schemas::landing::{Link, commits_prefix, link_key, link_start};
use thiserror::Error;
use uuid::Uuid;

use crate::progress::TopicPartition;
use crate::rule::LinkError;

/// Largest link: beyond it some stores answer a create early and close, and the loser cannot tell who won.
pub const LINK_BYTES_MAX: usize = 1024 * 1024;
/// Attempts of one commit before the caller gets a say again (it pauses the partition and comes back).
const COMMIT_ATTEMPTS: usize = 4;
/// Waits between them.
const COMMIT_WAIT_FIRST: Duration = Duration::from_millis(50);
const COMMIT_WAIT_LONGEST: Duration = Duration::from_secs(1);
/// How far behind the hint the search for the tail begins; each miss goes four times as far.
const TAIL_SEARCH_OFFSETS: i64 = 100_000;
const TAIL_SEARCH_GROWTH: i64 = 4;
/// Files read at a time.
const PARALLEL_READS: usize = 8;

/// A partition's chain.
#[derive(Clone, Debug)]
pub struct Chain {
    objects: Arc<dyn ObjectStore>,
    of: TopicPartition,
}

/// Why a link was not added.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Another writer's link stands at that offset: this writer has lost the partition.
    #[error("{of}: the link at offset {start} was written by {writer}: another worker owns the partition now")]
    Fenced { of: TopicPartition, start: i64, writer: Uuid },
    /// The store answered errors; whether the link stands is not known. Trying again is safe.
    #[error("{of}: the link at offset {start} cannot be written: {source}")]
    Store { of: TopicPartition, start: i64, source: StoreError },
    #[error("{of}: the link at offset {start} has {bytes} bytes, more than {LINK_BYTES_MAX}")]
    TooLarge { of: TopicPartition, start: i64, bytes: usize },
}

/// Why a chain, or a file that it names, cannot be used.
#[derive(Debug, Error)]
pub enum LoadError {
    #[error("the chain of {of} cannot be read: {source}")]
    Store { of: TopicPartition, source: StoreError },
    /// What stands in the store is wrong; no retry helps.
    #[error("{key}: {message}")]
    Damaged { key: String, message: String },
    /// A link is not there, or no list and no answer told of it.
    #[error(transparent)]
    Missing(#[from] LinkError),
}

impl Chain {
    /// `objects` are the store's ([`Store::objects`](crate::Store::objects)).
    pub fn new(objects: Arc<dyn ObjectStore>, topic: &str, partition: i32) -> Self {
        Self { objects, of: TopicPartition::new(topic, partition) }
    }

    pub fn topic(&self) -> &str {
        &self.of.topic
    }

    pub fn partition(&self) -> i32 {
        self.of.partition
    }

    /// The last link, or `None` of an empty chain. `hint` is an offset near the end (the group's committed one), which
    /// saves listing the whole history; it may be wrong. A list may leave out the last link: what would follow is asked for.
    pub async fn load_tail(&self, hint: Option<i64>) -> Result<Option<Link>, LoadError> {
        let Some(start) = self.last_start(hint.unwrap_or(0)).await? else { return Ok(None) };
        let mut tail = self.read_link(start).await?.ok_or_else(|| LoadError::Damaged {
            key: self.key(start),
            message: "the link was listed and is gone: something deletes links".into(),
        })?;
        while let Some(next) = self.read_link(tail.end.saturating_add(1)).await? {
            tail = next;
        }
        Ok(Some(tail))
    }

    async fn last_start(&self, hint: i64) -> Result<Option<i64>, LoadError> {
        let mut distance = TAIL_SEARCH_OFFSETS;
        loop {
            let from = hint.saturating_sub(distance).max(0);
            let starts = self.starts_from(from).await?;
            if let Some(last) = starts.last() {
                return Ok(Some(*last));
            }
            if from == 0 {
                return Ok(None);
            }
            distance = distance.saturating_mul(TAIL_SEARCH_GROWTH);
        }
    }

    /// Start offsets of the links that begin at `from` or later, ascending.
    pub async fn starts_from(&self, from: i64) -> Result<Vec<i64>, LoadError> {
        let folder = Path::from(commits_prefix(&self.of.topic, self.of.partition));
        let listed = if from <= 0 {
            self.objects.list(Some(&folder))
        } else {
            // The offset is exclusive.
            self.objects.list_with_offset(Some(&folder), &Path::from(self.key(from - 1)))
        };
        let mut starts: Vec<i64> = listed
            .try_filter_map(|object| async move { Ok(link_start(object.location.as_ref())) })
            .try_collect()
            .await
            .map_err(|source| self.load_error(source))?;
        starts.sort_unstable();
        Ok(starts)
    }

    /// The link that begins at `start`; `None` when there is none.
    pub async fn read_link(&self, start: i64) -> Result<Option<Link>, LoadError> {
        let key = self.key(start);
        let bytes = match self.read(&key).await {
            Ok(bytes) => bytes,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(self.load_error(source)),
        };
        let link: Link = match serde_json::from_slice(&bytes) {
            Ok(link) => link,
            Err(error) => return Err(LoadError::Damaged { key, message: format!("no link: {error}") }),
        };
        let own = link_key(&link.topic, link.partition, link.start);
        if own != key {
            return Err(LoadError::Damaged { key, message: format!("the link names itself {own}") });
        }
        Ok(Some(link))
    }

    /// The files that a link names, in this order; each of them must be there.
    pub async fn read_files(&self, keys: &[String]) -> Result<Vec<Bytes>, LoadError> {
        futures::stream::iter(keys)
            .map(|key| async move {
                self.read(key).await.map_err(|error| match error {
                    StoreError::NotFound { .. } => {
                        LoadError::Damaged { key: key.clone(), message: "the file that a link names is missing".into() }
                    }
                    source => self.load_error(source),
                })
            })
            .buffered(PARALLEL_READS)
            .try_collect()
            .await
    }

    /// Writes a file that no link names yet; writing it again is harmless, since its key holds the writer's id.
    pub async fn upload(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.objects.put(&Path::from(key), PutPayload::from_bytes(bytes)).await.map(|_| ())
    }

    /// Adds a link. After an error other than `Fenced` the same link may be committed again.
    pub async fn commit(&self, link: &Link) -> Result<(), CommitError> {
        let body = Bytes::from(serde_json::to_vec(link).expect("a link is made of numbers and text, which JSON holds"));
        let (of, start) = (self.of.clone(), link.start);
        if body.len() > LINK_BYTES_MAX {
            return Err(CommitError::TooLarge { of, start, bytes: body.len() });
        }
        let path = Path::from(self.key(start));
        // No retry of a library's: what to do after an error is told by what stands there.
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(COMMIT_WAIT_FIRST)
            .with_max_delay(COMMIT_WAIT_LONGEST)
            .with_max_times(COMMIT_ATTEMPTS - 1)
            .with_jitter()
            .build();
        loop {
            let payload = PutPayload::from_bytes(body.clone());
            let Err(source) = self.objects.put_opts(&path, payload, PutMode::Create.into()).await else {
                return Ok(());
            };
            match self.read_link(start).await {
                Ok(Some(found)) if found.writer == link.writer => return Ok(()),
                Ok(Some(found)) => return Err(CommitError::Fenced { of, start, writer: found.writer }),
                Ok(None) | Err(_) => match waits.next() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(CommitError::Store { of, start, source }),
                },
            }
        }
    }

    /// Everything below a folder.
    pub async fn list(&self, folder: &str) -> Result<Vec<ObjectMeta>, LoadError> {
        self.objects.list(Some(&Path::from(folder))).try_collect().await.map_err(|source| self.load_error(source))
    }

    /// Removes a file; gives whether it was there.
    pub async fn delete(&self, file: &Path) -> Result<bool, LoadError> {
        match self.objects.delete(file).await {
            Ok(()) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(source) => Err(self.load_error(source)),
        }
    }

    fn key(&self, start: i64) -> String {
        link_key(&self.of.topic, self.of.partition, start)
    }

    async fn read(&self, key: &str) -> Result<Bytes, StoreError> {
        self.objects.get(&Path::from(key)).await?.bytes().await
    }

    fn load_error(&self, source: StoreError) -> LoadError {
        LoadError::Store { of: self.of.clone(), source }
    }
}

#[cfg(test)]
mod tests;
