//! Answers as JSON: one object with columns and rows, or an object for each row (JSON lines, <https://jsonlines.org>).
//!
//! | type | as |
//! |---|---|
//! | integers | number with every digit (up to 20: read them with a parser that keeps them) |
//! | floats | number; `"NaN"`, `"Infinity"`, `"-Infinity"`, which JSON has no numbers for, as in PostgreSQL |
//! | decimals | text with every digit: most readers would make a double of a number |
//! | dates, times, timestamps | text of RFC 3339; a timestamp without a zone has no `Z` |
//! | durations, intervals | text |
//! | binary | text in hexadecimal |
//! | lists | array |
//! | structs, maps | object; array of pairs where keys are no texts, or not unique |

use std::collections::HashSet;
use std::fmt::Write as _;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema,
    TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value, json};

use super::Answer;

/// What closes the rows, and the object.
pub const JSON_END: &str = "]}";

/// `{"columns":[{"name":…,"type":…}],"rows":[[…]]}`.
pub fn json(answer: &Answer) -> Value {
    let rows: Vec<Vec<Value>> = answer.batches.iter().flat_map(rows).collect();
    json!({"columns": columns(&answer.schema), "rows": rows})
}

/// The same up to its rows, which [`JSON_END`] closes.
pub fn json_head(schema: &Schema) -> String {
    format!("{{\"columns\":{},\"rows\":[", columns(schema))
}

/// The rows, each an array, between commas.
pub fn json_rows(batch: &RecordBatch, text: &mut String) {
    for (place, row) in rows(batch).enumerate() {
        if place > 0 {
            text.push(',');
        }
        let _ = write!(text, "{}", Value::Array(row));
    }
}

/// A line for each row: an object with the columns in their order, by these names ([`distinct_names`]).
pub fn json_lines(batch: &RecordBatch, names: &[String], text: &mut String) {
    for row in rows(batch) {
        text.push('{');
        for (place, (name, value)) in names.iter().zip(row).enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let _ = write!(text, "{comma}{}:{value}", json!(name));
        }
        text.push_str("}\n");
    }
}

/// The columns' names, each once: a second `id`, of another table, is `id_2`.
pub fn distinct_names(schema: &Schema) -> Vec<String> {
    let mut taken: HashSet<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut seen = HashSet::new();
    let names = schema.fields().iter().map(|field| {
        let name = field.name();
        if seen.insert(name) {
            return name.clone();
        }
        let numbered = (2..).map(|number| format!("{name}_{number}")).find(|numbered| taken.insert(numbered.clone()));
        numbered.expect("there are more numbers than columns")
    });
    names.collect()
}

fn columns(schema: &Schema) -> Value {
    let columns = schema.fields().iter();
    columns.map(|field| json!({"name": field.name(), "type": field.data_type().to_string()})).collect()
}

/// Rows, a JSON value for each cell.
pub(super) fn rows(batch: &RecordBatch) -> impl Iterator<Item = Vec<Value>> + '_ {
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column, row)).collect())
}

/// A value as JSON.
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
        DataType::Date32 => date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(unit, zone) => timestamp(array, row, *unit, zone.is_some()),
        DataType::Dictionary(_, _) | DataType::RunEndEncoded(_, _) => encoded(array, row),
        kind if kind.is_integer() => integer(array, row),
        kind if kind.is_floating() => float(array, row),
        kind if kind.is_nested() => nested(array, row),
        _ => json!(text(array, row)),
    }
}

