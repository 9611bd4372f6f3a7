use super::*;
use crate::query::Given;

#[test]
fn frames_read_back_one_after_the_other() {
    let ask = Ask {
        sql: "select 'ä'\n".into(),
        scope: Scope::of(["shop"]),
        form: Form::Postgres { formats: vec![true] },
        parameters: vec![Parameter { oid: 20, given: Given::Binary(vec![0; 8]) }],
        rows_max: 7,
        bytes_max: 8,
        held_bytes_max: 0,
        cpu_seconds_max: 9,
    };
    let frames = [Frame::of(Kind::Ask, &ask), Frame { kind: Kind::Data, body: Bytes::from_static(&[0; 3]) }];
    let mut bytes = Vec::new();
    frames.iter().for_each(|frame| frame.write(&mut bytes).unwrap());
    let mut input = bytes.as_slice();
    let first = Frame::read(&mut input).unwrap().unwrap();
    assert_eq!(first.message::<Ask>().unwrap(), ask);
    assert_eq!(Frame::read(&mut input).unwrap().as_ref(), Some(&frames[1]));
    assert_eq!(Frame::read(&mut input).unwrap(), None);
}

#[tokio::test]
async fn both_readers_refuse_what_is_cut_too_long_or_unknown() {
    let whole = Frame::of(Kind::Head, &Head { bytes: Some(1), kind: None }).bytes();
    let long = [&[b'D'][..], &u32::MAX.to_le_bytes()].concat();
    for bytes in [&whole[..1], &whole[..4], &whole[..whole.len() - 1], &long, b"X\0\0\0\0"] {
        assert!(Frame::read(&mut &*bytes).is_err(), "{bytes:?}");
        assert!(Frame::receive(&mut &*bytes).await.is_err(), "{bytes:?}");
    }
    assert_eq!(Frame::receive(&mut whole.as_slice()).await.unwrap(), Frame::read(&mut whole.as_slice()).unwrap());
}

#[test]
fn the_longest_statement_fits_a_frame() {
    let sql = "\u{1}".repeat(crate::limits::SQL_BYTES_MAX);
    let escaped = serde_json::to_vec(&sql).unwrap();
    assert!(escaped.len() + 1_000 < BODY_BYTES_MAX);
}
