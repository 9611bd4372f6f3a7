//! An export's rows, cell by cell, and batches of them with a table's columns.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
    new_null_array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use crate::curated::scan::viewed;
use crate::tables::Table;
use crate::tables::imported::Kind;

/// Names the row: rows of one identity are one row, which an export has twice.
pub(super) const IDENTITY: &str = "import_identity";
/// Which of them came first.
pub(super) const PLACE: &str = "import_place";

/// Text of a refused value that is quoted.
const QUOTED_CHARS_MAX: usize = 60;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(i64),
    Float(f64),
    Flag(bool),
    /// Epoch microseconds.
    Time(i64),
    Date(NaiveDate),
}

/// A row's cells by column; what is not there is null.
pub(super) type Record = HashMap<&'static str, Cell>;

impl Cell {
    /// Reads a text as a kind; `None` of an empty one. `column` is for the reason.
    pub(super) fn read(column: &str, kind: Kind, text: &str) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |what: &str| format!("{column} is {}, {what}", quoted(text));
        let number = || text.parse::<i64>().map_err(|_| wrong("no whole number"));
        Ok(Some(match kind {
            Kind::Text => Self::Text(text.to_owned()),
            Kind::Number => Self::Number(number()?),
            Kind::Float => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Self::Float(value),
                _ => return Err(wrong("no number")),
            },
            Kind::Flag => match text {
                "true" | "1" => Self::Flag(true),
                "false" | "0" => Self::Flag(false),
                _ => return Err(wrong("neither true nor false")),
            },
            Kind::Time => Self::time(number()?).ok_or_else(|| wrong("no time from 1990 to 2199"))?,
        }))
    }

    /// Of epoch microseconds, unless they are of another unit by mistake.
    pub(super) fn time(micros: i64) -> Option<Self> {
        let year = DateTime::from_timestamp_micros(micros)?.format("%Y").to_string().parse().unwrap_or(0);
        (1990..2200).contains(&year).then_some(Self::Time(micros))
    }
}

/// A value in an error: short, and with nothing in it that breaks a line.
pub(super) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{cut:?}{more}")
}

/// Path of an address: what lies between host and query.
pub(super) fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = rest.find('/').map_or("", |start| &rest[start..]);
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

/// Columns of the table, and the two by which its rows are told apart.
pub(super) fn schema(table: &'static Table) -> SchemaRef {
    let own = viewed(&table.schema());
    let made = [Field::new(IDENTITY, DataType::Utf8View, false), Field::new(PLACE, DataType::Int64, false)];
    Arc::new(Schema::new(own.fields().iter().map(|field| field.as_ref().clone()).chain(made).collect::<Vec<_>>()))
}

/// The records as a batch.
pub(super) fn batch(schema: &SchemaRef, records: &[Record]) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().map(|field| column(field, records)).collect();
    RecordBatch::try_new(schema.clone(), columns)
}

fn column(field: &Field, records: &[Record]) -> ArrayRef {
    let cells = records.iter().map(|record| record.get(field.name().as_str()));
    match field.data_type() {
        DataType::Utf8View => Arc::new(
            cells
                .map(|cell| match cell? {
                    Cell::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect::<StringViewArray>(),
        ),
        DataType::Int64 => Arc::new(
            cells
                .map(|cell| match cell? {
                    Cell::Number(number) => Some(*number),
                    _ => None,
                })
                .collect::<Int64Array>(),
        ),
        DataType::Float64 => Arc::new(
            cells
                .map(|cell| match cell? {
                    Cell::Float(number) => Some(*number),
                    _ => None,
                })
                .collect::<Float64Array>(),
        ),
        DataType::Boolean => Arc::new(
            cells
                .map(|cell| match cell? {
                    Cell::Flag(flag) => Some(*flag),
                    _ => None,
                })
                .collect::<BooleanArray>(),
        ),
        DataType::Date32 => Arc::new(
            cells
                .map(|cell| match cell? {
                    Cell::Date(date) => Some(date.to_epoch_days()),
                    _ => None,
                })
                .collect::<Date32Array>(),
        ),
        DataType::Timestamp(_, _) => {
            let times = cells.map(|cell| match cell? {
                Cell::Time(micros) => Some(*micros),
                _ => None,
            });
            Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        kind => new_null_array(kind, records.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_kind_or_refused_with_their_column() {
        assert_eq!(Cell::read("a", Kind::Number, "-7"), Ok(Some(Cell::Number(-7))));
        assert_eq!(Cell::read("a", Kind::Number, ""), Ok(None));
        let told = Cell::read("seq", Kind::Number, "1\n2").unwrap_err();
        assert_eq!(told, "seq is \"1\\n2\", no whole number");
        assert!(Cell::read("v", Kind::Float, "inf").is_err());
        assert!(Cell::read("at", Kind::Time, "1795176000").unwrap_err().contains("no time"), "seconds");
        assert_eq!(Cell::read("at", Kind::Time, "1795176000000000"), Ok(Some(Cell::Time(1_795_176_000_000_000))));
        assert!(Cell::read("at", Kind::Time, "9223372036854775807").is_err());
        assert!(quoted(&"x".repeat(1_000)).len() < 80);
    }

    #[test]
    fn an_address_has_a_path() {
        for (url, path) in [
            ("https://a.example", "/"),
            ("https://a.example/x/y?z=/w#v", "/x/y"),
            ("https://a.example?x=/y", "/"),
            ("a.example/x", "/x"),
            ("/x", "/x"),
            ("", "/"),
        ] {
            assert_eq!(path_of(url), path, "{url}");
        }
    }
}
