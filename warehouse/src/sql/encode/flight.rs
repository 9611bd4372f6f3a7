//! Answers as Arrow streams for Flight, whose messages are as large as every client takes.

use datafusion::arrow::array::{Array, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::writer::StreamWriter;

use super::unwritable;
use crate::format::arrow_of;
use crate::limits::{FLIGHT_MESSAGE_BYTES_MAX, FLIGHT_PIECE_BYTES};
use crate::query::Failure;

pub(in crate::sql) struct Flight {
    schema: SchemaRef,
    writer: StreamWriter<Vec<u8>>,
}

impl Flight {
    pub(super) fn new(schema: &Schema) -> Result<Self, Failure> {
        let schema = arrow_of(schema);
        Ok(Self { writer: stream(&schema)?, schema })
    }

    pub(super) fn add(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        let columns = rows.columns().iter().zip(self.schema.fields()).map(|(column, field)| {
            if column.data_type() == field.data_type() { Ok(column.clone()) } else { cast(column, field.data_type()) }
        });
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(unwritable)?;
        let count = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let rows = RecordBatch::try_new_with_options(self.schema.clone(), columns, &count).map_err(unwritable)?;
        self.write(&rows)
    }

    /// Writes rows as one message, or as two when that is too large.
    fn write(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        let before = self.writer.get_ref().len();
        self.writer.write(rows).map_err(unwritable)?;
        let bytes = self.writer.get_ref().len() - before;
        if bytes <= FLIGHT_MESSAGE_BYTES_MAX {
            return Ok(());
        }
        self.writer.get_mut().truncate(before);
        let half = rows.num_rows() / 2;
        if half == 0 {
            return Err(Failure::theirs(
                "too_many_bytes",
                format!(
                    "a row takes {bytes} bytes, and a message of Flight {FLIGHT_MESSAGE_BYTES_MAX} at most; select less of it, or ask \
                     over HTTP or PostgreSQL's protocol"
                ),
            ));
        }
        self.write(&rows.slice(0, half))?;
        self.write(&rows.slice(half, rows.num_rows() - half))
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.get_mut())
    }

    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.writer.finish().map_err(unwritable)
    }
}

/// Rows of a batch that make a message of the usual size.
pub(super) fn rows_of_a_piece(batch: &RecordBatch) -> usize {
    let bytes = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or_default());
    (batch.num_rows() * FLIGHT_PIECE_BYTES / bytes.sum::<usize>().max(1)).max(1)
}

/// What a statement asks for and what it answers, as two messages.
pub(in crate::sql) fn schemas(parameters: &Schema, columns: &Schema) -> Result<Vec<u8>, Failure> {
    let mut told = std::mem::take(stream(parameters)?.get_mut());
    told.append(stream(&arrow_of(columns))?.get_mut());
    Ok(told)
}

/// A stream that has begun with its schema.
fn stream(schema: &Schema) -> Result<StreamWriter<Vec<u8>>, Failure> {
    StreamWriter::try_new(Vec::new(), schema).map_err(unwritable)
}
