use std::collections::BTreeMap;

use arrow::array::{AsArray, StringArray};
use arrow::buffer::OffsetBuffer;
use proptest::prelude::*;
use schemas::session::{GAP_US_MAX, SESSION_US_MAX, continues};

use super::*;

const MINUTE_US: i64 = 60_000_000;

/// One package of a visitor's tab: `(seq, occurred_at)` of its events.
#[derive(Clone, Debug)]
struct Package {
    visitor: u8,
    tab: u8,
    events: Vec<(i64, i64)>,
    broker_at: Option<i64>,
}

fn keys(packages: &[Package]) -> EventKeys {
    let text =
        |of: &dyn Fn(&Package) -> String| packages.iter().map(|package| Some(of(package))).collect::<StringArray>();
    let events = || packages.iter().flat_map(|package| package.events.iter());
    EventKeys {
        site_id: text(&|_| "shop".into()),
        visitor_id: text(&|package| format!("visitor-{}", package.visitor)),
        tab_id: text(&|package| format!("tab-{}-{}", package.visitor, package.tab)),
        offsets: OffsetBuffer::from_lengths(packages.iter().map(|package| package.events.len())),
        seq: events().map(|event| event.0).collect(),
        occurred_at: events().map(|event| event.1).collect(),
        broker_at: packages.iter().map(|package| package.broker_at).collect(),
    }
}

/// `(session id, start, late, duplicate)` of each event.
type Row = (String, i64, bool, bool);

fn rows(assigned: &Assigned) -> Vec<Row> {
    let ids = assigned.session_id.as_dictionary::<Int32Type>();
    let ids = ids.downcast_dict::<StringArray>().unwrap();
    ids.into_iter()
        .zip(&assigned.session_started_at)
        .zip(assigned.late.values().iter().zip(assigned.duplicate.values().iter()))
        .map(|((id, start), (late, duplicate))| (id.unwrap().to_owned(), *start, late, duplicate))
        .collect()
}

fn assign(sessions: &mut Sessions, packages: &[Package]) -> Vec<Row> {
    rows(&sessions.assign(&keys(packages)).unwrap())
}

/// Starts of the sessions by the plain rule over sorted times.
fn naive_starts(times: &[i64]) -> Vec<i64> {
    let (mut start, mut previous) = (times[0], times[0]);
    times
        .iter()
        .map(|at| {
            if !continues(start, previous, *at) {
                start = *at;
            }
            previous = *at;
            start
        })
        .collect()
}

fn gaps() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        1_i64..MINUTE_US,
        Just(GAP_US_MAX - 1),
        Just(GAP_US_MAX),
        Just(GAP_US_MAX + 1),
        Just(SESSION_US_MAX),
        Just(visitor::RETAIN_US + WATERMARK_LAG_US + 1),
        MINUTE_US..3 * GAP_US_MAX,
    ]
}

fn packages() -> impl Strategy<Value = Vec<Package>> {
    let jitter =
        prop_oneof![4 => Just(0), 2 => -5 * MINUTE_US..0, 1 => -120 * MINUTE_US..0, 1 => -40 * 60 * MINUTE_US..0];
    let package =
        (0_u8..4, 0_u8..2, 0_u8..10, gaps(), prop::collection::vec((0_i64..12, 0..2 * MINUTE_US, jitter), 0..6));
    prop::collection::vec(package, 1..40).prop_map(|drawn| {
        let mut now = 0;
        drawn
            .into_iter()
            .map(|(visitor, tab, broker, gap, events)| {
                now += gap / 4;
                let events = events.into_iter().map(|(seq, after, jitter)| (seq, now + after + jitter)).collect();
                let broker_at = match broker {
                    0 => None,
                    1 => Some(now - 60 * 60 * MINUTE_US),
                    2 => Some(now + 60 * 60 * MINUTE_US),
                    _ => Some(now + 2 * MINUTE_US),
                };
                Package { visitor, tab, events, broker_at }
            })
            .collect()
    })
}

