use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Int64Array, StringArray};
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

/// Rows of very different sizes, and one that no message holds.
#[test]
fn messages_of_flight_are_bounded() {
    let texts = |sizes: &[usize]| {
        let texts = StringArray::from_iter_values(sizes.iter().map(|size| "x".repeat(*size)));
        RecordBatch::try_from_iter([("t", Arc::new(texts) as ArrayRef)]).unwrap()
    };
    let small = vec![10; 1_000];
    let sizes = [&small[..], &[3_900_000], &small, &[3_900_000, 3_900_000], &small].concat();
    let uneven = texts(&sizes);
    let mut encoder = Encoder::new(&Form::Flight { values: Vec::new() }, &uneven.schema()).unwrap();
    let mut bytes = encoder.take();
    for part in encoder.parts(&uneven) {
        encoder.add(&part).unwrap();
        bytes.extend(encoder.take());
    }
    encoder.finish().unwrap();
    bytes.extend(encoder.take());
    let read: Vec<_> = StreamReader::try_new(bytes.as_slice(), None).unwrap().collect::<Result<_, _>>().unwrap();
    let rows = |batch: &RecordBatch| {
        let texts = batch.column(0).as_any().downcast_ref::<StringArray>().unwrap().clone();
        (0..texts.len()).map(move |row| texts.value_length(row) as usize).collect::<Vec<_>>()
    };
    assert_eq!(read.iter().flat_map(rows).collect::<Vec<_>>(), sizes);
    let largest = read.iter().map(|batch| rows(batch).iter().sum::<usize>()).max();
    assert!(largest < Some(4 << 20), "{largest:?}");
    let refused = encoder_of(&texts(&[10, 5_000_000])).unwrap_err();
    assert!(refused.code() == "too_many_bytes" && refused.to_string().contains("a row takes"), "{refused}");
}

fn encoder_of(batch: &RecordBatch) -> Result<(), Failure> {
    let mut encoder = Encoder::new(&Form::Flight { values: Vec::new() }, &batch.schema())?;
    encoder.parts(batch).iter().try_for_each(|part| encoder.add(part))
}
