//! What a session is. The stream job assigns sessions and compaction computes them again: both use these.

use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

/// A longer pause of a visitor ends the session; a pause of exactly this length does not (as Flink and Kafka
/// Streams have it).
pub const GAP_US_MAX: i64 = 30 * 60 * 1_000_000;

/// An event later than this after the session's first starts a new session (PostHog's limit).
pub const SESSION_US_MAX: i64 = 24 * 60 * 60 * 1_000_000;

/// Whether an event at `at` belongs to the session that began at `start` and whose newest event is at `previous`.
/// All three are epoch microseconds, and `start <= previous <= at`.
pub fn continues(start: i64, previous: i64, at: i64) -> bool {
    at - previous <= GAP_US_MAX && at - start <= SESSION_US_MAX
}

/// The id of a visitor's session whose first event happened at `start` (epoch microseconds).
///
/// Derived, so that every replay of the same data gives the same id. Two sessions of one visitor never begin at the
/// same time, so the time identifies the first event.
pub fn session_id(site_id: &str, visitor_id: &str, start: i64) -> Uuid {
    let mut text = Vec::with_capacity(site_id.len() + visitor_id.len() + 10);
    for part in [site_id, visitor_id] {
        text.extend_from_slice(part.as_bytes());
        text.push(0);
    }
    text.extend_from_slice(&start.to_be_bytes());
    uuid::Builder::from_custom_bytes(xxh3_128(&text).to_be_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_gap_is_still_the_same_session() {
        assert!(continues(0, 0, GAP_US_MAX - 1));
        assert!(continues(0, 0, GAP_US_MAX));
        assert!(!continues(0, 0, GAP_US_MAX + 1));
    }

    #[test]
    fn exactly_a_day_is_still_the_same_session() {
        let previous = SESSION_US_MAX - 1;
        assert!(continues(0, previous, SESSION_US_MAX));
        assert!(!continues(0, previous, SESSION_US_MAX + 1));
    }

    #[test]
    fn ids_depend_on_every_part_and_do_not_run_together() {
        let id = session_id("ab", "c", 1);
        assert_eq!(id, session_id("ab", "c", 1));
        assert_ne!(id, session_id("a", "bc", 1));
        assert_ne!(id, session_id("ab", "c", 2));
        assert_eq!(id.to_string(), "a25e2e4c-2f68-8415-bbdb-cc8cff550fc4", "ids must never change between versions");
    }
}
