use super::*;

fn spans(times: &[i64]) -> Vec<(i64, i64)> {
    let mut visitor = Visitor::default();
    for at in times {
        visitor.place(*at);
    }
    visitor.sessions.iter().map(|session| (session.start, session.end)).collect()
}

#[test]
fn a_gap_of_exactly_the_limit_is_the_same_session() {
    assert_eq!(spans(&[0, GAP_US_MAX]), [(0, GAP_US_MAX)]);
    assert_eq!(spans(&[0, GAP_US_MAX + 1]), [(0, 0), (GAP_US_MAX + 1, GAP_US_MAX + 1)]);
    assert_eq!(spans(&[GAP_US_MAX, 0]), [(0, GAP_US_MAX)]);
    assert_eq!(spans(&[GAP_US_MAX + 1, 0]), [(0, 0), (GAP_US_MAX + 1, GAP_US_MAX + 1)]);
}

#[test]
fn a_day_ends_a_session() {
    let steps: Vec<i64> = (0..=50).map(|step| step * GAP_US_MAX).collect();
    assert_eq!(spans(&steps), [(0, 48 * GAP_US_MAX), (49 * GAP_US_MAX, 50 * GAP_US_MAX)]);
}

#[test]
fn a_late_event_joins_extends_and_merges() {
    let minute = 60_000_000;
    let mut visitor = Visitor::default();
    assert_eq!(visitor.place(0), 0);
    assert_eq!(visitor.place(50 * minute), 50 * minute);
    assert_eq!(visitor.place(25 * minute), 0, "the bridge belongs to the earlier session");
    assert_eq!(visitor.place(55 * minute), 0, "merged: the earlier start");
    assert_eq!(visitor.find(40 * minute), 0);
    assert_eq!(visitor.place(-10 * minute), -10 * minute);
    assert_eq!(visitor.place(60 * minute), -10 * minute);
    assert_eq!(visitor.sessions.len(), 1);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut visitor = Visitor::default();
    for number in 0..10_000_i64 {
        visitor.place(number * 2 * GAP_US_MAX);
        visitor.touch((number as u128).to_be_bytes(), i64::MIN, number).insert(number);
    }
    assert_eq!((visitor.sessions.len(), visitor.tabs.len()), (SESSIONS_MAX, TABS_MAX));
}

#[test]
fn a_tab_is_forgotten_a_day_and_two_hours_after_it_was_touched() {
    let mut visitor = Visitor::default();
    assert!(visitor.touch([1; 16], i64::MIN, 0).insert(7));
    assert!(!visitor.touch([1; 16], RETAIN_US, 0).insert(7));
    assert!(visitor.touch([1; 16], RETAIN_US + 1, 0).insert(7));
}
