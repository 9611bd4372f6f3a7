//! The store with everything that reads and writes it: chains, curated tables, engine.

pub mod share;
pub mod sizes;

use std::sync::Arc;

use landing::{Chains, Progress, Store};
use schemas::landing::Link;
use schemas::topics::EVENTS;
use tokio::sync::Mutex;

use crate::curated::{Curated, Version};
use crate::engine::{Engine, Resources};
use crate::lake::share::Shares;
use crate::lake::sizes::Sizes;
use crate::merge::Merge;
use crate::tables::Table;

/// An opened lake. One per process: its parts remember what they have read.
#[derive(Debug)]
pub struct Lake {
    pub store: Store,
    pub engine: Engine,
    pub chains: Chains,
    /// What files take in memory.
    pub sizes: Sizes,
    /// How much compaction takes at once.
    pub shares: Shares,
    tables: [Curated; 5],
    /// The newest merge that the live view made, with the version of `events` and the progress that it is for.
    merged: Mutex<Option<(u64, Progress, Arc<Merge>)>>,
}

impl Lake {
    pub fn open(store: Store, resources: Resources) -> anyhow::Result<Arc<Self>> {
        let engine = Engine::new(&store, resources)?;
        let chains = Chains::new(store.objects().clone(), EVENTS);
        let sizes = Sizes::new(store.objects().clone());
        let tables = Table::ALL.map(|table| Curated::new(&store, table));
        Ok(Arc::new(Self { store, engine, chains, sizes, shares: Shares::default(), tables, merged: Mutex::default() }))
    }

    pub fn table(&self, table: Table) -> &Curated {
        &self.tables[Table::ALL.iter().position(|one| *one == table).expect("ALL holds every table")]
    }

    /// The merge of a tail into a version of `events`. Polls between two arrivals share one.
    pub async fn merge(&self, events: &Version, tail: &[Arc<Link>]) -> anyhow::Result<Arc<Merge>> {
        let mut progress = events.progress.clone();
        tail.iter().for_each(|link| progress.advance(link));
        let mut merged = self.merged.lock().await;
        if let Some((_, _, known)) =
            merged.as_ref().filter(|(number, to, _)| (*number, to) == (events.number, &progress))
        {
            return Ok(known.clone());
        }
        // The old one's memory first.
        *merged = None;
        let merge = Arc::new(Merge::plan(&self.engine, events, tail).await?);
        *merged = Some((events.number, progress, merge.clone()));
        Ok(merge)
    }

    /// What every one of the tables has taken in.
    pub async fn least_progress(&self) -> anyhow::Result<Progress> {
        let mut least = self.table(Table::Events).newest().await?.progress.clone();
        for table in Table::ALL {
            least = least.least(&self.table(table).newest().await?.progress);
        }
        Ok(least)
    }
}
