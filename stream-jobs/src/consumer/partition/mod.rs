//! One partition's work: where its chain ends, what was read since, and the link in the making. A plain struct; the
//! loop in [`crate::consumer`] owns its I/O.

use std::time::{Instant, SystemTime};

use anyhow::{Result, ensure};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use schemas::landing::{DataFile, Link, LinkCounts, StateKind, data_key, state_key};
use schemas::time::epoch_us;
use schemas::topics::EVENTS;
use uuid::Uuid;

use crate::content::{Content, Rows};
use crate::kafka::dead_letters::RejectedRecord;
use crate::kafka::decode::Reject;
use crate::kafka::frames::{Frames, Origin};
use crate::kafka::group::KafkaOffsets;
use crate::landing::{LandingFile, PendingLink};
use crate::sessionize::Sessions;

/// Offsets that an incarnation of a topic has to itself; no topic reaches them (10^15 records).
const INCARNATION_OFFSETS: i64 = 1_000_000_000_000_000;
/// Memory beside the file: what a rejected record costs apart from its bytes.
const REJECT_OVERHEAD_BYTES: usize = 256;

/// Where a partition stands.
///
/// ```text
///               chain and topic fit                seal
///    Loading ───────────────────────▶ Consuming ─────────▶ Committing
///     ▲ │ ▲                            │     ▲                │    │
///     │ │ └──── an offset is missing ──┘     └──── landed ────┘    │
///     │ │       in Kafka, all landed                               │
///     │ └─ they do not fit ─▶ Stopped                              │
///     │                          │                                 │
///     └── an operator wrote ─────┴──── fenced: another writer's ───┘
///         into the chain               link stands there
/// ```
#[derive(Debug)]
enum Phase {
    /// The chain's tail and state are still to be read.
    Loading,
    Consuming,
    /// A link is ready and stands in no chain yet.
    Committing(Box<Committing>),
    /// Only an operator's command helps; the text says what is wrong and which.
    Stopped(String),
}

/// A sealed link, with the dead letters that must be delivered before it.
#[derive(Debug)]
pub(crate) struct Committing {
    pub pending: PendingLink,
    pub rejected: Vec<RejectedRecord>,
}

impl Committing {
    fn bytes(&self) -> usize {
        let uploads: usize = self.pending.uploads.iter().map(|(_, bytes)| bytes.len()).sum();
        let rejected: usize = self.rejected.iter().map(|record| record.raw.len() + REJECT_OVERHEAD_BYTES).sum();
        uploads + rejected
    }
}

/// The work on one partition, from its assignment to its end.
#[derive(Debug)]
pub(crate) struct PartitionWork {
    pub topic: String,
    pub partition: i32,
    phase: Phase,
    /// Names this assignment in its links.
    writer: Uuid,
    /// The chain's last link.
    tail: Option<Link>,
    /// Start offset of the next link.
    start: i64,
    /// The next offset to read.
    next: i64,
    frames: Frames,
    sessions: Sessions,
    file: Option<LandingFile>,
    rejected: Vec<RejectedRecord>,
    rejected_bytes: usize,
    counts: LinkCounts,
    /// When the first record that stands in no sealed link was read.
    opened_at: Option<Instant>,
    /// When the first record that was not processed yet was read.
    waiting_since: Option<Instant>,
}

impl PartitionWork {
    /// A partition that was just assigned.
    pub(crate) fn new(topic: &str, partition: i32) -> Self {
        Self {
            topic: topic.to_owned(),
            partition,
            phase: Phase::Loading,
            writer: Uuid::now_v7(),
            tail: None,
            start: 0,
            next: 0,
            frames: Frames::default(),
            sessions: Sessions::default(),
            file: None,
            rejected: Vec::new(),
            rejected_bytes: 0,
            counts: LinkCounts::default(),
            opened_at: None,
            waiting_since: None,
        }
    }

    /// Takes the chain's tail, its sessions, and Kafka's offsets: from here on records are read, or the partition
    /// stands still because chain and topic do not fit together.
    pub(crate) fn loaded(&mut self, tail: Option<Link>, sessions: Sessions, kafka: KafkaOffsets) {
        self.start = tail.as_ref().map_or(kafka.low, |link| link.end + 1);
        self.next = self.start;
        self.phase = match check_fit(&self.topic, self.partition, tail.as_ref(), kafka) {
            Some(problem) => Phase::Stopped(problem),
            None => Phase::Consuming,
        };
        self.tail = tail;
        self.sessions = sessions;
    }

    /// The next offset to read, as Kafka counts.
    pub(crate) fn position(&self) -> i64 {
        self.next - self.offset_base()
    }

