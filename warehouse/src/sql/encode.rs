//! Rows to the bytes of an answer, batch by batch.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;

use super::protocol::Form;
use crate::format::{self, Answer};

/// What closes the rows and the object of an answer in JSON.
const JSON_END: &str = "]}";

pub(super) enum Encoder {
    Json { schema: SchemaRef, written: Vec<u8>, head_bytes: usize, rows: bool },
    Arrow(Box<StreamWriter<Vec<u8>>>),
}

impl Encoder {
    pub(super) fn new(form: Form, schema: &SchemaRef) -> Result<Self, ArrowError> {
        Ok(match form {
            Form::Json => {
                let mut written = json(schema, None).into_bytes();
                written.truncate(written.len() - JSON_END.len());
                Self::Json { schema: schema.clone(), head_bytes: written.len(), written, rows: false }
            }
            Form::Arrow => Self::Arrow(Box::new(StreamWriter::try_new(Vec::new(), schema)?)),
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
        }
    }

    /// What was written since the last call.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Json { written, .. } => std::mem::take(written),
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
        }
    }
}

fn json(schema: &SchemaRef, batch: Option<&RecordBatch>) -> String {
    format::json(&Answer { schema: schema.clone(), batches: batch.into_iter().cloned().collect() }).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
    use datafusion::arrow::ipc::reader::StreamReader;

    use super::*;

    fn batches() -> Vec<RecordBatch> {
        let batch = RecordBatch::try_from_iter([
            ("n", Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef),
            ("text", Arc::new(StringArray::from(vec![Some("]}"), None, Some("\"")])) as ArrayRef),
        ])
        .unwrap();
        vec![batch.slice(0, 0), batch.slice(0, 1), batch.slice(0, 0), batch.slice(1, 2)]
    }

    /// The bytes, taken after each batch.
    fn encoded(form: Form, schema: &SchemaRef, batches: &[RecordBatch]) -> Vec<u8> {
        let mut encoder = Encoder::new(form, schema).unwrap();
        let mut bytes = Vec::new();
        for batch in batches {
            encoder.add(batch).unwrap();
            bytes.extend(encoder.take());
        }
        encoder.finish().unwrap();
        bytes.extend(encoder.take());
        bytes
    }

    #[test]
    fn json_in_pieces_is_the_json_of_the_whole() {
        let batches = batches();
        let schema = batches[0].schema();
        let whole = format::json(&Answer { schema: schema.clone(), batches: batches.clone() }).to_string();
        assert_eq!(String::from_utf8(encoded(Form::Json, &schema, &batches)).unwrap(), whole);
        let empty = String::from_utf8(encoded(Form::Json, &schema, &[])).unwrap();
        assert!(empty.ends_with("\"rows\":[]}"), "{empty}");
    }

    #[test]
    fn arrow_in_pieces_reads_back() {
        let batches = batches();
        let bytes = encoded(Form::Arrow, &batches[0].schema(), &batches);
        let read: Vec<_> = StreamReader::try_new(bytes.as_slice(), None).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
        assert_eq!(read.last(), batches.last());
    }
}
