//! Rows to a Parquet file.

use std::sync::Arc;

use anyhow::Result;
use arrow::array::AsArray;
use arrow::compute::{max, min};
use arrow::datatypes::{Schema, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use schemas::landing::PAYLOAD;
use xxhash_rust::xxh3::xxh3_64;

/// Landing files live for minutes until compaction reads them once: speed before size.
const ZSTD_LEVEL: i32 = 1;
/// Bounds the memory of a reader and of the writer's dictionaries.
const ROW_GROUP_ROWS_MAX: usize = 256 * 1024;

/// Columns that count or tell time: small steps from row to row.
const DELTA_COLUMNS: [&str; 8] = [
    "batch_seq",
    "seq",
    "occurred_at",
    "client_at",
    "received_at",
    "session_started_at",
    "kafka_partition",
    "kafka_offset",
];
/// Measured numbers: hardly ever equal, but alike in their high bytes.
const SPLIT_COLUMNS: [&str; 5] = ["x", "y", "duration_ms", "request_duration_ms", "vital_value"];
/// The same as lists.
const SPLIT_LISTS: [&str; 3] = ["trail_dt", "trail_x", "trail_y"];
/// Columns whose range readers prune by. Statistics of the others would cost a comparison a value for nothing.
const STATISTICS_COLUMNS: [&str; 2] = ["occurred_at", "kafka_offset"];

/// A page of payloads ends beyond this size: whoever wants one chunk reads little more than it.
const PAYLOAD_PAGE_BYTES: usize = 64 * 1024;
/// A row group of frames ends beyond this size. A batch is at most what the loop takes at once (4 MiB and a record), so none is
/// larger than 16 MiB.
const FRAMES_ROW_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// A file in the making; rows are encoded as they come, so that a flush finds little left to do.
pub(crate) struct LandingFile {
    writer: ArrowWriter<Vec<u8>>,
    rows: u64,
    /// The column by which links say from when to when their rows are.
    time_column: &'static str,
    times: Option<(i64, i64)>,
}

impl std::fmt::Debug for LandingFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LandingFile").field("rows", &self.rows).finish()
    }
}

/// A finished file.
#[derive(Clone, Debug)]
pub(crate) struct FinishedFile {
    pub bytes: Bytes,
    pub rows: u64,
    /// xxh3-64 of the bytes, 16 hexadecimal digits.
    pub checksum: String,
    pub occurred_min: i64,
    pub occurred_max: i64,
}

impl LandingFile {
    /// Begins a file of events (dictionaries in memory become plain columns in the file).
    pub(crate) fn new(schema: Arc<Schema>) -> Result<Self> {
        Self::with(schema, properties(), "occurred_at")
    }

    /// Begins a file of frames, whose payloads are compressed already.
    pub(crate) fn of_frames(schema: Arc<Schema>) -> Result<Self> {
        Self::with(schema, properties_of_frames(), "received_at")
    }

    fn with(schema: Arc<Schema>, properties: WriterProperties, time_column: &'static str) -> Result<Self> {
        // Without the embedded Arrow schema readers see what the columns are, not how they lay in our memory.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options)?;
        Ok(Self { writer, rows: 0, time_column, times: None })
    }

    pub(crate) fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        let times = batch
            .column_by_name(self.time_column)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        if let Some(times) = times
            && let (Some(least), Some(greatest)) = (min(times), max(times))
        {
            let (first, last) = self.times.unwrap_or((least, greatest));
            self.times = Some((first.min(least), last.max(greatest)));
        }
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch)?;
        Ok(())
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// About how much memory it holds.
    pub(crate) fn bytes_buffered(&self) -> usize {
        self.writer.inner().len() + self.writer.memory_size()
    }

    /// Ends the file; `None` when no row came.
    pub(crate) fn finish(self) -> Result<Option<FinishedFile>> {
        let Some((occurred_min, occurred_max)) = self.times else { return Ok(None) };
        let bytes = Bytes::from(self.writer.into_inner()?);
        let checksum = format!("{:016x}", xxh3_64(&bytes));
        Ok(Some(FinishedFile { bytes, rows: self.rows, checksum, occurred_min, occurred_max }))
    }
}

fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).expect("the level is one of zstd's");
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
        .set_statistics_enabled(EnabledStatistics::None);
    for column in DELTA_COLUMNS {
        builder = encoded(builder, &[column], Encoding::DELTA_BINARY_PACKED);
    }
    for column in SPLIT_COLUMNS {
        builder = encoded(builder, &[column], Encoding::BYTE_STREAM_SPLIT);
    }
    for column in SPLIT_LISTS {
        builder = encoded(builder, &[column, "list", "item"], Encoding::BYTE_STREAM_SPLIT);
    }
    for column in STATISTICS_COLUMNS {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(column), EnabledStatistics::Chunk);
    }
    builder.build()
}

fn properties_of_frames() -> WriterProperties {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).expect("the level is one of zstd's");
    let payload = ColumnPath::from(PAYLOAD);
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_bytes(Some(FRAMES_ROW_GROUP_BYTES))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_compression(payload.clone(), Compression::UNCOMPRESSED)
        .set_column_data_page_size_limit(payload.clone(), PAYLOAD_PAGE_BYTES);
    for column in ["received_at", "kafka_offset"] {
        builder = encoded(builder, &[column], Encoding::DELTA_BINARY_PACKED);
    }
    encoded(builder, &[PAYLOAD], Encoding::PLAIN).build()
}

fn encoded(builder: WriterPropertiesBuilder, path: &[&str], encoding: Encoding) -> WriterPropertiesBuilder {
    let path = ColumnPath::new(path.iter().map(|part| (*part).to_owned()).collect());
    builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, encoding)
}
