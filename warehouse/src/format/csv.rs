//! Answers as CSV: RFC 4180 with a header, lines ended by LF, as PostgreSQL's `COPY` writes it. Null is an empty field and
//! an empty text is `""`; a row of one null is therefore an empty line, which is a row all the same.

use std::fmt::Write as _;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema};
use serde_json::Value;

use super::Answer;
use super::json::rows;

/// The answer with its header.
pub fn csv(answer: &Answer) -> String {
    let mut text = csv_header(&answer.schema);
    answer.batches.iter().for_each(|batch| csv_rows(batch, &mut text));
    text
}

/// The line of the columns' names.
pub fn csv_header(schema: &Schema) -> String {
    let mut text = String::new();
    line(&mut text, schema.fields().iter().map(|field| quoted(field.name())));
    text
}

/// A line for each row. Texts that a spreadsheet would take for a formula get an apostrophe in front; numbers stay numbers.
pub fn csv_rows(batch: &RecordBatch, text: &mut String) {
    let texts: Vec<bool> = batch.schema_ref().fields().iter().map(|field| is_text(field.data_type())).collect();
    for row in rows(batch) {
        line(text, row.iter().zip(&texts).map(|(value, is_text)| field(value, *is_text)));
    }
}

fn line(text: &mut String, fields: impl Iterator<Item = String>) {
    let fields: Vec<String> = fields.collect();
    let _ = writeln!(text, "{}", fields.join(","));
}

fn field(value: &Value, is_text: bool) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if is_text => quoted(&harmless(text)),
        Value::String(text) => quoted(text),
        other => quoted(&other.to_string()),
    }
}

/// Whether a visitor's words can stand in a column of this type, as they are.
fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_text(values),
        DataType::RunEndEncoded(_, values) => is_text(values.data_type()),
        DataType::Union(_, _) => true,
        kind => kind.is_string(),
    }
}

/// In quotes where it must be, and where a reader could take it for null or trim it.
fn quoted(field: &str) -> String {
    let plain = !field.is_empty() && !field.contains([',', '"', '\n', '\r']) && field.trim() == field;
    if plain { field.to_owned() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}

/// Starts of a formula, those of full width among them (OWASP, "CSV injection").
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}
