//! The books of a visitor's tab, event by event.
//!
//! `seq` and `batch_seq` of a tab run from 0 without gaps and in the same order (a batch that is sent in halves keeps its
//! number), so what is missing between two neighbours was lost; it is charged to the session of the later neighbour. A batch
//! belongs to the session of its first event. A later session of a tab goes on where the one before ended.
//!
//! A lost batch took at least one event with it: batches missing between two events that follow each other were empty, and
//! came. Numbers are the sender's word, and anybody can send 9007199254740991. So a gap is at most what a tab can have sent:
//! one full batch and 100 events a second since the session of the event before began, or in a day when there was none; a
//! longer one is cut to that, and `losses_bounded` says so.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Int64Type};

use crate::tables::columns::{of, times};
use crate::tables::walk::{Before, Cell, Cursor, Events, Made, Order, Past, Turn, Walk, Walker};

/// Largest number that the contract takes.
const NUMBER_MAX: i64 = (1 << 53) - 1;
/// Events of a full batch.
const BATCH_EVENTS: i64 = 1_000;
/// What a tab sends at most.
const EVENTS_PER_SECOND: i64 = 100;
/// How long a tab may have been there before its first event.
const FIRST_GAP_S: i64 = 86_400;

/// `tabs`: one row for each tab of a session.
pub(super) static WALK: Walk = Walk {
    name: "tabs",
    order: Order::Tabs,
    types: &[],
    reads: || {
        vec!["site_id", "visitor_id", "tab_id", "seq", "session_id", "session_started_at", "occurred_at", "batch_seq"]
    },
    gives,
    asks_past: true,
    begin: |past| Box::new(Tabs { past: past.clone(), cursor: Cursor::default(), tab: Tab::default() }),
};

fn gives() -> Vec<Field> {
    let numbers = |names: &[&str]| of(&DataType::Int64, names);
    [
        of(&DataType::Utf8View, &["site_id", "visitor_id", "tab_id", "session_id"]),
        times(&["session_started_at"]),
        numbers(&["batches_received", "batches_lost", "events_received", "events_lost", "duplicates", "first_gap_seq"]),
        times(&["first_gap_at"]),
        numbers(&["first_seq", "last_seq", "last_batch_seq"]),
        of(&DataType::Boolean, &["losses_bounded"]),
    ]
    .concat()
}

struct Tabs {
    past: Arc<dyn Past>,
    cursor: Cursor,
    tab: Tab,
}

/// A visitor's tab whose events come, by their numbers.
#[derive(Default)]
struct Tab {
    /// Site, visitor and tab.
    ids: [String; 3],
    /// Number of the event before, and when its session began.
    previous: Option<(i64, i64)>,
    /// Largest number of a batch so far.
    batch: Option<i64>,
    sessions: Vec<Books>,
}

/// What is counted of the tab's events in one session.
#[derive(Default)]
struct Books {
    session_id: String,
    session_started_at: i64,
    batches_received: i64,
    batches_lost: i64,
    events_received: i64,
    events_lost: i64,
    duplicates: i64,
    /// Number that is missing first, and the time of the event after it.
    first_gap: Option<(i64, i64)>,
    first_seq: i64,
    last_seq: i64,
    last_batch_seq: i64,
    losses_bounded: bool,
}

/// An event, its numbers as the contract has them.
struct Event {
    seq: i64,
    batch: i64,
    at: i64,
    duplicates: i64,
}

impl Walker for Tabs {
    fn walk(&mut self, events: &Events<'_>, rows: &mut Made) -> anyhow::Result<()> {
        let (sites, visitors, tabs) = (events.texts("site_id")?, events.texts("visitor_id")?, events.texts("tab_id")?);
        let (sessions, starts) = (events.texts("session_id")?, events.times("session_started_at")?);
        let (seq, batch) = (events.numbers::<Int64Type>("seq")?, events.numbers::<Int64Type>("batch_seq")?);
        let at = events.times("occurred_at")?;
        for row in 0..events.count() {
            let ids = [sites.given(row), visitors.given(row), tabs.given(row)];
            if self.cursor.turn(ids) != Turn::Nothing {
                self.end(rows)?;
                self.tab = Tab::begin(ids, self.past.before(ids[0], ids[1], ids[2]));
            }
            let event = Event {
                seq: seq.value(row).clamp(0, NUMBER_MAX),
                batch: batch.value(row).clamp(0, NUMBER_MAX),
                at: at[row],
                duplicates: self.past.repeats(ids[0], ids[2], seq.value(row)),
            };
            self.tab.add(&event, sessions.given(row), starts[row]);
        }
        Ok(())
    }

