//! The landing zone of one topic, and which of its links are sealed.

use std::sync::Arc;

use landing::Chains;
use schemas::landing::Link;
use schemas::topics::{EVENTS as EVENTS_TOPIC, REPLAY};

use crate::books::Books;
use crate::curated::scan::Scan;
use crate::lake::Lake;
use crate::tables::{EVENTS, RECORDINGS, Table};

/// What keeping knows of it.
pub(super) struct Zone<'a> {
    pub topic: &'static str,
    pub chains: &'a Chains,
    books: Vec<Arc<Books>>,
}

impl<'a> Zone<'a> {
    pub(super) async fn of_events(lake: &'a Lake) -> anyhow::Result<Self> {
        Self::of(lake, EVENTS_TOPIC, &lake.chains, &[&EVENTS]).await
    }

    pub(super) async fn of_recordings(lake: &'a Lake) -> anyhow::Result<Self> {
        Self::of(lake, REPLAY, &lake.recordings.chains, &RECORDINGS).await
    }

    async fn of(
        lake: &'a Lake,
        topic: &'static str,
        chains: &'a Chains,
        tables: &[&'static Table],
    ) -> anyhow::Result<Self> {
        let mut books = Vec::new();
        for table in tables {
            books.push(lake.books(&*lake.table(table).newest().await?).await?);
        }
        Ok(Self { topic, chains, books })
    }

    /// Whether all that the link brought is in the books: of both tables, where two take its rows.
    pub(super) fn is_sealed(&self, link: &Link) -> bool {
        self.books.iter().all(|books| books.is_sealed(link))
    }

    /// Rows of landing files.
    pub(super) fn scan(&self, links: &[Arc<Link>]) -> Arc<Scan> {
        if self.topic == REPLAY { Scan::frames(links) } else { Scan::landing(links) }
    }
}
