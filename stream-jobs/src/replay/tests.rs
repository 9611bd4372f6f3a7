use schemas::ingest::Id;
use schemas::replay::{Chunk, Encoding, Frame, RawFrame, parse};
use schemas::topics::REPLAY_AVRO;
use serde_json::{Value, json};

use super::*;
use crate::kafka::decode::PackageDecoder;
use crate::kafka::frames::Frames;
use crate::landing::LandingFile;
use crate::testing::{RECEIVED_AT, REPLAY_SCHEMA_ID, asset, chunk, origin, page_view, replay_record, replay_record_of};

const RECEIVED_US: i64 = (RECEIVED_AT * 1000.0) as i64;

fn decoded(records: &[Vec<u8>]) -> RecordBatch {
    let mut decoder = PackageDecoder::of_replay();
    decoder.learn(REPLAY_SCHEMA_ID, Some(REPLAY_AVRO.to_owned()));
    let mut frames = Frames::default();
    for (offset, record) in (0..).zip(records) {
        frames.push(origin(offset), Some(record));
    }
    let mut decoded = decoder.decode(&frames);
    assert_eq!(decoded.rejects, []);
    decoded.batches.remove(0).packages
}

fn rows_of(records: &[Vec<u8>]) -> Checked {
    let origins: Vec<_> = (0..records.len() as i64).map(origin).collect();
    rows(&decoded(records), 3, &origins).unwrap()
}

fn good(records: &[Vec<u8>]) -> RecordBatch {
    let Checked { rows, wrong } = rows_of(records);
    assert_eq!(wrong, []);
    rows.unwrap()
}

fn int(rows: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = cast(&rows[name], &DataType::Int64).unwrap();
    let column = column.as_primitive::<arrow::datatypes::Int64Type>();
    column.is_valid(row).then(|| column.value(row))
}

