//! The header of a frame: what stands beside a payload, so that nobody has to open it.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use uuid::Uuid;

use super::{CHUNKS_MAX, INFLATED_BYTES_MAX, PARTS_MAX, RawFrame, Sha256, VERSION};
use crate::ingest::{Clock, EventCode, Id, Length, Number, Object, Text, Whole, Within, explain_value};

/// A frame whose header is good; borrows from the body. Its payload is looked at by whoever shows it.
#[derive(Debug)]
pub enum Frame<'a> {
    /// A stretch of a page view's recording, or a part of one.
    Chunk(Chunk, &'a [u8]),
    /// A style sheet, font or image that recordings name.
    Asset(Asset<'a>, &'a [u8]),
}

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkKind {
    /// The document as it stood.
    Snapshot,
    /// What changed since.
    Mutations,
}

impl ChunkKind {
    /// The name in headers, records and columns.
    pub const fn name(self) -> &'static str {
        match self {
            ChunkKind::Snapshot => "snapshot",
            ChunkKind::Mutations => "mutations",
        }
    }
}

/// Content coding of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// One gzip member.
    Gzip,
    /// As it is: of assets that are compressed by nature.
    Identity,
}

impl Encoding {
    /// The name in headers, records and columns.
    pub const fn name(self) -> &'static str {
        match self {
            Encoding::Gzip => "gzip",
            Encoding::Identity => "identity",
        }
    }
}

/// A chunk's header. (`tab_id`, `page_view_id`, `chunk_seq`, `part`) names it for ever.
#[derive(Debug, Deserialize)]
pub struct Chunk {
    /// Snapshot or mutations.
    pub kind: ChunkKind,
    /// As in batches of events.
    pub visitor_id: Id,
    /// As in batches of events.
    pub tab_id: Id,
    /// Of version 7: its date says where the recording is kept.
    pub page_view_id: Id,
    /// Gap-free per page view, from 0.
    pub chunk_seq: Within<0, { CHUNKS_MAX - 1 }>,
    /// Which slice of the payload this is, from 0.
    pub part: Within<0, { PARTS_MAX - 1 }>,
    /// Slices of the payload; more than one for snapshots only.
    pub parts: Within<1, PARTS_MAX>,
    /// Of its first recorded event; client clock, epoch milliseconds.
    pub first_at: Number,
    /// Of its last one.
    pub last_at: Number,
    /// The tracker's newest `seq` at the first recorded event: the exact order of clicks and changes.
    pub first_q: Whole,
    /// The same at the last one.
    pub last_q: Whole,
    /// Recorded events in it.
    pub events: Whole,
    /// Nodes of a snapshot.
    pub nodes: Option<Whole>,
    /// The payload inflated, all parts joined: the word of the sender, never a size to allocate.
    pub raw_bytes: Within<0, INFLATED_BYTES_MAX>,
    /// Always gzip.
    pub encoding: Encoding,
    /// Width and height, CSS pixels.
    pub viewport: [Length; 2],
    /// `None` until the SDK has an estimate.
    pub clock: Option<Object<Clock>>,
    /// The page view's last chunk, as far as the recorder knew.
    #[serde(default)]
    pub r#final: bool,
    /// The snapshot was cut short.
    #[serde(default)]
    pub partial: bool,
    /// Time that the page's thread gave for it.
    pub page_cost_ms: Option<Length>,
    /// Of the rules by which it was masked.
    pub masking_version: Within<0, { i32::MAX as i64 }>,
    /// What it names. The header's length bounds their number.
    #[serde(default)]
    pub assets: Vec<Sha256>,
}

/// An asset's header.
#[derive(Debug, Deserialize)]
pub struct Asset<'a> {
    /// Whose browser sent it.
    pub visitor_id: Id,
    /// As in batches of events.
    pub tab_id: Id,
    /// Of the payload as it is sent, so that whoever does not inflate can check it. The same file may therefore have
    /// two names, by two browsers' gzip.
    pub sha256: Sha256,
    /// What it is.
    pub content_type: ContentType,
    /// Where the page had it from; masked by the SDK.
    #[serde(borrow)]
    pub url: Option<Text<'a>>,
    /// The payload inflated: the word of the sender.
    pub raw_bytes: Within<0, INFLATED_BYTES_MAX>,
    /// Of the payload.
    pub encoding: Encoding,
}

/// Kinds of assets that are kept: what a page looks by, and nothing that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType(&'static str);

impl ContentType {
    /// Every kind.
    pub const ALL: &[&str] = &[
        "text/css",
        "font/woff2",
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/avif",
        "image/svg+xml",
        "image/gif",
    ];

    /// The media type, without parameters.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl<'de> Deserialize<'de> for ContentType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(name) = Text::deserialize(deserializer)?;
        let known = Self::ALL.iter().find(|known| **known == name);
        known.map(|known| Self(known)).ok_or_else(|| D::Error::custom(format_args!("{name:?} is no kind of asset")))
    }
}

