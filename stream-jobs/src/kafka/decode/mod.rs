//! Confluent frames to record batches of packages, by arrow-avro; bad frames become rejects with their reason.
//!
//! arrow-avro's decoder appends row after row to one set of column builders. A bad frame leaves half a row in them, which
//! nothing takes out again: a new decoder is made, and the frames before the bad one are decoded once more.

use std::collections::HashMap;
use std::ops::Range;

use arrow::array::{Array, AsArray};
use arrow::record_batch::RecordBatch;
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use schemas::avro::{FRAME_HEAD_BYTES, FRAME_MAGIC};
use schemas::topics::{EVENTS_AVRO, REPLAY_AVRO};

use super::frames::Frames;

/// Most packages that one record batch holds; bounds the memory of a decoded batch.
pub(crate) const PACKAGES_PER_BATCH_MAX: usize = 4096;

/// Why a record was refused. `code` is stable, for machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub code: &'static str,
    pub message: String,
}

/// A refused record: its place in the batch of frames, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reject {
    pub index: usize,
    pub reason: Reason,
}

/// Packages of one schema id, with the frames' indices that they came from (one row each).
#[derive(Debug)]
pub(crate) struct DecodedPackages {
    pub packages: RecordBatch,
    pub indices: Vec<usize>,
}

/// What became of a batch of frames. Every index stands in exactly one of the two, in order.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub batches: Vec<DecodedPackages>,
    pub rejects: Vec<Reject>,
}

/// What is known of a schema id that the registry was asked for.
#[derive(Debug)]
enum Writer {
    Known { schema: String, decoder: Box<Decoder> },
    Refused(Reason),
}

/// What records of a topic are read as.
#[derive(Clone, Copy, Debug)]
struct Format {
    /// The bundled schema.
    schema: &'static str,
    /// Its name, for people.
    name: &'static str,
    /// Whether what was decoded is what the next step relies on.
    check: fn(&RecordBatch) -> Result<(), String>,
}

const EVENTS: Format = Format { schema: EVENTS_AVRO, name: "telemetry.events.Package", check: check_lists };
const REPLAY: Format = Format { schema: REPLAY_AVRO, name: "telemetry.replay.Chunk", check: |_| Ok(()) };

/// Decodes frames into the bundled schema of a topic. Does no I/O: schemas are handed in.
#[derive(Debug)]
pub(crate) struct PackageDecoder {
    format: Format,
    writers: HashMap<u32, Writer>,
}

/// Of [`schemas::topics::EVENTS`].
impl Default for PackageDecoder {
    fn default() -> Self {
        Self { format: EVENTS, writers: HashMap::new() }
    }
}

impl PackageDecoder {
    /// Of [`schemas::topics::REPLAY`].
    pub(crate) fn of_replay() -> Self {
        Self { format: REPLAY, writers: HashMap::new() }
    }

    /// Schema ids of the frames that [`learn`](Self::learn) was not called for yet, each once.
    pub(crate) fn missing_ids(&self, frames: &Frames) -> Vec<u32> {
        let mut missing = Vec::new();
        for index in 0..frames.len() {
            if let Ok(id) = schema_id(frames.frame(index))
                && !self.writers.contains_key(&id)
                && !missing.contains(&id)
            {
                missing.push(id);
            }
        }
        missing
    }

    /// Takes the registry's answer for an id; `None` means that the registry does not know it.
    pub(crate) fn learn(&mut self, id: u32, schema: Option<String>) {
        let writer = match schema {
            None => Writer::Refused(Reason {
                code: "unknown_schema_id",
                message: format!("the registry knows no schema with id {id}"),
            }),
            Some(schema) => match build_decoder(self.format, id, &schema) {
                Ok(decoder) => Writer::Known { schema, decoder: Box::new(decoder) },
                Err(error) => Writer::Refused(Reason {
                    code: "incompatible_schema",
                    message: format!("schema {id} cannot be read as {}: {error}", self.format.name),
                }),
            },
        };
        self.writers.insert(id, writer);
    }

    /// Forgets the ids that were refused, so that the registry is asked again for the next batch.
    pub(crate) fn forget_refused(&mut self) {
        self.writers.retain(|_, writer| matches!(writer, Writer::Known { .. }));
    }

    /// Decodes all frames. Ids that were never learnt count as unknown.
    pub(crate) fn decode(&mut self, frames: &Frames) -> Decoded {
        let mut decoded = Decoded::default();
        let mut run: Vec<usize> = Vec::new();
        let mut run_id = None;
        for index in 0..frames.len() {
            let id = match self.known_id(frames.frame(index)) {
                Ok(id) => id,
                Err(reason) => {
                    decoded.rejects.push(Reject { index, reason });
                    continue;
                }
            };
            if run_id != Some(id) || run.len() == PACKAGES_PER_BATCH_MAX {
                self.decode_run(run_id, frames, std::mem::take(&mut run), &mut decoded);
                run_id = Some(id);
            }
            run.push(index);
        }
        self.decode_run(run_id, frames, run, &mut decoded);
        decoded.rejects.sort_by_key(|reject| reject.index);
        decoded
    }

    fn known_id(&self, frame: &[u8]) -> Result<u32, Reason> {
        let id = schema_id(frame)?;
        match self.writers.get(&id) {
            Some(Writer::Known { .. }) => Ok(id),
            Some(Writer::Refused(reason)) => Err(reason.clone()),
            None => Err(Reason { code: "unknown_schema_id", message: format!("schema id {id} was not looked up") }),
        }
    }

