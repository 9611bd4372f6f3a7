//! How long answers took.

use std::time::Duration;

/// The least time that such a part of them (0 to 1) does not exceed, milliseconds.
pub(crate) fn quantile_ms(times: &[Duration], part: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    let place = ((times.len() as f64 * part).ceil() as usize).clamp(1, times.len().max(1)) - 1;
    times.get(place).map_or(f64::NAN, |time| ms(*time))
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_seen() {
        let times: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        let seen = [0.5, 0.95, 1.0].map(|part| quantile_ms(&times, part));
        assert_eq!(seen, [50.0, 95.0, 100.0]);
        assert!(quantile_ms(&[], 0.5).is_nan());
    }
}
