//! What lies in a table's folder although its newest version does not need it: files that were replaced or removed, files
//! of a process that was killed before its commit, and the log of versions before a checkpoint.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use chrono::{DateTime, Utc};
use deltalake_core::DeltaTable;
use deltalake_core::logstore::commit_uri_from_version;
use deltalake_core::protocol::checkpoints::create_checkpoint;
use deltalake_core::table::state::DeltaTableState;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};

use super::Curated;

const LOG_FOLDER: &str = "_delta_log";

/// A file that the newest version does not name.
#[derive(Clone, Debug)]
pub struct Leftover {
    /// Below the table's folder.
    pub path: Path,
    pub bytes: u64,
    /// When it was written, or when the version that does not name it any more was committed.
    pub since: DateTime<Utc>,
    /// Whether a version has named it: no other ever will again.
    pub removed: bool,
}

impl Curated {
    /// Data files that the newest version does not name. Nothing is told of a table that has not been made.
    pub async fn leftovers(&self) -> anyhow::Result<Vec<Leftover>> {
        // The files first: one that is committed in between is named by the version.
        let files = self.objects(None).await?;
        let version = self.newest().await?;
        if !version.exists() {
            return Ok(Vec::new());
        }
        // Read anew: the log that the version was read from may have been cleaned since.
        let state =
            DeltaTableState::try_new(self.log.as_ref(), None).await.with_context(|| self.named("cannot open"))?;
        let named: HashSet<&str> = version.files.iter().map(|file| file.path.as_str()).collect();
        let removed: HashMap<String, i64> = state
            .all_tombstones(self.log.as_ref())
            .map_ok(|file| (file.path().into_owned(), file.deletion_timestamp().unwrap_or_default()))
            .try_collect()
            .await
            .with_context(|| self.named("cannot read the removed files of"))?;
        let is_data = |file: &ObjectMeta| !file.location.as_ref().starts_with(LOG_FOLDER);
        let left = files.into_iter().filter(|file| is_data(file) && !named.contains(file.location.as_ref()));
        Ok(left
            .map(|file| {
                let removed = removed.get(file.location.as_ref()).and_then(|at| DateTime::from_timestamp_millis(*at));
                let since = removed.map_or(file.last_modified, |at| at.max(file.last_modified));
                Leftover { path: file.location, bytes: file.size, since, removed: removed.is_some() }
            })
            .collect())
    }

    /// When the commit of a version was written, by the store's clock.
    pub async fn committed_at(&self, version: u64) -> anyhow::Result<DateTime<Utc>> {
        let commit = commit_uri_from_version(Some(version));
        let found = self.log.object_store(None).head(&commit).await;
        Ok(found.with_context(|| format!("table {}: {commit}", self.table.name))?.last_modified)
    }

    /// Deletes data files; those that are gone already are none of the count.
    pub async fn delete(&self, files: &[Leftover]) -> anyhow::Result<u64> {
        let mut deleted = 0;
        for file in files {
            deleted += u64::from(self.delete_one(&file.path).await?);
        }
        Ok(deleted)
    }

    /// Replaces the log of everything before the newest version by a checkpoint: commits say least and greatest values
    /// of files that are gone. Gives the files of the log that were deleted.
    pub async fn forget_log(&self) -> anyhow::Result<u64> {
        let mut table = DeltaTable::new(self.log.clone());
        table.load().await.with_context(|| self.named("cannot open"))?;
        let Some(newest) = table.version() else { return Ok(0) };
        create_checkpoint(&table, None).await.with_context(|| self.named("cannot write a checkpoint of"))?;
        let mut deleted = 0;
        for file in self.objects(Some(LOG_FOLDER)).await? {
            if version_of(&file.location).is_some_and(|version| version < newest) {
                deleted += u64::from(self.delete_one(&file.location).await?);
            }
        }
        *self.newest.lock().await = None;
        Ok(deleted)
    }

    /// Files of the log, below the table's folder.
    pub async fn log_files(&self) -> anyhow::Result<Vec<Path>> {
        Ok(self.objects(Some(LOG_FOLDER)).await?.into_iter().map(|file| file.location).collect())
    }

    async fn objects(&self, folder: Option<&str>) -> anyhow::Result<Vec<ObjectMeta>> {
        let listed = self.log.object_store(None).list(folder.map(Path::from).as_ref()).try_collect().await;
        listed.with_context(|| self.named("cannot list the files of"))
    }

    async fn delete_one(&self, path: &Path) -> anyhow::Result<bool> {
        match self.log.object_store(None).delete(path).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("table {}: cannot delete {path}", self.table.name)),
        }
    }
}

/// The version that a file of the log ends with, by its name.
fn version_of(file: &Path) -> Option<u64> {
    let name = file.filename()?;
    let mut parts = name.split('.');
    let first = parts.next()?.parse().ok()?;
    match (parts.next()?, parts.next()) {
        (last, Some("compacted")) => last.parse().ok(),
        _ => Some(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_log_are_told_by_the_version_that_they_end_with() {
        let of = |name: &str| version_of(&Path::from(format!("_delta_log/{name}")));
        assert_eq!(of("00000000000000000004.json"), Some(4));
        assert_eq!(of("00000000000000000004.crc"), Some(4));
        assert_eq!(of("00000000000000000020.checkpoint.parquet"), Some(20));
        assert_eq!(of("00000000000000000004.00000000000000000009.compacted.json"), Some(9));
        assert_eq!(of("_last_checkpoint"), None);
    }
}
