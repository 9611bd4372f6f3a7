//! `events` as far as a table is that follows from it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::datasource::TableProvider;
use landing::Progress;

use super::held::{Held, HeldRows, Wanted};
use crate::curated::Version;
use crate::curated::scan::Scan;
use crate::engine::Engine;
use crate::progress::condition;
use crate::tables::EVENTS;

/// Where an event came from, beside the columns that are asked for.
const PLACE: [&str; 2] = ["kafka_partition", "kafka_offset"];

/// The events that a version holds and that a progress covers.
#[derive(Clone, Copy)]
pub(crate) struct EventsUntil<'a> {
    pub engine: &'a Engine,
    pub events: &'a Version,
    pub progress: &'a Progress,
}

impl EventsUntil<'_> {
    /// As a table.
    pub(crate) async fn table(&self) -> anyhow::Result<Arc<dyn TableProvider>> {
        let all = Scan::version(self.events);
        if self.covers_all() {
            return Ok(all);
        }
        let inputs = self.engine.inputs().table("events", all)?;
        Ok(inputs.select(&format!("select * from events where {}", condition(self.progress))).await?.into_view())
    }

    /// Hands over the wanted ones, those of visitors of a time or later, with some of their columns: each batch, and the places of the
    /// rows that are.
    pub(super) async fn each_chosen(
        &self,
        columns: &[&str],
        (wanted, since): (&Wanted, i64),
        mut take: impl FnMut(&Held, &[usize]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let columns = EVENTS.file_columns(columns.iter().copied().chain(PLACE))?;
        let (all, ends) = (self.covers_all(), self.ends());
        let take = |held: &Held, _| {
            let (partition, offset) = (held.numbers("kafka_partition")?, held.numbers("kafka_offset")?);
            let covered = |row: usize| all || ends.get(&partition[row]).is_some_and(|end| offset[row] <= *end);
            let chosen: Vec<usize> = (0..partition.len()).filter(|row| covered(*row)).collect();
            take(held, &chosen)
        };
        HeldRows::each_chosen(self.engine, (self.events, columns), since, wanted, take).await
    }

    fn covers_all(&self) -> bool {
        self.progress.reaches(&self.events.progress)
    }

    /// Last offset of each partition.
    fn ends(&self) -> HashMap<i64, i64> {
        self.progress.iter().map(|(place, position)| (i64::from(place.partition), position.end)).collect()
    }
}
