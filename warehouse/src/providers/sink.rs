//! Where the rows of an import go as they are read, and what is counted on the way.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use tokio::sync::mpsc::Sender;

use super::cells::{Cell, IDENTITY, PLACE, Record, batch};
use super::rejects::Rejects;
use crate::limits::{IMPORT_BATCH_BYTES_MAX, IMPORT_BATCH_ROWS};

/// What is counted while files are read.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Bytes from disk.
    pub read: Arc<AtomicU64>,
    /// Rows that were taken.
    pub taken: AtomicU64,
    /// Rows that the provider itself leaves out of its reports.
    pub excluded: AtomicU64,
    rejects: Mutex<Rejects>,
    /// Why no more was read.
    failure: Mutex<Option<anyhow::Error>>,
}

impl Counts {
    pub(super) fn take_rejects(&self) -> Rejects {
        std::mem::take(&mut self.rejects.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn fail(&self, error: anyhow::Error) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn take_failure(&self) -> Option<anyhow::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Takes rows as they are read.
pub(super) struct Sink<'a> {
    pub counts: &'a Counts,
    site_id: &'a str,
    schema: SchemaRef,
    rows: Sender<Result<RecordBatch>>,
    records: Vec<Record>,
    bytes: usize,
    /// The file that is read, and its place among the files.
    file: String,
    index: i64,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        site_id: &'a str,
        schema: SchemaRef,
        counts: &'a Counts,
        rows: Sender<Result<RecordBatch>>,
    ) -> Self {
        Self { counts, site_id, schema, rows, records: Vec::new(), bytes: 0, file: String::new(), index: 0 }
    }

    pub(super) fn turn_to(&mut self, index: usize, path: &Path) {
        self.file = path.display().to_string();
        self.index = i64::try_from(index).unwrap_or(i64::MAX);
    }

    /// A row of that line, which took so many bytes; `identity` tells it from others.
    pub(super) fn take(&mut self, line: u64, bytes: usize, mut record: Record, identity: String) -> anyhow::Result<()> {
        record.insert("site_id", Cell::Text(self.site_id.to_owned()));
        record.insert(IDENTITY, Cell::Text(identity));
        // Files have fewer than 2^40 lines.
        record.insert(PLACE, Cell::Number((self.index << 40) + i64::try_from(line).unwrap_or(i64::MAX)));
        self.records.push(record);
        self.counts.taken.fetch_add(1, Ordering::Relaxed);
        self.bytes += bytes;
        if self.records.len() >= IMPORT_BATCH_ROWS || self.bytes >= IMPORT_BATCH_BYTES_MAX {
            self.flush()?;
        }
        Ok(())
    }

    /// A row that cannot be read.
    pub(super) fn reject(&self, line: u64, reason: &str, row: &[u8]) {
        let mut rejects = self.counts.rejects.lock().unwrap_or_else(PoisonError::into_inner);
        rejects.add(&self.file, line, reason, row);
    }

    /// A row that the provider itself does not count.
    pub(super) fn exclude(&self) {
        self.counts.excluded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        if self.records.is_empty() {
            return Ok(());
        }
        let batch = batch(&self.schema, &self.records)?;
        self.records.clear();
        self.bytes = 0;
        match self.rows.blocking_send(Ok(batch)) {
            Ok(()) => Ok(()),
            Err(_) => bail!("nobody takes the rows any more"),
        }
    }
}
