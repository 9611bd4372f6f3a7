//! Headers are the files in `examples/replay`; a bad one is named by the code that refuses it.

use std::fs;
use std::path::Path;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;

use super::*;
use crate::{avro, topics};

fn examples(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new("examples/replay").join(kind);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read =
        |path: std::path::PathBuf| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap());
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

fn body(frames: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (header, payload) in frames {
        for piece in [header, payload] {
            body.extend_from_slice(&u32::try_from(piece.len()).unwrap().to_le_bytes());
            body.extend_from_slice(piece);
        }
    }
    body
}

fn refused(body: &[u8]) -> BodyCode {
    frames(body, PAYLOAD_BYTES_MAX).unwrap_err().code
}

#[test]
fn frames_are_found_by_their_lengths() {
    let sent = body(&[(b"{}", b"payload"), (b"[", b"\0")]);
    let found = frames(&sent, PAYLOAD_BYTES_MAX).unwrap();
    assert_eq!(found, [RawFrame { header: b"{}", payload: b"payload" }, RawFrame { header: b"[", payload: b"\0" }]);
    let most = body(&[(&[b' '; HEADER_BYTES_MAX][..], &b"x"[..]); FRAMES_MAX]);
    assert_eq!(frames(&most, PAYLOAD_BYTES_MAX).unwrap().len(), FRAMES_MAX);
    let longest = vec![0; PAYLOAD_BYTES_MAX];
    assert_eq!(frames(&body(&[(b"{}", &longest)]), PAYLOAD_BYTES_MAX).unwrap()[0].payload.len(), PAYLOAD_BYTES_MAX);
}

#[test]
fn lengths_that_lie_refuse_the_body() {
    let whole = body(&[(b"{}", b"payload"), (b"{}", b"p")]);
    for end in 0..whole.len() {
        let cut = frames(&whole[..end], PAYLOAD_BYTES_MAX);
        if end == 17 {
            assert_eq!(cut.unwrap().len(), 1, "the first frame alone");
        } else {
            assert_eq!(cut.unwrap_err().code, BodyCode::MalformedFrames, "{end}");
        }
    }
    assert_eq!(refused(&body(&[(b"", b"p")])), BodyCode::MalformedFrames);
    assert_eq!(refused(&body(&[(b"{}", b"")])), BodyCode::MalformedFrames);
    assert_eq!(refused(&[0xff; 64]), BodyCode::FrameTooLarge);
    assert_eq!(refused(&body(&[(&[b' '; HEADER_BYTES_MAX + 1], b"p")])), BodyCode::FrameTooLarge);
    assert_eq!(refused(&body(&[(b"{}", &vec![0; PAYLOAD_BYTES_MAX + 1])])), BodyCode::FrameTooLarge);
    assert_eq!(refused(&body(&[(&b"{}"[..], &b"p"[..]); FRAMES_MAX + 1])), BodyCode::TooManyFrames);
    assert_eq!(refused(&vec![1; BODY_BYTES_MAX + 1]), BodyCode::FrameTooLarge);
    assert_eq!(frames(&body(&[(b"{}", b"four")]), 3).unwrap_err().code, BodyCode::FrameTooLarge);
}

#[test]
fn good_headers_are_taken() {
    let examples = examples("good");
    assert_eq!(examples.len(), 5);
    for (name, header) in &examples {
        assert!(header.len() <= HEADER_BYTES_MAX);
        let frame = parse(&RawFrame { header, payload: b"x" }).unwrap_or_else(|error| panic!("{name}: {error}"));
        let kind = match &frame {
            Frame::Chunk(chunk, _) => chunk.kind.name(),
            Frame::Asset(..) => "asset",
        };
        assert_eq!(kind, name.split('.').next().unwrap());
    }
}

#[test]
fn bad_headers_are_rejected_by_the_code_in_their_name() {
    let examples = examples("bad");
    for code in FrameCode::ALL.iter().filter(|code| **code != FrameCode::HashMismatch) {
        assert!(examples.iter().any(|(name, _)| name.starts_with(code.name())), "no example of {}", code.name());
    }
    for (name, header) in &examples {
        let error = parse(&RawFrame { header, payload: b"x" }).expect_err(name);
        assert_eq!(error.code.name(), name.split('.').next().unwrap(), "{name}: {error}");
        assert!(error.message.len() < 400, "{name}: {error}");
    }
}