/// Why one frame is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameCode {
    /// The header is no JSON object in UTF-8.
    MalformedHeader,
    /// Another `v` than [`VERSION`].
    UnknownVersion,
    /// `kind` is none of the contract.
    UnknownKind,
    /// A field that the kind needs is not there, or null.
    MissingField,
    /// A value of another kind than the field's, or one that another field contradicts.
    InvalidField,
    /// A number beyond what the field can hold.
    NumberOutOfRange,
    /// An asset whose payload has another SHA-256 than its header says.
    HashMismatch,
}

impl FrameCode {
    /// Every code.
    pub const ALL: &[FrameCode] = &[
        FrameCode::MalformedHeader,
        FrameCode::UnknownVersion,
        FrameCode::UnknownKind,
        FrameCode::MissingField,
        FrameCode::InvalidField,
        FrameCode::NumberOutOfRange,
        FrameCode::HashMismatch,
    ];

    /// The stable name, as in answers, dead letters and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            FrameCode::MalformedHeader => "malformed_header",
            FrameCode::UnknownVersion => "unknown_version",
            FrameCode::UnknownKind => "unknown_kind",
            FrameCode::MissingField => "missing_field",
            FrameCode::InvalidField => "invalid_field",
            FrameCode::NumberOutOfRange => "number_out_of_range",
            FrameCode::HashMismatch => "hash_mismatch",
        }
    }
}

/// One rejected frame.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FrameError {
    /// For machines.
    pub code: FrameCode,
    /// For people: names the field and its value.
    pub message: String,
}

impl FrameError {
    fn invalid(message: impl Into<String>) -> Self {
        Self { code: FrameCode::InvalidField, message: message.into() }
    }
}

/// What every header begins with in meaning: the rest depends on it.
#[derive(Deserialize)]
struct Kinded<'a> {
    v: Whole,
    #[serde(borrow)]
    kind: Text<'a>,
}

/// Reads a frame's header. The payload is not looked at.
pub fn parse<'a>(frame: &RawFrame<'a>) -> Result<Frame<'a>, FrameError> {
    let Object(Kinded { v, kind }) = read::<Object<Kinded>>(frame.header)?;
    if v.0 != VERSION {
        let message = format!("`v`: {} is not the version {VERSION} that is taken", v.0);
        return Err(FrameError { code: FrameCode::UnknownVersion, message });
    }
    match &*kind {
        "snapshot" | "mutations" => {
            let Object(chunk) = read::<Object<Chunk>>(frame.header)?;
            chunk.check()?;
            Ok(Frame::Chunk(chunk, frame.payload))
        }
        "asset" => {
            let Object(asset) = read(frame.header)?;
            Ok(Frame::Asset(asset, frame.payload))
        }
        other => {
            let shown: String = other.chars().take(32).collect();
            let message = format!("`kind`: {shown:?} is none of snapshot, mutations, asset");
            Err(FrameError { code: FrameCode::UnknownKind, message })
        }
    }
}

/// JSON of one contract's type, with what is wrong in words.
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, FrameError> {
    let malformed = |message| FrameError { code: FrameCode::MalformedHeader, message };
    let text = std::str::from_utf8(json)
        .map_err(|error| malformed(format!("the header is no UTF-8 from byte {} on", error.valid_up_to())))?;
    serde_json::from_str(text).map_err(|error| {
        if error.is_syntax() || error.is_eof() {
            return malformed(format!("the header is no JSON: {error}"));
        }
        let (code, message) = explain_value::<T>(text, &error);
        let code = match code {
            EventCode::MissingField => FrameCode::MissingField,
            EventCode::NumberOutOfRange => FrameCode::NumberOutOfRange,
            _ => FrameCode::InvalidField,
        };
        FrameError { code, message }
    })
}

impl Chunk {
    /// What the types of the fields cannot say.
    fn check(&self) -> Result<(), FrameError> {
        let Self { part, parts, .. } = self;
        if page_view_ms(self.page_view_id.0).is_none() {
            return Err(FrameError::invalid(format!(
                "`page_view_id`: {} is no UUID of version 7",
                self.page_view_id.0
            )));
        }
        if part.0 >= parts.0 {
            return Err(FrameError::invalid(format!("`part`: {} is not below `parts`, {}", part.0, parts.0)));
        }
        if parts.0 > 1 && self.kind != ChunkKind::Snapshot {
            return Err(FrameError::invalid(format!("`parts`: {}, but only a snapshot is sent in parts", parts.0)));
        }
        if self.first_at.0 > self.last_at.0 {
            let (first, last) = (self.first_at.0, self.last_at.0);
            return Err(FrameError::invalid(format!("`first_at`: {first} is after `last_at`, {last}")));
        }
        if self.first_q > self.last_q {
            let (first, last) = (self.first_q.0, self.last_q.0);
            return Err(FrameError::invalid(format!("`first_q`: {first} is after `last_q`, {last}")));
        }
        if self.encoding != Encoding::Gzip {
            return Err(FrameError::invalid("`encoding`: a chunk is always gzip"));
        }
        Ok(())
    }
}

/// When a page view began by its id, epoch milliseconds of the client's clock; `None` for an id of another version than
/// 7 (RFC 9562, section 5.7).
pub fn page_view_ms(id: Uuid) -> Option<i64> {
    let (high, low) = (id.as_fields().0, id.as_fields().1);
    (id.get_version_num() == 7).then(|| i64::from(high) << 16 | i64::from(low))
}
