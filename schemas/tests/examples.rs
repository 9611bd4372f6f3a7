//! Every example against the JSON Schema, the parser and the Avro schema: the TypeScript side tests the same files.
//! Cargo runs tests in the folder of their crate; a path that is compiled in would be wrong in another clone.

use std::fs;
use std::path::Path;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use schemas::ingest::{self, EffectKind, EventType};
use schemas::package::{self, Context};
use schemas::{avro, topics};

/// Name and text of each: `<type>.json`, or `<type>.<what>.json` where a type has several.
fn examples(kind: &str) -> Vec<(String, String)> {
    let folder = Path::new("examples").join(kind);
    let mut found: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| {
            let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a readable example"))
        })
        .collect();
    found.sort();
    let mut types: Vec<_> = EventType::ALL.iter().map(|kind| kind.name().to_owned()).collect();
    types.sort();
    let firsts = found.iter().map(|(name, _)| name.clone()).filter(|name| name == type_of(name));
    assert_eq!(firsts.collect::<Vec<_>>(), types, "one example per type in {kind}");
    assert!(
        found.iter().all(|(name, _)| types.iter().any(|kind| kind == type_of(name))),
        "a name without a type in {kind}"
    );
    found
}

fn type_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(kind, _)| kind)
}

fn json_schema() -> jsonschema::Validator {
    let text = fs::read_to_string("json/batch.schema.json").expect("readable");
    let schema = serde_json::from_str(&text).expect("JSON");
    jsonschema::draft202012::new(&schema).expect("a valid JSON Schema")
}

#[test]
fn the_json_schema_names_the_same_types_and_effects() {
    let text = fs::read_to_string("json/batch.schema.json").expect("readable");
    let event = &json(&text)["$defs"]["event"]["properties"];
    let types: Vec<_> = EventType::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(event["type"]["enum"], serde_json::json!(types));
    let effects: Vec<_> = EffectKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(event["effect"]["properties"]["kind"]["enum"], serde_json::json!(effects));
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("an example is JSON")
}

#[test]
fn good_examples_pass_the_schema_and_the_parser() {
    let schema = json_schema();
    for (name, text) in examples("good") {
        if let Err(error) = schema.validate(&json(&text)) {
            panic!("good/{name}.json against the JSON Schema: {error} at {}", error.instance_path());
        }
        let batch = ingest::parse(text.as_bytes()).unwrap_or_else(|error| panic!("good/{name}.json: {error}"));
        assert!(batch.rejects.is_empty(), "good/{name}.json: {:?}", batch.rejects);
        assert_eq!(batch.events.len(), 1);
        assert_eq!(batch.events[0].kind.name(), type_of(&name));
    }
}

#[test]
fn bad_examples_fail_both_by_their_only_event() {
    let schema = json_schema();
    for (name, text) in examples("bad") {
        assert!(!schema.is_valid(&json(&text)), "bad/{name}.json passes the JSON Schema");
        let batch = ingest::parse(text.as_bytes()).unwrap_or_else(|error| panic!("bad/{name}.json: {error}"));
        assert!(batch.events.is_empty(), "bad/{name}.json passes the parser");
        assert_eq!(batch.rejects.len(), 1);
        let mut mended = json(&text);
        mended["events"] = serde_json::json!([]);
        assert!(schema.is_valid(&mended), "bad/{name}.json is bad beside its event too");
    }
}

#[test]
fn what_is_ignored_fails_the_schema_and_leaves_its_batch_whole() {
    let text = fs::read_to_string("examples/ignored/client_hints.json").expect("a readable example");
    assert!(!json_schema().is_valid(&json(&text)));
    let batch = ingest::parse(text.as_bytes()).expect("taken");
    assert_eq!((batch.events.len(), batch.rejects.len()), (1, 0));
    assert_eq!(batch.header.client_hints, None);
    let mut mended = json(&text);
    mended["client_hints"] = serde_json::Value::Null;
    assert!(json_schema().is_valid(&mended), "it is bad beside its client hints too");
}