proptest! {
    /// The rows depend on the records alone: not on the batches, nor on restarts from any link.
    #[test]
    fn batches_and_restarts_change_nothing(packages in packages(), cuts in prop::collection::vec(0_u8..4, 40)) {
        let whole = assign(&mut Sessions::default(), &packages);
        let (mut sessions, mut split, mut files) = (Sessions::default(), Vec::new(), Vec::<Vec<u8>>::new());
        for (package, cut) in packages.iter().zip(cuts) {
            split.extend(assign(&mut sessions, std::slice::from_ref(package)));
            match cut {
                1 => files.push(sessions.take_delta().unwrap()),
                2 => files = vec![sessions.take_snapshot().unwrap()],
                3 => {
                    files.push(sessions.take_delta().unwrap());
                    sessions = Sessions::restore(files.iter().map(Vec::as_slice)).unwrap();
                }
                _ => {}
            }
        }
        prop_assert_eq!(whole, split);
    }

    /// In order, the stream says what a batch computation says.
    #[test]
    fn in_order_equals_a_plain_computation(steps in prop::collection::vec((0_u8..3, 0_u8..2, gaps()), 1..80)) {
        let mut packages = Vec::new();
        let mut times: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
        let mut now = 1_000;
        for (seq, (visitor, tab, gap)) in steps.into_iter().enumerate() {
            now += gap;
            times.entry(visitor).or_default().push(now);
            packages.push(Package { visitor, tab, events: vec![(seq as i64, now)], broker_at: Some(now) });
        }
        let got = assign(&mut Sessions::default(), &packages);
        let mut starts: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
        for (package, row) in packages.iter().zip(&got) {
            starts.entry(package.visitor).or_default().push(row.1);
            prop_assert!(!row.2 && !row.3);
        }
        for (visitor, times) in times {
            prop_assert_eq!(&starts[&visitor], &naive_starts(&times));
        }
    }

    /// A package's events may stand in any order.
    #[test]
    fn order_within_a_package_does_not_matter(
        times in prop::collection::vec(0_i64..GAP_US_MAX * 3, 1..20), seed in any::<u64>(),
    ) {
        let mut shuffled = times.clone();
        let length = shuffled.len();
        for index in 0..length {
            shuffled.swap(index, (seed as usize).wrapping_mul(index + 7) % length);
        }
        let start_by_time = |times: &[i64]| {
            let events = times.iter().enumerate().map(|(seq, at)| (seq as i64, *at)).collect();
            let rows = assign(&mut Sessions::default(), &[Package { visitor: 0, tab: 0, events, broker_at: None }]);
            let mut starts: Vec<_> = times.iter().zip(rows).map(|(at, row)| (*at, row.1)).collect();
            starts.sort_unstable();
            starts
        };
        prop_assert_eq!(start_by_time(&times), start_by_time(&shuffled));
    }
}

fn package(visitor: u8, events: &[(i64, i64)]) -> Package {
    let broker_at = events.iter().map(|event| event.1).max();
    Package { visitor, tab: 0, events: events.to_vec(), broker_at }
}

#[test]
fn duplicates_across_and_within_batches_extend_nothing() {
    let mut sessions = Sessions::default();
    let first = assign(&mut sessions, &[package(0, &[(0, 0), (1, MINUTE_US), (1, MINUTE_US)])]);
    assert_eq!(first.iter().map(|row| row.3).collect::<Vec<_>>(), [false, false, true]);
    // Sent again with another clock estimate: 20 minutes later, and still the old session's end.
    let again = assign(&mut sessions, &[package(0, &[(0, 20 * MINUTE_US), (1, 21 * MINUTE_US)])]);
    assert!(again.iter().all(|row| row.3 && row.1 == 0 && row.0 == first[0].0));
    let after = assign(&mut sessions, &[package(0, &[(2, MINUTE_US + GAP_US_MAX + 1)])]);
    assert_eq!(after[0].1, MINUTE_US + GAP_US_MAX + 1, "the duplicates did not carry the session on");
}

#[test]
fn late_is_below_the_watermark_of_the_records_before() {
    let mut sessions = Sessions::default();
    assert_eq!(sessions.watermark(), None);
    let newest = 100 * MINUTE_US;
    let late: Vec<bool> = assign(
        &mut sessions,
        &[
            package(0, &[(0, newest), (1, 0)]),
            package(1, &[(0, newest - WATERMARK_LAG_US), (1, newest - WATERMARK_LAG_US - 1)]),
        ],
    )
    .iter()
    .map(|row| row.2)
    .collect();
    assert_eq!(late, [false, false, false, true]);
    assert_eq!(sessions.watermark(), Some(newest - WATERMARK_LAG_US));
}

#[test]
fn a_damaged_or_foreign_state_is_refused() {
    let mut sessions = Sessions::default();
    assign(&mut sessions, &[package(0, &[(0, 1), (1, 2)])]);
    let good = sessions.take_snapshot().unwrap();
    assert!(Sessions::restore([good.as_slice()]).is_ok());
    for length in 0..good.len() {
        assert!(Sessions::restore([&good[..length]]).is_err(), "cut at {length}");
    }
    let mut other = good.clone();
    other[0] = 2;
    assert!(Sessions::restore([other.as_slice()]).unwrap_err().to_string().contains("layout 2"));
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(Sessions::restore([flipped.as_slice()]).is_err());
}

