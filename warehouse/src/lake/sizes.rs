//! What the rows of Parquet files take in memory.

use std::collections::HashMap;
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::curated::file::memory_bytes;
use crate::curated::scan::FOOTER_BYTES;
use crate::limits::{BATCH_BYTES_MAX, BATCH_ROWS, BATCH_ROWS_MIN, SIZES_KNOWN_MAX};

/// Rows, and the bytes that they take when nothing is shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub rows: u64,
    pub bytes: u64,
}

impl Size {
    /// Rows of one batch, so that it stays small whatever a row takes.
    pub fn batch_rows(self) -> usize {
        usize::try_from(BATCH_BYTES_MAX / self.row_bytes()).unwrap_or(BATCH_ROWS).clamp(BATCH_ROWS_MIN, BATCH_ROWS)
    }

    /// Of one row, at least 1.
    pub fn row_bytes(self) -> u64 {
        (self.bytes / self.rows.max(1)).max(1)
    }

    fn of_file(metadata: &ParquetMetaData) -> Self {
        let mut size = Self::default();
        for group in metadata.row_groups() {
            size.rows += u64::try_from(group.num_rows()).unwrap_or_default();
            size.bytes += memory_bytes(group);
        }
        size
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}

/// Reads sizes from the files' footers, and remembers them: a file never changes.
#[derive(Debug)]
pub struct Sizes {
    objects: Arc<dyn ObjectStore>,
    known: Mutex<HashMap<String, Size>>,
}

impl Sizes {
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, known: Mutex::default() }
    }

    /// Size of the file at a key below the store's root, which has that many bytes.
    pub async fn of(&self, key: &str, bytes: u64) -> anyhow::Result<Size> {
        if let Some(size) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(*size);
        }
        let metadata = self.metadata(key, bytes).await.with_context(|| format!("cannot read {key}"))?;
        let size = Size::of_file(&metadata);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SIZES_KNOWN_MAX {
            known.clear();
        }
        known.insert(key.to_owned(), size);
        Ok(size)
    }

    async fn metadata(&self, key: &str, bytes: u64) -> anyhow::Result<ParquetMetaData> {
        let mut tail_bytes = FOOTER_BYTES as u64;
        loop {
            let tail = self.objects.get_range(&Path::from(key), bytes.saturating_sub(tail_bytes)..bytes).await?;
            let mut reader = ParquetMetaDataReader::new();
            match reader.try_parse_sized(&tail, bytes) {
                Ok(()) => return Ok(reader.finish()?),
                Err(ParquetError::NeedMoreData(needed)) if needed as u64 > tail_bytes => tail_bytes = needed as u64,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_rows_come_in_small_batches() {
        let rows = |row_bytes: u64| Size { rows: 10, bytes: 10 * row_bytes }.batch_rows();
        assert_eq!(Size::default().batch_rows(), BATCH_ROWS);
        assert_eq!(rows(500), BATCH_ROWS);
        assert_eq!(rows(80_000), 419);
        assert_eq!(rows(1 << 40), BATCH_ROWS_MIN);
    }
}
