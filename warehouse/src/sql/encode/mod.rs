//! Rows to the bytes of an answer, batch by batch.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;

use super::protocol::Form;
use crate::format::postgres::{self, Column};
use crate::format::{self, Answer};

/// What closes the rows and the object of an answer in JSON.
const JSON_END: &str = "]}";

pub(super) enum Encoder {
    Json { schema: SchemaRef, written: Vec<u8>, head_bytes: usize, rows: bool },
    Arrow(Box<StreamWriter<Vec<u8>>>),
    Postgres { columns: Vec<Column>, written: Vec<u8> },
}

impl Encoder {
    pub(super) fn new(form: &Form, schema: &SchemaRef) -> Result<Self, ArrowError> {
        Ok(match form {
            Form::Json => {
                let mut written = json(schema, None).into_bytes();
                written.truncate(written.len() - JSON_END.len());
                Self::Json { schema: schema.clone(), head_bytes: written.len(), written, rows: false }
            }
            Form::Arrow => Self::Arrow(Box::new(StreamWriter::try_new(Vec::new(), schema)?)),
            Form::Postgres { formats } => {
                let columns = postgres::columns(schema, formats);
                Self::Postgres { written: postgres::row_description(&columns), columns }
            }
            Form::Description { .. } => return Err(ArrowError::NotYetImplemented("rows of a description".into())),
        })
    }

    /// Writes the rows. JSON values take many times the room of their rows, so that they are made of one batch at a time.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match self {
            Self::Json { schema, written, head_bytes, rows } if batch.num_rows() > 0 => {
                let text = json(schema, Some(batch));
                if std::mem::replace(rows, true) {
                    written.push(b',');
                }
                written.extend_from_slice(&text.as_bytes()[*head_bytes..text.len() - JSON_END.len()]);
                Ok(())
            }
            Self::Json { .. } => Ok(()),
            Self::Arrow(writer) => writer.write(batch),
            Self::Postgres { columns, written } => postgres::data_rows(batch, columns, written),
        }
    }

    /// What was written since the last call.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Json { written, .. } | Self::Postgres { written, .. } => std::mem::take(written),
            Self::Arrow(writer) => std::mem::take(writer.get_mut()),
        }
    }

    /// Closes the answer.
    pub(super) fn finish(&mut self) -> Result<(), ArrowError> {
        match self {
            Self::Json { written, .. } => {
                written.extend_from_slice(JSON_END.as_bytes());
                Ok(())
            }
            Self::Arrow(writer) => writer.finish(),
            Self::Postgres { .. } => Ok(()),
        }
    }
}

fn json(schema: &SchemaRef, batch: Option<&RecordBatch>) -> String {
    format::json(&Answer { schema: schema.clone(), batches: batch.into_iter().cloned().collect() }).to_string()
}

#[cfg(test)]
mod tests;
