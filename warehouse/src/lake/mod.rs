//! The store with everything that reads and writes it: chains, curated tables, engine.

mod recordings;
pub(crate) mod share;
pub(crate) mod sizes;
mod strangers;

use std::sync::Arc;

use schemas::landing::Link;
use schemas::topics::EVENTS as TOPIC;
use tokio::sync::Mutex;

use crate::books::Books;
use crate::curated::{Curated, Version};
use crate::engine::{Engine, Resources};
use crate::merge::{Memo, Merge};
use crate::shard::Shard;
use crate::tables::{self, EVENTS, Table};
use landing::Chains;
use landing::Progress;
use landing::Store;
use recordings::Recordings;
use share::Shares;
use sizes::Sizes;
use strangers::KnownStrangers;

/// Books of one table, by their generation.
pub(crate) type KnownBooks = Mutex<Memo<i64, Arc<Books>>>;

/// An opened lake. One per process: its parts remember what they have read.
#[derive(Debug)]
pub struct Lake {
    pub store: Store,
    pub engine: Engine,
    pub chains: Chains,
    /// Chains and tables of recordings.
    pub recordings: Recordings,
    /// What files take in memory.
    pub sizes: Sizes,
    /// How much compaction takes at once.
    pub shares: Shares,
    /// What compaction takes of what has landed.
    pub shard: Shard,
    /// Whom links are about that other compactions took.
    pub(crate) strangers: KnownStrangers,
    tables: Vec<Curated>,
    /// The live view's merge, by the version of `events` and the progress that it leads to.
    merged: Mutex<Memo<(u64, Progress), Arc<Merge>>>,
    /// Of `events`.
    books: KnownBooks,
}

impl Lake {
    pub fn open(store: Store, resources: Resources) -> anyhow::Result<Arc<Self>> {
        Self::of_shard(store, resources, Shard::ALL)
    }

    /// The same for a process that compacts a part of what lands.
    pub fn of_shard(store: Store, resources: Resources, shard: Shard) -> anyhow::Result<Arc<Self>> {
        let engine = Engine::new(&store, resources)?;
        let chains = Chains::new(store.objects().clone(), TOPIC);
        let sizes = Sizes::new(store.objects().clone());
        let tables = tables::ALL.iter().chain(tables::IMPORTED).map(|table| Curated::new(&store, table)).collect();
        let recordings = Recordings::new(&store);
        Ok(Arc::new(Self {
            store,
            engine,
            chains,
            recordings,
            sizes,
            shares: Shares::default(),
            shard,
            strangers: KnownStrangers::default(),
            tables,
            merged: Mutex::default(),
            books: Mutex::default(),
        }))
    }

    pub fn table(&self, table: &Table) -> &Curated {
        self.tables.get(table.index()).unwrap_or_else(|| self.recordings.table(table))
    }

    /// The merge of a tail into a version of `events`. Polls between two arrivals share one.
    pub async fn merge(&self, events: &Version, tail: &[Arc<Link>]) -> anyhow::Result<Arc<Merge>> {
        let key = (events.number, events.progress.after(tail));
        let made = async { Merge::plan(&self.engine, events, tail, None).await.map(Arc::new) };
        self.merged.lock().await.get(key, made).await
    }

    /// The books that belong to a version of `events`, or of a table of recordings.
    pub(crate) async fn books(&self, of: &Version) -> anyhow::Result<Arc<Books>> {
        let (table, generation) = (of.table, of.kept.books);
        let known = match *table == EVENTS {
            true => &self.books,
            false => self.recordings.books(table),
        };
        known
            .lock()
            .await
            .get(generation, async { Books::load(&self.store, table, generation).await.map(Arc::new) })
            .await
    }

    /// Links that `progress` does not cover. Those of which nothing but the table `events` is left come without files.
    pub(crate) async fn links_after(&self, progress: &Progress) -> anyhow::Result<Vec<Arc<Link>>> {
        let mut links = self.chains.links_after(progress).await?;
        if !links.is_empty() {
            let books = self.books(&*self.table(&EVENTS).newest().await?).await?;
            for link in links.iter_mut().filter(|link| books.is_sealed(link)) {
                Arc::make_mut(link).files.clear();
            }
        }
        Ok(links)
    }

    /// What every one of the tables has taken in.
    pub async fn least_progress(&self) -> anyhow::Result<Progress> {
        let mut least = self.table(&EVENTS).newest().await?.progress.clone();
        for table in tables::ALL {
            least = least.least(&self.table(table).newest().await?.progress);
        }
        Ok(least)
    }
}
