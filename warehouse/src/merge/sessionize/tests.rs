use schemas::session::{GAP_US_MAX, SESSION_US_MAX};

use super::*;

/// Of events that are all at hand.
fn sessionize(events: Vec<EventKey>) -> Outcome {
    super::sessionize(events, Before::new())
}

const VISITOR: Key = 9;

fn landed(seq: i64, at: i64) -> EventKey {
    let origin = Origin::Landed { partition: 0, offset: seq, row: 0 };
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
    assert_eq!((outcome.staying.len(), outcome.disagreements), (1, 1));
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
        EventKey { origin: Origin::Landed { partition: 0, offset: 99, row: 1 }, ..landed(1, 6) },
    ]);
    assert_eq!(outcome.already, HashSet::from([(1, 0)]));
    assert!(outcome.doubled);
    assert_eq!(outcome.staying.len(), 1);
}

#[test]
fn an_event_stays_with_the_visitor_who_sent_it_first() {
    const OTHER: Key = 3;
    let elsewhere = EventKey { visitor: 4, origin: Origin::Elsewhere, ..landed(4, 9) };
    let later =
        |event| EventKey { visitor: OTHER, origin: Origin::Landed { partition: 1, offset: 0, row: 2 }, ..event };
    let first = [curated(0, 5, 5), landed(1, 6), landed(3, 8), elsewhere];
    let again = [landed(0, 5), landed(1, 6), landed(2, 7), landed(4, 9)].map(later);
    let outcome = sessionize([first, again].concat());
    assert_eq!(outcome.already, HashSet::from([(1, 0), (1, 4)]));
    assert!(outcome.doubled);
    assert_eq!(outcome.staying.len(), 3, "1 and 3 of the first, 2 of the other");
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

#[test]
fn a_session_is_open_while_the_newest_event_of_its_partition_may_continue_it() {
    let of = |visitor, partition, at| EventKey {
        visitor,
        tab: visitor,
        origin: Origin::Landed { partition, offset: at, row: 0 },
        ..landed(0, at)
    };
    let gap = GAP_US_MAX;
    let known = EventKey { visitor: 5, tab: 5, ..curated(0, 9 * gap, 9 * gap) };
    let events = vec![of(1, 0, 0), of(2, 0, 1), of(3, 0, gap + 1), of(4, 1, 9 * gap), known];
    let open = sessionize(events).open;
    let starts = [1, 2, 3, 4, 5].map(|visitor| open.starts.get(&visitor).copied());
    assert_eq!(starts, [None, Some(1), Some(gap + 1), Some(9 * gap), None]);
    assert_eq!((open.newest, open.until()), (9 * gap, 10 * gap));
}

#[test]
fn events_before_the_first_landed_one_may_be_told_by_their_sessions() {
    let gap = GAP_US_MAX;
    let old = [curated(0, 0, 0), curated(1, 5, 0), curated(2, 2 * gap, 2 * gap), curated(3, 3 * gap, 2 * gap)];
    let new = |at| vec![curated(4, 4 * gap, 2 * gap), curated(6, 7 * gap, 7 * gap), landed(5, at)];
    let before = vec![Stretch { start: 2 * gap, end: 3 * gap }, Stretch { start: 0, end: 5 }];
    for at in [3 * gap, 3 * gap + 1, 4 * gap, 5 * gap, 5 * gap + 1, 6 * gap, 9 * gap] {
        let all = sessionize([old.to_vec(), new(at)].concat());
        let told = super::sessionize(new(at), Before::from([(VISITOR, before.clone())]));
        assert_eq!(told.sessions.of(VISITOR), all.sessions.of(VISITOR), "{at}");
        assert_eq!((told.staying, told.changed_files), (all.staying, all.changed_files), "{at}");
    }
    let only = super::sessionize(Vec::new(), Before::from([(VISITOR, before.clone())]));
    assert_eq!(only.sessions.start_of(VISITOR, 3 * gap), Some(2 * gap));
}