    fn end(&mut self, rows: &mut Made) -> anyhow::Result<()> {
        let tab = std::mem::take(&mut self.tab);
        tab.sessions.iter().try_for_each(|books| books.write(&tab.ids, rows))
    }
}

impl Tab {
    fn begin(ids: [&str; 3], before: Option<Before>) -> Self {
        Self {
            ids: ids.map(str::to_owned),
            previous: before.map(|before| (before.last_seq, before.session_started_at)),
            batch: before.map(|before| before.last_batch_seq),
            sessions: Vec::new(),
        }
    }

    fn add(&mut self, event: &Event, session_id: &str, session_started_at: i64) {
        let previous_seq = self.previous.map_or(-1, |(seq, _)| seq);
        let previous_batch = self.batch.unwrap_or(-1);
        let seconds = self.previous.map_or(FIRST_GAP_S, |(_, since)| (event.at.saturating_sub(since)) / 1_000_000);
        let gap_max = BATCH_EVENTS + EVENTS_PER_SECOND * seconds.max(0);
        let gap = (event.seq - previous_seq - 1).max(0);
        let batch_gap = (event.batch - previous_batch - 1).max(0);
        let lost = gap.min(gap_max);
        let lost_batches = batch_gap.min(lost);
        let empty_batches = (batch_gap - lost_batches).min(gap_max);

        let books = self.books(session_id, session_started_at, event);
        books.batches_received += i64::from(event.batch > previous_batch) + empty_batches;
        books.batches_lost += lost_batches;
        books.events_received += 1;
        books.events_lost += lost;
        books.duplicates += event.duplicates;
        if gap > 0 {
            books.first_gap.get_or_insert((previous_seq + 1, event.at));
        }
        books.first_seq = books.first_seq.min(event.seq);
        books.last_seq = books.last_seq.max(event.seq);
        books.last_batch_seq = books.last_batch_seq.max(event.batch);
        books.losses_bounded |= gap > lost || batch_gap > lost_batches + empty_batches;

        self.previous = Some((event.seq, session_started_at));
        self.batch = Some(previous_batch.max(event.batch));
    }

    /// Those of a session, which is nearly always that of the event before.
    fn books(&mut self, session_id: &str, session_started_at: i64, event: &Event) -> &mut Books {
        let place = self.sessions.iter().rposition(|books| books.session_id == session_id);
        let place = place.unwrap_or_else(|| {
            self.sessions.push(Books {
                session_id: session_id.to_owned(),
                session_started_at,
                first_seq: event.seq,
                ..Books::default()
            });
            self.sessions.len() - 1
        });
        &mut self.sessions[place]
    }
}

impl Books {
    fn write(&self, ids: &[String; 3], rows: &mut Made) -> anyhow::Result<()> {
        let number = |number| Cell::Number(Some(number));
        let mut cells: Vec<Cell<'_>> = ids.iter().map(|id| Cell::Text(Some(id.as_str()))).collect();
        cells.push(Cell::Text(Some(&self.session_id)));
        cells.push(number(self.session_started_at));
        cells.extend([self.batches_received, self.batches_lost].map(number));
        cells.extend([self.events_received, self.events_lost, self.duplicates].map(number));
        cells.extend([self.first_gap.map(|(seq, _)| seq), self.first_gap.map(|(_, at)| at)].map(Cell::Number));
        cells.extend([self.first_seq, self.last_seq, self.last_batch_seq].map(number));
        cells.push(Cell::Flag(self.losses_bounded));
        rows.add(cells)
    }
}
