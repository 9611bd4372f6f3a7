use super::*;

const RECEIVED: f64 = 1_795_250_920_115.25;

fn occurred(sent_at: f64, offset_ms: Option<f64>, at: f64) -> (i64, &'static str, bool) {
    let correction = Correction::of_package(sent_at, received(RECEIVED, None), offset_ms);
    let times = correction.times(at);
    (times.occurred_us, correction.source, times.clamped)
}

#[test]
fn the_estimate_of_the_sdk_comes_first() {
    let at = RECEIVED - 1000.0;
    assert_eq!(occurred(RECEIVED - 1e9, Some(-12.4), at), (1_795_250_919_102_850, "sdk", false));
}

#[test]
fn a_clock_within_a_minute_is_believed() {
    let at = RECEIVED - 61_000.0;
    let us = |ms: f64| (ms * 1000.0).round() as i64;
    assert_eq!(occurred(RECEIVED - 60_000.0, None, at), (us(at), "client", false));
    assert_eq!(occurred(RECEIVED + 60_000.0, None, at), (us(at), "client", false));
    assert_eq!(occurred(RECEIVED - 60_001.0, None, at), (us(at + 60_001.0), "estimated", false));
    assert_eq!(occurred(RECEIVED + 60_001.0, None, at), (us(at - 60_001.0), "estimated", false));
}

#[test]
fn clamps_at_exactly_the_bounds() {
    let received = (RECEIVED * 1000.0) as i64;
    let age_ms = AGE_US_MAX as f64 / 1000.0;
    assert_eq!(occurred(RECEIVED, None, RECEIVED), (received, "client", false));
    assert_eq!(occurred(RECEIVED, None, RECEIVED + 0.25), (received, "client", true));
    assert_eq!(occurred(RECEIVED, None, RECEIVED - age_ms), (received - AGE_US_MAX, "client", false));
    assert_eq!(occurred(RECEIVED, None, RECEIVED - age_ms - 0.25), (received - AGE_US_MAX, "client", true));
}

#[test]
fn no_number_breaks_it_and_every_time_fits_into_nanoseconds() {
    let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 0.0, -0.0, 9e15, RECEIVED];
    let stamps = [None, Some(-1), Some(0), Some(RECEIVED as i64), Some(i64::MAX), Some(i64::MIN)];
    let day_us = 24 * 60 * 60 * 1_000_000;
    // Whatever an engine does to a time within a week of it.
    let fits = |us: i64| [us - 7 * day_us, us, us + day_us].iter().all(|us| us.checked_mul(1000).is_some());
    for (sent_at, received_at, stamp) in
        strange.iter().flat_map(|s| strange.iter().flat_map(move |r| stamps.map(|stamp| (*s, *r, stamp))))
    {
        for offset in strange.map(Some).into_iter().chain([None]) {
            let received = received(received_at, broker_time(stamp));
            let correction = Correction::of_package(sent_at, received, offset);
            for times in strange.map(|at| correction.times(at)) {
                assert!((received - AGE_US_MAX..=received).contains(&times.occurred_us));
                assert!(fits(received) && fits(times.occurred_us) && fits(times.client_us));
            }
        }
    }
}

#[test]
fn the_broker_says_when_a_record_was_received_if_the_record_cannot() {
    let (stamp, broker) = (RECEIVED as i64, RECEIVED as i64 * 1000);
    let of = |received_at: f64| received(received_at, broker_time(Some(stamp)));
    assert_eq!(of(RECEIVED), 1_795_250_920_115_250);
    assert_eq!(of(RECEIVED - 30.0 * 86_400_000.0), 1_795_250_920_115_250 - 30 * 86_400_000_000, "read again later");
    assert_eq!(of(stamp as f64 + 60_000.0), broker + AHEAD_US_MAX);
    for absurd in [stamp as f64 + 60_001.0, 1e300, -1e300, f64::NAN, f64::INFINITY, 0.0] {
        assert_eq!(of(absurd), broker, "{absurd}");
    }
    for none in [None, Some(-1), Some(0), Some(i64::MAX), Some(i64::MIN), Some(9_999_999_999_999)] {
        assert_eq!(broker_time(none), None, "{none:?}");
        assert_eq!(received(RECEIVED, broker_time(none)), 1_795_250_920_115_250);
        assert_eq!([1e300, f64::NAN, f64::INFINITY].map(|absurd| received(absurd, broker_time(none))), [0; 3]);
    }
}