    /// Offset after the last link, as Kafka counts.
    pub(crate) fn committed(&self) -> i64 {
        self.start - self.offset_base()
    }

    /// Whether every record that was read stands in the chain.
    pub(crate) fn is_clean(&self) -> bool {
        self.consumes() && self.next == self.start
    }

    fn offset_base(&self) -> i64 {
        offset_base(self.tail.as_ref().map_or(1, |tail| tail.incarnation))
    }

    pub(crate) fn consumes(&self) -> bool {
        matches!(self.phase, Phase::Consuming)
    }

    /// Whether the chain is to be read: for the first time, again, or since an operator may have written into it.
    pub(crate) fn awaits_chain(&self) -> bool {
        matches!(self.phase, Phase::Loading | Phase::Stopped(_))
    }

    /// What is wrong, where only an operator's command helps.
    pub(crate) fn stopped(&self) -> Option<&str> {
        match &self.phase {
            Phase::Stopped(problem) => Some(problem),
            _ => None,
        }
    }

    /// The link that is ready and stands in no chain yet.
    pub(crate) fn committing(&self) -> Option<&Committing> {
        match &self.phase {
            Phase::Committing(committing) => Some(committing),
            _ => None,
        }
    }

    /// The same, for whoever delivers its dead letters.
    pub(crate) fn committing_mut(&mut self) -> Option<&mut Committing> {
        match &mut self.phase {
            Phase::Committing(committing) => Some(committing),
            _ => None,
        }
    }

    /// Takes a record, also while a link is being written: Kafka hands each over once. One below the position was
    /// fetched before a seek and is left out; a jump upwards covers offsets that hold no record (Kafka's control
    /// records).
    pub(crate) fn push(&mut self, origin: Origin, payload: Option<&[u8]>, now: Instant) {
        let offset = origin.offset + self.offset_base();
        if offset < self.next || !matches!(self.phase, Phase::Consuming | Phase::Committing(_)) {
            return;
        }
        self.frames.push(Origin { offset, ..origin }, payload);
        self.next = offset + 1;
        self.opened_at.get_or_insert(now);
        self.waiting_since.get_or_insert(now);
    }

    /// Records that wait for [`process`](Self::process).
    pub(crate) fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Turns the waiting records into rows and appends these to the file in the making.
    pub(crate) fn process(&mut self, content: &mut Content) -> Result<()> {
        let decoded = content.decoder().decode(&self.frames);
        self.counts.records += self.frames.len() as u64;
        self.reject(decoded.rejects);
        for batch in decoded.batches {
            let origins: Vec<_> = batch.indices.iter().map(|index| self.frames.origin(*index)).collect();
            let Rows { rows, late, duplicates, rejects } =
                content.rows(&batch, self.partition, &origins, &mut self.sessions)?;
            self.reject(rejects);
            let Some(rows) = rows else { continue };
            self.counts.events += rows.num_rows() as u64;
            self.counts.late += late;
            self.counts.duplicates += duplicates;
            let file = match &mut self.file {
                Some(file) => file,
                None => self.file.insert(content.file(rows.schema())?),
            };
            file.append(&rows)?;
        }
        self.frames.clear();
        self.waiting_since = None;
        Ok(())
    }

    fn reject(&mut self, rejects: Vec<Reject>) {
        self.counts.rejected += rejects.len() as u64;
        for reject in rejects {
            let raw = self.frames.frame(reject.index).to_vec();
            self.rejected_bytes += raw.len() + REJECT_OVERHEAD_BYTES;
            let offset = self.frames.origin(reject.index).offset;
            self.rejected.push(RejectedRecord { offset, reason: reject.reason, raw });
        }
    }

