//! What the session rule needs of events, read from landing and curated files.

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::execution::memory_pool::MemoryReservation;

use super::held::{Held, HeldRows, Pairs, Wanted};
use super::sessionize::{Before, EventKey, Origin};
use super::tabs::{Numbers, Tabs};
use super::touched::{BACK_US, Touched};
use super::visitors::{Key, Stretch, key};
use crate::curated::Version;
use crate::engine::Engine;
use crate::engine::inputs::{Inputs, number, text, time};
use crate::tables::EVENTS;

/// What keys are read from.
const KEY_COLUMNS: &str = "site_id, visitor_id, tab_id, seq, occurred_at, session_started_at";

/// Of a session before, and the list of its visitor.
const BEFORE_BYTES: usize = size_of::<(Key, Vec<Stretch>)>() + 2 * size_of::<Stretch>();

/// Keys of events, in reserved memory.
pub(super) struct Keys {
    pub events: Vec<EventKey>,
    pub before: Before,
    pub memory: MemoryReservation,
}

impl Keys {
    pub(super) fn new(memory: MemoryReservation) -> Self {
        Self { events: Vec::new(), before: Before::default(), memory }
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
                    tabs.of(event.tab, (text(batch, 0, row), text(batch, 2, row))).add(event.seq);
                }
                Ok(())
            })
            .await?;
        tabs.settle();
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
            let mut numbers = vec![Numbers::default(); tabs_of.pairs.len()];
            for row in (0..count).filter(|row| !duplicate.is_some_and(|marked| marked.value(*row))) {
                let (visitor, tab) = (visitors.of_row[row] as usize, tabs_of.of_row[row] as usize);
                firsts[visitor] = firsts[visitor].min(at[row]);
                numbers[tab].add(seq[row]);
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
            let named = tab_keys.iter().zip(&tabs_of.pairs).zip(numbers);
            for ((tab, pair), numbers) in named.filter(|(_, numbers)| !numbers.is_empty()) {
                tabs.of(*tab, *pair).extend(numbers);
            }
            first += count;
        }
        tabs.settle();
        Ok((touched, tabs))
    }

    /// Adds what curated files have that matters to landed events: of the touched visitors the sessions before the first event that
    /// touches each, and the rows from there on; and the rows of the same events, whosever they are.
    ///
    /// An event is its tab and number for ever, so these are looked for in all of the table. Files and row groups that hold none of the
    /// landed tabs are told by the bounds of their ids: ids that browsers make begin with the time, so those of old files lie before them,
    /// but for wrong clocks and forgers. Rows from before a visitor's first landed event are not held, since anybody may have any number.
    pub(super) async fn read_curated(
        &mut self,
        engine: &Engine,
        events: &Version,
        touched: &Touched,
        tabs: &Tabs,
    ) -> anyhow::Result<()> {
        let Some(since) = touched.earliest(BACK_US) else { return Ok(()) };
        let wanted = Wanted { tabs: tabs.ids(), ..touched.wanted() };
        // A file is of one site.
        let columns = EVENTS.file_columns(KEY_COLUMNS.split(", ").filter(|name| *name != "site_id"))?;
        let take = |held: &Held, file| self.take_curated((held, i32::try_from(file)?), (touched, since), tabs);
        HeldRows::each_chosen(engine, (events, columns), since, &wanted, take).await
    }

    /// Takes in rows of a curated file: of visitors those from `since` on, of tabs any.
    fn take_curated(
        &mut self,
        (held, file): (&Held, i32),
        (touched, since): (&Touched, i64),
        tabs: &Tabs,
    ) -> anyhow::Result<()> {
        let (visitors, tabs_of) = (Pairs::of(held, "visitor_id"), Pairs::of(held, "tab_id"));
        let [visitor_keys, tab_keys] = [&visitors, &tabs_of].map(Pairs::keys);
        let from: Vec<Option<i64>> = visitor_keys.iter().map(|visitor| touched.from(*visitor)).collect();
        let landed: Vec<Option<&Numbers>> = tab_keys.iter().map(|tab| tabs.numbers(*tab)).collect();
        let (at, start, seq) = (held.times("occurred_at")?, held.times("session_started_at")?, held.numbers("seq")?);
        let mut before: Vec<Vec<Stretch>> = vec![Vec::new(); visitor_keys.len()];
        let mut events = Vec::new();
        for row in 0..held.rows.num_rows() {
            let (visitor, tab) = (visitors.of_row[row] as usize, tabs_of.of_row[row] as usize);
            let (at, session_start, seq) = (at[row], start[row], seq[row]);
            let touched_from = from[visitor].filter(|_| at >= since);
            let origin = match touched_from {
                Some(from) if from <= at => Origin::Curated { file },
                _ => {
                    if touched_from.is_some() {
                        widen(&mut before[visitor], Stretch { start: session_start, end: at });
                    }
                    if !landed[tab].is_some_and(|numbers| numbers.hold(seq)) {
                        continue;
                    }
                    Origin::Elsewhere
                }
            };
            events.push(EventKey {
                visitor: visitor_keys[visitor],
                tab: tab_keys[tab],
                seq,
                at,
                session_start,
                origin,
            });
        }
        let mut begun = 0;
        for (visitor, sessions) in visitor_keys.into_iter().zip(before).filter(|(_, sessions)| !sessions.is_empty()) {
            let known = self.before.entry(visitor).or_default();
            begun += sessions.into_iter().filter(|session| widen(known, *session)).count();
        }
        self.memory.try_grow(events.len() * 2 * size_of::<EventKey>() + begun * BEFORE_BYTES)?;
        self.events.append(&mut events);
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

/// Adds to a visitor's sessions another, or more of one; says whether it is another.
fn widen(sessions: &mut Vec<Stretch>, more: Stretch) -> bool {
    // Rows come in the order of their times: it is mostly the last one.
    match sessions.iter_mut().rev().find(|session| session.start == more.start) {
        Some(session) => {
            session.end = session.end.max(more.end);
            false
        }
        None => {
            sessions.push(more);
            true
        }
    }
}
