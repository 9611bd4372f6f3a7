//! Recordings for tests: frames as a recorder sends them, landed as a stream job lands them.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, ListBuilder, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use schemas::landing::{DataFile, Link, LinkCounts, data_key, link_key, replay_fields};
use schemas::replay::{PAYLOAD_BYTES_MAX, frames, page_view_ms};
use schemas::topics::REPLAY;
use serde_json::Value;
use testkit::recorder::Recorder;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use super::{NOON, SITE, parquet, write};

const DAY_US: i64 = 24 * 3_600 * 1_000_000;
/// The server's clock when a frame is received, unless a test says otherwise.
pub(crate) const RECEIVED: i64 = NOON + 60_000_000;

/// Recording `number` of a test, of a page view that begins at noon.
pub(crate) fn recorder(number: u64) -> Recorder {
    Recorder::new(number, NOON as f64 / 1000.0)
}

/// The chain of one partition of the replay topic, in the folder of a store.
pub(crate) struct Recordings {
    folder: std::path::PathBuf,
    partition: i32,
    next_offset: i64,
    sequence: u64,
    pub received_at: i64,
    pub site_id: &'static str,
}

impl Recordings {
    pub(crate) fn of(folder: &Path) -> Self {
        let (folder, partition) = (folder.to_owned(), 0);
        Self { folder, partition, next_offset: 0, sequence: 0, received_at: RECEIVED, site_id: SITE }
    }

    /// Of another partition.
    pub(crate) fn in_partition(self, partition: i32) -> Self {
        Self { partition, ..self }
    }

    /// Goes on in a store that holds recordings.
    pub(crate) async fn after(folder: &Path, lake: &Arc<warehouse::Lake>) -> Self {
        let last = lake.recordings.chains.all().await.unwrap()[&0].last().unwrap().clone();
        Self { next_offset: last.end + 1, sequence: last.sequence + 1, ..Self::of(folder) }
    }

    /// Lands the frames of some bodies in one file and one link, one record a frame.
    pub(crate) fn land(&mut self, bodies: &[Vec<u8>]) -> Link {
        let rows: Vec<(Value, Vec<u8>)> = bodies
            .iter()
            .flat_map(|body| frames(body, PAYLOAD_BYTES_MAX).unwrap())
            .map(|frame| (serde_json::from_slice(frame.header).unwrap(), frame.payload.to_vec()))
            .collect();
        let bytes = parquet(&self.rows(&rows));
        let path = data_key(REPLAY, self.partition, "2026-11-20", Uuid::now_v7());
        write(&self.folder.join(&path), &bytes);
        let count = rows.len() as u64;
        let (start, end) = (self.next_offset, self.next_offset + count as i64 - 1);
        let link = Link {
            files: vec![DataFile {
                path,
                rows: count,
                bytes: bytes.len() as u64,
                checksum: format!("{:016x}", xxh3_64(&bytes)),
                occurred_min: self.received_at,
                occurred_max: self.received_at,
            }],
            counts: LinkCounts { records: count, events: count, ..LinkCounts::default() },
            ..testkit::link::link(REPLAY, self.partition, self.sequence, start..=end)
        };
        write(&self.folder.join(link_key(REPLAY, self.partition, start)), &serde_json::to_vec(&link).unwrap());
        self.next_offset = end + 1;
        self.sequence += 1;
        link
    }

    fn rows(&self, rows: &[(Value, Vec<u8>)]) -> RecordBatch {
        let columns = replay_fields().into_iter().map(|field| {
            let named = |header: &Value| match field.name().as_str() {
                "viewport_width" => header["viewport"][0].clone(),
                "viewport_height" => header["viewport"][1].clone(),
                "clock_error_ms" => header["clock"]["error_ms"].clone(),
                "site_id" => self.site_id.into(),
                "part" | "masking_version" => header.get(field.name()).cloned().unwrap_or(0.into()),
                "parts" => header.get("parts").cloned().unwrap_or(1.into()),
                "final" | "partial" => header.get(field.name()).cloned().unwrap_or(false.into()),
                name => header[name].clone(),
            };
            let values: Vec<Value> = rows.iter().map(|(header, _)| named(header)).collect();
            let us = |ms: &Value| ms.as_f64().map(|ms| (ms * 1000.0).round() as i64);
            let payloads = || rows.iter().map(|(_, payload)| payload.as_slice());
            let made: ArrayRef = match field.name().as_str() {
                "event_date" => {
                    Arc::new(rows.iter().map(|(header, _)| Some(self.date(header))).collect::<Date32Array>())
                }
                "received_at" => times(rows.iter().map(|_| Some(self.received_at))),
                "bytes" => Arc::new(Int64Array::from_iter_values(payloads().map(|payload| payload.len() as i64))),
                "checksum" => {
                    Arc::new(Int64Array::from_iter_values(payloads().map(|payload| xxh3_64(payload).cast_signed())))
                }
                "payload" => Arc::new(payloads().map(Some).collect::<BinaryArray>()),
                "kafka_partition" => Arc::new(Int64Array::from(vec![i64::from(self.partition); rows.len()])),
                "kafka_offset" => Arc::new((self.next_offset..).take(rows.len()).map(Some).collect::<Int64Array>()),
                "assets" => lists(&values),
                _ => match field.data_type() {
                    DataType::Utf8 => Arc::new(values.iter().map(Value::as_str).collect::<StringArray>()),
                    DataType::Int64 => Arc::new(values.iter().map(Value::as_i64).collect::<Int64Array>()),
                    DataType::Float64 => Arc::new(values.iter().map(Value::as_f64).collect::<Float64Array>()),
                    DataType::Boolean => Arc::new(values.iter().map(Value::as_bool).collect::<BooleanArray>()),
                    DataType::Timestamp(..) => times(values.iter().map(us)),
                    other => panic!("{}: {other}", field.name()),
                },
            };
            (field, made)
        });
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
    }

    /// The day on which the page view began; of an asset the day on which it was received.
    fn date(&self, header: &Value) -> i32 {
        let began = header["page_view_id"].as_str().and_then(|id| page_view_ms(id.parse().unwrap()));
        i32::try_from(began.map_or(self.received_at, |ms| ms * 1000).div_euclid(DAY_US)).unwrap()
    }
}

fn times(us: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(us.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn lists(values: &[Value]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for value in values {
        for text in value.as_array().into_iter().flatten() {
            lists.values().append_value(text.as_str().unwrap());
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}
