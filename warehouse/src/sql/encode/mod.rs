//! Rows to the bytes of an answer, batch by batch. What is in memory is a piece of the answer, however long it is.

mod flight;
mod parquet;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;

use self::flight::Flight;
pub(super) use self::flight::schemas;
use self::parquet::Parquet;
use super::protocol::Form;
use crate::format::postgres::{self, Column};
use crate::format::{JSON_END, csv_header, csv_rows, distinct_names, json_head, json_lines, json_rows};
use crate::limits::ENCODED_PIECE_BYTES;
use crate::query::Failure;

pub(super) enum Encoder {
    /// Row by row.
    Rows(Rowwise, String),
    Postgres(Vec<Column>, Vec<u8>),
    Arrow(Box<StreamWriter<Vec<u8>>>),
    Flight(Box<Flight>),
    Parquet(Box<Parquet>),
}

/// A format in text.
pub(super) enum Rowwise {
    Json { any_rows: bool },
    JsonLines { names: Vec<String> },
    Csv,
}

impl Rowwise {
    fn add(&mut self, batch: &RecordBatch, text: &mut String) {
        match self {
            Self::Json { any_rows } => {
                if std::mem::replace(any_rows, true) {
                    text.push(',');
                }
                json_rows(batch, text);
            }
            Self::JsonLines { names } => json_lines(batch, names, text),
            Self::Csv => csv_rows(batch, text),
        }
    }
}

impl Encoder {
    pub(super) fn new(form: &Form, schema: &SchemaRef) -> Result<Self, Failure> {
        Ok(match form {
            Form::Json => Self::Rows(Rowwise::Json { any_rows: false }, json_head(schema)),
            Form::JsonLines => Self::Rows(Rowwise::JsonLines { names: distinct_names(schema) }, String::new()),
            Form::Csv => Self::Rows(Rowwise::Csv, csv_header(schema)),
            Form::Arrow => Self::Arrow(Box::new(StreamWriter::try_new(Vec::new(), schema).map_err(unwritable)?)),
            Form::Flight { .. } => Self::Flight(Box::new(Flight::new(schema)?)),
            Form::Parquet => Self::Parquet(Box::new(Parquet::new(schema)?)),
            Form::Postgres { formats } => {
                let columns = postgres::columns(schema, formats);
                let written = postgres::row_description(&columns);
                Self::Postgres(columns, written)
            }
            Form::Schemas { .. } | Form::Description { .. } => return Err(unwritable("rows of a description")),
        })
    }

    /// The rows in parts that are written one by one, so that what they become is small: a value in text takes many times the
    /// room of its column.
    pub(super) fn parts(&self, batch: &RecordBatch) -> Vec<RecordBatch> {
        let rows = match self {
            Self::Flight(_) => flight::rows_of_a_piece(batch),
            // A part of a batch may be written with all of its texts.
            Self::Arrow(_) | Self::Parquet(_) => batch.num_rows(),
            _ => (batch.num_rows() * ENCODED_PIECE_BYTES / batch.get_array_memory_size().max(1)).max(1),
        };
        let starts = (0..batch.num_rows()).step_by(rows.max(1));
        starts.map(|start| batch.slice(start, rows.min(batch.num_rows() - start))).collect()
    }

    /// Writes rows.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        match self {
            Self::Rows(format, text) => format.add(rows, text),
            Self::Postgres(columns, written) => postgres::data_rows(rows, columns, written).map_err(unwritable)?,
            Self::Arrow(writer) => writer.write(rows).map_err(unwritable)?,
            Self::Flight(stream) => stream.add(rows)?,
            Self::Parquet(file) => file.add(rows)?,
        }
        Ok(())
    }

    /// What was written since the last call.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Rows(_, text) => std::mem::take(text).into_bytes(),
            Self::Postgres(_, written) => std::mem::take(written),
            Self::Arrow(writer) => std::mem::take(writer.get_mut()),
            Self::Flight(stream) => stream.take(),
            Self::Parquet(file) => file.take(),
        }
    }

    /// Closes the answer.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        match self {
            Self::Rows(Rowwise::Json { .. }, text) => text.push_str(JSON_END),
            Self::Rows(..) | Self::Postgres(..) => {}
            Self::Arrow(writer) => writer.finish().map_err(unwritable)?,
            Self::Flight(stream) => stream.finish()?,
            Self::Parquet(file) => file.finish()?,
        }
        Ok(())
    }
}

fn unwritable(error: impl std::fmt::Display) -> Failure {
    Failure::engine_fault(format!("cannot write the answer: {error}"))
}

/// The schema with each name once: most readers of the format take no other.
fn distinct(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().zip(distinct_names(schema));
    Schema::new(fields.map(|(field, name)| field.as_ref().clone().with_name(name)).collect::<Vec<_>>()).into()
}

#[cfg(test)]
mod tests;