    /// Frames of one id, in order. One that cannot be read costs a new decoder, and what stood before it is decoded again.
    fn decode_run(&mut self, id: Option<u32>, frames: &Frames, indices: Vec<usize>, decoded: &mut Decoded) {
        let Some(id) = id else { return };
        let mut left = indices.as_slice();
        while !left.is_empty() {
            let Err(spoilt) = self.decode_together(id, frames, left, decoded) else { return };
            let Some(bad) = spoilt.by else {
                return left.iter().for_each(|index| self.decode_alone(id, frames, *index, decoded));
            };
            let before = &left[..bad];
            if !before.is_empty() && self.decode_together(id, frames, before, decoded).is_err() {
                before.iter().for_each(|index| self.decode_alone(id, frames, *index, decoded));
            }
            decoded.rejects.push(Reject { index: left[bad], reason: spoilt.reason });
            left = &left[bad + 1..];
        }
    }

    fn decode_alone(&mut self, id: u32, frames: &Frames, index: usize, decoded: &mut Decoded) {
        if let Err(Spoilt { reason, .. }) = self.decode_together(id, frames, &[index], decoded) {
            decoded.rejects.push(Reject { index, reason });
        }
    }

    /// One batch of all, or none of them.
    fn decode_together(
        &mut self,
        id: u32,
        frames: &Frames,
        indices: &[usize],
        decoded: &mut Decoded,
    ) -> Result<(), Spoilt> {
        let Some(Writer::Known { schema, decoder }) = self.writers.get_mut(&id) else {
            unreachable!("a run holds frames of known ids only")
        };
        let packages = read(self.format, decoder, frames, indices).inspect_err(|_| {
            **decoder = build_decoder(self.format, id, schema).expect("the same schema built a decoder before");
        })?;
        decoded.batches.push(DecodedPackages { packages, indices: indices.to_vec() });
        Ok(())
    }
}

/// The schema id in a frame's head.
fn schema_id(frame: &[u8]) -> Result<u32, Reason> {
    if frame.is_empty() {
        return Err(Reason { code: "empty_record", message: "the record has no value".into() });
    }
    if frame[0] != FRAME_MAGIC {
        return Err(Reason {
            code: "bad_magic",
            message: format!("the record begins with byte {:#04x}, not with the frame's 0x00", frame[0]),
        });
    }
    let Some(Ok(id)) = frame.get(1..FRAME_HEAD_BYTES).map(<[u8; 4]>::try_from) else {
        return Err(Reason {
            code: "cut_frame",
            message: format!("the record has {} bytes, a frame's head has {FRAME_HEAD_BYTES}", frame.len()),
        });
    };
    Ok(u32::from_be_bytes(id))
}

fn build_decoder(format: Format, id: u32, schema: &str) -> Result<Decoder, arrow::error::ArrowError> {
    let fingerprint = Fingerprint::Id(id);
    let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
    store.set(fingerprint, AvroSchema::new(schema.to_owned()))?;
    ReaderBuilder::new()
        .with_reader_schema(AvroSchema::new(format.schema.to_owned()))
        .with_writer_schema_store(store)
        .with_active_fingerprint(fingerprint)
        .with_batch_size(PACKAGES_PER_BATCH_MAX)
        .build_decoder()
}

/// Why frames could not be decoded together.
#[derive(Debug)]
struct Spoilt {
    /// The place of the frame that cannot be read, where that is known: some mistakes show only when the batch is made.
    by: Option<usize>,
    reason: Reason,
}

/// One row for each index. After an error the decoder holds rubbish and must be thrown away.
fn read(format: Format, decoder: &mut Decoder, frames: &Frames, indices: &[usize]) -> Result<RecordBatch, Spoilt> {
    for (place, index) in indices.iter().enumerate() {
        append(decoder, frames.frame(*index))
            .map_err(|(code, message)| Spoilt { by: Some(place), reason: Reason { code, message } })?;
    }
    let unmade = |message| Spoilt { by: None, reason: Reason { code: "bad_avro", message } };
    let batch = decoder.flush().map_err(|error| unmade(error.to_string()))?;
    let batch = batch.ok_or_else(|| unmade("no package".into()))?;
    (format.check)(&batch).map_err(unmade)?;
    Ok(batch)
}

fn append(decoder: &mut Decoder, frame: &[u8]) -> Result<(), (&'static str, String)> {
    let rows_left = decoder.capacity();
    let consumed = decoder.decode(frame).map_err(|error| ("bad_avro", error.to_string()))?;
    match rows_left - decoder.capacity() {
        0 => Err(("bad_avro", format!("the package ends in the middle of a field, after {} bytes", frame.len()))),
        1 if consumed == frame.len() => Ok(()),
        _ => Err(("trailing_bytes", "bytes follow the package".into())),
    }
}

/// Lists of events must not overlap or leave rows out: the transform takes their values as one run.
fn check_lists(batch: &RecordBatch) -> Result<(), String> {
    let events = batch.column_by_name("events").ok_or("no column events")?;
    let offsets: Range<i32> = match events.as_list_opt::<i32>() {
        Some(list) => list.offsets()[0]..list.offsets()[list.len()],
        None => return Err("events is no list".into()),
    };
    (offsets.start == 0).then_some(()).ok_or_else(|| format!("the events begin at {}", offsets.start))
}

#[cfg(test)]
mod tests;
