//! Messages that name the field and its value for people. Explaining is a second, slower reading that tracks the path to the
//! failing value; the good path pays nothing for it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Envelope;
use super::reject::{
    BatchCode, BatchError, EventCode, OUT_OF_RANGE_PREFIX, TOO_LONG_PREFIX, UNKNOWN_TYPE_PREFIX, without_place,
};
use super::value::Object;

/// Longest message: it may quote what the sender sent.
const MESSAGE_BYTES_MAX: usize = 300;

/// Names the field of the batch that `error` is about. `text` is what failed to parse.
pub(super) fn explain_batch(text: &str, error: &serde_json::Error) -> BatchError {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let explained: Result<Object<Envelope<&RawValue>>, _> = serde_path_to_error::deserialize(&mut deserializer);
    match explained {
        Err(explained) if is_about_a_value(explained.inner()) => BatchError {
            code: BatchCode::InvalidBatch,
            message: bounded(at_path(&explained.path().to_string(), &without_place(explained.inner()))),
        },
        Err(explained) => {
            BatchError { code: BatchCode::MalformedJson, message: bounded(format!("not JSON: {}", explained.inner())) }
        }
        // Only what follows the value can be wrong then.
        Ok(_) => BatchError { code: BatchCode::MalformedJson, message: bounded(format!("not JSON: {error}")) },
    }
}

/// Names the code and the field of the value that `error` is about. `raw` is what failed to parse as `T`.
pub(crate) fn explain_value<'a, T: Deserialize<'a>>(raw: &'a str, error: &serde_json::Error) -> (EventCode, String) {
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    let explained: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    match explained {
        Err(explained) => {
            let inner = without_place(explained.inner());
            (classify(&inner), bounded(at_path(&explained.path().to_string(), &inner)))
        }
        Ok(_) => (EventCode::InvalidField, bounded(without_place(error))),
    }
}

/// Whether JSON's grammar holds and one value is not what the contract asks for.
fn is_about_a_value(error: &serde_json::Error) -> bool {
    let text = without_place(error);
    error.is_data() || text.starts_with(OUT_OF_RANGE_PREFIX) || classify(&text) == EventCode::InvalidUnicode
}

/// serde_json gives no codes, so the texts are told apart by their starts; a test holds each of them.
fn classify(text: &str) -> EventCode {
    const STARTS: &[(&str, EventCode)] = &[
        (UNKNOWN_TYPE_PREFIX, EventCode::UnknownType),
        (TOO_LONG_PREFIX, EventCode::StringTooLong),
        (OUT_OF_RANGE_PREFIX, EventCode::NumberOutOfRange),
        ("invalid value: integer", EventCode::NumberOutOfRange),
        ("missing field", EventCode::MissingField),
        ("invalid type: null", EventCode::MissingField),
        ("lone leading surrogate", EventCode::InvalidUnicode),
        ("unexpected end of hex escape", EventCode::InvalidUnicode),
        ("invalid unicode code point", EventCode::InvalidUnicode),
    ];
    STARTS.iter().find(|(start, _)| text.starts_with(start)).map_or(EventCode::InvalidField, |(_, code)| *code)
}

fn at_path(path: &str, text: &str) -> String {
    if path == "." { text.to_owned() } else { format!("`{path}`: {text}") }
}

fn bounded(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
        text.push('…');
    }
    text
}
