//! Row groups of one file, encoded a column at a time on several threads: what is in memory beside the encoded file is one
//! column of one row group for each thread.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, anyhow};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Field, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use datafusion::parquet::file::writer::SerializedFileWriter;

use super::file::memory_bytes;
use super::properties::properties;
use super::statistics::{Collector, Seen};
use crate::tables::Table;

/// A file in the making.
pub(super) struct Encoder {
    schema: SchemaRef,
    file: SerializedFileWriter<Vec<u8>>,
    groups: ArrowRowGroupWriterFactory,
    pub statistics: Collector,
    threads: usize,
}

type Encoded = (ArrowColumnChunk, Option<Seen>);

impl Encoder {
    pub(super) fn new(table: &'static Table, threads: usize) -> anyhow::Result<Self> {
        let schema = table.file_schema();
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties(table)?))?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Self { schema, file, groups, statistics: Collector::new(table), threads })
    }

    /// Adds a row group; `column` makes a column of the rows, texts in dictionaries.
    pub(super) fn add(
        &mut self,
        rows: Range<usize>,
        column: &(impl Fn(&Field, Range<usize>) -> anyhow::Result<ArrayRef> + Sync),
    ) -> anyhow::Result<()> {
        let writers = self.groups.create_column_writers(self.file.flushed_row_groups().len())?;
        let todo: Vec<Mutex<Option<ArrowColumnWriter>>> =
            writers.into_iter().map(|one| Mutex::new(Some(one))).collect();
        let done: Vec<Mutex<Option<anyhow::Result<Encoded>>>> = todo.iter().map(|_| Mutex::new(None)).collect();
        let (next, statistics, schema) = (AtomicUsize::new(0), &self.statistics, &self.schema);
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(writer) = todo.get(place).and_then(|todo| todo.lock().ok()?.take()) else { return };
                let field = schema.field(place);
                let made = column(field, rows.clone()).and_then(|array| encode(writer, field, &array, statistics));
                if let Ok(mut done) = done[place].lock() {
                    *done = Some(made);
                }
            }
        };
        std::thread::scope(|scope| {
            (1..self.threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let mut group = self.file.next_row_group()?;
        self.statistics.add_rows(rows.len());
        for (encoded, field) in done.into_iter().zip(self.schema.fields()) {
            let encoded = encoded.into_inner().ok().flatten().ok_or_else(|| anyhow!("a thread ended early"));
            let (chunk, seen) = encoded.flatten().with_context(|| format!("column {}", field.name()))?;
            chunk.append_to_row_group(&mut group)?;
            if let Some(seen) = seen {
                self.statistics.widen(field.name(), seen);
            }
        }
        group.close()?;
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.file.bytes_written()
    }

    /// What the rows of its row groups take in memory when nothing is shared.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.file.flushed_row_groups().iter().map(memory_bytes).sum()
    }

    pub(super) fn finish(self) -> anyhow::Result<(Vec<u8>, Collector)> {
        Ok((self.file.into_inner()?, self.statistics))
    }
}

fn encode(
    mut writer: ArrowColumnWriter,
    field: &Field,
    array: &ArrayRef,
    statistics: &Collector,
) -> anyhow::Result<Encoded> {
    for leaf in compute_leaves(field, array)? {
        writer.write(&leaf)?;
    }
    Ok((writer.close()?, statistics.wants(field.name()).then(|| Seen::of(array))))
}
