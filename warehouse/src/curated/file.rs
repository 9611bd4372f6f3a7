//! Data files: as a version of a table knows them, and as a scan reads them.

use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::parquet::basic::Type;
use datafusion::parquet::file::metadata::RowGroupMetaData;
use datafusion::scalar::ScalarValue;
use deltalake_core::kernel::Remove;
use schemas::landing::DataFile;

use crate::shard::Shard;
use crate::tables::Table;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

/// File names of the warehouse's own writer begin so.
pub(super) const FILE_PREFIX: &str = "ct-";

/// A data file of a version.
#[derive(Clone, Debug)]
pub struct CuratedFile {
    /// Key below the table's folder.
    pub path: String,
    pub bytes: i64,
    /// Rows by the Delta log, if it says.
    pub rows: Option<u64>,
    pub site_id: String,
    /// Days since the epoch.
    pub event_date: i32,
    /// Of the columns as a scan reads them: those of the files' schema, of the folder, and the file's place, of which nothing is known.
    /// They are put together once, since a statement may look at those of thousands of files.
    pub(super) statistics: Arc<Statistics>,
    pub(super) remove: Remove,
}

/// One file to scan.
#[derive(Clone, Debug)]
pub struct ScanFile {
    /// Key below the store's root.
    pub key: String,
    pub bytes: u64,
    pub partition_values: Vec<ScalarValue>,
    /// Of all columns of the scan.
    pub statistics: Option<Arc<Statistics>>,
}

impl ScanFile {
    /// A landing file: its rows name their site and say when they are.
    pub fn landed(file: &DataFile) -> Self {
        Self { key: file.path.clone(), bytes: file.bytes, partition_values: Vec::new(), statistics: None }
    }
}

/// After the prefix in names of files that were put together of others.
const MERGED: &str = "merged-";
/// In names of files of sessions that may go on, before the time until when.
const OPEN: &str = "open-";
/// After that time, before the only partition of what lands that brought these sessions, if there is one alone.
const PARTITION: &str = "p";

/// What a file is made by, as far as its name says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// Whatever needs no name.
    Any,
    /// Put together of others.
    Merging,
    /// A round over a part of what lands.
    Round(Shard),
    /// The same, for sessions that may go on.
    Open(Shard, OpenUntil),
}

/// By what the sessions of a file may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenUntil {
    /// An event up to that time, epoch microseconds.
    pub time: i64,
    /// Of the partition that brought them; none for that of any.
    pub partition: Option<i32>,
}

impl Maker {
    /// Of what stays of files that are written again: if all of them were put together, so is that.
    pub(crate) fn again(files: &[&CuratedFile]) -> Self {
        if files.iter().all(|file| file.is_merged()) { Self::Merging } else { Self::Any }
    }

    /// Of what stays of files that a round writes again: what stood in an open one, and has not changed, is over by the same time.
    pub(crate) fn kept(files: &[&CuratedFile], shard: Shard) -> Self {
        match files {
            [file] => file.open_until().map_or(Self::Round(shard), |until| Self::Open(shard, until)),
            _ => Self::Round(shard),
        }
    }

    fn mark(self) -> String {
        match self {
            Self::Any => String::new(),
            Self::Merging => MERGED.into(),
            Self::Round(shard) => shard.mark(),
            Self::Open(shard, OpenUntil { time, partition }) => {
                let of = partition.map_or(String::new(), |partition| format!("{PARTITION}{partition}-"));
                format!("{}{OPEN}{time}-{of}", shard.mark())
            }
        }
    }
}

/// Name of a new file, with the checksum of its bytes: what an engine copies, and what a log is cleaned to, keeps it.
pub(super) fn file_name(file: Uuid, bytes: &[u8], maker: Maker) -> String {
    format!("{FILE_PREFIX}{}{file}.{}.parquet", maker.mark(), checksum(bytes))
}

/// Name of a file of our own writer, after its prefix.
fn own_name(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.strip_prefix(FILE_PREFIX)
}

/// The checksum in the name of a file of our own writer.
fn named_checksum(path: &str) -> Option<&str> {
    let (_, digits) = own_name(path)?.strip_suffix(".parquet")?.rsplit_once('.')?;
    (digits.len() == 16).then_some(digits)
}

