//! Whatever the parser takes, Avro's own library reads back; whatever comes in, nothing panics.

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use proptest::prelude::*;
use schemas::dead_letter::{self, DeadLetter};
use schemas::ingest;
use schemas::package::{self, Context};
use schemas::{avro, topics};

fn reader(schema: &apache_avro::Schema) -> GenericDatumReader<'_> {
    GenericDatumReader::builder(schema).build().expect("a schema without loose ends")
}

fn decode(schema: &str, record: &[u8]) -> Value {
    let schema = apache_avro::Schema::parse_str(schema).expect("the bundled schema parses");
    let mut rest = &record[avro::FRAME_HEAD_BYTES..];
    let value = reader(&schema).read_value(&mut rest).expect("a record of the schema");
    assert!(rest.is_empty(), "{} bytes are left over", rest.len());
    value
}

fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let Value::Record(fields) = value else { panic!("no record: {value:?}") };
    let found = &fields.iter().find(|(field, _)| field == name).expect("a field of the schema").1;
    match found {
        Value::Union(_, inner) => inner,
        other => other,
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn items(value: &Value) -> &[Value] {
    let Value::Array(items) = value else { panic!("no array: {value:?}") };
    items
}

fn batch(events: &[serde_json::Value]) -> String {
    serde_json::json!({
        "batch_id": "01934f5e-7c00-7000-8a00-00000000b000", "batch_seq": 3,
        "visitor_id": "6f9619ff-8b86-4d01-b42d-00c04fc964ff", "tab_id": "01934f5e-6000-7000-8000-0000000000aa",
        "page_view_id": "01934f5e-6001-7000-8000-0000000000bb", "sent_at": 1795250920115.25, "events": events,
    })
    .to_string()
}

const CONTEXT: Context =
    Context { site_id: "shop", received_at: 1.5, user_agent: None, client_address: Some("10.0.0.0") };

prop_compose! {
    fn click()(
        seq in 0..=(1i64 << 53) - 1, at in proptest::num::f64::NORMAL, x in proptest::option::of(-1e308..1e308f64),
        button in proptest::option::of(-1..=i32::MAX), text in proptest::option::of(".{0,40}"),
        rect in proptest::option::of(proptest::array::uniform4(-1e6..1e6f64)),
        trail in proptest::collection::vec(-1e4..1e4f64, 0..20), pointer_type in proptest::option::of(".{0,10}"),
        depth in proptest::option::of(0.0..=1.0f64), corrections in proptest::option::of(0..=(1i64 << 53) - 1),
    ) -> serde_json::Value {
        let mut click = serde_json::json!({"seq": seq, "type": "click", "at": at, "x": x, "button": button,
            "element": {"text": text, "rect": rect}, "trail": {"dt": trail, "x": trail, "y": trail},
            "pointer_type": pointer_type});
        if depth.is_some() {
            click["scroll"] = serde_json::json!({"depth": depth});
        }
        if corrections.is_some() {
            click["field"] = serde_json::json!({"corrections": corrections});
        }
        click
    }
}

proptest! {
    #[test]
    fn every_batch_that_parses_decodes(events in proptest::collection::vec(click(), 1..8)) {
        let body = batch(&events);
        let parsed = ingest::parse(body.as_bytes()).expect("a good batch");
        prop_assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects);
        let mut record = Vec::new();
        package::encode(&mut record, 1, &CONTEXT, &parsed.header, &parsed.events);
        let value = decode(topics::EVENTS_AVRO, &record);
        let decoded = items(field(&value, "events"));
        prop_assert_eq!(decoded.len(), events.len());
        for (decoded, sent) in decoded.iter().zip(&events) {
            prop_assert_eq!(field(decoded, "seq"), &Value::Long(sent["seq"].as_i64().expect("an integer")));
            prop_assert_eq!(field(decoded, "at"), &Value::Double(sent["at"].as_f64().expect("a number")));
            match sent["element"]["text"].as_str() {
                Some(text) => prop_assert_eq!(field(field(decoded, "element"), "text"), &Value::String(text.into())),
                None => prop_assert_eq!(field(field(decoded, "element"), "text"), &Value::Null),
            }
            let samples: Vec<_> = items(field(field(decoded, "trail"), "y")).to_vec();
            let expected: Vec<_> =
                sent["trail"]["y"].as_array().expect("a list").iter().map(|y| Value::Double(y.as_f64().expect("a number"))).collect();
            prop_assert_eq!(samples, expected);
            prop_assert_eq!(text_of(field(decoded, "pointer_type")), sent["pointer_type"].as_str());
            let details = items(field(decoded, "details"));
            prop_assert_eq!(details.len(), usize::from(sent.get("scroll").is_some() || sent.get("field").is_some()));
            if let [details] = details {
                let depth = sent["scroll"]["depth"].as_f64().map_or(Value::Null, Value::Double);
                prop_assert_eq!(field(details, "scroll_depth"), &depth);
                let corrections = sent["field"]["corrections"].as_i64().map_or(Value::Null, Value::Long);
                prop_assert_eq!(field(details, "field_corrections"), &corrections);
            }
        }
    }

    /// Of bytes alone nearly none is JSON: pieces of it get further.
    #[test]
    fn any_body_is_read_or_refused(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.as_slice()), 0..40),
        garbage in proptest::collection::vec(any::<u8>(), 0..4), at in any::<usize>(),
    ) {
        let mut body = pieces.concat().into_bytes();
        let place = at % (body.len() + 1);
        body.splice(place..place, garbage);
        read_or_refused(&body)?;
    }

    #[test]
    fn any_damaged_batch_is_read_or_refused(event in click(), at in any::<usize>(), byte in any::<u8>()) {
        let mut body = batch(&[event]).into_bytes();
        let place = at % body.len();
        body[place] = byte;
        if let Some(events) = read_or_refused(&body)? {
            prop_assert_eq!(events, 1, "{}", String::from_utf8_lossy(&body));
        }
    }
}

