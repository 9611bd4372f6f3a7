use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Float64Type, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::landing::event_fields;
use serde_json::json;
use xxhash_rust::xxh3::xxh3_64;

use super::LandingFile;
use super::file::FinishedFile;
use crate::kafka::decode::PackageDecoder;
use crate::kafka::frames::Frames;
use crate::sessionize::Sessions;
use crate::testing::{RECEIVED_AT, SCHEMA_ID, batch, clicks, frame, origin};
use crate::transform::Transform;

/// The rows of some batches, through the whole path.
fn rows(batches: &[serde_json::Value]) -> RecordBatch {
    let mut frames = Frames::default();
    for (offset, batch) in batches.iter().enumerate() {
        frames.push(origin(offset as i64), Some(&frame(batch)));
    }
    let mut decoder = PackageDecoder::default();
    decoder.learn(SCHEMA_ID, Some(schemas::topics::EVENTS_AVRO.to_owned()));
    let decoded = decoder.decode(&frames);
    let origins: Vec<_> = (0..batches.len() as i64).map(origin).collect();
    let events = Transform::default().transform(&decoded.batches[0].packages, 0, &origins).unwrap();
    let assigned = Sessions::default().assign(&events.keys).unwrap();
    events.rows(assigned).unwrap()
}

fn read(file: &FinishedFile) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.bytes.clone()).unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

#[test]
fn a_reader_sees_exactly_the_columns_of_the_contract() {
    let trail = json!([{"seq": 0, "type": "pointer", "at": RECEIVED_AT - 5.0, "trail": {"dt": [0, 8.3], "x": [1, 2.5], "y": [3, 4]}}]);
    let first = rows(&[batch(1, trail), batch(2, clicks(0..3))]);
    let mut file = LandingFile::new(first.schema()).unwrap();
    file.append(&first).unwrap();
    // Other dictionaries, same file.
    file.append(&rows(&[batch(3, clicks(0..40))])).unwrap();
    assert!(file.bytes_buffered() > 0);
    let finished = file.finish().unwrap().unwrap();
    assert_eq!(finished.rows, 44);
    assert_eq!(finished.checksum, format!("{:016x}", xxh3_64(&finished.bytes)));
    assert_eq!(finished.occurred_max, (RECEIVED_AT * 1000.0) as i64);
    assert_eq!(finished.occurred_min, finished.occurred_max - 39_000_000);

    let landed = read(&finished);
    assert_eq!(landed.num_rows(), 44);
    for (field, expected) in landed.schema().fields().iter().zip(event_fields()) {
        assert_eq!(field.name(), expected.name());
        assert_eq!(field.is_nullable(), expected.is_nullable(), "{}", field.name());
        match (field.data_type(), expected.data_type()) {
            (DataType::List(found), DataType::List(wanted)) => assert_eq!(found.data_type(), wanted.data_type()),
            (found, wanted) => assert_eq!(found, wanted, "{}", field.name()),
        }
    }
    let visitors = landed.column_by_name("visitor_id").unwrap().as_string::<i32>();
    assert!(visitors.value(0).ends_with('1') && visitors.value(1).ends_with('2') && visitors.value(43).ends_with('3'));
    let trail = landed.column_by_name("trail_x").unwrap().as_list::<i32>();
    assert_eq!(trail.value(0).as_primitive::<Float64Type>().values().to_vec(), [1.0, 2.5]);
    assert!(arrow::array::Array::is_null(trail, 1));
}

#[test]
fn without_rows_there_is_no_file() {
    let file = LandingFile::new(Arc::new(Schema::new(event_fields()))).unwrap();
    assert!(file.finish().unwrap().is_none());
}
