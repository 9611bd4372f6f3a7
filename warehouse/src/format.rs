//! Answers as JSON, CSV, a table for people, or Arrow IPC. Every value is hostile: it may hold control characters,
//! spreadsheet formulas, or a fake line break.

use std::fmt::Write as _;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value, json};

use crate::query::Answer;

/// Widest cell of a table for people, in characters.
const CELL_WIDTH_MAX: usize = 60;

/// `{"columns":[{"name":…,"type":…}],"rows":[[…]]}`.
pub fn json(answer: &Answer) -> Value {
    let columns = answer.schema.fields().iter();
    let columns: Vec<Value> =
        columns.map(|field| json!({"name": field.name(), "type": field.data_type().to_string()})).collect();
    json!({"columns": columns, "rows": rows(answer).collect::<Vec<_>>()})
}

/// RFC 4180 with a header. Texts that a spreadsheet would take for a formula get an apostrophe in front.
pub fn csv(answer: &Answer) -> String {
    let mut text = String::new();
    let header: Vec<String> = answer.schema.fields().iter().map(|field| quoted(field.name())).collect();
    let _ = writeln!(text, "{}", header.join(","));
    for row in rows(answer) {
        let cells: Vec<String> = row
            .iter()
            .map(|value| match value {
                Value::Null => String::new(),
                Value::String(value) => quoted(&harmless(value)),
                other => quoted(&other.to_string()),
            })
            .collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// Columns side by side, numbers to the right; long cells are cut, control characters shown as escapes.
pub fn table(answer: &Answer) -> String {
    let header: Vec<String> = answer.schema.fields().iter().map(|field| printable(field.name())).collect();
    let right: Vec<bool> = answer.schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
    let body: Vec<Vec<String>> = rows(answer).map(|row| row.iter().map(cell_text).collect()).collect();
    let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
    for row in &body {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String]| -> String {
        let padded =
            cells.iter().zip(&widths).zip(&right).map(|((cell, width), right)| {
                if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = line(&header);
    let _ = write!(text, "\n{}\n", widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  "));
    for row in &body {
        text.push_str(&line(row));
        text.push('\n');
    }
    let _ = writeln!(text, "({} {})", body.len(), if body.len() == 1 { "row" } else { "rows" });
    text
}

fn cell_text(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => printable(text),
        other => other.to_string(),
    };
    if text.chars().count() <= CELL_WIDTH_MAX {
        return text;
    }
    text.chars().take(CELL_WIDTH_MAX - 1).chain(['…']).collect()
}

/// Text that cannot steer a terminal or turn the line around.
fn printable(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|letter| if steers(letter) { letter.escape_unicode().collect::<Vec<_>>() } else { vec![letter] })
        .collect()
}

/// Arrow IPC stream.
pub fn arrow(answer: &Answer) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), &answer.schema)?;
    for batch in &answer.batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}

fn rows(answer: &Answer) -> impl Iterator<Item = Vec<Value>> + '_ {
    answer.batches.iter().flat_map(|batch| {
        (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column, row)).collect())
    })
}

/// A value as JSON: times as RFC 3339, lists as arrays, numbers that JSON cannot hold as null.
pub fn cell(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => json!(array.as_boolean().value(row)),
        DataType::Utf8 => json!(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => json!(array.as_string::<i64>().value(row)),
        DataType::Utf8View => json!(array.as_string_view().value(row)),
        DataType::Int8 => json!(array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => json!(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => json!(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => json!(array.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => json!(array.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => json!(array.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => json!(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float32 => json!(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(row)),
        DataType::Date32 => date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(unit, zone) => time(array, row, *unit, zone.is_some()),
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => list(&array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let members = fields.iter().zip(columns).map(|(field, column)| (field.name().clone(), cell(column, row)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => other(array, row),
    }
}

fn list(values: &ArrayRef) -> Value {
    Value::Array((0..values.len()).map(|row| cell(values, row)).collect())
}

fn date(days: i32) -> Value {
    chrono::NaiveDate::from_epoch_days(days).map_or(Value::Null, |date| json!(date.to_string()))
}

fn time(array: &ArrayRef, row: usize, unit: TimeUnit, zoned: bool) -> Value {
    let instant = match unit {
        TimeUnit::Second => chrono::DateTime::from_timestamp(array.as_primitive::<TimestampSecondType>().value(row), 0),
        TimeUnit::Millisecond => {
            chrono::DateTime::from_timestamp_millis(array.as_primitive::<TimestampMillisecondType>().value(row))
        }
        TimeUnit::Microsecond => {
            chrono::DateTime::from_timestamp_micros(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        TimeUnit::Nanosecond => {
            Some(chrono::DateTime::from_timestamp_nanos(array.as_primitive::<TimestampNanosecondType>().value(row)))
        }
    };
    let Some(instant) = instant else { return Value::Null };
    let text = instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    // A time without a zone is local to nobody: it gets no Z.
    json!(if zoned { &text } else { text.trim_end_matches('Z') })
}

fn other(array: &ArrayRef, row: usize) -> Value {
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(array, &options).map(|formatter| formatter.value(row).to_string());
    let Ok(text) = text else { return Value::Null };
    if array.data_type().is_numeric() {
        return serde_json::from_str(&text).unwrap_or(Value::String(text));
    }
    Value::String(text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Float64Array, ListArray, StringArray, TimestampMicrosecondArray};
    use datafusion::arrow::record_batch::RecordBatch;

    use super::*;

    fn answer(columns: Vec<(&str, ArrayRef)>) -> Answer {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        Answer { schema: batch.schema(), batches: vec![batch] }
    }

    #[test]
    fn json_has_lists_times_and_no_impossible_numbers() {
        let lists = ListArray::from_iter_primitive::<Float64Type, _, _>([
            Some([Some(0.0), Some(8.3)]),
            Some([Some(1.5), None]),
        ]);
        let times = TimestampMicrosecondArray::from(vec![1_795_250_919_000_500, 0]).with_timezone("UTC");
        let made = json(&answer(vec![
            ("dt", Arc::new(lists)),
            ("at", Arc::new(times)),
            ("x", Arc::new(Float64Array::from(vec![f64::NAN, 2.0]))),
        ]));
        assert_eq!(made["rows"][0], json!([[0.0, 8.3], "2026-11-21T08:48:39.000500Z", null]));
        assert_eq!(made["rows"][1], json!([[1.5, null], "1970-01-01T00:00:00Z", 2.0]));
        assert_eq!(made["columns"][2], json!({"name": "x", "type": "Float64"}));
    }

    #[test]
    fn csv_disarms_formulas_and_quotes() {
        let texts = StringArray::from(vec!["=1+1", "a,\"b\"", "plain"]);
        let numbers = Float64Array::from(vec![-1.0, 2.0, 3.5]);
        let made = csv(&answer(vec![("type", Arc::new(texts)), ("n", Arc::new(numbers))]));
        assert_eq!(made, "type,n\n'=1+1,-1.0\n\"a,\"\"b\"\"\",2.0\nplain,3.5\n");
    }

    #[test]
    fn a_table_shows_what_would_steer_the_terminal() {
        let made = table(&answer(vec![("text", Arc::new(StringArray::from(vec!["a\u{1b}[2J\nb\u{202e}c"])))]));
        assert_eq!(made, "text\n─────────────────────────\na\\u{1b}[2J\\u{a}b\\u{202e}c\n(1 row)\n");
    }
}
