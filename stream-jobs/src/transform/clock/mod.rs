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
mod tests;
