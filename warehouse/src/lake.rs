//! The store with everything that reads and writes it: chains, curated tables, engine.

use std::sync::Arc;

use schemas::topics::EVENTS;

use crate::chain::Chains;
use crate::curated::Curated;
use crate::engine::{Engine, Resources};
use crate::progress::Progress;
use crate::store::Store;
use crate::tables::Table;

/// An opened lake. One per process: its parts remember what they have read.
#[derive(Debug)]
pub struct Lake {
    pub store: Store,
    pub engine: Engine,
    pub chains: Chains,
    tables: [Curated; 5],
}

impl Lake {
    pub fn open(store: Store, resources: Resources) -> anyhow::Result<Arc<Self>> {
        let engine = Engine::new(&store, resources)?;
        let chains = Chains::new(store.objects().clone(), EVENTS);
        let tables = Table::ALL.map(|table| Curated::new(&store, table));
        Ok(Arc::new(Self { store, engine, chains, tables }))
    }

    pub fn table(&self, table: Table) -> &Curated {
        &self.tables[Table::ALL.iter().position(|one| *one == table).expect("ALL holds every table")]
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
