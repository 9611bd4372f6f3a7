//! What becomes of every bad example of the contract. A difference that you meant is taken over by `INSTA_UPDATE=always`.

use std::fmt::Write;
use std::fs;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use schemas::ingest::parse;
use schemas::topics::DEAD_LETTER_AVRO;

use super::*;

const IDS: SchemaIds = SchemaIds { events: 1, replay: 3, dead_letter: 2 };
const CONTEXT: Context =
    Context { site_id: "shop", received_at: 1_795_250_920_120.25, user_agent: None, client_address: None };
/// Magic byte and schema id.
const FRAME_BYTES: usize = 5;

fn letters(body: &[u8]) -> Records {
    match parse(body) {
        Ok(batch) => Records::of_batch(IDS, usize::MAX, &CONTEXT, &batch, body.len()),
        Err(error) => {
            Records::of_body(IDS, CONTEXT.site_id, CONTEXT.received_at, error.code.name(), &error.message, body)
        }
    }
}

/// A line for each field.
fn told(value: &Value) -> String {
    let Value::Record(fields) = value else { panic!("a dead letter is a record") };
    let mut text = String::new();
    for (name, value) in fields {
        let value = match value {
            Value::Union(_, value) => value,
            value => value,
        };
        let _ = match value {
            Value::Null => continue,
            Value::String(text_value) => writeln!(text, "{name}: {text_value}"),
            Value::Bytes(bytes) => writeln!(text, "{name}: {}", String::from_utf8_lossy(bytes)),
            Value::Int(number) => writeln!(text, "{name}: {number}"),
            Value::Long(number) => writeln!(text, "{name}: {number}"),
            Value::Double(number) => writeln!(text, "{name}: {number}"),
            other => panic!("{name}: {other:?}"),
        };
    }
    text
}

#[test]
fn every_bad_example_has_its_dead_letter() {
    let schema = Schema::parse_str(DEAD_LETTER_AVRO).unwrap();
    let reader = GenericDatumReader::builder(&schema).build().unwrap();
    let mut paths: Vec<_> =
        fs::read_dir("../schemas/examples/bad").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        for path in paths {
            let body = fs::read(&path).unwrap();
            let records = letters(&body);
            let letters = records.iter().filter(|(target, _)| *target == Target::DeadLetter);
            let texts: Vec<String> =
                letters.map(|(_, record)| told(&reader.read_value(&mut &record[FRAME_BYTES..]).unwrap())).collect();
            assert_eq!(texts.len(), 1, "{}", path.display());
            insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), texts[0]);
        }
    });
}
