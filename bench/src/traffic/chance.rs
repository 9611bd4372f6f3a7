//! Seeded chance: the one source of everything random in what is generated.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, Zipf};
use uuid::{Builder, Uuid};

/// A seeded stream of choices. ChaCha8, because its output for a seed is documented to stay the same.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// True with that probability.
    pub(crate) fn hit(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Uniform in `[low, high]`.
    pub(crate) fn whole(&mut self, low: u32, high: u32) -> u32 {
        self.0.random_range(low..=high)
    }

    /// Normal around 0 with that standard deviation.
    pub(crate) fn normal(&mut self, deviation: f64) -> f64 {
        let standard: f64 = StandardNormal.sample(&mut self.0);
        standard * deviation
    }

    /// Log-normal: half of the values lie under `median`; `sigma` is the spread of the logarithm.
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * self.normal(sigma).exp()
    }

    /// Exponential with that mean: the gap between arrivals that know nothing of each other.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.0.random::<f64>()).ln()
    }

    /// An index below `count`, the first ones far more often (Zipf with exponent 1.1).
    pub(crate) fn popular(&mut self, count: usize) -> usize {
        let zipf = Zipf::new(count as f64, 1.1).expect("count is at least 1 and the exponent positive");
        let rank: f64 = zipf.sample(&mut self.0);
        (rank as usize - 1).min(count - 1)
    }

    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.0.random_range(0..choices.len())]
    }

    /// One of the choices, each as often as its weight says.
    pub(crate) fn weighted<'a, T>(&mut self, choices: &'a [(f64, T)]) -> &'a T {
        let total: f64 = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(0.0, total);
        for (weight, choice) in choices {
            left -= weight;
            if left < 0.0 {
                return choice;
            }
        }
        &choices.last().expect("there is at least one choice").1
    }

    pub(crate) fn uuid4(&mut self) -> Uuid {
        Builder::from_random_bytes(self.0.random()).into_uuid()
    }

    /// A UUIDv7 of that time (epoch milliseconds).
    pub(crate) fn uuid7(&mut self, at_ms: f64) -> Uuid {
        Builder::from_unix_timestamp_millis(at_ms.max(0.0) as u64, &self.0.random()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn popular_prefers_the_first_and_stays_in_range() {
        let mut chance = Chance::new(1);
        let mut counts = [0u32; 40];
        for _ in 0..20_000 {
            counts[chance.popular(40)] += 1;
        }
        assert!(counts[0] > 5 * counts[9] && counts[9] > counts[39], "{counts:?}");
        assert!(counts[39] > 0);
    }

    #[test]
    fn weights_hold() {
        let mut chance = Chance::new(2);
        let rare = (0..10_000).filter(|_| *chance.weighted(&[(9.0, 'a'), (1.0, 'b')]) == 'b').count();
        assert!((800..1_200).contains(&rare), "{rare}");
    }
}
