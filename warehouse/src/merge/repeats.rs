//! Landed rows that are not the row of their event: what came again, whoever sent it.
//!
//! The stream job marks what it knows as repeated. It counts each visitor's tabs for itself and forgets after a day, so
//! there are unmarked ones too, which compaction leaves out. Every landed row is therefore looked up: it is the row that
//! stands in `events`, or a repeat that the ledger counts at that row. So received = curated + duplicates.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use landing::{Position, Progress, TopicPartition};
use schemas::topics::EVENTS as TOPIC;

use super::functions::event_set;
use super::held::{Held, HeldRows, Pairs, Wanted};
use super::ids::Ids;
use super::sessionize::Staying;
use super::touched::Touched;
use super::until::EventsUntil;
use super::visitors::{EventId, Key, key};
use crate::curated::Version;
use crate::curated::scan::Scan;
use crate::engine::Engine;
use crate::engine::inputs::{Inputs, number, text, time};

/// What of the links' rows are repeats.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// Rows that are repeats of an event.
    pub counts: HashMap<EventId, i64>,
    /// Their tabs.
    pub tabs: Ids,
    /// Events of which no row of the links, marked repeats aside, stands in `events`: it holds them from elsewhere.
    pub foreign: Arc<HashSet<EventId>>,
    /// Some event stands twice in the links without a mark: the first by partition and offset counts.
    pub doubled: bool,
}

/// The links' rows of one event.
struct Landed {
    rows: i64,
    /// Partition and offset of the first that is not marked.
    first: Option<(i64, i64)>,
}

const EVENT: &str = "site_id, tab_id, seq, kafka_partition, kafka_offset";

impl Repeats {
    /// Compares `landing` and `events`, the latter with all of the links' rows in it.
    pub(super) async fn read(inputs: &Inputs, touched: &Touched) -> anyhow::Result<Self> {
        let mut repeats = Self::default();
        let mut landed: HashMap<EventId, Landed> = HashMap::new();
        let mut tabs: HashMap<Key, (String, String)> = HashMap::new();
        let all = format!("select {EVENT}, duplicate from landing");
        inputs
            .each(&all, |batch, row| {
                let (origin, event) = (origin(batch, row), event(batch, row));
                tabs.entry(event.0).or_insert_with(|| (text(batch, 0, row).to_owned(), text(batch, 1, row).to_owned()));
                let of = landed.entry(event).or_insert(Landed { rows: 0, first: None });
                of.rows += 1;
                if !batch.column(5).as_boolean().value(row) {
                    repeats.doubled |= of.first.is_some();
                    of.first = Some(of.first.map_or(origin, |first| first.min(origin)));
                }
            })
            .await?;
        let own = format!("select {EVENT} from events where {}", touched.condition("occurred_at", 0));
        inputs
            .each(&own, |batch, row| {
                let event = event(batch, row);
                if let Some(of) = landed.get_mut(&event).filter(|of| of.first == Some(origin(batch, row))) {
                    of.rows -= 1;
                    of.first = None;
                }
            })
            .await?;
        let foreign = landed.iter().filter(|(_, of)| of.first.is_some()).map(|(event, _)| *event);
        repeats.foreign = Arc::new(foreign.collect());
        repeats.counts = landed.into_iter().filter(|(_, of)| of.rows > 0).map(|(event, of)| (event, of.rows)).collect();
        for (site, tab) in repeats.counts.keys().filter_map(|(tab, _)| tabs.get(tab)) {
            repeats.tabs.add(site, tab);
        }
        Ok(repeats)
    }

    /// The same of rows in memory, of which some stay. Whoever sent what came again is touched by it.
    pub(super) fn of_held(landed: &HeldRows, staying: &[Staying], touched: &mut Touched) -> anyhow::Result<Self> {
        let mut repeats = Self::default();
        for (held, starts) in landed.held.iter().zip(landed.starts(staying)) {
            if starts.iter().all(Option::is_some) {
                continue;
            }
            let (visitors, tabs) = (Pairs::of(held, "visitor_id"), Pairs::of(held, "tab_id"));
            let [visitor_keys, tab_keys] = [&visitors, &tabs].map(Pairs::keys);
            let (at, seq) = (held.times("occurred_at")?, held.numbers("seq")?);
            for row in (0..starts.len()).filter(|row| starts[*row].is_none()) {
                let (visitor, tab) = (visitors.of_row[row] as usize, tabs.of_row[row] as usize);
                touched.add(visitor_keys[visitor], visitors.pairs[visitor].1, at[row]);
                let (site, id) = tabs.pairs[tab];
                repeats.tabs.add_known(tab_keys[tab], site, id);
                *repeats.counts.entry((tab_keys[tab], seq[row])).or_default() += 1;
            }
        }
        Ok(repeats)
    }

