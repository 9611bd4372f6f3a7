//! One curated Delta table: its newest version in memory, and commits that land whole or not at all.
//!
//! A commit holds the new files, the removed ones and the progress (`txn` actions, one for every partition). It is one
//! create-only PUT of the next version. Whatever error comes back, the table is loaded again and its progress says
//! whether the commit landed: a lost answer looks like a failure, and committing again would double the rows.

mod encode;
pub(crate) mod file;
mod metadata;
mod properties;
pub(crate) mod scan;
pub(crate) mod statistics;
mod transactions;
mod version;
pub(crate) mod writer;

pub(crate) use file::CuratedFile;
pub(crate) use version::{DAY_US, Version};

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
use crate::progress::transactions as actions;
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
        let state = match known.and_then(|known| known.state.clone()) {
            Some(mut state) => {
                state.update(self.log.as_ref(), None).await.with_context(|| self.named("cannot load"))?;
                state
            }
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

    /// Commits on top of `base`: removes files, adds files, and sets the progress.
    pub async fn commit(
        &self,
        base: &Version,
        removed: &[&CuratedFile],
        added: Vec<Add>,
        progress: &Progress,
    ) -> anyhow::Result<Committed> {
        let new_paths: Vec<String> = added.iter().map(|add| add.path.clone()).collect();
        let loaded = match self.write_commit(base, removed, added, progress).await? {
            (true, loaded) => return Ok(Committed::Landed(loaded)),
            (false, loaded) => loaded,
        };
        if loaded.progress.reaches(progress) {
            self.remove_losers(&loaded, &new_paths).await;
            return Ok(Committed::Landed(loaded));
        }
        if loaded.number > base.number {
            self.remove_losers(&loaded, &new_paths).await;
        }
        Ok(Committed::Refused(loaded))
    }

    /// The same for a table that is imported: what landed is told by the files, and those of a refused commit stay for the
    /// next one.
    pub async fn replace(&self, base: &Version, removed: &[&CuratedFile], added: &[Add]) -> anyhow::Result<Committed> {
        let (answered, loaded) = self.write_commit(base, removed, added.to_vec(), &Progress::default()).await?;
        let holds = |add: &Add| loaded.files.iter().any(|file| file.path == add.path);
        match answered || added.iter().all(holds) {
            true => Ok(Committed::Landed(loaded)),
            false => Ok(Committed::Refused(loaded)),
        }
    }

    /// Tries to write the next version. Says whether the store answered that it stands, and what is the newest one now.
    async fn write_commit(
        &self,
        base: &Version,
        removed: &[&CuratedFile],
        added: Vec<Add>,
        progress: &Progress,
    ) -> anyhow::Result<(bool, Arc<Version>)> {
        let Some(state) = &base.state else { bail!("{}: it was not made ready", self.named("cannot commit to")) };
        let now = chrono::Utc::now().timestamp_millis();
        let removes =
            removed.iter().map(|file| Action::Remove(Remove { deletion_timestamp: Some(now), ..file.remove.clone() }));
        let transactions =
            actions(progress).map(|(app_id, end)| Transaction::new_with_last_update(app_id, end, Some(now)));
        let properties =
            CommitProperties::default().with_application_transactions(transactions.collect()).with_max_retries(0);
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(PARTITION_COLUMNS.map(str::to_owned).to_vec()),
            predicate: None,
        };
        let answer = CommitBuilder::from(properties)
            .with_actions(removes.chain(added.into_iter().map(Action::Add)).collect())
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
