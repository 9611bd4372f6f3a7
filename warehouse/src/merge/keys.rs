//! What the session rule needs of events, read from landing and curated files.

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::execution::memory_pool::MemoryReservation;

use super::held::{HeldRows, Pairs, Wanted};
use super::sessionize::{EventKey, Origin};
use super::touched::{Tabs, Touched};
use super::visitors::key;
use crate::curated::Version;
use crate::engine::Engine;
use crate::engine::inputs::{Inputs, number, text, time};
use crate::limits::DUPLICATE_US_MAX;
use crate::tables::EVENTS;

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
                let origin = |row| Origin::Landed {
                    partition: number(batch, 6, row),
                    offset: number(batch, 7, row),
                    row: u32::try_from(known + row).unwrap_or(u32::MAX),
                };
                self.add(batch, origin)?;
                for (row, event) in self.events[known..].iter().enumerate() {
                    touched.add(event.visitor, text(batch, 1, row), event.at);
                    tabs.add(event.tab, event.seq);
                }
                Ok(())
            })
            .await?;
        Ok((touched, tabs))
    }

    /// The same of landed rows in memory.
    pub(super) fn take_held(&mut self, landed: &HeldRows) -> anyhow::Result<(Touched, Tabs)> {
        let (mut touched, mut tabs) = (Touched::default(), Tabs::default());
        let mut first = 0;
        for held in &landed.held {
            let count = held.rows.num_rows();
            self.memory.try_grow(count * 2 * size_of::<EventKey>())?;
            let (visitors, tabs_of) = (Pairs::of(held, "visitor_id"), Pairs::of(held, "tab_id"));
            let [visitor_keys, tab_keys] = [&visitors, &tabs_of].map(Pairs::keys);
            let duplicate = held.rows.column_by_name("duplicate").map(|column| column.as_boolean());
            let (at, start) = (held.times("occurred_at")?, held.times("session_started_at")?);
            let (seq, partition) = (held.numbers("seq")?, held.numbers("kafka_partition")?);
            let offset = held.numbers("kafka_offset")?;
            let mut firsts = vec![i64::MAX; visitors.pairs.len()];
            let mut least = vec![i64::MAX; tabs_of.pairs.len()];
            for row in (0..count).filter(|row| !duplicate.is_some_and(|marked| marked.value(*row))) {
                let (visitor, tab) = (visitors.of_row[row] as usize, tabs_of.of_row[row] as usize);
                firsts[visitor] = firsts[visitor].min(at[row]);
                least[tab] = least[tab].min(seq[row]);
                let place = u32::try_from(first + row)?;
                self.events.push(EventKey {
                    visitor: visitor_keys[visitor],
                    tab: tab_keys[tab],
                    seq: seq[row],
                    at: at[row],
                    session_start: start[row],
                    origin: Origin::Landed { partition: partition[row], offset: offset[row], row: place },
                });
            }
            for (place, (_, id)) in visitors.pairs.iter().enumerate().filter(|(place, _)| firsts[*place] < i64::MAX) {
                touched.add(visitor_keys[place], id, firsts[place]);
            }
            for (tab, least) in tab_keys.iter().zip(least).filter(|(_, least)| *least < i64::MAX) {
                tabs.add(*tab, least);
            }
            first += count;
        }
        Ok((touched, tabs))
    }

    /// Adds the curated rows of the touched visitors, and those of others that landed events may repeat.
    pub(super) async fn read_curated(
        &mut self,
        engine: &Engine,
        events: &Version,
        touched: &Touched,
        tabs: &Tabs,
    ) -> anyhow::Result<()> {
        let Some(since) = touched.earliest(DUPLICATE_US_MAX) else { return Ok(()) };
        let wanted = Wanted { tabs: tabs.from(), ..touched.wanted() };
        // A file is of one site.
        let columns = EVENTS.file_columns(KEY_COLUMNS.split(", ").filter(|name| *name != "site_id"))?;
        let memory = self.memory.new_empty();
        let (rows, files) = HeldRows::chosen(engine, (events, columns), since, &wanted, memory).await?;
        for (held, file) in rows.held.iter().zip(files) {
            self.memory.try_grow(held.rows.num_rows() * 2 * size_of::<EventKey>())?;
            let (visitors, tabs_of) = (Pairs::of(held, "visitor_id"), Pairs::of(held, "tab_id"));
            let [visitor_keys, tab_keys] = [&visitors, &tabs_of].map(Pairs::keys);
            let (at, start, seq) =
                (held.times("occurred_at")?, held.times("session_started_at")?, held.numbers("seq")?);
            for row in (0..held.rows.num_rows()).filter(|row| at[*row] >= since) {
                let visitor = visitor_keys[visitors.of_row[row] as usize];
                let tab = tab_keys[tabs_of.of_row[row] as usize];
                let origin = match wanted.visitors.contains_key(&visitor) {
                    true => Origin::Curated { file: i32::try_from(file)? },
                    false if wanted.tabs.get(&tab).is_some_and(|from| *from <= seq[row]) => Origin::Elsewhere,
                    false => continue,
                };
                self.events.push(EventKey {
                    visitor,
                    tab,
                    seq: seq[row],
                    at: at[row],
                    session_start: start[row],
                    origin,
                });
            }
        }
        Ok(())
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