    /// Whoever has an event that came again, however long ago, is touched by that, since the ledger counts it there. Gives those of the
    /// events that nobody has.
    pub(super) async fn touch_owners(
        &self,
        events: EventsUntil<'_>,
        touched: &mut Touched,
    ) -> anyhow::Result<HashSet<EventId>> {
        let mut unowned: HashSet<EventId> = self.counts.keys().copied().collect();
        if unowned.is_empty() {
            return Ok(unowned);
        }
        let wanted = Wanted { tabs: Arc::new(self.tabs.clone()), ..Wanted::default() };
        let columns = ["visitor_id", "tab_id", "seq", "occurred_at"];
        let take = |held: &Held, rows: &[usize]| {
            let (visitors, tabs) = (Pairs::of(held, "visitor_id"), Pairs::of(held, "tab_id"));
            let [visitor_keys, tab_keys] = [&visitors, &tabs].map(Pairs::keys);
            let (at, seq) = (held.times("occurred_at")?, held.numbers("seq")?);
            for row in rows.iter().copied() {
                let event = (tab_keys[tabs.of_row[row] as usize], seq[row]);
                if self.counts.contains_key(&event) {
                    let visitor = visitors.of_row[row] as usize;
                    touched.add(visitor_keys[visitor], visitors.pairs[visitor].1, at[row]);
                    unowned.remove(&event);
                }
            }
            Ok(())
        };
        events.each_chosen(&columns, (&wanted, i64::MAX), take).await?;
        Ok(unowned)
    }

    /// The same by a select, of any `events`.
    pub(super) async fn touch_owners_among(
        &self,
        inputs: Inputs,
        touched: &mut Touched,
    ) -> anyhow::Result<HashSet<EventId>> {
        let mut unowned: HashSet<EventId> = self.counts.keys().copied().collect();
        if unowned.is_empty() {
            return Ok(unowned);
        }
        let again = event_set("came_again", Arc::new(unowned.clone()));
        let of_tabs = self.tabs.condition("tab_id");
        let sql = format!(
            "select site_id, visitor_id, occurred_at, tab_id, seq from events where {of_tabs} \
             and came_again(site_id, tab_id, seq)"
        );
        inputs
            .function(again)
            .each(&sql, |batch, row| {
                let (site, visitor) = (text(batch, 0, row), text(batch, 1, row));
                touched.add(key(&[site, visitor]), visitor, time(batch, 2, row));
                unowned.remove(&(key(&[site, text(batch, 3, row)]), number(batch, 4, row)));
            })
            .await?;
        Ok(unowned)
    }
}

/// How far a table is that has taken in those of some events that `events` holds, of these tabs.
pub(super) async fn owners(
    engine: &Engine,
    events: &Version,
    again: &HashSet<EventId>,
    tabs: &Ids,
) -> anyhow::Result<Progress> {
    let mut progress = Progress::default();
    let inputs = engine.inputs().table("events", Scan::version(events))?;
    let of_tabs = tabs.condition("tab_id");
    let sql = format!(
        "select kafka_partition, max(kafka_offset) from events where {of_tabs} and came_again(site_id, tab_id, seq) group by 1"
    );
    inputs
        .function(event_set("came_again", Arc::new(again.clone())))
        .each(&sql, |batch, row| {
            let Ok(partition) = i32::try_from(number(batch, 0, row)) else { return };
            let place = TopicPartition::new(TOPIC, partition);
            if let Some(Position { incarnation, .. }) = events.progress.get(&place) {
                progress.set(place, Position { incarnation, end: number(batch, 1, row) });
            }
        })
        .await?;
    Ok(progress)
}

fn event(batch: &RecordBatch, row: usize) -> EventId {
    (key(&[text(batch, 0, row), text(batch, 1, row)]), number(batch, 2, row))
}

fn origin(batch: &RecordBatch, row: usize) -> (i64, i64) {
    (number(batch, 3, row), number(batch, 4, row))
}
