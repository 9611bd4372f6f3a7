use arrow::array::AsArray;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{SCHEMA_ID, batch, clicks, frame, origin};

fn decoder() -> PackageDecoder {
    let mut decoder = PackageDecoder::default();
    decoder.learn(SCHEMA_ID, Some(EVENTS_AVRO.to_owned()));
    decoder
}

fn good(events: i64) -> Vec<u8> {
    frame(&batch(1, clicks(0..events)))
}

fn frames(payloads: &[Vec<u8>]) -> Frames {
    let mut frames = Frames::default();
    for (offset, payload) in payloads.iter().enumerate() {
        frames.push(origin(offset as i64), Some(payload));
    }
    frames
}

/// `(indices of the packages decoded, (index, code) of the rejects)`.
fn outcome(decoder: &mut PackageDecoder, payloads: &[Vec<u8>]) -> (Vec<usize>, Vec<(usize, &'static str)>) {
    let decoded = decoder.decode(&frames(payloads));
    for batch in &decoded.batches {
        assert_eq!(batch.packages.num_rows(), batch.indices.len());
    }
    let indices = decoded.batches.iter().flat_map(|batch| batch.indices.clone()).collect();
    (indices, decoded.rejects.iter().map(|reject| (reject.index, reject.reason.code)).collect())
}

#[test]
fn good_frames_are_one_batch() {
    let decoded = decoder().decode(&frames(&[good(1), good(50), good(2)]));
    assert_eq!((decoded.batches.len(), decoded.rejects.len()), (1, 0));
    let events = decoded.batches[0].packages.column_by_name("events").unwrap();
    assert_eq!(events.as_list::<i32>().values().len(), 53);
}

#[test]
fn poison_is_refused_with_its_reason_and_the_rest_is_kept() {
    let mut bad_magic = good(1);
    bad_magic[0] = 1;
    let mut unknown_id = good(1);
    unknown_id[4] = 99;
    let mut trailing = good(1);
    trailing.push(0);
    let twice = [good(1), good(1)].concat();
    let cut = good(3)[..good(3).len() - 9].to_vec();
    let payloads =
        [good(1), bad_magic, good(2), unknown_id, cut, good(3), trailing, twice, Vec::new(), vec![0, 0], good(4)];
    let (decoded, rejects) = outcome(&mut decoder(), &payloads);
    assert_eq!(decoded, [0, 2, 5, 10]);
    let codes: Vec<usize> = rejects.iter().map(|reject| reject.0).collect();
    assert_eq!(codes, [1, 3, 4, 6, 7, 8, 9]);
    assert_eq!(rejects[0].1, "bad_magic");
    assert_eq!(rejects[1].1, "unknown_schema_id");
    assert_eq!(rejects[2].1, "bad_avro");
    assert_eq!((rejects[5].1, rejects[6].1), ("empty_record", "cut_frame"));
}

#[test]
fn the_decoder_is_whole_again_after_poison() {
    let mut decoder = decoder();
    outcome(&mut decoder, &[good(3)[..60].to_vec()]);
    assert_eq!(outcome(&mut decoder, &[good(3), good(1)]), (vec![0, 1], vec![]));
}

/// The package up to its events, then an array that promises more than memory holds.
#[test]
fn a_huge_array_count_allocates_nothing() {
    let empty = good(1);
    let without_events = {
        // One click: find where the array's count (2 = one item, zigzag) stands, by encoding two and comparing.
        let two = frame(&batch(1, json!([{"seq": 0, "type": "click", "at": 0}, {"seq": 1, "type": "click", "at": 0}])));
        let one = frame(&batch(1, json!([{"seq": 0, "type": "click", "at": 0}])));
        let common = one.iter().zip(&two).take_while(|(left, right)| left == right).count();
        one[..common].to_vec()
    };
    for count in [i64::MAX, i64::from(i32::MAX), 1 << 40, -1, i64::MIN] {
        let mut poison = without_events.clone();
        schemas::avro::long(&mut poison, count);
        poison.extend_from_slice(&[0xff; 8]);
        let (decoded, rejects) = outcome(&mut decoder(), &[empty.clone(), poison]);
        assert_eq!((decoded, rejects.len()), (vec![0], 1), "count {count}");
    }
}

#[test]
fn an_enum_or_text_that_is_none_is_refused() {
    let whole = good(1);
    for at in (FRAME_HEAD_BYTES..whole.len()).step_by(5) {
        for byte in [0xff, 0x7f] {
            let mut poison = whole.clone();
            poison[at] = byte;
            let (decoded, _) = outcome(&mut decoder(), &[good(2), poison, good(1)]);
            assert!(decoded.contains(&0) && decoded.contains(&2), "byte {at} = {byte:#x}");
        }
    }
}

#[test]
fn an_id_that_the_registry_does_not_know_is_asked_for_again() {
    let mut decoder = PackageDecoder::default();
    let waiting = frames(&[good(1)]);
    assert_eq!(decoder.missing_ids(&waiting), [SCHEMA_ID]);
    decoder.learn(SCHEMA_ID, None);
    assert_eq!(decoder.decode(&waiting).rejects[0].reason.code, "unknown_schema_id");
    decoder.forget_refused();
    assert_eq!(decoder.missing_ids(&waiting), [SCHEMA_ID]);
    decoder.learn(SCHEMA_ID, Some(r#"{"type":"record","name":"Other","fields":[]}"#.into()));
    assert_eq!(decoder.decode(&waiting).rejects[0].reason.code, "incompatible_schema");
}

#[test]
fn an_older_writer_without_an_optional_field_is_read() {
    let mut schema: serde_json::Value = serde_json::from_str(EVENTS_AVRO).unwrap();
    let fields = schema["fields"].as_array_mut().unwrap();
    let sdk = fields.iter().position(|field| field["name"] == "sdk").unwrap();
    fields.remove(sdk);
    let mut decoder = PackageDecoder::default();
    decoder.learn(SCHEMA_ID, Some(schema.to_string()));
    decoder.learn(SCHEMA_ID + 1, Some(EVENTS_AVRO.to_owned()));
    let sent = batch(1, clicks(0..2));
    // What the older writer wrote: the same without the field's branch and its text.
    let newer = frame(&sent);
    let sdk_field = [2, 10, b'1', b'.', b'0', b'.', b'0'];
    let at = newer.windows(sdk_field.len()).position(|window| window == sdk_field).unwrap();
    let older = [&newer[..at], &newer[at + sdk_field.len()..]].concat();
    let mut newer = newer;
    newer[4] = (SCHEMA_ID + 1) as u8;
    let decoded = decoder.decode(&frames(&[older.clone(), older, newer]));
    assert_eq!(decoded.rejects, []);
    assert_eq!(decoded.batches.iter().map(|batch| batch.indices.clone()).collect::<Vec<_>>(), [vec![0, 1], vec![2]]);
    let sdk = decoded.batches[0].packages.column_by_name("sdk").unwrap();
    assert_eq!(arrow::array::Array::null_count(sdk), 2);
}

proptest! {
    /// Any bytes: never a panic, every record accounted for once.
    #[test]
    fn any_bytes_are_survived(mut payload in prop::collection::vec(any::<u8>(), 0..200), framed in any::<bool>()) {
        if framed && payload.len() >= FRAME_HEAD_BYTES {
            payload[..FRAME_HEAD_BYTES].copy_from_slice(&[0, 0, 0, 0, SCHEMA_ID as u8]);
        }
        let (decoded, rejects) = outcome(&mut decoder(), &[good(1), payload, good(2)]);
        prop_assert!(decoded.contains(&0) && decoded.contains(&2));
        prop_assert_eq!(decoded.len() + rejects.len(), 3);
    }

    #[test]
    fn a_cut_anywhere_is_refused(cut in 0_usize..100) {
        let whole = good(2);
        let cut = cut * whole.len() / 100;
        let (decoded, rejects) = outcome(&mut decoder(), &[whole[..cut].to_vec(), whole.clone()]);
        prop_assert_eq!(decoded, vec![1]);
        prop_assert_eq!(rejects.len(), 1);
    }
}

/// A record that was written with the schema of the first release: bytes by another library, in `tests/fixtures`.
#[test]
fn a_record_of_an_earlier_schema_is_read() {
    const EARLIER_ID: u32 = 7;
    let mut decoder = PackageDecoder::default();
    decoder.learn(EARLIER_ID, Some(include_str!("../../../tests/fixtures/package-1.avsc").to_owned()));
    let decoded = decoder.decode(&frames(&[include_bytes!("../../../tests/fixtures/package-1.frame").to_vec()]));
    assert_eq!(decoded.rejects, []);
    let mut transform = crate::transform::Transform::default();
    let events = transform.transform(&decoded.batches[0].packages, 0, &[origin(41)]).unwrap();
    assert_eq!(events.keys.seq, [0, 1, 2]);
    assert_eq!(events.keys.tab_id.value(0), "01934f5e-6000-7000-8000-0000000000aa");
    // The clock's offset was -12.5 ms.
    assert_eq!(events.keys.occurred_at, [1_795_250_920_002_750, 1_795_250_920_003_750, 1_795_250_920_004_750]);
}
