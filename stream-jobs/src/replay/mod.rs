//! Frames of recordings to landing rows: one row each, columnar, no clock, no randomness, no I/O.
//!
//! The collector has checked every header; a record that says what it would never write comes from elsewhere, or from a
//! later version, and is refused with its reason. Payloads are not looked into.

mod check;

use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, ListArray, StructArray, TimestampMicrosecondArray,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use schemas::landing::{PAYLOAD, replay_fields};
use schemas::replay::page_view_ms;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use crate::kafka::decode::Reason;
use crate::kafka::frames::Origin;
use crate::transform::clock::{self, Correction};
use crate::transform::lift;
use check::Frames;

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
/// A page view whose id says that it began longer ago than this, or that it is to come, is kept under the day on which
/// its frame was received: so no sender can spread recordings over all of time. Events are believed for seven days.
const BEGAN_DAYS_MAX: i64 = 8;
const AHEAD_DAYS_MAX: i64 = 1;

/// The columns that a record has under another name.
const RENAMED: [(&str, &str); 1] = [("chunk_seq", "seq")];

/// What became of some records.
pub(crate) struct Checked {
    /// The landing rows of those that say what they may; none where there are none.
    pub rows: Option<RecordBatch>,
    /// Of the others the place among the records, and what is wrong.
    pub wrong: Vec<(usize, Reason)>,
}

/// Checks records, which were read at `origins` of `partition`, and makes rows of the good ones.
pub(crate) fn rows(records: &RecordBatch, partition: i32, origins: &[Origin]) -> Result<Checked> {
    let wrong = Frames::of(records)?.wrong();
    let (mut records, mut origins) = (records.clone(), origins.to_vec());
    if !wrong.is_empty() {
        let mut good = vec![true; records.num_rows()];
        wrong.iter().for_each(|(row, _)| good[*row] = false);
        origins = origins.iter().zip(&good).filter_map(|(origin, good)| good.then_some(*origin)).collect();
        records = filter_record_batch(&records, &BooleanArray::from(good))?;
    }
    let rows = (records.num_rows() > 0).then(|| landing_rows(records, partition, &origins)).transpose()?;
    Ok(Checked { rows, wrong })
}

/// Every record is a good one.
fn landing_rows(records: RecordBatch, partition: i32, origins: &[Origin]) -> Result<RecordBatch> {
    let records = StructArray::from(records);
    let received_us = received(&records, origins)?;
    let fields = replay_fields();
    let mut columns = Vec::with_capacity(fields.len());
    for field in &fields {
        let column = match field.name().as_str() {
            "event_date" => event_dates(&records, &received_us)?,
            "first_at" => chunk_times(&records, "started_at", &received_us)?,
            "last_at" => chunk_times(&records, "ended_at", &received_us)?,
            "received_at" => Arc::new(times(received_us.iter().copied().map(Some).collect())),
            "bytes" => numbers(payloads(&records)?.iter().map(|payload| payload.map_or(0, <[u8]>::len) as i64)),
            "checksum" => {
                numbers(payloads(&records)?.iter().map(|payload| xxh3_64(payload.unwrap_or_default()).cast_signed()))
            }
            "kafka_partition" => numbers(origins.iter().map(|_| i64::from(partition))),
            "kafka_offset" => numbers(origins.iter().map(|origin| origin.offset)),
            "assets" => assets(&records, field)?,
            name => {
                let named = RENAMED.iter().find(|(own, _)| *own == name).map_or(name, |(_, records)| records);
                cast(&lift::child(&records, named)?, field.data_type())?
            }
        };
        columns.push(column);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// When each record was received, in epoch microseconds.
fn received(records: &StructArray, origins: &[Origin]) -> Result<Vec<i64>> {
    let claimed = lift::raw_numbers(records, "received_at")?;
    let received = claimed.values().iter().zip(origins);
    Ok(received.map(|(at, origin)| clock::received(*at, clock::broker_time(origin.timestamp_ms))).collect())
}

/// Times of chunks by the server's clock; null for an asset. A chunk was sent when it ended, as far as anybody knows.
fn chunk_times(records: &StructArray, name: &str, received_us: &[i64]) -> Result<ArrayRef> {
    let (at, sent) = (lift::child_number(records, name)?, lift::child_number(records, "ended_at")?);
    let offset = lift::child_number(records, "clock_offset_ms")?;
    let corrected = (0..at.len()).map(|row| {
        at.is_valid(row).then(|| {
            let offset_ms = offset.is_valid(row).then(|| offset.value(row));
            Correction::of_package(sent.value(row), received_us[row], offset_ms).times(at.value(row)).occurred_us
        })
    });
    Ok(Arc::new(times(corrected.collect())))
}

fn event_dates(records: &StructArray, received_us: &[i64]) -> Result<ArrayRef> {
    let page_views = lift::child_text(records, "page_view_id")?;
    let days = page_views.iter().zip(received_us).map(|(id, received)| {
        let received = received.div_euclid(DAY_US);
        let began =
            id.and_then(|id| Uuid::try_parse(id).ok()).and_then(page_view_ms).map(|ms| ms.div_euclid(DAY_US / 1000));
        let believed = began.filter(|day| (received - BEGAN_DAYS_MAX..=received + AHEAD_DAYS_MAX).contains(day));
        i32::try_from(believed.unwrap_or(received)).context("a day that is out of range")
    });
    Ok(Arc::new(Date32Array::from(days.collect::<Result<Vec<_>>>()?)))
}

/// The list with the element field that the landing columns have.
fn assets(records: &StructArray, field: &Field) -> Result<ArrayRef> {
    let list = lift::child(records, "assets")?;
    let list: &ListArray = list.as_list_opt().context("the field assets is no list")?;
    let DataType::List(element) = field.data_type() else { anyhow::bail!("the column assets is no list") };
    let (_, offsets, values, nulls) = list.clone().into_parts();
    Ok(Arc::new(ListArray::try_new(element.clone(), offsets, cast(&values, &DataType::Utf8)?, nulls)?))
}

fn payloads(records: &StructArray) -> Result<arrow::array::BinaryArray> {
    let payload = lift::child(records, PAYLOAD)?;
    payload.as_binary_opt::<i32>().cloned().context("the field payload is no bytes")
}

fn numbers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn times(us: Vec<Option<i64>>) -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from(us).with_timezone("UTC")
}

#[cfg(test)]
mod tests;
