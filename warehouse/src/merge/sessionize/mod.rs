//! Sessions computed again: new events and curated ones of the same visitors, in the order of their times.
//!
//! What happened before a visitor's first new event cannot change, so curated events before it keep their session, and when that
//! began and ended is all that matters; from there on the rule of `schemas::session` is applied event by event. Pure: no I/O, no clock.

mod opening;

use std::collections::{HashMap, HashSet};

use opening::Opening;
use schemas::session::continues;

use crate::merge::arranged::arranged;
use crate::merge::open::Open;
use crate::merge::visitors::{Key, Sessions, Stretch};

/// What the computation needs of an event. Times are epoch microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventKey {
    /// Hash of site and visitor.
    pub visitor: Key,
    /// Hash of site and tab.
    pub tab: Key,
    pub seq: i64,
    pub at: i64,
    /// Start of the session that stands in the row.
    pub session_start: i64,
    pub origin: Origin,
}

/// Where an event stands. Of an event that stands in several places the least stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// In a curated file, and of no matter for the sessions that are computed.
    Elsewhere,
    /// In a curated file, by its place in the list of files.
    Curated { file: i32 },
    /// In a landing file; `row` is its place among all landed rows at hand.
    Landed { partition: i64, offset: i64, row: u32 },
}

/// A landed row that is its event's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Staying {
    /// Its place among all landed rows at hand.
    pub row: u32,
    /// Start of its session, in epoch microseconds.
    pub start: i64,
}

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub sessions: Sessions,
    /// Those that may go on.
    pub open: Open,
    /// Landed rows, repeats left out.
    pub staying: Vec<Staying>,
    /// Landed events (hash of site and tab, seq) that the curated table holds already.
    pub already: HashSet<(Key, i64)>,
    /// Some landed event stands twice among the new ones: the first by partition and offset counts.
    pub doubled: bool,
    /// Curated files that hold an event whose session changed.
    pub changed_files: HashSet<i32>,
    /// New events to which the stream job gave another session.
    pub disagreements: u64,
}

impl Outcome {
    /// What it takes in memory, as far as that grows with the landed rows.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.staying.capacity() * size_of::<Staying>() + self.already.capacity() * size_of::<(Key, i64)>()
    }
}

/// Sessions of visitors as they stand in curated events that come before the first landed one, and end with these.
pub(crate) type Before = HashMap<Key, Vec<Stretch>>;

/// Computes the sessions of all visitors. `events` need not hold what `before` tells.
pub(crate) fn sessionize(mut events: Vec<EventKey>, mut before: Before) -> Outcome {
    let mut outcome = Outcome::default();
    let mut opening = Opening::new(&events);
    drop_repeats(&mut events, &mut outcome);
    let of_visitors = |event: &EventKey| (event.at, event.tab, event.seq);
    let events = arranged(&events, |event| event.visitor, |visitor| visitor, of_visitors);
    for events in events.chunk_by(|one, next| one.visitor == next.visitor) {
        let visitor = events[0].visitor;
        let stretches = one_visitor(before.remove(&visitor).unwrap_or_default(), events, &mut outcome);
        opening.take(events, &stretches);
        outcome.sessions.insert(visitor, stretches);
    }
    before.into_iter().for_each(|(visitor, stretches)| outcome.sessions.insert(visitor, stretches));
    outcome.open = opening.end();
    outcome
}

/// An event is its tab and number, whoever sends it. No browser sends one under two visitors, but anybody can, and a
/// table that held both would be wrong for ever.
fn drop_repeats(events: &mut Vec<EventKey>, outcome: &mut Outcome) {
    *events = arranged(events, |event| event.tab, |tab| tab, |event| (event.seq, event.origin));
    events.dedup_by(|event, kept| {
        let same = (event.tab, event.seq) == (kept.tab, kept.seq);
        if same && matches!(event.origin, Origin::Landed { .. }) {
            match kept.origin {
                Origin::Landed { .. } => outcome.doubled = true,
                Origin::Elsewhere | Origin::Curated { .. } => drop(outcome.already.insert((event.tab, event.seq))),
            }
        }
        same
    });
    events.retain(|event| event.origin != Origin::Elsewhere);
}

/// `before` and `events` are one visitor's, the latter in the order of their times.
fn one_visitor(before: Vec<Stretch>, events: &[EventKey], outcome: &mut Outcome) -> Vec<Stretch> {
    let landed = |event: &&EventKey| matches!(event.origin, Origin::Landed { .. });
    let first_new = events.iter().filter(landed).map(|event| event.at).min().unwrap_or(i64::MAX);

    let mut stretches = before;
    stretches.sort_unstable();
    for event in events {
        let open = stretches.last_mut();
        if event.at < first_new {
            match open.filter(|open| open.start == event.session_start) {
                Some(open) => open.end = event.at,
                None => stretches.push(Stretch { start: event.session_start, end: event.at }),
            }
            continue;
        }
        let start = match open {
            Some(open) if continues(open.start, open.end, event.at) => {
                open.end = event.at;
                open.start
            }
            _ => {
                stretches.push(Stretch { start: event.at, end: event.at });
                event.at
            }
        };
        let differs = start != event.session_start;
        match event.origin {
            Origin::Curated { file } if differs => drop(outcome.changed_files.insert(file)),
            Origin::Elsewhere | Origin::Curated { .. } => {}
            Origin::Landed { row, .. } => {
                outcome.staying.push(Staying { row, start });
                outcome.disagreements += u64::from(differs);
            }
        }
    }
    stretches
}

#[cfg(test)]
mod tests;
