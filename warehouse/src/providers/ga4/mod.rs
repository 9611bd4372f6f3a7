//! The BigQuery export of Google Analytics 4: Parquet, told by its first bytes; CSV, told by its header; or lines of JSON.

mod csv;
mod event;
mod name;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, ensure};
use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use self::csv::Header;
use super::lines::{Breaks, Lines, too_long};
use super::sink::Sink;
use super::source::{open, peek};
use crate::format::cell;
use crate::limits::{IMPORT_COLUMNS_MAX, IMPORT_PARQUET_ROWS, IMPORT_ROW_BYTES_MAX};
pub(super) use name::Named;

/// First and last bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";

/// Reads a file's events. `intraday` as it was told; the file's name may say so as well.
pub(super) fn read(path: &Path, intraday: bool, sink: &mut Sink) -> anyhow::Result<()> {
    let named = Named::of(path, intraday);
    let read = &sink.counts.read;
    let mut source = open(path, read)?;
    let start = peek(&mut source, path)?;
    if start.starts_with(PARQUET) {
        let bytes = std::fs::metadata(path)?.len();
        read_parquet(path, &named, sink)?;
        sink.counts.read.fetch_add(bytes, Ordering::Relaxed);
        return Ok(());
    }
    match header(path)? {
        Some(header) => read_csv(&header, Lines::new(source, Breaks::Quoted), &named, sink),
        None => read_json(Lines::new(source, Breaks::None), &named, sink),
    }
}

/// What the first row of a file of CSV says; none of lines of JSON, the first of which may be anything.
fn header(path: &Path) -> anyhow::Result<Option<Header>> {
    let uncounted = Arc::default();
    let mut lines = Lines::new(open(path, &uncounted)?, Breaks::Quoted);
    match lines.next()? {
        Some(first) if !first.too_long => Header::read(first.bytes),
        _ => Ok(None),
    }
}

fn read_json(mut lines: Lines<impl std::io::BufRead>, named: &Named, sink: &mut Sink) -> anyhow::Result<()> {
    while let Some(line) = lines.next()? {
        if line.too_long {
            sink.reject(line.number, &too_long(), line.bytes);
            continue;
        }
        match serde_json::from_slice(line.bytes) {
            Ok(event) => take(&event, (line.number, line.bytes), named, sink)?,
            Err(error) if line.number == 1 => {
                let reason = format!("no JSON: {error}; and no header of CSV, which names a column {}", csv::NAMED);
                sink.reject(line.number, &reason, line.bytes);
            }
            Err(error) => sink.reject(line.number, &format!("no JSON: {error}"), line.bytes),
        }
    }
    Ok(())
}

fn read_csv(
    header: &Header,
    mut lines: Lines<impl std::io::BufRead>,
    named: &Named,
    sink: &mut Sink,
) -> anyhow::Result<()> {
    // The header itself.
    lines.next()?;
    while let Some(line) = lines.next()? {
        if line.too_long {
            sink.reject(line.number, &format!("{}; is a quotation mark open?", too_long()), line.bytes);
            continue;
        }
        match header.event(line.bytes) {
            Ok(event) => take(&event, (line.number, line.bytes), named, sink)?,
            Err(reason) => sink.reject(line.number, &reason, line.bytes),
        }
    }
    Ok(())
}

/// A row of Parquet is named by its number, from 1, since the file has no lines.
fn read_parquet(path: &Path, named: &Named, sink: &mut Sink) -> anyhow::Result<()> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?).context("no Parquet that can be read")?;
    let columns = reader.schema().fields().len();
    ensure!(columns <= IMPORT_COLUMNS_MAX, "{columns} columns are more than {IMPORT_COLUMNS_MAX}");
    let mut number = 0;
    for batch in reader.with_batch_size(IMPORT_PARQUET_ROWS).build()? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            number += 1;
            let event = event_of(&batch, row);
            let text = event.to_string();
            match text.len() > IMPORT_ROW_BYTES_MAX {
                true => sink.reject(number, &too_long(), text.as_bytes()),
                false => take(&event, (number, text.as_bytes()), named, sink)?,
            }
        }
    }
    Ok(())
}

fn event_of(batch: &RecordBatch, row: usize) -> Value {
    let schema = batch.schema();
    let cells = schema.fields().iter().zip(batch.columns());
    Value::Object(cells.map(|(field, column)| (field.name().clone(), cell(column, row))).collect::<Map<_, _>>())
}

fn take(event: &Value, (number, row): (u64, &[u8]), named: &Named, sink: &mut Sink) -> anyhow::Result<()> {
    match event::record(event, named) {
        Ok((record, identity)) => sink.take(number, row.len(), record, identity),
        Err(reason) => {
            sink.reject(number, &reason, row);
            Ok(())
        }
    }
}
