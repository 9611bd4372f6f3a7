//! Links to begin with: `Link { files, ..link("t", 0, 1, 10..=19) }`.

use std::ops::RangeInclusive;

use schemas::landing::{Link, LinkCounts};
use uuid::Uuid;

/// The link of these offsets, without rows or state, of nobody in particular.
pub fn link(topic: &str, partition: i32, sequence: u64, offsets: RangeInclusive<i64>) -> Link {
    Link {
        topic: topic.to_owned(),
        partition,
        incarnation: 1,
        sequence,
        start: *offsets.start(),
        end: *offsets.end(),
        files: Vec::new(),
        counts: LinkCounts::default(),
        watermark: None,
        state: Vec::new(),
        writer: Uuid::nil(),
        written_at: 0,
        gap_from: None,
    }
}
