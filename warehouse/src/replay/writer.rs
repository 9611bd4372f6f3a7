//! New rows of landing files as curated files: read once, sorted, written a row group at a time.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Context;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use datafusion::arrow::compute::{cast, interleave};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use deltalake_core::kernel::Add;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use schemas::landing::{Link, PAYLOAD};

use super::fresh::Origin;
use crate::curated::statistics::Collector;
use crate::curated::writer::{discard, put};
use crate::lake::Lake;
use crate::limits::{FILE_BYTES_MAX, REPLAY_BATCH_ROWS, REPLAY_PAGE_BYTES, REPLAY_ROW_GROUP_BYTES};
use crate::tables::{REPLAY_CHUNKS, Table};

/// As of the other tables.
const ZSTD_LEVEL: i32 = 3;

/// A row that is to be written: what it is sorted by, and where it is.
struct Row {
    site_id: String,
    event_date: i32,
    /// Page view, or hash of the asset.
    name: String,
    chunk_seq: i64,
    part: i64,
    bytes: usize,
    /// Batch, and row there.
    place: (usize, usize),
}

/// Writes the frames of some links that stand at `fresh` origins. Their payloads are in memory meanwhile.
pub(super) async fn write(
    lake: &Lake,
    table: &'static Table,
    links: &[Arc<Link>],
    fresh: &HashSet<Origin>,
) -> anyhow::Result<Vec<Add>> {
    let mut added = Vec::new();
    if fresh.is_empty() {
        return Ok(added);
    }
    let memory = lake.engine.reserved("landed recordings");
    let (mut batches, mut rows) = (Vec::new(), Vec::new());
    for file in links.iter().flat_map(|link| &link.files) {
        // As it lies in the store, and once more as columns.
        memory.try_grow(usize::try_from(file.bytes)?.saturating_mul(2))?;
        let bytes = lake.store.objects().get(&Path::from(file.path.as_str())).await?.bytes().await?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?.with_batch_size(REPLAY_BATCH_ROWS).build()?;
        for batch in reader {
            let batch = batch.with_context(|| format!("landing file {}", file.path))?;
            add_rows(table, &batch, batches.len(), fresh, &mut rows)?;
            batches.push(own_columns(table, &batch)?);
        }
    }
    rows.sort_unstable_by(|a, b| {
        let order = |row: &Row| (row.event_date, row.chunk_seq, row.part);
        (&a.site_id, a.event_date, &a.name).cmp(&(&b.site_id, b.event_date, &b.name)).then(order(a).cmp(&order(b)))
    });
    let written = async {
        for partition in rows.chunk_by(|a, b| (&a.site_id, a.event_date) == (&b.site_id, b.event_date)) {
            let mut left = partition;
            while !left.is_empty() {
                let (taken, bytes, statistics) = encode_file(table, &batches, left)?;
                let place = (left[0].site_id.clone(), left[0].event_date);
                added.push(put(lake.store.objects(), table, place, bytes, &statistics).await?);
                left = &left[taken..];
            }
        }
        anyhow::Ok(())
    };
    if let Err(error) = written.await {
        discard(lake.store.objects(), table, &added).await;
        return Err(error.context(format!("table {}", table.name)));
    }
    Ok(added)
}

