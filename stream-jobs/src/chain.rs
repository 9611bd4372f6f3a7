//! The landing chain of one partition: read its tail, add a link exactly once, whatever the store answers.
//!
//! A link is created with `PutMode::Create` at a key made of its start offset, so two writers that hold the same tail
//! can never both succeed. An error says nothing about what happened, and neither does `AlreadyExists` (a lost answer
//! followed by the library's own retry says it for our own link), so after both the link is read back and its writer
//! compared.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use schemas::landing::{Link, commits_prefix, link_key, link_start};
use thiserror::Error;
use uuid::Uuid;

use crate::retry::Backoff;
use crate::sessionize::Sessions;

/// Largest link: beyond it some stores answer a create early and close, and the loser cannot tell who won.
pub const LINK_BYTES_MAX: usize = 1024 * 1024;
/// Attempts of one commit before the caller gets a say again (it pauses the partition and comes back).
const COMMIT_ATTEMPTS: u32 = 4;
/// How far behind the hint the search for the tail begins; each miss goes four times as far.
const TAIL_SEARCH_OFFSETS: i64 = 100_000;
const TAIL_SEARCH_GROWTH: i64 = 4;
/// Requests of a state's files at a time.
const STATE_READS: usize = 8;

/// A partition's chain.
#[derive(Clone, Debug)]
pub struct Chain {
    store: Arc<dyn ObjectStore>,
    /// Prefix of every key: the folder within the store.
    root: Path,
    pub topic: String,
    pub partition: i32,
}

/// Why a link was not added.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Another writer's link stands at that offset: this writer has lost the partition.
    #[error(
        "{topic}/{partition}: the link at offset {start} was written by {writer}: another worker owns the partition now"
    )]
    Fenced { topic: String, partition: i32, start: i64, writer: Uuid },
    /// The store answered errors; whether the link stands is not known. Trying again is safe.
    #[error("{topic}/{partition}: the link at offset {start} cannot be written: {source}")]
    Store { topic: String, partition: i32, start: i64, source: StoreError },
    #[error("{topic}/{partition}: the link at offset {start} has {bytes} bytes, more than {LINK_BYTES_MAX}")]
    TooLarge { topic: String, partition: i32, start: i64, bytes: usize },
}

/// Why the tail or its state cannot be used.
#[derive(Debug, Error)]
pub enum LoadError {
    #[error("the chain of {topic}/{partition} cannot be read: {source}")]
    Store { topic: String, partition: i32, source: StoreError },
    /// What stands in the store is wrong; no retry helps.
    #[error("{key}: {message}")]
    Damaged { key: String, message: String },
}

impl Chain {
    pub fn new(store: Arc<dyn ObjectStore>, root: Path, topic: &str, partition: i32) -> Self {
        Self { store, root, topic: topic.to_owned(), partition }
    }

    /// The store's path of a key from [`schemas::landing`].
    pub fn path(&self, key: &str) -> Path {
        key.split('/').fold(self.root.clone(), |path, part| path.join(part))
    }

    /// The last link, or `None` of an empty chain. `hint` is an offset near the end (the group's committed one), which
    /// saves listing the whole history; it may be wrong.
    pub async fn load_tail(&self, hint: Option<i64>) -> Result<Option<Link>, LoadError> {
        match self.last_start(hint.unwrap_or(0)).await? {
            Some(start) => self.read_link(start).await?.map(Some).ok_or_else(|| LoadError::Damaged {
                key: link_key(&self.topic, self.partition, start),
                message: "the link was listed and is gone: something deletes links".into(),
            }),
            None => Ok(None),
        }
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
        let prefix = self.path(&commits_prefix(&self.topic, self.partition));
        let listed = if from <= 0 {
            self.store.list(Some(&prefix))
        } else {
            // The offset is exclusive.
            self.store.list_with_offset(Some(&prefix), &self.path(&link_key(&self.topic, self.partition, from - 1)))
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
        let key = link_key(&self.topic, self.partition, start);
        match self.read(&key).await {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| LoadError::Damaged { key, message: format!("no link: {error}") }),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(source) => Err(self.load_error(source)),
        }
    }

    /// The sessions after `tail`.
    pub async fn load_sessions(&self, tail: &Link) -> Result<Sessions, LoadError> {
        let files: Vec<Bytes> = futures::stream::iter(tail.state.clone())
            .map(|key| async move {
                self.read(&key).await.map_err(|error| match error {
                    StoreError::NotFound { .. } => {
                        LoadError::Damaged { key, message: "the state file that the last link names is missing".into() }
                    }
                    source => self.load_error(source),
                })
            })
            .buffered(STATE_READS)
            .try_collect()
            .await?;
        Sessions::restore(files.iter().map(|file| &file[..]))
            .map_err(|error| LoadError::Damaged { key: tail.state.join(", "), message: format!("{error:#}") })
    }

    /// Writes a file that no link names yet; writing it again is harmless, since its key holds the writer's id.
    pub async fn upload(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.store.put(&self.path(key), PutPayload::from_bytes(bytes)).await.map(|_| ())
    }

    /// Adds a link. After an error other than `Fenced` the same link may be committed again.
    pub async fn commit(&self, link: &Link) -> Result<(), CommitError> {
        let body = serde_json::to_vec(link).expect("a link is made of numbers and text, which JSON holds");
        if body.len() > LINK_BYTES_MAX {
            let (topic, partition, start) = (self.topic.clone(), self.partition, link.start);
            return Err(CommitError::TooLarge { topic, partition, start, bytes: body.len() });
        }
        let path = self.path(&link_key(&self.topic, self.partition, link.start));
        let body = Bytes::from(body);
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        for attempt in 1.. {
            let payload = PutPayload::from_bytes(body.clone());
            let Err(source) = self.store.put_opts(&path, payload, PutMode::Create.into()).await else { return Ok(()) };
            match self.read_link(link.start).await {
                Ok(Some(found)) if found.writer == link.writer => return Ok(()),
                Ok(Some(found)) => return Err(self.fenced(link.start, found.writer)),
                Ok(None) | Err(_) if attempt == COMMIT_ATTEMPTS => {
                    let (topic, partition, start) = (self.topic.clone(), self.partition, link.start);
                    return Err(CommitError::Store { topic, partition, start, source });
                }
                Ok(None) | Err(_) => tokio::time::sleep(backoff.pause()).await,
            }
        }
        unreachable!("the last attempt returns")
    }

    fn fenced(&self, start: i64, writer: Uuid) -> CommitError {
        CommitError::Fenced { topic: self.topic.clone(), partition: self.partition, start, writer }
    }

    async fn read(&self, key: &str) -> Result<Bytes, StoreError> {
        self.store.get(&self.path(key)).await?.bytes().await
    }

    pub fn store(&self) -> &dyn ObjectStore {
        self.store.as_ref()
    }

    /// Everything below a folder.
    pub async fn list(&self, folder: &Path) -> Result<Vec<ObjectMeta>, LoadError> {
        self.store.list(Some(folder)).try_collect().await.map_err(|source| self.load_error(source))
    }

    pub fn load_error(&self, source: StoreError) -> LoadError {
        LoadError::Store { topic: self.topic.clone(), partition: self.partition, source }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
