//! Assets that were made durable lately, so that a visitor's browser need not send what another one has sent.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use schemas::replay::Sha256;

/// Most that are remembered; the oldest give way. They take about 12 MB.
const KNOWN_MAX: usize = 100_000;
/// An asset is sent again after this time: readers find it near the day of a recording that names it.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// An asset of a site, by the site's place in the configuration. Sites share nothing, not even a style sheet.
type Key = (usize, Sha256);

/// The memory of one collector.
#[derive(Debug, Default)]
pub(crate) struct KnownAssets(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    since: HashMap<Key, Instant>,
    /// The same, oldest first.
    order: VecDeque<(Instant, Key)>,
}

impl KnownAssets {
    /// Notes assets whose records Kafka has acknowledged.
    pub(crate) fn remember(&self, site: usize, hashes: &[Sha256], now: Instant) {
        let mut state = self.state();
        state.forget_old(now);
        for hash in hashes {
            let key = (site, *hash);
            if state.since.contains_key(&key) {
                continue;
            }
            while state.order.len() >= KNOWN_MAX {
                state.forget_first();
            }
            state.since.insert(key, now);
            state.order.push_back((now, key));
        }
    }

    /// Those of the assets that are not known, in the order of the question.
    pub(crate) fn missing(&self, site: usize, hashes: &[Sha256], now: Instant) -> Vec<Sha256> {
        let mut state = self.state();
        state.forget_old(now);
        hashes.iter().filter(|hash| !state.since.contains_key(&(site, **hash))).copied().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.state().order.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_old(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(since, _)| now.saturating_duration_since(*since) >= KNOWN_FOR) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.since.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> Sha256 {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Sha256(bytes)
    }

    #[test]
    fn an_asset_is_known_for_a_day_to_its_own_site() {
        let (known, start) = (KnownAssets::default(), Instant::now());
        known.remember(0, &[hash(1), hash(2)], start);
        let asked = [hash(3), hash(1), hash(2)];
        assert_eq!(known.missing(0, &asked, start), [hash(3)]);
        assert_eq!(known.missing(1, &asked, start), asked);
        known.remember(0, &[hash(1)], start + KNOWN_FOR / 2);
        assert_eq!(known.missing(0, &asked, start + KNOWN_FOR - Duration::from_secs(1)), [hash(3)]);
        assert_eq!(known.missing(0, &asked, start + KNOWN_FOR), asked, "knowing it again does not make it younger");
        assert_eq!(known.len(), 0);
    }

    #[test]
    fn the_oldest_give_way() {
        let (known, now) = (KnownAssets::default(), Instant::now());
        let all: Vec<_> = (0..KNOWN_MAX + 10).map(hash).collect();
        known.remember(0, &all, now);
        assert_eq!(known.len(), KNOWN_MAX);
        assert_eq!(known.missing(0, &all, now), all[..10]);
        let state = known.state();
        assert_eq!(state.since.len(), state.order.len());
    }
}