fn integer(array: &ArrayRef, row: usize) -> Value {
    match array.data_type() {
        DataType::Int8 => json!(array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => json!(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => json!(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => json!(array.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => json!(array.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => json!(array.as_primitive::<UInt32Type>().value(row)),
        _ => json!(array.as_primitive::<UInt64Type>().value(row)),
    }
}

/// The shortest number that means this float in its own width: 0.1 of 32 bits is 0.1, not 0.10000000149011612.
fn float(array: &ArrayRef, row: usize) -> Value {
    let (value, shortest) = match array.data_type() {
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            (value, value)
        }
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            (f64::from(value), value.to_string().parse().unwrap_or(f64::from(value)))
        }
        _ => {
            let value = f64::from(array.as_primitive::<Float16Type>().value(row));
            (value, value)
        }
    };
    match value {
        value if value.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        _ => json!(shortest),
    }
}

/// Days since 1970 as a date; far beyond the calendar, as what they are.
fn date(days: i32) -> Value {
    match chrono::NaiveDate::from_epoch_days(days) {
        Some(date) => json!(date.to_string()),
        None => json!(format!("1970-01-01 + {days} days")),
    }
}

fn timestamp(array: &ArrayRef, row: usize, unit: TimeUnit, zoned: bool) -> Value {
    let (value, instant) = match unit {
        TimeUnit::Second => {
            let value = array.as_primitive::<TimestampSecondType>().value(row);
            (value, chrono::DateTime::from_timestamp(value, 0))
        }
        TimeUnit::Millisecond => {
            let value = array.as_primitive::<TimestampMillisecondType>().value(row);
            (value, chrono::DateTime::from_timestamp_millis(value))
        }
        TimeUnit::Microsecond => {
            let value = array.as_primitive::<TimestampMicrosecondType>().value(row);
            (value, chrono::DateTime::from_timestamp_micros(value))
        }
        TimeUnit::Nanosecond => {
            let value = array.as_primitive::<TimestampNanosecondType>().value(row);
            (value, Some(chrono::DateTime::from_timestamp_nanos(value)))
        }
    };
    let Some(instant) = instant else { return json!(format!("1970-01-01 + {value} {unit}")) };
    let text = instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    // A time without a zone is local to nobody: it gets no Z.
    json!(if zoned { &text } else { text.trim_end_matches('Z') })
}

/// The value that a dictionary or a run stands for.
fn encoded(array: &ArrayRef, row: usize) -> Value {
    if let Some(dictionary) = array.slice(row, 1).as_any_dictionary_opt() {
        return cell(dictionary.values(), dictionary.normalized_keys()[0]);
    }
    if let Some(runs) = array.as_run_opt::<Int16Type>() {
        return cell(runs.values(), runs.get_physical_index(row));
    }
    if let Some(runs) = array.as_run_opt::<Int32Type>() {
        return cell(runs.values(), runs.get_physical_index(row));
    }
    match array.as_run_opt::<Int64Type>() {
        Some(runs) => cell(runs.values(), runs.get_physical_index(row)),
        None => json!(text(array, row)),
    }
}

fn nested(array: &ArrayRef, row: usize) -> Value {
    match array.data_type() {
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row)),
        DataType::ListView(_) => list(&array.as_list_view::<i32>().value(row)),
        DataType::LargeListView(_) => list(&array.as_list_view::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => list(&array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            members(
                fields.iter().zip(columns).map(|(field, column)| (json!(field.name()), cell(column, row))).collect(),
            )
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            members((0..entries.len()).map(|entry| (cell(keys, entry), cell(values, entry))).collect())
        }
        DataType::Union(_, _) => cell(&array.as_union().value(row), 0),
        _ => json!(text(array, row)),
    }
}

fn list(values: &ArrayRef) -> Value {
    Value::Array((0..values.len()).map(|row| cell(values, row)).collect())
}

/// An object, or pairs where an object would lose one.
fn members(pairs: Vec<(Value, Value)>) -> Value {
    let names: HashSet<&str> = pairs.iter().filter_map(|(name, _)| name.as_str()).collect();
    if names.len() < pairs.len() {
        return Value::Array(pairs.into_iter().map(|(name, value)| json!([name, value])).collect());
    }
    let named = pairs.iter().filter_map(|(name, value)| Some((name.as_str()?.to_owned(), value.clone())));
    Value::Object(named.collect::<Map<_, _>>())
}

/// Everything else, decimals among it, as Arrow writes it: exact.
fn text(array: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(array, &options) {
        Ok(formatter) => formatter.value(row).to_string(),
        Err(error) => format!("({error})"),
    }
}
