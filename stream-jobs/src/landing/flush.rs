//! A file and its state to a link.

use ::landing::{Chain, CommitError};
use bytes::Bytes;
use schemas::landing::Link;
use thiserror::Error;

/// A link that is ready to be written, with the files that it names. Kept until the link stands, so that trying again
/// writes the same.
#[derive(Clone, Debug)]
pub(crate) struct PendingLink {
    pub link: Link,
    /// Key and bytes of each file.
    pub uploads: Vec<(String, Bytes)>,
}

/// Why a link does not stand yet.
#[derive(Debug, Error)]
pub(crate) enum FlushError {
    #[error("{key} cannot be written: {source}")]
    Upload { key: String, source: object_store::Error },
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Writes the files, then the link. Safe to call again after any error but [`CommitError::Fenced`].
pub(crate) async fn flush(chain: &Chain, pending: &PendingLink) -> Result<(), FlushError> {
    let uploads = pending.uploads.iter().map(|(key, bytes)| async move {
        chain.upload(key, bytes.clone()).await.map_err(|source| FlushError::Upload { key: key.clone(), source })
    });
    futures::future::try_join_all(uploads).await?;
    Ok(chain.commit(&pending.link).await?)
}
