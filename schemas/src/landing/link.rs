//! A link: one flushed range of offsets of one topic-partition, committed by creating its object.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One link of the chain; JSON in `landing/commits/…`. Offsets are inclusive; times are epoch microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Of Kafka.
    pub topic: String,
    /// Of the topic.
    pub partition: i32,
    /// Counts up when a topic was made anew and an operator said so; a chain never mixes offsets of two topics
    /// silently.
    pub incarnation: u32,
    /// Position in the chain, from 0: a chain whose first link is not 0 has lost its beginning.
    pub sequence: u64,
    /// First offset that it covers.
    pub start: i64,
    /// Last offset that it covers.
    pub end: i64,
    /// None while all records were refused.
    pub files: Vec<DataFile>,
    /// What became of the offsets.
    pub counts: LinkCounts,
    /// Newest event time of the partition so far, less the allowed lag; `None` before the first event.
    pub watermark: Option<i64>,
    /// Keys of the state after `end`: one snapshot, then deltas in order. Empty while there is no state.
    pub state: Vec<String>,
    /// Who wrote the link: a link that is read back after a lost answer is recognised by it.
    pub writer: Uuid,
    /// By the writer's clock.
    pub written_at: i64,
    /// Offsets from here to `end` are known to be lost: an operator's explicit command wrote it. It is `start`; links of earlier
    /// versions start at their end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_from: Option<i64>,
}

/// A Parquet file that a link names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Key below the store's root.
    pub path: String,
    /// Events in it, or frames.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// xxh3-64 of the file's bytes, 16 hexadecimal digits.
    pub checksum: String,
    /// Least and greatest `occurred_at`; of frames `received_at`.
    pub occurred_min: i64,
    /// See `occurred_min`.
    pub occurred_max: i64,
}

/// What became of the link's offsets: `events` rows stand in the files, duplicates and late ones marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCounts {
    /// Records of Kafka that were read.
    pub records: u64,
    /// Rows of the files: events, or frames of recordings.
    pub events: u64,
    /// Events below the watermark.
    pub late: u64,
    /// Events that the tab had sent before.
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
    fn json_keeps_every_field() {
        let link = Link { gap_from: Some(1), watermark: Some(7), ..link(3, 2, 4) };
        let text = serde_json::to_string(&link).unwrap();
        assert_eq!(serde_json::from_str::<Link>(&text).unwrap(), link);
    }
}