#[test]
fn a_delta_follows_the_traffic_not_the_state() {
    let mut sessions = Sessions::default();
    let many: Vec<Package> = (0..200).map(|visitor| package(visitor, &[(0, i64::from(visitor))])).collect();
    assign(&mut sessions, &many);
    let snapshot = sessions.take_snapshot().unwrap();
    assign(&mut sessions, &[package(0, &[(1, 300)])]);
    let delta = sessions.take_delta().unwrap();
    assert!(delta.len() * 20 < snapshot.len(), "{} of {}", delta.len(), snapshot.len());
}

const YEAR_US: i64 = 365 * 24 * 60 * MINUTE_US;
/// November 2026.
const NOW_US: i64 = 1_795_250_920_115_250;

/// Whether the event of a new visitor that happens at `NOW_US` is late, and the watermark after it.
fn late_now(sessions: &mut Sessions, broker_at: Option<i64>) -> (bool, Option<i64>) {
    let late = assign(sessions, &[Package { broker_at, ..package(9, &[(0, NOW_US)]) }])[0].2;
    (late, sessions.watermark())
}

#[test]
fn a_state_whose_time_ran_away_is_read_and_trusted_again() {
    let healed = (false, Some(NOW_US - WATERMARK_LAG_US));
    // What was written while any time was believed: the last microsecond of the year 9999, or a year ahead.
    for (far, broker_at) in
        [(253_402_300_799_999_999, None), (NOW_US + YEAR_US, None), (NOW_US + YEAR_US, Some(NOW_US))]
    {
        let mut poisoned = Sessions::default();
        assign(&mut poisoned, &[Package { broker_at: None, ..package(0, &[(0, far)]) }]);
        assert_eq!(poisoned.watermark(), Some(far - WATERMARK_LAG_US));
        let file = poisoned.take_snapshot().unwrap();
        let mut sessions = Sessions::restore([file.as_slice()]).unwrap();
        assert_eq!(sessions.visitors_total(), 1);
        let broker_at = if far > BELIEVABLE_US.end { broker_at } else { Some(NOW_US) };
        assert_eq!(late_now(&mut sessions, broker_at), healed, "{far}");
    }
    let mut poisoned = Sessions::default();
    assign(&mut poisoned, &[Package { broker_at: None, ..package(0, &[(0, 253_402_300_799_999_999)]) }]);
    let mut sessions = Sessions::restore([poisoned.take_snapshot().unwrap().as_slice()]).unwrap();
    late_now(&mut sessions, Some(NOW_US));
    sessions.take_snapshot().unwrap();
    assert_eq!(sessions.visitors_total(), 1, "who was touched in the year 9999 is forgotten");
}

#[test]
fn without_the_brokers_time_one_record_takes_time_along_a_step() {
    let mut sessions = Sessions::default();
    late_now(&mut sessions, None);
    assign(&mut sessions, &[Package { broker_at: None, ..package(0, &[(0, NOW_US + YEAR_US)]) }]);
    assert_eq!(sessions.watermark(), Some(NOW_US + visitor::RETAIN_US - WATERMARK_LAG_US));
    assign(&mut sessions, &[package(0, &[(1, NOW_US + 3 * YEAR_US)])]);
    assert_eq!(sessions.watermark(), Some(NOW_US + 3 * YEAR_US - WATERMARK_LAG_US), "an idle partition goes on");
}

/// A snapshot and a delta that the first release wrote (those of `warehouse/tests/fixtures/store-1`).
#[test]
fn state_of_an_earlier_build_is_restored() {
    let snapshot = include_bytes!("../../tests/fixtures/state-1.snapshot").as_slice();
    let delta = include_bytes!("../../tests/fixtures/state-1.delta").as_slice();
    let mut sessions = Sessions::restore([snapshot, delta]).unwrap();
    let watermark = sessions.watermark().unwrap();
    let text = |value: &str| StringArray::from(vec![value]);
    let assigned = sessions.assign(&EventKeys {
        site_id: text("demo-shop"),
        visitor_id: text("00000000-0000-0000-0000-0000000003e9"),
        tab_id: text("00000000-0000-0000-0000-0000000007d1"),
        offsets: OffsetBuffer::from_lengths([2]),
        seq: vec![51, 52],
        occurred_at: vec![watermark + WATERMARK_LAG_US; 2],
        broker_at: vec![None],
    });
    let assigned = assigned.unwrap();
    assert_eq!((assigned.duplicates_total, assigned.late_total), (1, 0), "the tab's numbers 0 to 51 were seen");
    assert!(assigned.session_started_at[0] < watermark + WATERMARK_LAG_US, "its session goes on");
}
