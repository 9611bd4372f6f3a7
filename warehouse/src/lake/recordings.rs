//! Chains and tables of recordings, which are not those of events.

use landing::{Chains, Progress, Store};
use schemas::topics::REPLAY;

use super::KnownBooks;
use crate::curated::Curated;
use crate::tables::{RECORDINGS, Table};

/// What an opened lake holds of recordings.
#[derive(Debug)]
pub struct Recordings {
    pub chains: Chains,
    tables: [Curated; 2],
    /// Of each table.
    books: [KnownBooks; 2],
}

impl Recordings {
    pub fn new(store: &Store) -> Self {
        let chains = Chains::new(store.objects().clone(), REPLAY);
        Self { chains, tables: RECORDINGS.map(|table| Curated::new(store, table)), books: Default::default() }
    }

    pub fn table(&self, table: &Table) -> &Curated {
        &self.tables[place(table)]
    }

    pub(super) fn books(&self, table: &Table) -> &KnownBooks {
        &self.books[place(table)]
    }

    /// What both tables have taken in.
    pub async fn least_progress(&self) -> anyhow::Result<Progress> {
        let [chunks, assets] = &self.tables;
        Ok(chunks.newest().await?.progress.least(&assets.newest().await?.progress))
    }
}

fn place(table: &Table) -> usize {
    RECORDINGS.iter().position(|own| *own == table).expect("one of the tables of recordings")
}
