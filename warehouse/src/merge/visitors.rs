//! Visitors and events by their hash, and the sessions that some visitors have.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

/// Hash of texts that name one thing, such as a site and its visitor.
pub(crate) type Key = u128;

/// An event: hash of site and tab, and its number there.
pub(crate) type EventId = (Key, i64);

/// Hashes the parts so that ("ab", "c") differs from ("a", "bc").
pub(crate) fn key(parts: &[&str]) -> Key {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.digest128()
}

/// A session as a stretch of its visitor's time; epoch microseconds, both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stretch {
    pub start: i64,
    pub end: i64,
}

/// Sessions of some visitors. A visitor's stretches are in order and do not overlap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(HashMap<Key, Vec<Stretch>>);

impl Sessions {
    /// Takes in a visitor's sessions, in any order.
    pub(crate) fn insert(&mut self, visitor: Key, mut stretches: Vec<Stretch>) {
        stretches.sort_unstable();
        self.0.insert(visitor, stretches);
    }

    /// A visitor's sessions, in order.
    pub(crate) fn of(&self, visitor: Key) -> Option<&[Stretch]> {
        self.0.get(&visitor).map(Vec::as_slice)
    }

    /// Start of the session that an event at `at` belongs to.
    pub(crate) fn start_of(&self, visitor: Key, at: i64) -> Option<i64> {
        let stretches = self.0.get(&visitor)?;
        let after = stretches.partition_point(|stretch| stretch.start <= at);
        let stretch = stretches[..after].last()?;
        (at <= stretch.end).then_some(stretch.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_in_the_stretch_that_holds_its_time() {
        let visitor = key(&["shop", "v"]);
        let mut sessions = Sessions::default();
        sessions.insert(visitor, vec![Stretch { start: 50, end: 50 }, Stretch { start: 10, end: 20 }]);
        let found = [9, 10, 15, 20, 21, 50, 51].map(|at| sessions.start_of(visitor, at));
        assert_eq!(found, [None, Some(10), Some(10), Some(10), None, Some(50), None]);
        assert_eq!(sessions.start_of(key(&["sho", "pv"]), 15), None);
    }
}
