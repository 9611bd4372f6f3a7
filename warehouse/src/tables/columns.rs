//! Columns of the tables, by their type. All may be null: a column that came into being later is, in older files.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};

/// Columns of a type.
pub(super) fn of(kind: &DataType, names: &[&str]) -> Vec<Field> {
    names.iter().map(|name| Field::new(*name, kind.clone(), true)).collect()
}

pub(super) fn text(names: &[&str]) -> Vec<Field> {
    of(&DataType::Utf8, names)
}

/// Microseconds, UTC.
pub(super) fn times(names: &[&str]) -> Vec<Field> {
    of(&DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), names)
}

/// Lists of doubles. Delta names the element of a list `element`.
pub(super) fn number_lists(names: &[&str]) -> Vec<Field> {
    of(&DataType::List(Arc::new(Field::new("element", DataType::Float64, true))), names)
}

/// Whose a row is, and when: what nearly every table begins with.
pub(super) fn identity() -> Vec<Field> {
    [text(&["site_id"]), of(&DataType::Date32, &["event_date"]), text(&["session_id", "visitor_id"])].concat()
}