/// Whether these are the bytes of the file, as far as its name says it.
pub(crate) fn are_bytes_of(path: &str, bytes: &[u8]) -> bool {
    named_checksum(path).is_none_or(|named| named == checksum(bytes))
}

/// xxh3-64, 16 hexadecimal digits, as of the files in landing.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3_64(bytes))
}

impl CuratedFile {
    /// The checksum in its name; files of other writers and of earlier versions have none.
    pub fn checksum(&self) -> Option<&str> {
        named_checksum(&self.path)
    }

    /// Whether it was put together of others when its day was over.
    pub fn is_merged(&self) -> bool {
        self.name().is_some_and(|name| name.starts_with(MERGED))
    }

    /// By what its sessions may go on; none if they were over from the start.
    pub(crate) fn open_until(&self) -> Option<OpenUntil> {
        let (_, rest) = self.name()?.split_once(OPEN)?;
        let (time, rest) = rest.split_once('-')?;
        let partition = rest.strip_prefix(PARTITION).and_then(|rest| rest.split_once('-')?.0.parse().ok());
        Some(OpenUntil { time: time.parse().ok()?, partition })
    }

    /// Whether it was written for sessions that could go on then.
    pub fn is_open(&self) -> bool {
        self.open_until().is_some()
    }

    /// Whether rounds over that part of what lands merge it: those over a part their own files alone, so that two of them do
    /// not want the same file.
    pub fn is_of(&self, shard: Shard) -> bool {
        shard == Shard::ALL || self.name().is_some_and(|name| name.starts_with(&shard.mark()))
    }

    /// Its name after the prefix of our own writer.
    fn name(&self) -> Option<&str> {
        own_name(&self.path)
    }

    /// Least and greatest value of a column of the files' schema, if both are known.
    pub fn bounds(&self, column: usize) -> Option<(ScalarValue, ScalarValue)> {
        let of = self.statistics.column_statistics.get(column)?;
        match (&of.min_value, &of.max_value) {
            (Precision::Exact(least), Precision::Exact(greatest)) => Some((least.clone(), greatest.clone())),
            _ => None,
        }
    }

    /// The same file as it was found: of that many bytes, and with nothing believed of what the log says of it.
    pub fn found(&self, bytes: i64) -> Self {
        let columns = vec![ColumnStatistics::new_unknown(); self.statistics.column_statistics.len()];
        let statistics =
            Statistics { num_rows: Precision::Absent, total_byte_size: Precision::Absent, column_statistics: columns };
        Self { bytes, statistics: Arc::new(statistics), ..self.clone() }
    }

    /// The file as the scan reads it.
    pub fn scanned(&self, table: &'static Table) -> ScanFile {
        ScanFile {
            key: data_key(table, &self.path),
            bytes: self.bytes.unsigned_abs(),
            partition_values: folder_values(&self.site_id, self.event_date).into(),
            statistics: Some(self.statistics.clone()),
        }
    }
}

/// Values of [`PARTITION_COLUMNS`](crate::tables::PARTITION_COLUMNS).
pub(super) fn folder_values(site_id: &str, event_date: i32) -> [ScalarValue; 2] {
    [ScalarValue::Utf8View(Some(site_id.to_owned())), ScalarValue::Date32(Some(event_date))]
}

/// Of a text beside its bytes, and of a number.
const VIEW_BYTES: u64 = 16;
const NUMBER_BYTES: u64 = 8;

/// What the rows of a row group take in memory when nothing is shared. A file says little about it by its length: a text that a
/// thousand rows share stands in it once, and zeros hardly at all.
pub(crate) fn memory_bytes(group: &RowGroupMetaData) -> u64 {
    let whole = |number: i64| u64::try_from(number).unwrap_or_default();
    let columns = group.columns().iter().map(|column| {
        let values = whole(column.num_values());
        match column.column_type() {
            Type::BYTE_ARRAY => {
                let text = column.unencoded_byte_array_data_bytes().unwrap_or_else(|| column.uncompressed_size());
                whole(text) + values * VIEW_BYTES
            }
            _ => values * NUMBER_BYTES,
        }
    });
    columns.sum()
}

/// Key below the store's root of a path below a table's folder.
pub(crate) fn data_key(table: &'static Table, path: &str) -> String {
    format!("warehouse/{}/{path}", table.name)
}
