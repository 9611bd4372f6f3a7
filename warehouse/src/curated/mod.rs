//! One curated Delta table: its newest version in memory, and commits that land whole or not at all.
//!
//! A commit holds the new files, the removed ones and the progress (`txn` actions, one for every partition). It is one
//! create-only PUT of the next version. Whatever error comes back, the table is loaded again and its progress says
//! whether the commit landed: a lost answer looks like a failure, and committing again would double the rows.

mod again;
mod between;
pub(crate) mod dictionaries;
mod encode;
pub(crate) mod file;
mod leftovers;
mod metadata;
mod properties;
pub(crate) mod scan;
pub(crate) mod statistics;
mod transactions;
mod version;
pub(crate) mod writer;

pub(crate) use again::Written;
pub(crate) use file::CuratedFile;
pub(crate) use leftovers::Leftover;
pub(crate) use version::Version;

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context, bail};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, Metadata, Remove, Transaction};
use deltalake_core::logstore::{LogStoreRef, commit_uri_from_version};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use object_store::ObjectStoreExt;
use tokio::sync::Mutex;

use crate::limits::ROUND_TRIES_MAX;
use crate::progress::{Kept, Marks};
use crate::store::delta_log;
use crate::tables::{PARTITION_COLUMNS, Table};
use landing::Progress;
use landing::Store;
use metadata::{kernel_schema, lacking, properties};

/// A curated table.
#[derive(Debug)]
pub struct Curated {
    table: &'static Table,
    log: LogStoreRef,
    newest: Mutex<Option<Arc<Version>>>,
}

/// What became of a commit.
#[derive(Debug)]
pub enum Committed {
    /// The table now holds what was to be committed.
    Landed(Arc<Version>),
    /// Another writer was first, or the commit failed: nothing landed. Start again from this version.
    Refused(Arc<Version>),
}

impl Curated {
    pub fn new(store: &Store, table: &'static Table) -> Self {
        Self { table, log: delta_log(store, table.name), newest: Mutex::default() }
    }

    /// The newest version; an empty one while there is no table. Creates nothing. Two small requests when nothing
    /// changed.
    pub async fn newest(&self) -> anyhow::Result<Arc<Version>> {
        let mut newest = self.newest.lock().await;
        if let Some(known) = newest.as_ref().filter(|known| known.exists()) {
            let (own, next) = tokio::try_join!(self.has_commit(known.number), self.has_commit(known.number + 1))?;
            match (own, next) {
                (true, false) => return Ok(known.clone()),
                (true, true) => {}
                // Another engine has cleaned the log and left later versions only.
                (false, _) => *newest = None,
            }
        }
        let loaded = self.load(newest.as_deref()).await?;
        *newest = Some(loaded.clone());
        Ok(loaded)
    }

    /// The newest version, ready to be committed to: makes the table when there is none, and gives an older one the
    /// columns and properties that it lacks. Only compaction asks for it.
    pub async fn ready(&self) -> anyhow::Result<Arc<Version>> {
        let mut version = self.newest().await?;
        for _ in 0..ROUND_TRIES_MAX {
            let made = match &version.state {
                None => self.create().await,
                Some(state) => match lacking(self.table, state).with_context(|| self.named("cannot extend"))? {
                    Some(metadata) => self.extend(state, metadata).await,
                    None => return Ok(version),
                },
            };
            // A failure may be another's success, or ours with its answer lost: loading tells.
            version = self.newest().await?;
            if let (None, Err(error)) = (&version.state, made) {
                return Err(error);
            }
        }
        bail!("{}: others changed it {ROUND_TRIES_MAX} times meanwhile", self.named("cannot extend"))
    }