/// What bodies are made of.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"events\"",
    "\"batch_id\"",
    "\"seq\"",
    "\"type\"",
    "\"at\"",
    "\"click\"",
    "1",
    "-1",
    "1e9",
    "null",
    "\"\\ud800\"",
    "\"x\"",
    r#""batch_id":"01934f5e-7c00-7000-8a00-00000000b000","batch_seq":3,"#,
    r#""visitor_id":"6f9619ff-8b86-4d01-b42d-00c04fc964ff","tab_id":"01934f5e-6000-7000-8000-0000000000aa","#,
    r#""page_view_id":"01934f5e-6001-7000-8000-0000000000bb","sent_at":1.5,"#,
    r#"{"seq":1,"type":"click","at":1}"#,
    r#"{"batch_id":"01934f5e-7c00-7000-8a00-00000000b000","batch_seq":3,"visitor_id":"6f9619ff-8b86-4d01-b42d-00c04fc964ff","tab_id":"01934f5e-6000-7000-8000-0000000000aa","page_view_id":"01934f5e-6001-7000-8000-0000000000bb","sent_at":1.5,"events":["#,
    r#""events":[{"seq":1,"type":"click","at":1}]}"#,
];

/// How many events the body holds, each of which is taken, and then Avro reads it back, or rejected with a reason; `None`
/// where the body was refused, with a reason that is short.
fn read_or_refused(body: &[u8]) -> Result<Option<usize>, TestCaseError> {
    let parsed = match ingest::parse(body) {
        Ok(parsed) => parsed,
        Err(error) => {
            prop_assert!((1..=310).contains(&error.message.len()), "{}", error.message);
            return Ok(None);
        }
    };
    for reject in &parsed.rejects {
        prop_assert!((1..=310).contains(&reject.message.len()), "{}", reject.message);
    }
    let mut record = Vec::new();
    package::encode(&mut record, 1, &CONTEXT, &parsed.header, &parsed.events);
    let decoded = items(field(&decode(topics::EVENTS_AVRO, &record), "events")).len();
    prop_assert_eq!(decoded, parsed.events.len());
    Ok(Some(parsed.events.len() + parsed.rejects.len()))
}

#[test]
fn a_large_batch_becomes_several_packages_in_order() {
    let text = "x".repeat(1_000);
    let events: Vec<_> =
        (0..100).map(|seq| serde_json::json!({"seq": seq, "type": "custom", "at": 1, "name": text})).collect();
    let body = batch(&events);
    let parsed = ingest::parse(body.as_bytes()).expect("a good batch");
    let (mut out, mut ends) = (Vec::new(), Vec::new());
    package::encode_split(&mut out, &mut ends, 10_000, 1, &CONTEXT, &parsed.header, &parsed.events);
    let (mut start, mut seen) = (0, Vec::new());
    for end in ends {
        assert!(end - start <= 10_000);
        let value = decode(topics::EVENTS_AVRO, &out[start..end]);
        seen.extend(items(field(&value, "events")).iter().map(|event| field(event, "seq").clone()));
        start = end;
    }
    assert_eq!(start, out.len());
    assert_eq!(seen, (0..100).map(Value::Long).collect::<Vec<_>>());
}

#[test]
fn one_event_over_the_limit_is_a_package_of_its_own_and_none_is_no_package() {
    let body = batch(&[serde_json::json!({"seq": 0, "type": "heartbeat", "at": 1})]);
    let parsed = ingest::parse(body.as_bytes()).expect("a good batch");
    let (mut out, mut ends) = (Vec::new(), Vec::new());
    package::encode_split(&mut out, &mut ends, 10, 1, &CONTEXT, &parsed.header, &parsed.events);
    assert_eq!(ends, [out.len()]);
    package::encode_split(&mut out, &mut ends, 10, 1, &CONTEXT, &parsed.header, &[]);
    assert_eq!(ends, [out.len()]);
}

#[test]
fn a_dead_letter_keeps_the_reason_and_a_bounded_part_of_the_bytes() {
    let raw = vec![b'x'; dead_letter::RAW_BYTES_MAX + 5];
    let letter = DeadLetter {
        stage: "collector",
        code: "unknown_type",
        message: "no such type",
        rejected_at: 3.5,
        site_id: Some("shop"),
        event_index: Some(4),
        source: Some(("telemetry.events", 2, 1 << 40)),
        raw: &raw,
        ..DeadLetter::default()
    };
    let mut record = Vec::new();
    dead_letter::encode(&mut record, 9, &letter);
    let value = decode(topics::DEAD_LETTER_AVRO, &record);
    assert_eq!(field(&value, "code"), &Value::String("unknown_type".into()));
    assert_eq!(field(&value, "visitor_id"), &Value::Null);
    assert_eq!(field(&value, "event_index"), &Value::Int(4));
    assert_eq!(field(&value, "offset"), &Value::Long(1 << 40));
    assert_eq!(field(&value, "raw"), &Value::Bytes(vec![b'x'; dead_letter::RAW_BYTES_MAX]));
    assert_eq!(field(&value, "raw_bytes_total"), &Value::Long(raw.len() as i64));
}