#[test]
fn no_header_within_the_limit_costs_more_than_its_length() {
    let deep = [b'['; HEADER_BYTES_MAX];
    let long = format!("{{\"v\":1,\"kind\":\"{}\"}}", "k".repeat(HEADER_BYTES_MAX - 18));
    let nested = format!("{{\"v\":1,\"kind\":\"asset\",\"x\":{}", "[".repeat(HEADER_BYTES_MAX - 27));
    for header in [&deep[..], &[0xff; HEADER_BYTES_MAX], long.as_bytes(), nested.as_bytes()] {
        let error = parse(&RawFrame { header, payload: b"x" }).unwrap_err();
        assert!(error.message.len() < 500, "{}", error.message);
    }
}

#[test]
fn a_record_says_what_its_frame_said() {
    let schema = apache_avro::Schema::parse_str(topics::REPLAY_AVRO).unwrap();
    let reader = GenericDatumReader::builder(&schema).build().unwrap();
    for (name, header) in examples("good") {
        let sent: serde_json::Value = serde_json::from_slice(&header).unwrap();
        let payload = b"\x1f\x8bpayload";
        let frame = parse(&RawFrame { header: &header, payload }).unwrap();
        let mut record = Vec::new();
        encode(&mut record, 7, &Context { site_id: "shop", received_at: 2.5 }, &frame);
        assert!(record.len() <= payload.len() + RECORD_OVERHEAD_BYTES_MAX);
        let mut rest = &record[avro::FRAME_HEAD_BYTES..];
        let Value::Record(fields) = reader.read_value(&mut rest).unwrap() else { panic!("no record") };
        assert!(rest.is_empty(), "{name}: {} bytes are left over", rest.len());
        let of =
            |field: &str| fields.iter().find(|(its, _)| its == field).unwrap_or_else(|| panic!("{field}")).1.clone();
        for (field, value) in sent.as_object().unwrap() {
            let named = match &**field {
                "chunk_seq" => "seq",
                "first_at" => "started_at",
                "last_at" => "ended_at",
                "v" | "later" | "viewport" | "clock" => continue,
                same => same,
            };
            assert_eq!(plain(&of(named)), number(value), "{name}: {field}");
        }
        assert_eq!((plain(&of("site_id")), plain(&of("received_at"))), ("shop".into(), 2.5.into()));
        assert_eq!(of("payload"), Value::Bytes(payload.to_vec()));
        let offset = sent.get("clock").map_or(&serde_json::Value::Null, |clock| &clock["offset_ms"]);
        assert_eq!(plain(&of("clock_offset_ms")), *offset, "{name}");
        let width = sent.get("viewport").map_or(serde_json::Value::Null, |viewport| number(&viewport[0]));
        assert_eq!(number(&plain(&of("viewport_width"))), width, "{name}");
    }
}

/// Every number by its value.
fn number(value: &serde_json::Value) -> serde_json::Value {
    value.as_f64().map_or_else(|| value.clone(), Into::into)
}

fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Union(_, inner) => plain(inner),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Enum(_, name) | Value::String(name) => name.clone().into(),
        Value::Null => serde_json::Value::Null,
        Value::Boolean(flag) => (*flag).into(),
        Value::Int(number) => f64::from(*number).into(),
        Value::Long(number) => (*number as f64).into(),
        Value::Double(number) => (*number).into(),
        other => panic!("no such value in the schema: {other:?}"),
    }
}

#[test]
fn a_question_names_at_most_two_hundred_hashes() {
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let question = |count: usize| format!("{{\"sha256\":[{}]}}", vec![format!("\"{hash}\""); count].join(","));
    assert_eq!(parse_have(question(HAVE_MAX).as_bytes()).unwrap().len(), HAVE_MAX);
    assert_eq!(parse_have(b"{\"sha256\":[]}").unwrap(), []);
    assert!(question(HAVE_MAX).len() <= HAVE_BODY_BYTES_MAX);
    for wrong in [question(HAVE_MAX + 1).as_str(), "{}", "[]", "{\"sha256\":[1]}", "{\"sha256\":[\"e3\"]}", "{"] {
        assert!(parse_have(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(parse_have(&[b' '; HAVE_BODY_BYTES_MAX + 1]).is_err());
}

#[test]
fn the_page_views_id_says_when_it_began() {
    let id = |text: &str| uuid::Uuid::parse_str(text).unwrap();
    assert_eq!(page_view_ms(id("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")), Some(1_645_557_742_000));
    assert_eq!(page_view_ms(id("6f9619ff-8b86-4d01-b42d-00c04fc964ff")), None);
}
