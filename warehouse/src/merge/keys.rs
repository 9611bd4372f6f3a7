//! What the session rule needs of events, read from landing and curated files.

use datafusion::arrow::array::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;

use super::sessionize::{EventKey, Origin};
use super::touched::{Tabs, Touched};
use super::visitors::key;
use crate::curated::scan::{FILE_INDEX, file_of};
use crate::engine::inputs::{Inputs, number, text, time};

/// What keys are read from.
const KEY_COLUMNS: &str = "site_id, visitor_id, tab_id, seq, occurred_at, session_started_at";

/// Keys of events, in reserved memory.
pub(super) struct Keys {
    pub events: Vec<EventKey>,
    pub memory: MemoryReservation,
}

impl Keys {
    pub(super) fn new(memory: MemoryReservation) -> Self {
        Self { events: Vec::new(), memory }
    }

    /// Adds the rows of `landing`; says whose they are, and of which tabs.
    pub(super) async fn read_landed(&mut self, inputs: &Inputs) -> anyhow::Result<(Touched, Tabs)> {
        let (mut touched, mut tabs) = (Touched::default(), Tabs::default());
        let sql = format!("select {KEY_COLUMNS}, kafka_partition, kafka_offset from landing where not duplicate");
        inputs
            .each_batch(&sql, |batch| {
                let known = self.events.len();
                let origin = |row| Origin::Landed { partition: number(batch, 6, row), offset: number(batch, 7, row) };
                self.add(batch, origin)?;
                for (row, event) in self.events[known..].iter().enumerate() {
                    touched.add(event.visitor, text(batch, 1, row), event.at);
                    tabs.add(event.tab, text(batch, 2, row), event.seq);
                }
                Ok(())
            })
            .await?;
        Ok((touched, tabs))
    }

    /// Adds the rows of `curated` that hold the condition; `origin` is told the place of their file.
    pub(super) async fn read_curated(
        &mut self,
        inputs: &Inputs,
        condition: &str,
        origin: impl Fn(i32) -> Origin,
    ) -> anyhow::Result<()> {
        let sql = format!("select {KEY_COLUMNS}, {FILE_INDEX} from curated where {condition}");
        inputs.each_batch(&sql, |batch| self.add(batch, |row| origin(file_of(batch, 6, row)))).await
    }

    /// Adds a batch that begins with [`KEY_COLUMNS`].
    fn add(&mut self, batch: &RecordBatch, origin: impl Fn(usize) -> Origin) -> anyhow::Result<()> {
        self.memory.try_grow(batch.num_rows() * 2 * size_of::<EventKey>())?;
        for row in 0..batch.num_rows() {
            let site = text(batch, 0, row);
            self.events.push(EventKey {
                visitor: key(&[site, text(batch, 1, row)]),
                tab: key(&[site, text(batch, 2, row)]),
                seq: number(batch, 3, row),
                at: time(batch, 4, row),
                session_start: time(batch, 5, row),
                origin: origin(row),
            });
        }
        Ok(())
    }
}
