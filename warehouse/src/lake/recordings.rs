//! Chains and tables of recordings, which are not those of events.

use landing::{Chains, Progress, Store};
use schemas::topics::REPLAY;

use crate::curated::Curated;
use crate::tables::{RECORDINGS, Table};

/// What an opened lake holds of recordings.
#[derive(Debug)]
pub struct Recordings {
    pub chains: Chains,
    tables: [Curated; 2],
}

impl Recordings {
    pub fn new(store: &Store) -> Self {
        let chains = Chains::new(store.objects().clone(), REPLAY);
        Self { chains, tables: RECORDINGS.map(|table| Curated::new(store, table)) }
    }

    pub fn table(&self, table: &Table) -> &Curated {
        let place = RECORDINGS.iter().position(|own| *own == table).expect("one of the tables of recordings");
        &self.tables[place]
    }

    /// What both tables have taken in.
    pub async fn least_progress(&self) -> anyhow::Result<Progress> {
        let [chunks, assets] = &self.tables;
        Ok(chunks.newest().await?.progress.least(&assets.newest().await?.progress))
    }
}