    async fn has_commit(&self, version: u64) -> anyhow::Result<bool> {
        let commit = commit_uri_from_version(Some(version));
        match self.log.object_store(None).head(&commit).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("table {}: {commit}", self.table.name)),
        }
    }

    async fn load(&self, known: Option<&Version>) -> anyhow::Result<Arc<Version>> {
        let mut known = known.and_then(|known| known.state.clone());
        if let Some(state) = &mut known
            && let Err(error) = state.update(self.log.as_ref(), None).await
        {
            // The log that it goes on from may have been replaced by a checkpoint meanwhile.
            tracing::debug!(table = self.table.name, %error, "opening the table anew");
            known = None;
        }
        let state = match known {
            Some(state) => state,
            None => {
                let first = self.has_commit(0).await?;
                if !first && !self.log.is_delta_table_location().await.with_context(|| self.named("cannot open"))? {
                    return Ok(Arc::new(Version::absent(self.table)));
                }
                let opened = DeltaTableState::try_new(self.log.as_ref(), None).await;
                opened.with_context(|| self.named("cannot open"))?
            }
        };
        self.version(state).await
    }

    async fn create(&self) -> anyhow::Result<()> {
        let schema = kernel_schema(self.table)?;
        CreateBuilder::new()
            .with_log_store(self.log.clone())
            .with_table_name(self.table.name)
            .with_columns(schema.fields().cloned())
            .with_partition_columns(PARTITION_COLUMNS)
            .with_configuration(properties(self.table).map(|(key, value)| (key, Some(value))))
            .with_commit_properties(CommitProperties::default().with_max_retries(0))
            .await
            .map(|_: DeltaTable| ())
            .with_context(|| self.named("cannot create"))
    }

    /// Commits new metadata on top of a state; whoever writes afterwards builds on it.
    async fn extend(&self, state: &DeltaTableState, metadata: Metadata) -> anyhow::Result<()> {
        let properties = properties(self.table).map(|(key, value)| (key.to_owned(), value));
        CommitBuilder::from(CommitProperties::default().with_max_retries(0))
            .with_actions(vec![Action::Metadata(metadata)])
            .build(
                Some(state),
                self.log.clone(),
                DeltaOperation::SetTableProperties { properties: properties.into_iter().collect() },
            )
            .await
            .map(|_| ())
            .with_context(|| self.named("cannot extend"))
    }

    async fn version(&self, state: DeltaTableState) -> anyhow::Result<Arc<Version>> {
        let version = Version::of(self.table, &self.log, state).await.with_context(|| self.named("cannot read"))?;
        if !self.table.is_imported() && !version.files.is_empty() && version.progress == Progress::default() {
            bail!(
                "{}: it holds files, but its log no longer says of which links (txn actions named landing/…); restore \
                 the log, or move the table's folder away and let compaction make it again",
                self.named("cannot read")
            );
        }
        Ok(Arc::new(version))
    }

    /// Commits on top of `base`: removes files, adds files, and sets the progress. When it is refused the new files stay: the
    /// same may be right on the version that it gives, and if it is not, [`Self::give_up`] removes them.
    pub async fn commit(
        &self,
        base: &Version,
        removed: &[&CuratedFile],
        added: Vec<Add>,
        progress: &Progress,
    ) -> anyhow::Result<Committed> {
        let marks = Marks { progress: progress.clone(), kept: base.kept.clone() };
        self.put(base, removed, added, marks, written(), |loaded| loaded.progress.reaches(progress)).await
    }

    /// Deletes files of a commit that was refused on `base`, where `newest` was found, unless it may still land.
    pub async fn give_up(&self, base: &Version, newest: &Version, added: &[Add]) {
        // While its version is free, a request that is on its way may take it.
        if newest.number > base.number {
            let paths: Vec<String> = added.iter().map(|add| add.path.clone()).collect();
            self.remove_losers(newest, &paths).await;
        }
    }

    /// The same for a table that is imported: what landed is told by the files, and those of a refused commit stay for the
    /// next one.
    pub async fn replace(&self, base: &Version, removed: &[&CuratedFile], added: &[Add]) -> anyhow::Result<Committed> {
        let (answered, loaded) = self.write(base, removed, added.to_vec(), Marks::default(), written()).await?;
        let holds = |add: &Add| loaded.files.iter().any(|file| file.path == add.path);
        match answered || added.iter().all(holds) {
            true => Ok(Committed::Landed(loaded)),
            false => Ok(Committed::Refused(loaded)),
        }
    }

    /// Commits what no landed row changes: rows that are removed, files that are written again, what is kept of either.
    /// After an error it may be told as refused although it landed: whoever starts again from the newest version finds
    /// nothing left to do.
    pub async fn keep(
        &self,
        base: &Version,
        (removed, added): (&[&CuratedFile], Vec<Add>),
        kept: &Kept,
        operation: DeltaOperation,
    ) -> anyhow::Result<Committed> {
        let marks = Marks { progress: base.progress.clone(), kept: kept.clone() };
        let new: Vec<String> = added.iter().map(|add| add.path.clone()).collect();
        let files = added.clone();
        let old: Vec<&str> = removed.iter().map(|file| file.path.as_str()).collect();
        let landed = |loaded: &Version| {
            let paths: HashSet<&str> = loaded.files.iter().map(|file| file.path.as_str()).collect();
            loaded.number > base.number
                && loaded.kept == *kept
                && new.iter().all(|path| paths.contains(path.as_str()))
                && !old.iter().any(|path| paths.contains(path))
        };
        let done = self.put(base, removed, added, marks, operation, landed).await?;
        if let Committed::Refused(newest) = &done {
            self.give_up(base, newest, &files).await;
        }
        Ok(done)
    }

    async fn put(
        &self,
        base: &Version,
        removed: &[&CuratedFile],
        added: Vec<Add>,
        marks: Marks,
        operation: DeltaOperation,
        landed: impl Fn(&Version) -> bool,
    ) -> anyhow::Result<Committed> {
        let new_paths: Vec<String> = added.iter().map(|add| add.path.clone()).collect();
        let (answered, loaded) = self.write(base, removed, added, marks, operation).await?;
        if answered {
            return Ok(Committed::Landed(loaded));
        }
        if landed(&loaded) {
            self.remove_losers(&loaded, &new_paths).await;
            return Ok(Committed::Landed(loaded));
        }
        Ok(Committed::Refused(loaded))
    }

    /// Tries to write the next version. Says whether the store answered that it stands, and what is the newest one now.
    async fn write(
        &self,
        base: &Version,
        removed: &[&CuratedFile],
        added: Vec<Add>,
        marks: Marks,
        operation: DeltaOperation,
    ) -> anyhow::Result<(bool, Arc<Version>)> {
        let Some(state) = &base.state else { bail!("{}: it was not made ready", self.named("cannot commit to")) };
        let now = chrono::Utc::now().timestamp_millis();
        let data_change = !matches!(operation, DeltaOperation::Optimize { .. });
        let removes = removed
            .iter()
            .map(|file| Action::Remove(Remove { deletion_timestamp: Some(now), data_change, ..file.remove.clone() }));
        let added = added.into_iter().map(|add| Action::Add(Add { data_change, ..add }));
        let transactions = marks.transactions().into_iter();
        let transactions =
            transactions.map(|(app_id, version)| Transaction::new_with_last_update(app_id, version, Some(now)));
        let properties =
            CommitProperties::default().with_application_transactions(transactions.collect()).with_max_retries(0);
        let answer = CommitBuilder::from(properties)
            .with_actions(removes.chain(added).collect())
            .build(Some(state), self.log.clone(), operation)
            .await;
        let mut newest = self.newest.lock().await;
        let (answered, loaded) = match answer {
            Ok(done) => (true, self.version(done.snapshot()).await?),
            Err(error) => {
                tracing::debug!(table = self.table.name, %error, "commit failed, loading the table");
                let loaded = self.load(Some(base)).await;
                (false, loaded.with_context(|| format!("after a failed commit ({error})"))?)
            }
        };
        *newest = Some(loaded.clone());
        Ok((answered, loaded))
    }

    /// Deletes files of a commit that lost: its version is taken, so nothing can name them any more. A failure
    /// leaves an orphan, which costs space only.
    async fn remove_losers(&self, loaded: &Version, paths: &[String]) {
        let store = self.log.object_store(None);
        for path in paths.iter().filter(|path| !loaded.files.iter().any(|file| file.path == **path)) {
            if let Err(error) = store.delete(&object_store::path::Path::from(path.as_str())).await {
                tracing::debug!(path, %error, "could not delete the file of a lost commit");
            }
        }
    }

    fn named(&self, what: &str) -> String {
        format!("{what} the table {} ({})", self.table.name, self.log.root_url())
    }
}

fn written() -> DeltaOperation {
    DeltaOperation::Write {
        mode: SaveMode::Append,
        partition_by: Some(PARTITION_COLUMNS.map(str::to_owned).to_vec()),
        predicate: None,
    }
}
