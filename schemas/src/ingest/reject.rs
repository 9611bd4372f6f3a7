//! Why a batch or an event is refused: stable codes for machines, messages that name the field and its value for people.
//!
//! Explaining is a second, slower reading that tracks the path to the failing value; the good path pays nothing for it.

use std::fmt;

use super::event::Event;
use super::value::Object;
use super::{DEPTH_MAX, EVENTS_MAX, Envelope};
use serde_json::value::RawValue;

/// Starts of this module's own serde errors, by which [`classify`] knows them again.
pub(super) const UNKNOWN_TYPE_PREFIX: &str = "unknown event type";
pub(super) const TOO_LONG_PREFIX: &str = "too long";
pub(super) const OUT_OF_RANGE_PREFIX: &str = "number out of range";

/// Longest message: it may quote what the sender sent.
const MESSAGE_BYTES_MAX: usize = 300;

/// Why one event was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventCode {
    UnknownType,
    MissingField,
    InvalidField,
    StringTooLong,
    NumberOutOfRange,
    InvalidUnicode,
    TrailMismatch,
    EventTooLarge,
    TooDeep,
}

impl EventCode {
    pub const ALL: &[EventCode] = &[
        EventCode::UnknownType,
        EventCode::MissingField,
        EventCode::InvalidField,
        EventCode::StringTooLong,
        EventCode::NumberOutOfRange,
        EventCode::InvalidUnicode,
        EventCode::TrailMismatch,
        EventCode::EventTooLarge,
        EventCode::TooDeep,
    ];

    /// The stable name, as in answers, dead letters and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            EventCode::UnknownType => "unknown_type",
            EventCode::MissingField => "missing_field",
            EventCode::InvalidField => "invalid_field",
            EventCode::StringTooLong => "string_too_long",
            EventCode::NumberOutOfRange => "number_out_of_range",
            EventCode::InvalidUnicode => "invalid_unicode",
            EventCode::TrailMismatch => "trail_mismatch",
            EventCode::EventTooLarge => "event_too_large",
            EventCode::TooDeep => "too_deep",
        }
    }
}

/// One rejected event.
#[derive(Debug)]
pub struct Reject<'a> {
    /// Index within the batch's `events`.
    pub index: usize,
    pub code: EventCode,
    pub message: String,
    /// The event's JSON text as it came.
    pub raw: &'a str,
}

/// Why a whole batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchCode {
    MalformedJson,
    InvalidUtf8,
    InvalidBatch,
    TooDeep,
    TooManyEvents,
}

impl BatchCode {
    /// The stable name, as in answers, dead letters and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            BatchCode::MalformedJson => "malformed_json",
            BatchCode::InvalidUtf8 => "invalid_utf8",
            BatchCode::InvalidBatch => "invalid_batch",
            BatchCode::TooDeep => "too_deep",
            BatchCode::TooManyEvents => "too_many_events",
        }
    }
}

/// A batch refused as a whole.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BatchError {
    pub code: BatchCode,
    pub message: String,
}

impl BatchError {
    pub(super) fn invalid_utf8(at: usize) -> Self {
        let message = format!("the body is no UTF-8 from byte {at} on");
        Self { code: BatchCode::InvalidUtf8, message }
    }

    pub(super) fn too_deep() -> Self {
        let message = format!("arrays and objects are nested deeper than {DEPTH_MAX} levels");
        Self { code: BatchCode::TooDeep, message }
    }

    pub(super) fn too_many_events(count: usize) -> Self {
        let message = format!("the batch holds {count} events, at most {EVENTS_MAX} are allowed: send it in parts");
        Self { code: BatchCode::TooManyEvents, message }
    }
}

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

/// Names the code and the field of the event that `error` is about. `raw` is what failed to parse.
pub(super) fn explain_event(raw: &str, error: &serde_json::Error) -> (EventCode, String) {
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    let explained: Result<Object<Event>, _> = serde_path_to_error::deserialize(&mut deserializer);
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

/// The error's text without " at line 1 column 2": the place is within one event, which says nothing to the sender.
pub(super) fn without_place(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

fn bounded(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
        text.push('…');
    }
    text
}
