//! From a parsed batch to the records to produce: its packages, and a dead letter for each reject.

use schemas::dead_letter::{self, DeadLetter};
use schemas::ingest::Batch;
use schemas::package::{self, Context};
use schemas::topics::record_key;

/// Ids under which the registry knows the schemas of the topics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SchemaIds {
    pub events: u32,
    pub replay: u32,
    pub dead_letter: u32,
}

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Events,
    Replay,
    DeadLetter,
}

/// The records of one request, back to back in one buffer.
#[derive(Debug)]
pub(crate) struct Records {
    pub key: String,
    bytes: Vec<u8>,
    ends: Vec<(Target, usize)>,
}

/// The process that refused, as dead letters name it.
pub(crate) const STAGE: &str = "collector";

impl Records {
    /// None yet. `key` is the record key of all of them.
    pub(crate) fn new(key: String, bytes_expected: usize) -> Self {
        Self { key, bytes: Vec::with_capacity(bytes_expected), ends: Vec::with_capacity(1) }
    }

    /// All records of a batch: the good events as packages, the rejects as dead letters. They are about as long as the
    /// `body_bytes` of JSON that the batch came from, usually less.
    pub(crate) fn of_batch(
        ids: SchemaIds,
        record_bytes_max: usize,
        context: &Context,
        batch: &Batch,
        body_bytes: usize,
    ) -> Self {
        let header = &batch.header;
        let mut text = [[0; 36]; 3];
        let [visitor_text, tab_text, batch_text] = &mut text;
        let visitor_id: &str = header.visitor_id.0.hyphenated().encode_lower(visitor_text);
        let mut records = Self::new(record_key(context.site_id, visitor_id), body_bytes);
        let mut ends = Vec::with_capacity(1);
        package::encode_split(
            &mut records.bytes,
            &mut ends,
            record_bytes_max,
            ids.events,
            context,
            header,
            &batch.events,
        );
        records.ends.extend(ends.into_iter().map(|end| (Target::Events, end)));
        if batch.rejects.is_empty() {
            return records;
        }
        let tab_id: &str = header.tab_id.0.hyphenated().encode_lower(tab_text);
        let batch_id: &str = header.batch_id.0.hyphenated().encode_lower(batch_text);
        for reject in &batch.rejects {
            records.push_dead_letter(
                ids,
                &DeadLetter {
                    stage: STAGE,
                    code: reject.code.name(),
                    message: &reject.message,
                    rejected_at: context.received_at,
                    site_id: Some(context.site_id),
                    visitor_id: Some(visitor_id),
                    tab_id: Some(tab_id),
                    batch_id: Some(batch_id),
                    event_index: i32::try_from(reject.index).ok(),
                    source: None,
                    raw: reject.raw.as_bytes(),
                },
            );
        }
        records
    }

    /// The dead letter of a body that is no batch at all.
    pub(crate) fn of_body(
        ids: SchemaIds,
        site_id: &str,
        received_at: f64,
        code: &str,
        message: &str,
        body: &[u8],
    ) -> Self {
        let mut records = Self::new(site_id.to_owned(), body.len().min(dead_letter::RAW_BYTES_MAX));
        let letter = DeadLetter {
            stage: STAGE,
            code,
            message,
            rejected_at: received_at,
            site_id: Some(site_id),
            raw: body,
            ..DeadLetter::default()
        };
        records.push_dead_letter(ids, &letter);
        records
    }

    /// One record for `target`, which `write` appends.
    pub(crate) fn push(&mut self, target: Target, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push((target, self.bytes.len()));
    }

    pub(crate) fn push_dead_letter(&mut self, ids: SchemaIds, letter: &DeadLetter) {
        self.push(Target::DeadLetter, |bytes| dead_letter::encode(bytes, ids.dead_letter, letter));
    }

    /// Each record with its target, in the order in which they must stay.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Target, &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts.zip(&self.ends).map(|(start, (target, end))| (*target, &self.bytes[start..*end]))
    }

    /// Bytes of all records.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests;