#[test]
fn good_examples_come_out_of_avro_as_they_went_in() {
    let schema = apache_avro::Schema::parse_str(topics::EVENTS_AVRO).expect("the bundled schema parses");
    for (name, text) in examples("good") {
        let batch = ingest::parse(text.as_bytes()).expect("good");
        let context = Context { site_id: "shop", received_at: 2.5, user_agent: Some("Mozilla"), client_address: None };
        let mut record = Vec::new();
        package::encode(&mut record, 7, &context, &batch.header, &batch.events);
        assert_eq!(record[..avro::FRAME_HEAD_BYTES], [0, 0, 0, 0, 7]);
        let mut rest = &record[avro::FRAME_HEAD_BYTES..];
        let value = reader(&schema).read_value(&mut rest).unwrap_or_else(|error| panic!("good/{name}.json: {error}"));
        assert!(rest.is_empty(), "good/{name}.json: {} bytes are left over", rest.len());
        let decoded = plain(&value);
        let sent = json(&text);
        for field in ["batch_id", "batch_seq", "visitor_id", "tab_id", "page_view_id", "sent_at", "clock", "identity"] {
            assert_same(&decoded[field], &sent[field], &format!("{name}: {field}"));
        }
        assert_eq!(decoded["received_at"], 2.5);
        assert_eq!(decoded["user_agent"], "Mozilla");
        assert_same(&decoded["client_hints"], &without_empty_texts(&sent["client_hints"]), &format!("{name}: hints"));
        assert_same(&decoded["page"], &as_avro(&sent["page"]), &format!("{name}: page"));
        assert_same(&decoded["events"][0], &as_avro(&sent["events"][0]), &format!("{name}: event"));
    }
}

fn reader(schema: &apache_avro::Schema) -> GenericDatumReader<'_> {
    GenericDatumReader::builder(schema).build().expect("a schema without loose ends")
}

/// A decoded Avro value as JSON: unions and enums are what they hold.
fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Union(_, inner) => plain(inner),
        Value::Record(fields) => fields.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Enum(_, name) | Value::String(name) => name.clone().into(),
        Value::Null => serde_json::Value::Null,
        Value::Boolean(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Long(number) => (*number).into(),
        Value::Double(number) => (*number).into(),
        other => panic!("no such value in the schema: {other:?}"),
    }
}

/// The contract's JSON with the names and shapes of Avro: lists of sides as records, custom fields under own names.
fn as_avro(sent: &serde_json::Value) -> serde_json::Value {
    let mut made = sent.clone();
    let fields = made.as_object_mut().expect("an object");
    for (field, sides) in [("viewport", &["width", "height"][..]), ("screen", &["width", "height"])] {
        if let Some(list) = fields.get(field).filter(|list| list.is_array()).cloned() {
            fields.insert(field.into(), record(sides, &list));
        }
    }
    if let Some(element) = fields.get_mut("element").and_then(|element| element.as_object_mut())
        && let Some(rect) = element.get("rect").filter(|rect| rect.is_array()).cloned()
    {
        element.insert("rect".into(), record(&["x", "y", "width", "height"], &rect));
    }
    if let Some(key) = fields.remove("key") {
        fields.insert("key_class".into(), key["class"].clone());
    }
    if let Some(name) = fields.remove("name") {
        fields.insert("custom_name".into(), name);
    }
    fields.remove("properties"); // kept as text: the parser's own test looks at it
    let mut details = serde_json::Map::new();
    for part in ["effect", "media", "frame", "scroll", "field", "replay"] {
        if let Some(serde_json::Value::Object(values)) = fields.remove(part) {
            details.extend(values.into_iter().map(|(name, value)| (format!("{part}_{name}"), value)));
        }
    }
    if fields.contains_key("seq") {
        let details = if details.is_empty() { vec![] } else { vec![details] };
        fields.insert("details".into(), serde_json::json!(details));
    }
    made
}

/// Client hints say with an empty text that they do not know; a record says it with null.
fn without_empty_texts(hints: &serde_json::Value) -> serde_json::Value {
    let null_if_empty = |value: &serde_json::Value| if value == "" { serde_json::Value::Null } else { value.clone() };
    match hints.as_object() {
        Some(fields) => fields.iter().map(|(name, value)| (name.clone(), null_if_empty(value))).collect(),
        None => hints.clone(),
    }
}

fn record(names: &[&str], list: &serde_json::Value) -> serde_json::Value {
    names.iter().zip(list.as_array().expect("a list")).map(|(name, side)| ((*name).to_owned(), side.clone())).collect()
}

/// Everything in `sent` is in `decoded`, numbers by value; what `sent` lacks is null in `decoded`.
fn assert_same(decoded: &serde_json::Value, sent: &serde_json::Value, place: &str) {
    match (decoded, sent) {
        (serde_json::Value::Object(decoded), serde_json::Value::Object(sent)) => {
            for (name, value) in sent {
                assert_same(decoded.get(name).unwrap_or(&serde_json::Value::Null), value, &format!("{place}.{name}"));
            }
        }
        (serde_json::Value::Array(decoded), serde_json::Value::Array(sent)) => {
            assert_eq!(decoded.len(), sent.len(), "{place}");
            for (index, (decoded, sent)) in decoded.iter().zip(sent).enumerate() {
                assert_same(decoded, sent, &format!("{place}[{index}]"));
            }
        }
        (decoded, sent) if sent.is_number() => assert_eq!(decoded.as_f64(), sent.as_f64(), "{place}"),
        (decoded, sent) => assert_eq!(decoded, sent, "{place}"),
    }
}
