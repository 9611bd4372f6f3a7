//! Dead letters: one refused input with its reason, as `avro/telemetry.dead_letter.avsc` has it.

use crate::avro;

/// Longest part of the refused bytes that is kept.
pub const RAW_BYTES_MAX: usize = 64 * 1024;

/// One refused input.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeadLetter<'a> {
    /// The process that refused it: `collector` or `stream-jobs`.
    pub stage: &'a str,
    /// Stable, machine-readable reason.
    pub code: &'a str,
    /// The reason for people: names the field and its value.
    pub message: &'a str,
    /// Server clock, epoch milliseconds.
    pub rejected_at: f64,
    /// The site by its write key; `None` where that was not read.
    pub site_id: Option<&'a str>,
    /// Of the batch, as far as it was read; so the next two.
    pub visitor_id: Option<&'a str>,
    /// See `visitor_id`.
    pub tab_id: Option<&'a str>,
    /// See `visitor_id`.
    pub batch_id: Option<&'a str>,
    /// Index within the batch's `events`.
    pub event_index: Option<i32>,
    /// Where a refused record came from: topic, partition, offset.
    pub source: Option<(&'a str, i32, i64)>,
    /// The refused bytes, whole; [`encode`] cuts them.
    pub raw: &'a [u8],
}

/// Appends the framed dead letter to `out`.
pub fn encode(out: &mut Vec<u8>, schema_id: u32, letter: &DeadLetter) {
    avro::frame(out, schema_id);
    avro::string(out, letter.stage);
    avro::string(out, letter.code);
    avro::string(out, letter.message);
    avro::double(out, letter.rejected_at);
    for text in [letter.site_id, letter.visitor_id, letter.tab_id, letter.batch_id] {
        avro::optional(out, text, avro::string);
    }
    avro::optional(out, letter.event_index.map(i64::from), avro::long);
    avro::optional(out, letter.source.map(|(topic, _, _)| topic), avro::string);
    avro::optional(out, letter.source.map(|(_, partition, _)| i64::from(partition)), avro::long);
    avro::optional(out, letter.source.map(|(_, _, offset)| offset), avro::long);
    avro::bytes(out, &letter.raw[..letter.raw.len().min(RAW_BYTES_MAX)]);
    avro::long(out, i64::try_from(letter.raw.len()).expect("no buffer in memory is longer than i64::MAX"));
}