    /// When the first record that waits for [`process`](Self::process) was read.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        self.waiting_since
    }

    /// Memory of what stands in no link yet.
    pub(crate) fn bytes_buffered(&self) -> usize {
        let sealed = self.committing().map_or(0, Committing::bytes);
        let file = self.file.as_ref().map_or(0, LandingFile::bytes_buffered);
        self.frames.bytes_total() + self.rejected_bytes + file + sealed
    }

    pub(crate) fn visitors_total(&self) -> usize {
        self.sessions.visitors_total()
    }

    /// When the first record was read that stands in no link; `None` when there is none, or while a link is written.
    pub(crate) fn opened_at(&self) -> Option<Instant> {
        self.opened_at.filter(|_| self.consumes())
    }

    /// Rows that were processed and not sealed.
    pub(crate) fn rows_buffered(&self) -> u64 {
        self.file.as_ref().map_or(0, LandingFile::rows)
    }

    /// Turns what was processed into a link that is ready to be written. Nothing happens when nothing was read. Fails
    /// while records wait for [`process`](Self::process).
    ///
    /// The state is written whole every `snapshot_every_links` links, else as a delta.
    pub(crate) fn seal(&mut self, now: SystemTime, snapshot_every_links: u64) -> Result<()> {
        if !self.consumes() || self.next == self.start {
            return Ok(());
        }
        // The link would cover their offsets, and nobody would ever read them again.
        ensure!(
            self.frames.is_empty(),
            "{}/{}: {} records wait to be processed: no link may cover them",
            self.topic,
            self.partition,
            self.frames.len()
        );
        let mut uploads = Vec::new();
        let mut files = Vec::new();
        if let Some(file) = self.file.take().map(LandingFile::finish).transpose()?.flatten() {
            let date = DateTime::<Utc>::from(now).format("%Y-%m-%d").to_string();
            let path = data_key(&self.topic, self.partition, &date, Uuid::now_v7());
            files.push(DataFile {
                path: path.clone(),
                rows: file.rows,
                bytes: file.bytes.len() as u64,
                checksum: file.checksum,
                occurred_min: file.occurred_min,
                occurred_max: file.occurred_max,
            });
            uploads.push((path, file.bytes));
        }
        let end = self.next - 1;
        let state = self.write_state(end, snapshot_every_links, &mut uploads)?;
        let link = Link {
            topic: self.topic.clone(),
            partition: self.partition,
            incarnation: self.tail.as_ref().map_or(1, |tail| tail.incarnation),
            sequence: self.tail.as_ref().map_or(0, |tail| tail.sequence + 1),
            start: self.start,
            end,
            files,
            counts: std::mem::take(&mut self.counts),
            watermark: self.sessions.watermark(),
            state,
            writer: self.writer,
            written_at: epoch_us(now),
            gap_from: None,
        };
        let rejected = std::mem::take(&mut self.rejected);
        self.rejected_bytes = 0;
        self.opened_at = None;
        self.phase = Phase::Committing(Box::new(Committing { pending: PendingLink { link, uploads }, rejected }));
        Ok(())
    }

    /// Keys of the state after `end`; adds the new file of it to `uploads`.
    fn write_state(
        &mut self,
        end: i64,
        snapshot_every_links: u64,
        uploads: &mut Vec<(String, Bytes)>,
    ) -> Result<Vec<String>> {
        let before = self.tail.as_ref().map(|tail| tail.state.clone()).unwrap_or_default();
        if before.is_empty() && self.sessions.is_new() {
            return Ok(before);
        }
        let fold = before.is_empty() || before.len() as u64 >= snapshot_every_links;
        let (kind, bytes, mut keys) = if fold {
            (StateKind::Snapshot, self.sessions.take_snapshot()?, Vec::new())
        } else {
            (StateKind::Delta, self.sessions.take_delta()?, before)
        };
        let key = state_key(&self.topic, self.partition, end, self.writer, kind);
        uploads.push((key.clone(), bytes.into()));
        keys.push(key);
        Ok(keys)
    }

    /// The sealed link stands in the chain: reading goes on.
    pub(crate) fn landed(&mut self) {
        if let Phase::Committing(committing) = std::mem::replace(&mut self.phase, Phase::Consuming) {
            self.start = committing.pending.link.end + 1;
            self.tail = Some(committing.pending.link);
        }
    }
}

/// What a chain adds to the offsets of a topic's `incarnation` (from 1): a topic that was made anew counts from 0
/// again, and its links must still sort behind the old ones.
pub(crate) fn offset_base(incarnation: u32) -> i64 {
    i64::from(incarnation.saturating_sub(1)) * INCARNATION_OFFSETS
}

/// What keeps a chain and a topic from going on together.
fn check_fit(topic: &str, partition: i32, tail: Option<&Link>, kafka: KafkaOffsets) -> Option<String> {
    let tail = tail?;
    let end = tail.end - offset_base(tail.incarnation);
    let of_topic = if topic == EVENTS { String::new() } else { format!(" --topic {topic}") };
    if end >= kafka.high {
        return Some(format!(
            "{topic}/{partition}: the chain ends at offset {end}, but the topic ends before {}: the topic was made anew, \
             or it lost records. If that is right, run `stream-jobs resume{of_topic} --partition {partition} \
             --new-incarnation`",
            kafka.high
        ));
    }
    if end + 1 < kafka.low {
        return Some(format!(
            "{topic}/{partition}: the chain ends at offset {end}, but the topic begins at {}: retention removed {} \
             offsets before they were landed. To go on without them, run `stream-jobs resume{of_topic} --partition {partition} \
             --accept-gap`",
            kafka.low,
            kafka.low - end - 1
        ));
    }
    None
}

#[cfg(test)]
mod tests;
