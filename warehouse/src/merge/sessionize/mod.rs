//! Sessions computed again: new events and curated ones of the same visitors, in the order of their times.
//!
//! What happened before a visitor's first new event cannot change, so curated events before it keep their session;
//! from there on the rule of `schemas::session` is applied event by event. Pure: no I/O, no clock.

use std::collections::HashSet;

use schemas::session::continues;

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
    /// In a curated file, under a visitor whose sessions are not computed.
    Elsewhere,
    /// In a curated file, by its place in the list of files.
    Curated { file: i32 },
    /// In a landing file.
    Landed { partition: i64, offset: i64 },
}

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub sessions: Sessions,
    /// Landed events (hash of site and tab, seq) that the curated table holds already.
    pub already: HashSet<(Key, i64)>,
    /// Some landed event stands twice among the new ones: the first by partition and offset counts.
    pub doubled: bool,
    /// Curated files that hold an event whose session changed.
    pub changed_files: HashSet<i32>,
    /// New events to which the stream job gave another session.
    pub disagreements: u64,
    /// New events, without repeats.
    pub events: u64,
}

/// Computes the sessions of all visitors.
pub(crate) fn sessionize(mut events: Vec<EventKey>) -> Outcome {
    let mut outcome = Outcome::default();
    drop_repeats(&mut events, &mut outcome);
    events.sort_unstable_by_key(|event| (event.visitor, event.at, event.tab, event.seq));
    for events in events.chunk_by(|one, next| one.visitor == next.visitor) {
        let stretches = one_visitor(events, &mut outcome);
        outcome.sessions.insert(events[0].visitor, stretches);
    }
    outcome
}

/// An event is its tab and number, whoever sends it. No browser sends one under two visitors, but anybody can, and a
/// table that held both would be wrong for ever.
fn drop_repeats(events: &mut Vec<EventKey>, outcome: &mut Outcome) {
    events.sort_unstable_by_key(|event| (event.tab, event.seq, event.origin));
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

/// `events` are one visitor's, in the order of their times.
fn one_visitor(events: &[EventKey], outcome: &mut Outcome) -> Vec<Stretch> {
    let landed = |event: &&EventKey| matches!(event.origin, Origin::Landed { .. });
    let first_new = events.iter().filter(landed).map(|event| event.at).min().unwrap_or(i64::MAX);

    let mut stretches: Vec<Stretch> = Vec::new();
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
            Origin::Landed { .. } => {
                outcome.events += 1;
                outcome.disagreements += u64::from(differs);
            }
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use schemas::session::{GAP_US_MAX, SESSION_US_MAX};

    use super::*;

    const VISITOR: Key = 9;

    fn landed(seq: i64, at: i64) -> EventKey {
        let origin = Origin::Landed { partition: 0, offset: seq };
        EventKey { visitor: VISITOR, tab: 1, seq, at, session_start: at, origin }
    }

    fn curated(seq: i64, at: i64, session_start: i64) -> EventKey {
        EventKey { session_start, origin: Origin::Curated { file: 7 }, ..landed(seq, at) }
    }

    #[test]
    fn a_late_event_joins_two_curated_sessions() {
        let gap = GAP_US_MAX;
        let outcome = sessionize(vec![curated(0, 0, 0), curated(2, 2 * gap, 2 * gap), landed(1, gap)]);
        assert_eq!(outcome.sessions.start_of(VISITOR, 2 * gap), Some(0));
        assert_eq!(outcome.changed_files, HashSet::from([7]));
        assert_eq!((outcome.events, outcome.disagreements), (1, 1));
    }

    #[test]
    fn events_before_the_first_new_one_keep_their_session() {
        // The curated session began before the events that are at hand: the cap of a day counts from there.
        let start = 1_000;
        let outcome = sessionize(vec![
            curated(0, start + SESSION_US_MAX - 1, start),
            landed(1, start + SESSION_US_MAX),
            landed(2, start + SESSION_US_MAX + 1),
        ]);
        assert_eq!(outcome.sessions.start_of(VISITOR, start + SESSION_US_MAX), Some(start));
        assert_eq!(outcome.sessions.start_of(VISITOR, start + SESSION_US_MAX + 1), Some(start + SESSION_US_MAX + 1));
        assert!(outcome.changed_files.is_empty());
    }

    #[test]
    fn repeats_count_once() {
        let outcome = sessionize(vec![
            curated(0, 5, 5),
            landed(0, 5),
            landed(1, 6),
            EventKey { origin: Origin::Landed { partition: 0, offset: 99 }, ..landed(1, 6) },
        ]);
        assert_eq!(outcome.already, HashSet::from([(1, 0)]));
        assert!(outcome.doubled);
        assert_eq!(outcome.events, 1);
    }

    #[test]
    fn an_event_stays_with_the_visitor_who_sent_it_first() {
        const OTHER: Key = 3;
        let elsewhere = EventKey { visitor: 4, origin: Origin::Elsewhere, ..landed(4, 9) };
        let later = |event| EventKey { visitor: OTHER, origin: Origin::Landed { partition: 1, offset: 0 }, ..event };
        let first = [curated(0, 5, 5), landed(1, 6), landed(3, 8), elsewhere];
        let again = [landed(0, 5), landed(1, 6), landed(2, 7), landed(4, 9)].map(later);
        let outcome = sessionize([first, again].concat());
        assert_eq!(outcome.already, HashSet::from([(1, 0), (1, 4)]));
        assert!(outcome.doubled);
        assert_eq!(outcome.events, 3, "1 and 3 of the first, 2 of the other");
        let starts = [6, 7, 9].map(|at| outcome.sessions.start_of(OTHER, at));
        assert_eq!(starts, [None, Some(7), None]);
    }

    #[test]
    fn the_same_events_in_any_pieces_give_the_same_sessions() {
        let times = [0, 10, GAP_US_MAX + 10, 2 * GAP_US_MAX + 11, 2 * GAP_US_MAX + 12, 3 * GAP_US_MAX];
        let whole = sessionize(times.iter().zip(0..).map(|(at, seq)| landed(seq, *at)).collect());
        for cut in 0..times.len() {
            let events = times.iter().zip(0..).map(|(at, seq)| {
                if (seq as usize + cut).is_multiple_of(2) { landed(seq, *at) } else { curated(seq, *at, *at) }
            });
            let pieces = sessionize(events.collect());
            for at in times {
                assert_eq!(pieces.sessions.start_of(VISITOR, at), whole.sessions.start_of(VISITOR, at), "{cut} {at}");
            }
        }
    }
}
