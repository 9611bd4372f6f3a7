//! When an event happened, by the server's clock (DESIGN section 4), in epoch microseconds.

use crate::events::BELIEVABLE_US;

/// Without the SDK's estimate the client's clock is believed when the batch took at most this long to arrive.
pub(crate) const TRUSTED_SKEW_MS_MAX: f64 = 60_000.0;

/// Oldest event that is believed: what the SDK's outbox and its retries can explain, with room.
pub(crate) const AGE_US_MAX: i64 = 7 * 24 * 60 * 60 * 1_000_000;

/// First microsecond of 1678 and last of 2261: what engines hold that count nanoseconds in 64 bits, with room to round
/// down to a week and to shift by a time zone.
pub(crate) const ENGINE_US: (i64, i64) = (-9_214_560_000_000_000, 9_214_646_399_999_999);

/// How far a collector's clock may be ahead of the broker's. Less than the watermark's lag, so that no record can make
/// the events of other records late.
pub(crate) const AHEAD_US_MAX: i64 = 60 * 1_000_000;

/// A record's timestamp in epoch microseconds, if it can be one: Kafka says -1 for none, and a producer may say anything.
pub(crate) fn broker_time(timestamp_ms: Option<i64>) -> Option<i64> {
    timestamp_ms?.checked_mul(1000).filter(|us| BELIEVABLE_US.contains(us))
}

/// When a package was received, in epoch microseconds: what it says itself (`received_at`, epoch milliseconds), unless
/// the broker's time says that this cannot be. Then it is the broker's time, or where there is none, the epoch.
pub(crate) fn received(received_at: f64, broker_us: Option<i64>) -> i64 {
    let claimed = microseconds(received_at);
    match broker_us {
        Some(broker) => {
            claimed.filter(|us| (BELIEVABLE_US.start..=broker + AHEAD_US_MAX).contains(us)).unwrap_or(broker)
        }
        None => claimed.filter(|us| *us < BELIEVABLE_US.end).unwrap_or(0),
    }
}

/// How a package's client times become server times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Correction {
    shift_ms: f64,
    received_us: i64,
    /// `sdk`: the SDK's estimate; `client`: the client's clock as it is; `estimated`: shifted by received - sent.
    pub source: &'static str,
}

/// One event's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub occurred_us: i64,
    pub client_us: i64,
    /// The corrected time lay outside of [received - 7 days, received].
    pub clamped: bool,
}

impl Correction {
    /// `sent_at` is epoch milliseconds, `received_us` is what [`received`] says; `offset_ms` is server minus client.
    pub(crate) fn of_package(sent_at: f64, received_us: i64, offset_ms: Option<f64>) -> Self {
        let delay_ms = received_us as f64 / 1000.0 - sent_at;
        let (shift_ms, source) = match offset_ms.filter(|offset| offset.is_finite()) {
            Some(offset) => (offset, "sdk"),
            None if delay_ms.abs() <= TRUSTED_SKEW_MS_MAX => (0.0, "client"),
            None => (delay_ms, "estimated"),
        };
        Self { shift_ms, received_us, source }
    }

    pub(crate) fn received_us(&self) -> i64 {
        self.received_us
    }

    /// `at` is the client's epoch milliseconds.
    pub(crate) fn times(&self, at: f64) -> Times {
        let client_us = microseconds(at).unwrap_or(self.received_us);
        let earliest = self.received_us - AGE_US_MAX;
        let (occurred_us, clamped) = match microseconds(at + self.shift_ms) {
            Some(occurred) if occurred < earliest => (earliest, true),
            Some(occurred) if occurred <= self.received_us => (occurred, false),
            Some(_) | None => (self.received_us, true),
        };
        Times { occurred_us, client_us, clamped }
    }
}

/// Rounded to the nearest microsecond and kept within the years that engines hold; `None` for what is no number.
fn microseconds(ms: f64) -> Option<i64> {
    if ms.is_nan() {
        return None;
    }
    // `as` saturates, so ±1e308 and infinities end at the bounds.
    Some(((ms * 1000.0).round() as i64).clamp(ENGINE_US.0, ENGINE_US.1))
}

#[cfg(test)]
mod tests {
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
}
