//! `bench compaction-floor`: the least that reading, ordering and writing can cost. All rows in memory, one thread, nothing
//! twice: no repeats looked for, no sessions, no Delta, no store. Its memory is no model, its CPU time is.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{AsArray, DictionaryArray, RecordBatch, StringArray};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use clap::Args;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use schemas::landing::TRAIL_COLUMNS;

use crate::files::files_below;

const ROW_GROUP_ROWS: usize = 128 * 1024;
/// As landing and the curated tables have them.
const COUNTED: [&str; 8] = [
    "batch_seq",
    "seq",
    "occurred_at",
    "client_at",
    "received_at",
    "session_started_at",
    "kafka_partition",
    "kafka_offset",
];
const MEASURED: [&str; 5] = ["x", "y", "duration_ms", "request_duration_ms", "vital_value"];
const OF_TRAILS: [&str; 7] =
    ["session_id", "visitor_id", "tab_id", "page_view_id", "seq", "occurred_at", "session_started_at"];

#[derive(Args)]
pub struct FloorArguments {
    pub landing: PathBuf,
    pub out: PathBuf,
}

pub fn run(arguments: &FloorArguments) -> Result<()> {
    let files = files_below(&arguments.landing, "parquet")?;
    let mut batches = Vec::new();
    for file in &files {
        batches.extend(read(file).with_context(|| file.display().to_string())?);
    }
    let order = ordered(&batches)?;
    let schema = batches.first().context("no rows")?.schema();
    let left_out = |name: &str| TRAIL_COLUMNS.contains(&name) || name == "duplicate" || name == "site_id";
    let events: Vec<&str> =
        schema.fields().iter().map(|field| field.name().as_str()).filter(|name| !left_out(name)).collect();
    write(&batches, &events, &order, &arguments.out.join("events.parquet"))?;

    let kinds: Vec<Texts<'_>> = batches.iter().map(|batch| texts(batch, "type")).collect::<Result<_>>()?;
    let is_trail = |(batch, row): &(usize, usize)| text(kinds[*batch], *row) == "pointer";
    let trails: Vec<_> = order.into_iter().filter(is_trail).collect();
    let columns: Vec<&str> = OF_TRAILS.into_iter().chain(TRAIL_COLUMNS).collect();
    write(&batches, &columns, &trails, &arguments.out.join("pointer.parquet"))
}

/// The rows of a file, texts in dictionaries.
fn read(path: &Path) -> Result<Vec<RecordBatch>> {
    let file = File::open(path)?;
    let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    let fields = plain.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => {
            let shared = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            field.as_ref().clone().with_data_type(shared)
        }
        _ => field.as_ref().clone(),
    });
    let schema = Schema::new(fields.collect::<Vec<Field>>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    Ok(reader.with_batch_size(64 << 10).build()?.collect::<Result<_, _>>()?)
}

type Texts<'a> = (&'a DictionaryArray<Int32Type>, &'a StringArray);

fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<Texts<'a>> {
    let column = batch.column_by_name(name).with_context(|| name.to_owned())?.as_dictionary::<Int32Type>();
    Ok((column, column.values().as_string::<i32>()))
}

fn text<'a>((column, values): Texts<'a>, row: usize) -> &'a str {
    values.value(column.keys().value(row) as usize)
}

/// Batch and row of each event, by visitor, time, tab and number.
fn ordered(batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>> {
    let mut visitors: HashMap<&str, u32> = HashMap::new();
    let mut tabs: HashMap<&str, u32> = HashMap::new();
    let mut keys = Vec::new();
    for (place, batch) in batches.iter().enumerate() {
        let (visitor, tab) = (texts(batch, "visitor_id")?, texts(batch, "tab_id")?);
        let at = batch.column_by_name("occurred_at").context("occurred_at")?;
        let at = at.as_primitive::<TimestampMicrosecondType>();
        let seq = batch.column_by_name("seq").context("seq")?.as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let count = visitors.len() as u32;
            let visitor = *visitors.entry(text(visitor, row)).or_insert(count);
            let count = tabs.len() as u32;
            let tab = *tabs.entry(text(tab, row)).or_insert(count);
            keys.push((visitor, at.value(row), tab, seq.value(row), place, row));
        }
    }
    keys.sort_unstable();
    Ok(keys.into_iter().map(|(_, _, _, _, batch, row)| (batch, row)).collect())
}

fn write(batches: &[RecordBatch], columns: &[&str], rows: &[(usize, usize)], path: &Path) -> Result<()> {
    let narrow = |batch: &RecordBatch| {
        let places: Result<Vec<usize>, _> = columns.iter().map(|name| batch.schema().index_of(name)).collect();
        Ok(batch.project(&places?)?)
    };
    let narrow: Vec<RecordBatch> = batches.iter().map(narrow).collect::<Result<_>>()?;
    let all: Vec<&RecordBatch> = narrow.iter().collect();
    let mut writer = ArrowWriter::try_new(File::create(path)?, narrow[0].schema(), Some(properties()?))?;
    for rows in rows.chunks(ROW_GROUP_ROWS) {
        writer.write(&interleave_record_batch(&all, rows)?)?;
    }
    writer.close()?;
    Ok(())
}

fn properties() -> Result<WriterProperties> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    let lists = TRAIL_COLUMNS.map(|name| ColumnPath::new([name, "list", "item"].map(str::to_owned).to_vec()));
    let counted = COUNTED.map(|name| (ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED));
    let measured = MEASURED.map(ColumnPath::from).into_iter().chain(lists);
    let measured = measured.map(|path| (path, Encoding::BYTE_STREAM_SPLIT));
    for (path, encoding) in counted.into_iter().chain(measured) {
        builder = builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, encoding);
    }
    Ok(builder.build())
}
