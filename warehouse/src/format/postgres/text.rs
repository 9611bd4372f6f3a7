//! Values in PostgreSQL's text format. They are those of JSON where the two agree.

use datafusion::arrow::array::ArrayRef;
use serde_json::Value;

use super::Kind;
use crate::format::cell;

/// Writes a value that is not null.
pub(super) fn value(kind: Kind, array: &ArrayRef, row: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(text(kind, array, row).as_bytes());
}

/// A value that is not null.
pub(crate) fn text(kind: Kind, array: &ArrayRef, row: usize) -> String {
    told(kind, &cell(array, row))
}

/// A value of JSON in the text of a type.
pub(super) fn told(kind: Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Json, value) => value.to_string(),
        (Kind::Bytea, Value::String(digits)) => format!("\\x{digits}"),
        (Kind::Timestamp | Kind::TimestampTz, Value::String(time)) => timestamp(time),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Bool(true)) => "t".to_owned(),
        (_, Value::Bool(false)) => "f".to_owned(),
        (kind, Value::Array(items)) => list(kind.item().unwrap_or(Kind::Json), items),
        (_, other) => other.to_string(),
    }
}

/// RFC 3339 to ISO 8601 as PostgreSQL writes it: a space, and `+00` for UTC.
fn timestamp(time: &str) -> String {
    let spaced = time.replacen('T', " ", 1);
    match spaced.strip_suffix('Z') {
        Some(local) => format!("{local}+00"),
        None => spaced,
    }
}

/// `{1,2,NULL}`, texts in quotes.
fn list(kind: Kind, items: &[Value]) -> String {
    let items = items.iter().map(|item| match (item, told(kind, item)) {
        (Value::Null, _) => "NULL".to_owned(),
        (Value::String(_), text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        (_, text) => text,
    });
    format!("{{{}}}", items.collect::<Vec<_>>().join(","))
}

/// Items of an array in text, `{1,"a b",NULL}`, without arrays in it; none if it is no such text.
pub(crate) fn list_items(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut items = Vec::new();
    let mut letters = inner.chars().peekable();
    while letters.peek().is_some() {
        let mut item = String::new();
        let mut quoted = false;
        let mut open = false;
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => item.push(letters.next()?),
                '"' => (quoted, open) = (true, !open),
                ',' if !open => break,
                '{' | '}' if !open => return None,
                letter => item.push(letter),
            }
        }
        if open {
            return None;
        }
        let item = if quoted { item } else { item.trim().to_owned() };
        items.push((quoted || !item.eq_ignore_ascii_case("null")).then_some(item));
    }
    Some(items)
}