/// Takes the rows of a batch that are fresh.
fn add_rows(
    table: &Table,
    batch: &RecordBatch,
    index: usize,
    fresh: &HashSet<Origin>,
    rows: &mut Vec<Row>,
) -> anyhow::Result<()> {
    let text = |name: &str| -> anyhow::Result<StringArray> {
        Ok(cast(column(batch, name)?, &DataType::Utf8)?.as_string::<i32>().clone())
    };
    let int = |name: &str| -> anyhow::Result<Int64Array> {
        Ok(cast(column(batch, name)?, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
    };
    let (sites, partitions, offsets) = (text("site_id")?, int("kafka_partition")?, int("kafka_offset")?);
    let names = text(if *table == REPLAY_CHUNKS { "page_view_id" } else { "sha256" })?;
    let (seqs, parts, bytes) = (int("chunk_seq")?, int("part")?, int("bytes")?);
    let dates = column(batch, "event_date")?.as_primitive_opt::<Date32Type>().context("event_date is no date")?;
    for row in (0..batch.num_rows()).filter(|row| fresh.contains(&(partitions.value(*row), offsets.value(*row)))) {
        rows.push(Row {
            site_id: sites.value(row).to_owned(),
            event_date: dates.value(row),
            name: names.value(row).to_owned(),
            chunk_seq: seqs.value(row),
            part: parts.value(row),
            bytes: usize::try_from(bytes.value(row)).unwrap_or_default(),
            place: (index, row),
        });
    }
    Ok(())
}

/// The table's columns of a landing batch, as the table's files have them.
fn own_columns(table: &'static Table, batch: &RecordBatch) -> anyhow::Result<RecordBatch> {
    let schema = table.file_schema();
    let columns = schema.fields().iter().map(|field| Ok(cast(column(batch, field.name())?, field.data_type())?));
    Ok(RecordBatch::try_new(schema.clone(), columns.collect::<anyhow::Result<_>>()?)?)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> anyhow::Result<&'a ArrayRef> {
    batch.column_by_name(name).with_context(|| format!("a landing file without a column {name}"))
}

/// A file of the first of some rows, which are of one partition: as many as it may hold.
fn encode_file(
    table: &'static Table,
    batches: &[RecordBatch],
    rows: &[Row],
) -> anyhow::Result<(usize, Vec<u8>, Collector)> {
    let schema = table.file_schema();
    let mut file = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties(table)?))?;
    let mut statistics = Collector::new(table);
    let mut taken = 0;
    while taken < rows.len() && file.bytes_written() < FILE_BYTES_MAX {
        let group = row_group(&rows[taken..]);
        let places: Vec<_> = rows[taken..taken + group].iter().map(|row| row.place).collect();
        let rows = gathered(&schema, batches, &places)?;
        collect(table, &rows, &mut statistics)?;
        file.write(&rows)?;
        file.flush()?;
        taken += group;
    }
    Ok((taken, file.into_inner()?, statistics))
}

/// How many of the first rows one row group takes: at least one.
fn row_group(rows: &[Row]) -> usize {
    let mut bytes = 0;
    let fit = rows.iter().take_while(|row| {
        bytes += row.bytes;
        bytes <= REPLAY_ROW_GROUP_BYTES
    });
    fit.count().max(1)
}

fn gathered(schema: &SchemaRef, batches: &[RecordBatch], places: &[(usize, usize)]) -> anyhow::Result<RecordBatch> {
    let columns = (0..schema.fields().len()).map(|index| {
        let column: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(index).as_ref()).collect();
        interleave(&column, places)
    });
    Ok(RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, _>>()?)?)
}

/// Takes the rows into the statistics, which know texts as views.
fn collect(table: &Table, rows: &RecordBatch, statistics: &mut Collector) -> anyhow::Result<()> {
    let columns = table.statistics_columns.iter().map(|name| {
        let column = column(rows, name)?;
        let viewed = match column.data_type() {
            DataType::Utf8 => cast(column, &DataType::Utf8View)?,
            _ => column.clone(),
        };
        anyhow::Ok((*name, viewed))
    });
    statistics.add(&RecordBatch::try_from_iter(columns.collect::<anyhow::Result<Vec<_>>>()?)?);
    Ok(())
}

fn properties(table: &'static Table) -> anyhow::Result<WriterProperties> {
    let payload = ColumnPath::from(PAYLOAD);
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_statistics_enabled(EnabledStatistics::None)
        // Compressed by the sender: whoever reads one chunk reads its page and nothing else.
        .set_column_compression(payload.clone(), Compression::UNCOMPRESSED)
        .set_column_dictionary_enabled(payload.clone(), false)
        .set_column_encoding(payload.clone(), Encoding::PLAIN)
        .set_column_data_page_size_limit(payload, REPLAY_PAGE_BYTES);
    for column in table.statistics_columns {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(*column), EnabledStatistics::Page);
    }
    for column in table.bloom_filter_columns {
        builder = builder.set_column_bloom_filter_enabled(ColumnPath::from(*column), true);
    }
    Ok(builder.build())
}
