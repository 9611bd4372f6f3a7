//! Waiting between attempts.

use std::time::Duration;

/// Exponential, with jitter of ± 50 %, so that many workers do not come back at the same moment.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// How long to wait before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let base = self.next;
        self.next = (base * 2).min(self.longest);
        base.mul_f64(rand::random_range(0.5..1.5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<Duration> = (0..6).map(|_| backoff.pause()).collect();
        assert!(waits[0] >= Duration::from_millis(50) && waits[0] < Duration::from_millis(150));
        assert!(waits[5] >= Duration::from_millis(500) && waits[5] < Duration::from_millis(1500));
    }
}
