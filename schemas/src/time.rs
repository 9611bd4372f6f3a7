//! Times as the contracts have them, of a clock's reading. What reads the clock is the process's.

use std::time::{SystemTime, UNIX_EPOCH};

/// Epoch milliseconds with microseconds as fractions, as in bodies, packages and dead letters; 0 before 1970.
pub fn epoch_ms(at: SystemTime) -> f64 {
    epoch_us(at) as f64 / 1000.0
}

/// Epoch microseconds, as in links and landing columns; 0 before 1970.
pub fn epoch_us(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn fractions_are_kept_and_nothing_is_before_the_epoch() {
        let at = UNIX_EPOCH + Duration::from_micros(1_795_250_920_115_250);
        assert_eq!((epoch_us(at), epoch_ms(at)), (1_795_250_920_115_250, 1_795_250_920_115.25));
        assert_eq!((epoch_us(UNIX_EPOCH - Duration::from_secs(1)), epoch_ms(UNIX_EPOCH)), (0, 0.0));
    }
}
