//! When an event happened, by the server's clock (DESIGN section 4), in epoch microseconds.

/// Without the SDK's estimate the client's clock is believed when the batch took at most this long to arrive.
pub const TRUSTED_SKEW_MS_MAX: f64 = 60_000.0;

/// Oldest event that is believed: what the SDK's outbox and its retries can explain, with room.
pub const AGE_US_MAX: i64 = 7 * 24 * 60 * 60 * 1_000_000;

/// First microsecond of year 1 and last of year 9999: what every reader of the files can print.
const PRINTABLE_US: (i64, i64) = (-62_135_596_800_000_000, 253_402_300_799_999_999);

/// How a package's client times become server times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    shift_ms: f64,
    received_us: i64,
    /// `sdk`: the SDK's estimate; `client`: the client's clock as it is; `estimated`: shifted by received - sent.
    pub source: &'static str,
}

/// One event's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    pub occurred_us: i64,
    pub client_us: i64,
    /// The corrected time lay outside of [received - 7 days, received].
    pub clamped: bool,
}

impl Correction {
    /// `sent_at` and `received_at` are epoch milliseconds; `offset_ms` is server minus client.
    pub fn of_package(sent_at: f64, received_at: f64, offset_ms: Option<f64>) -> Self {
        let received_us = microseconds(received_at).unwrap_or(0);
        let delay_ms = received_at - sent_at;
        let (shift_ms, source) = match offset_ms.filter(|offset| offset.is_finite()) {
            Some(offset) => (offset, "sdk"),
            None if delay_ms.abs() <= TRUSTED_SKEW_MS_MAX => (0.0, "client"),
            None => (delay_ms, "estimated"),
        };
        Self { shift_ms, received_us, source }
    }

    pub fn received_us(&self) -> i64 {
        self.received_us
    }

    /// `at` is the client's epoch milliseconds.
    pub fn times(&self, at: f64) -> Times {
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

/// Rounded to the nearest microsecond and kept within the printable years; `None` for what is no number.
fn microseconds(ms: f64) -> Option<i64> {
    if ms.is_nan() {
        return None;
    }
    // `as` saturates, so ±1e308 and infinities end at the bounds.
    Some(((ms * 1000.0).round() as i64).clamp(PRINTABLE_US.0, PRINTABLE_US.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: f64 = 1_795_250_920_115.25;

    fn occurred(sent_at: f64, offset_ms: Option<f64>, at: f64) -> (i64, &'static str, bool) {
        let correction = Correction::of_package(sent_at, RECEIVED, offset_ms);
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
    fn no_number_breaks_it() {
        let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 0.0, -0.0, 9e15];
        for sent_at in strange {
            for received_at in strange {
                for offset in strange.map(Some).into_iter().chain([None]) {
                    for at in strange {
                        let correction = Correction::of_package(sent_at, received_at, offset);
                        let times = correction.times(at);
                        let received = correction.received_us();
                        assert!(times.occurred_us >= received - AGE_US_MAX && times.occurred_us <= received);
                        assert!((PRINTABLE_US.0..=PRINTABLE_US.1).contains(&times.client_us));
                    }
                }
            }
        }
    }
}
