//! Why a batch or an event is refused: stable codes for machines, and the starts of this module's own messages.

use std::fmt;

use super::{DEPTH_MAX, EVENTS_MAX};

/// Starts of this module's own serde errors, by which `explain` knows them again.
pub(super) const UNKNOWN_TYPE_PREFIX: &str = "unknown event type";
pub(super) const TOO_LONG_PREFIX: &str = "too long";
pub(super) const OUT_OF_RANGE_PREFIX: &str = "number out of range";

/// Why one event was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventCode {
    /// `type` is none of the contract.
    UnknownType,
    /// A field that the type needs is not there, or null.
    MissingField,
    /// A value of another kind than the field's.
    InvalidField,
    /// A text beyond `STRING_BYTES_MAX`, or more samples than a trail may have.
    StringTooLong,
    /// A number beyond what the field can hold.
    NumberOutOfRange,
    /// A text with half of a surrogate pair.
    InvalidUnicode,
    /// The lists of a trail have different lengths.
    TrailMismatch,
    /// Beyond `EVENT_BYTES_MAX`.
    EventTooLarge,
    /// Nested deeper than `DEPTH_MAX`.
    TooDeep,
}

impl EventCode {
    /// Every code.
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
    /// For machines.
    pub code: EventCode,
    /// For people: names the field and its value.
    pub message: String,
    /// The event's JSON text as it came.
    pub raw: &'a str,
}

/// Why a whole batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchCode {
    /// No JSON.
    MalformedJson,
    /// No UTF-8.
    InvalidUtf8,
    /// A field of the batch itself is missing or wrong.
    InvalidBatch,
    /// Nested deeper than `DEPTH_MAX`.
    TooDeep,
    /// More than `EVENTS_MAX`.
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
    /// For machines.
    pub code: BatchCode,
    /// For people: names the field and its value.
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

/// The error's text without " at line 1 column 2": the place is within one event, which says nothing to the sender.
pub(super) fn without_place(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
