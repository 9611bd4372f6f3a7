//! A link: one flushed range of offsets of one topic-partition, committed by creating its object.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// One link of the chain; JSON in `landing/commits/…`. Offsets are inclusive; times are epoch microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub topic: String,
    pub partition: i32,
    /// Counts up when a topic was made anew and an operator said so; a chain never mixes offsets of two topics
    /// silently.
    pub incarnation: u32,
    /// Position in the chain, from 0: a chain whose first link is not 0 has lost its beginning.
    pub sequence: u64,
    pub start: i64,
    pub end: i64,
    pub files: Vec<DataFile>,
    pub counts: LinkCounts,
    /// Newest event time of the partition so far, less the allowed lag; `None` before the first event.
    pub watermark: Option<i64>,
    /// Keys of the state after `end`: one snapshot, then deltas in order. Empty while there is no state.
    pub state: Vec<String>,
    /// Who wrote the link: a link that is read back after a lost answer is recognised by it.
    pub writer: Uuid,
    pub written_at: i64,
    /// Offsets from here to `start - 1` are known to be lost (an operator's explicit command wrote it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_from: Option<i64>,
}

/// A Parquet file that a link names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Key below the store's root.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    /// xxh3-64 of the file's bytes, 16 hexadecimal digits.
    pub checksum: String,
    /// Least and greatest `occurred_at`.
    pub occurred_min: i64,
    pub occurred_max: i64,
}

/// What became of the link's offsets: `events` rows stand in the files, duplicates and late ones marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCounts {
    pub records: u64,
    pub events: u64,
    pub late: u64,
    pub duplicates: u64,
    /// Records that went to the dead-letter topic.
    pub rejected: u64,
}

/// The two kinds of state files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// All open visitors of the partition.
    Snapshot,
    /// The visitors touched since the link before.
    Delta,
}

/// What is wrong between two neighbouring links.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LinkError {
    #[error(
        "{topic}/{partition}: the chain begins with link {sequence} at offset {start}: {sequence} links before it are missing"
    )]
    BeginningMissing { topic: String, partition: i32, sequence: u64, start: i64 },
    #[error("{topic}/{partition}: a link is missing: offsets {from} to {to} stand in none")]
    Missing { topic: String, partition: i32, from: i64, to: i64 },
    #[error("{topic}/{partition}: links overlap: offsets {from} to {to} stand in two")]
    Overlap { topic: String, partition: i32, from: i64, to: i64 },
    #[error("{topic}/{partition}: the link at offset {start} has sequence {found}, not {expected}")]
    Sequence { topic: String, partition: i32, start: i64, expected: u64, found: u64 },
    #[error("{topic}/{partition}: the link at offset {start} ends before it starts, at {end}")]
    Backwards { topic: String, partition: i32, start: i64, end: i64 },
}

/// Everything that is wrong with a partition's links, given in the order of their start offsets.
pub fn check_chain(links: &[Link]) -> Vec<LinkError> {
    let mut wrong = Vec::new();
    if let Some(first) = links.first().filter(|link| link.sequence != 0) {
        wrong.push(LinkError::BeginningMissing {
            topic: first.topic.clone(),
            partition: first.partition,
            sequence: first.sequence,
            start: first.start,
        });
    }
    wrong.extend(links.iter().filter(|link| link.end < link.start).map(|link| LinkError::Backwards {
        topic: link.topic.clone(),
        partition: link.partition,
        start: link.start,
        end: link.end,
    }));
    for pair in links.windows(2) {
        wrong.extend(check_neighbours(&pair[0], &pair[1]));
    }
    wrong
}

fn check_neighbours(before: &Link, link: &Link) -> Option<LinkError> {
    let (topic, partition) = (link.topic.clone(), link.partition);
    let expected_start = before.end + 1;
    let covered_from = link.gap_from.unwrap_or(link.start);
    if link.incarnation != before.incarnation {
        return None;
    }
    if covered_from > expected_start {
        return Some(LinkError::Missing { topic, partition, from: expected_start, to: covered_from - 1 });
    }
    if covered_from < expected_start {
        return Some(LinkError::Overlap { topic, partition, from: covered_from, to: before.end.min(link.end) });
    }
    if link.sequence != before.sequence + 1 {
        return Some(LinkError::Sequence {
            topic,
            partition,
            start: link.start,
            expected: before.sequence + 1,
            found: link.sequence,
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(sequence: u64, start: i64, end: i64) -> Link {
        Link {
            topic: "t".into(),
            partition: 0,
            incarnation: 1,
            sequence,
            start,
            end,
            files: Vec::new(),
            counts: LinkCounts::default(),
            watermark: None,
            state: Vec::new(),
            writer: Uuid::nil(),
            written_at: 0,
            gap_from: None,
        }
    }

    #[test]
    fn a_whole_chain_has_nothing_wrong() {
        assert_eq!(check_chain(&[link(0, 5, 9), link(1, 10, 10), link(2, 11, 40)]), []);
    }

    #[test]
    fn names_what_is_missing_or_doubled() {
        let text = |links: &[Link]| check_chain(links).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text(&[link(0, 0, 4), link(1, 8, 9)]), ["t/0: a link is missing: offsets 5 to 7 stand in none"]);
        assert_eq!(text(&[link(0, 0, 4), link(1, 3, 9)]), ["t/0: links overlap: offsets 3 to 4 stand in two"]);
        assert!(text(&[link(2, 7, 8)])[0].contains("2 links before it are missing"));
    }

    #[test]
    fn an_explicit_gap_is_no_hole() {
        let resumed = Link { gap_from: Some(5), ..link(1, 100, 120) };
        assert_eq!(check_chain(&[link(0, 0, 4), resumed]), []);
    }

    #[test]
    fn json_keeps_every_field() {
        let link = Link { gap_from: Some(1), watermark: Some(7), ..link(3, 2, 4) };
        let text = serde_json::to_string(&link).unwrap();
        assert_eq!(serde_json::from_str::<Link>(&text).unwrap(), link);
    }
}
