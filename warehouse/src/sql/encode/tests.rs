use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::arrow::ipc::reader::StreamReader;

use super::*;
use crate::format::{self, Answer};

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
    let mut encoder = Encoder::new(&form, schema).unwrap();
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