#[test]
fn a_frame_is_a_row() {
    let rows = good(&[replay_record(&chunk(0), b"payload"), replay_record(&asset(), b"a{}")]);
    assert_eq!(rows.schema().fields().iter().cloned().collect::<Vec<_>>(), {
        replay_fields().into_iter().map(Arc::new).collect::<Vec<_>>()
    });
    let text = |name: &str, row: usize| {
        let column = rows[name].as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    assert_eq!((text("kind", 0).as_deref(), text("kind", 1).as_deref()), (Some("snapshot"), Some("asset")));
    assert_eq!((text("page_view_id", 0), text("page_view_id", 1)), (Some(page_view(RECEIVED_AT - 60_000.0)), None));
    assert_eq!((text("sha256", 0), text("sha256", 1).map(|hash| hash.len())), (None, Some(64)));
    assert_eq!((int(&rows, "chunk_seq", 0), int(&rows, "chunk_seq", 1)), (Some(0), None));
    assert_eq!(int(&rows, "first_at", 0), Some(RECEIVED_US - 5_000_000));
    assert_eq!((int(&rows, "last_at", 0), int(&rows, "last_at", 1)), (Some(RECEIVED_US - 1_000_000), None));
    assert_eq!((int(&rows, "bytes", 0), int(&rows, "bytes", 1)), (Some(7), Some(3)));
    assert_eq!(int(&rows, "checksum", 0), Some(xxh3_64(b"payload").cast_signed()));
    assert_eq!((int(&rows, "kafka_partition", 1), int(&rows, "kafka_offset", 1)), (Some(3), Some(1)));
    assert_eq!(rows["assets"].as_list::<i32>().value_length(0), 1);
    assert_eq!(rows["payload"].as_binary::<i32>().value(0), b"payload");
}

#[test]
fn times_are_the_servers_by_the_sdks_estimate_or_else_by_when_the_chunk_ended() {
    let with = |changes: Value| {
        let mut header = chunk(1);
        header.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        replay_record(&header, b"p")
    };
    let ahead_ms = 3_600_000.0;
    let rows = good(&[
        with(json!({"clock": {"offset_ms": -250.5, "error_ms": 4.0}})),
        with(json!({"first_at": RECEIVED_AT + ahead_ms - 2_000.0, "last_at": RECEIVED_AT + ahead_ms})),
        with(json!({"first_at": -1e300, "last_at": 1e300})),
    ]);
    assert_eq!(int(&rows, "first_at", 0), Some(RECEIVED_US - 5_250_500));
    assert_eq!(
        (int(&rows, "first_at", 1), int(&rows, "last_at", 1)),
        (Some(RECEIVED_US - 2_000_000), Some(RECEIVED_US))
    );
    let (first, last) = (int(&rows, "first_at", 2).unwrap(), int(&rows, "last_at", 2).unwrap());
    assert!(first >= RECEIVED_US - 8 * DAY_US && last <= RECEIVED_US, "{first} {last}");
}

#[test]
fn a_recording_is_kept_under_the_day_its_page_view_began_unless_that_cannot_be() {
    let day_ms = DAY_US as f64 / 1000.0;
    let began = [-60_000.0, -8.0 * day_ms, 1.0 * day_ms, -10.0 * day_ms, 3.0 * day_ms, -RECEIVED_AT, 2.0e14];
    let records = began.iter().map(|after_ms| {
        let mut header = chunk(1);
        header["page_view_id"] = page_view(RECEIVED_AT + after_ms).into();
        replay_record(&header, b"p")
    });
    let rows = good(&records.collect::<Vec<_>>());
    let received = RECEIVED_US / DAY_US;
    let days: Vec<_> = (0..began.len()).map(|row| int(&rows, "event_date", row).unwrap() - received).collect();
    assert_eq!(days, [0, -8, 1, 0, 0, 0, 0]);
}

/// The record of a chunk that no collector would write.
fn forged(change: impl FnOnce(&mut Chunk)) -> Vec<u8> {
    forged_with(b"p", change)
}

fn forged_with(payload: &[u8], change: impl FnOnce(&mut Chunk)) -> Vec<u8> {
    let header = serde_json::to_vec(&chunk(1)).unwrap();
    let Frame::Chunk(mut chunk, _) = parse(&RawFrame { header: &header, payload }).unwrap() else { panic!("a chunk") };
    change(&mut chunk);
    replay_record_of(&Frame::Chunk(chunk, payload))
}

#[test]
fn what_a_record_may_not_say_is_refused_and_the_others_stand() {
    let mut records = vec![replay_record(&chunk(0), b"first")];
    records.push(forged(|chunk| chunk.page_view_id = chunk.visitor_id));
    records.push(forged(|chunk| chunk.chunk_seq.0 = -1));
    records.push(forged(|chunk| chunk.chunk_seq.0 = i64::MAX));
    records.push(forged(|chunk| chunk.parts.0 = 2));
    records.push(forged(|chunk| chunk.part.0 = 1));
    records.push(forged(|chunk| chunk.first_at.0 = f64::NAN));
    records.push(forged(|chunk| chunk.raw_bytes.0 = i64::MAX));
    records.push(forged(|chunk| chunk.encoding = Encoding::Identity));
    records.push(forged_with(&vec![0; schemas::replay::PAYLOAD_BYTES_MAX + 1], |_| {}));
    records.push(forged(|chunk| chunk.page_view_id = Id(Uuid::nil())));
    records.push(replay_record(&chunk(1), b"last"));
    let Checked { rows, wrong } = rows_of(&records);
    assert_eq!(wrong.iter().map(|(row, _)| *row).collect::<Vec<_>>(), (1..records.len() - 1).collect::<Vec<_>>());
    assert!(wrong.iter().all(|(_, reason)| reason.code == "invalid_frame" && reason.message.len() < 200), "{wrong:?}");
    let rows = rows.unwrap();
    assert_eq!((0..2).map(|row| int(&rows, "kafka_offset", row).unwrap()).collect::<Vec<_>>(), [0, 11]);
    assert_eq!(rows["payload"].as_binary::<i32>().value(1), b"last");

    let Checked { rows: none, wrong } = rows_of(&records[1..2]);
    assert_eq!((none.is_none(), wrong.len()), (true, 1));
}

#[test]
fn a_file_holds_payloads_as_they_are_in_pages_and_groups_of_bounded_size() {
    let payload = |fill: u8| vec![fill; schemas::replay::PAYLOAD_BYTES_MAX];
    let records: Vec<_> = (1..9).map(|seq| replay_record(&chunk(seq), &payload(seq as u8))).collect();
    let rows = good(&records);
    let mut file = LandingFile::of_frames(rows.schema()).unwrap();
    (0..8).for_each(|_| file.append(&rows).unwrap());
    let finished = file.finish().unwrap().unwrap();
    assert_eq!((finished.rows, finished.occurred_min, finished.occurred_max), (64, RECEIVED_US, RECEIVED_US));
    let reader = parquet::file::serialized_reader::SerializedFileReader::new_with_options(
        finished.bytes.clone(),
        parquet::file::serialized_reader::ReadOptionsBuilder::new().with_page_index().build(),
    );
    let reader = reader.unwrap();
    let metadata = parquet::file::reader::FileReader::metadata(&reader);
    let column = metadata.file_metadata().schema_descr().columns().iter().position(|column| column.name() == PAYLOAD);
    let column = column.unwrap();
    for (group, pages) in metadata.row_groups().iter().zip(metadata.offset_index().unwrap()) {
        assert!(group.compressed_size() <= 16 << 20, "{}", group.compressed_size());
        let chunk = group.column(column);
        assert_eq!(chunk.compression(), parquet::basic::Compression::UNCOMPRESSED);
        assert!(chunk.dictionary_page_offset().is_none() && chunk.statistics().is_none());
        let longest = pages[column].page_locations().iter().map(|page| page.compressed_page_size).max().unwrap();
        assert!(longest <= (512 << 10) + 1024, "a page of {longest} bytes");
    }
}
