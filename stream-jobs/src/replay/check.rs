//! What a record may say.

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, BinaryArray, Float64Array, Int64Array, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use schemas::landing::PAYLOAD;
use schemas::replay::{
    CHUNKS_MAX, ContentType, INFLATED_BYTES_MAX, PARTS_MAX, PAYLOAD_BYTES_MAX, Sha256, page_view_ms,
};
use uuid::Uuid;

use crate::kafka::decode::Reason;
use crate::transform::lift;

/// Code of a record that can be decoded and says what the contract forbids.
const CODE: &str = "invalid_frame";
/// What a reason repeats of a text.
const SHOWN_BYTES_MAX: usize = 64;

/// The columns that are checked.
pub(super) struct Frames {
    site_id: StringArray,
    visitor_id: StringArray,
    tab_id: StringArray,
    page_view_id: StringArray,
    kind: StringArray,
    seq: Int64Array,
    started_at: Float64Array,
    ended_at: Float64Array,
    part: Int64Array,
    parts: Int64Array,
    raw_bytes: Int64Array,
    encoding: StringArray,
    sha256: StringArray,
    content_type: StringArray,
    payload: BinaryArray,
}

impl Frames {
    pub(super) fn of(records: &RecordBatch) -> Result<Self> {
        let records = StructArray::from(records.clone());
        let text = |name: &str| lift::child_text(&records, name);
        let int = |name: &str| lift::child_int(&records, name);
        let kind = cast(&lift::child(&records, "kind")?, &DataType::Utf8)?;
        let payload = lift::child(&records, PAYLOAD)?;
        Ok(Self {
            site_id: text("site_id")?,
            visitor_id: text("visitor_id")?,
            tab_id: text("tab_id")?,
            page_view_id: text("page_view_id")?,
            kind: kind.as_string_opt::<i32>().context("the field kind is no text")?.clone(),
            seq: int("seq")?,
            started_at: lift::child_number(&records, "started_at")?,
            ended_at: lift::child_number(&records, "ended_at")?,
            part: int("part")?,
            parts: int("parts")?,
            raw_bytes: int("raw_bytes")?,
            encoding: text("encoding")?,
            sha256: text("sha256")?,
            content_type: text("content_type")?,
            payload: payload.as_binary_opt::<i32>().context("the field payload is no bytes")?.clone(),
        })
    }

    /// The rows that say what they may not, and what.
    pub(super) fn wrong(&self) -> Vec<(usize, Reason)> {
        let rows = 0..self.kind.len();
        rows.filter_map(|row| Some((row, Reason { code: CODE, message: self.check(row).err()? }))).collect()
    }

    fn check(&self, row: usize) -> Result<(), String> {
        if self.site_id.value(row).is_empty() {
            return Err("site_id is empty".into());
        }
        uuid("visitor_id", &self.visitor_id, row)?;
        uuid("tab_id", &self.tab_id, row)?;
        within("raw_bytes", self.raw_bytes.value(row), 0, INFLATED_BYTES_MAX)?;
        within("the payload's length", self.payload.value(row).len() as i64, 1, PAYLOAD_BYTES_MAX as i64)?;
        match self.kind.value(row) {
            kind @ ("snapshot" | "mutations") => self.check_chunk(row, kind == "snapshot"),
            "asset" => self.check_asset(row),
            _ => Err("kind is none that this program knows".into()),
        }
    }

    fn check_chunk(&self, row: usize, is_snapshot: bool) -> Result<(), String> {
        if page_view_ms(uuid("page_view_id", &self.page_view_id, row)?).is_none() {
            return Err(format!("page_view_id {} is of another version than 7", self.page_view_id.value(row)));
        }
        if self.seq.is_null(row) || self.started_at.is_null(row) || self.ended_at.is_null(row) {
            return Err("a chunk needs seq, started_at and ended_at".into());
        }
        within("seq", self.seq.value(row), 0, CHUNKS_MAX - 1)?;
        within("parts", self.parts.value(row), 1, if is_snapshot { PARTS_MAX } else { 1 })?;
        within("part", self.part.value(row), 0, self.parts.value(row) - 1)?;
        match self.encoding.value(row) {
            "gzip" => Ok(()),
            other => Err(format!("encoding {:?} of a chunk is not gzip", shown(other))),
        }
    }

    fn check_asset(&self, row: usize) -> Result<(), String> {
        let (sha256, content_type) = (self.sha256.value(row), self.content_type.value(row));
        if self.sha256.is_null(row) || Sha256::from_hex(sha256).is_none() {
            return Err(format!("sha256 {:?} is not 64 hexadecimal digits", shown(sha256)));
        }
        if self.content_type.is_null(row) || !ContentType::ALL.contains(&content_type) {
            return Err(format!("content_type {:?} is no kind of asset", shown(content_type)));
        }
        match self.encoding.value(row) {
            "gzip" | "identity" => Ok(()),
            other => Err(format!("encoding {:?} of an asset is neither gzip nor identity", shown(other))),
        }
    }
}

fn uuid(name: &str, texts: &StringArray, row: usize) -> Result<Uuid, String> {
    let text = if texts.is_null(row) { "" } else { texts.value(row) };
    // Hyphens and lower case, as the collector writes them: one text for each id.
    let id = Uuid::try_parse(text).ok().filter(|id| id.hyphenated().to_string() == text);
    id.ok_or_else(|| format!("{name} {:?} is no UUID", shown(text)))
}

fn within(name: &str, number: i64, least: i64, most: i64) -> Result<(), String> {
    let fits = (least..=most).contains(&number);
    fits.then_some(()).ok_or_else(|| format!("{name} {number} is not between {least} and {most}"))
}

fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]
}
