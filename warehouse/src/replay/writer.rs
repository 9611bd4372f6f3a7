//! Rows of landing files, or of curated ones, as curated files: read once, sorted, written a row group at a time. Payloads are
//! copied as they are.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Context;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, StringArray, new_null_array};
use datafusion::arrow::compute::{cast, interleave};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;
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
use crate::curated::file::Maker;
use crate::curated::statistics::Collector;
use crate::curated::writer::{discard, put};
use crate::curated::{CuratedFile, Version};
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
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    let mut frames = Frames::new(lake, table, "landed recordings");
    for file in links.iter().flat_map(|link| &link.files) {
        frames.read((&file.path, file.bytes), None, |origin| fresh.contains(origin)).await?;
    }
    frames.write(Maker::Any).await
}

/// Writes the rows of some files of one version again that stay. Their payloads are in memory meanwhile.
pub(crate) async fn rewrite(
    lake: &Lake,
    base: &Version,
    files: &[&CuratedFile],
    stays: impl Fn(&Origin) -> bool,
    maker: Maker,
) -> anyhow::Result<Vec<Add>> {
    let mut frames = Frames::new(lake, base.table, "recordings");
    for file in files {
        let scanned = base.scan_file(file);
        let place = (file.site_id.as_str(), file.event_date);
        frames.read((&scanned.key, scanned.bytes), Some(place), &stays).await?;
    }
    frames.write(maker).await
}

/// Rows in memory.
struct Frames<'a> {
    lake: &'a Lake,
    table: &'static Table,
    memory: MemoryReservation,
    batches: Vec<RecordBatch>,
    rows: Vec<Row>,
}

impl<'a> Frames<'a> {
    fn new(lake: &'a Lake, table: &'static Table, what: &str) -> Self {
        Self { lake, table, memory: lake.engine.reserved(what), batches: Vec::new(), rows: Vec::new() }
    }

    /// Takes the rows of a file (key and bytes) that are wanted. A file of the table itself holds neither site nor day: they are
    /// its `place`.
    async fn read(
        &mut self,
        (key, bytes): (&str, u64),
        place: Option<(&str, i32)>,
        wanted: impl Fn(&Origin) -> bool,
    ) -> anyhow::Result<()> {
        // As it lies in the store, and once more as columns.
        self.memory.try_grow(usize::try_from(bytes)?.saturating_mul(2))?;
        let bytes = self.lake.store.objects().get(&Path::from(key)).await?.bytes().await?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?.with_batch_size(REPLAY_BATCH_ROWS).build()?;
        for batch in reader {
            let batch = batch.with_context(|| format!("cannot read {key}"))?;
            self.add(&batch, place, &wanted).with_context(|| format!("cannot read {key}"))?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        batch: &RecordBatch,
        place: Option<(&str, i32)>,
        wanted: impl Fn(&Origin) -> bool,
    ) -> anyhow::Result<()> {
        let (partitions, offsets) = (numbers(batch, "kafka_partition")?, numbers(batch, "kafka_offset")?);
        let (sites, dates) = match place {
            Some(_) => (None, None),
            None => (Some(texts(batch, "site_id")?), Some(days(batch)?)),
        };
        let is_of_chunks = *self.table == REPLAY_CHUNKS;
        let names = texts(batch, if is_of_chunks { "page_view_id" } else { "sha256" })?;
        let order = |name: &str| is_of_chunks.then(|| numbers(batch, name)).transpose();
        let (seqs, parts, bytes) = (order("chunk_seq")?, order("part")?, numbers(batch, "bytes")?);
        let number =
            |numbers: &Option<Int64Array>, row: usize| numbers.as_ref().map_or(0, |numbers| numbers.value(row));
        for row in (0..batch.num_rows()).filter(|row| wanted(&(partitions.value(*row), offsets.value(*row)))) {
            let (known_site, known_day) = place.unwrap_or_default();
            self.rows.push(Row {
                site_id: sites.as_ref().map_or(known_site, |sites| sites.value(row)).to_owned(),
                event_date: dates.as_ref().map_or(known_day, |dates| dates.value(row)),
                name: names.value(row).to_owned(),
                chunk_seq: number(&seqs, row),
                part: number(&parts, row),
                bytes: usize::try_from(bytes.value(row)).unwrap_or_default(),
                place: (self.batches.len(), row),
            });
        }
        self.batches.push(own_columns(self.table, batch)?);
        Ok(())
    }

    /// Writes them in the order of the table.
    async fn write(mut self, maker: Maker) -> anyhow::Result<Vec<Add>> {
        self.rows.sort_unstable_by(|a, b| {
            let order = |row: &Row| (row.event_date, row.chunk_seq, row.part);
            (&a.site_id, a.event_date, &a.name).cmp(&(&b.site_id, b.event_date, &b.name)).then(order(a).cmp(&order(b)))
        });
        let (objects, table) = (self.lake.store.objects(), self.table);
        let mut added = Vec::new();
        let written = async {
            for partition in self.rows.chunk_by(|a, b| (&a.site_id, a.event_date) == (&b.site_id, b.event_date)) {
                let mut left = partition;
                while !left.is_empty() {
                    let (taken, bytes, statistics) = encode_file(table, &self.batches, left)?;
                    let place = (left[0].site_id.clone(), left[0].event_date);
                    added.push(put(objects, table, place, bytes, (&statistics, maker)).await?);
                    left = &left[taken..];
                }
            }
            anyhow::Ok(())
        };
        if let Err(error) = written.await {
            discard(objects, table, &added).await;
            return Err(error.context(format!("table {}", table.name)));
        }
        Ok(added)
    }
}

/// The table's columns of a batch, as the table's files have them.
fn own_columns(table: &'static Table, batch: &RecordBatch) -> anyhow::Result<RecordBatch> {
    let schema = table.file_schema();
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => Ok(cast(column, field.data_type())?),
        // Of a file that was written before the column came into being.
        None if field.is_nullable() => Ok(new_null_array(field.data_type(), batch.num_rows())),
        None => Err(anyhow::anyhow!("it has no column {}", field.name())),
    });
    Ok(RecordBatch::try_new(schema.clone(), columns.collect::<anyhow::Result<_>>()?)?)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> anyhow::Result<&'a ArrayRef> {
    batch.column_by_name(name).with_context(|| format!("it has no column {name}"))
}

fn texts(batch: &RecordBatch, name: &str) -> anyhow::Result<StringArray> {
    Ok(cast(column(batch, name)?, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn numbers(batch: &RecordBatch, name: &str) -> anyhow::Result<Int64Array> {
    Ok(cast(column(batch, name)?, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn days(batch: &RecordBatch) -> anyhow::Result<Date32Array> {
    column(batch, "event_date")?.as_primitive_opt::<Date32Type>().cloned().context("event_date is no date")
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
