//! Whether two answers say the same, however they write it.

use chrono::DateTime;
use serde_json::Value;

/// Doubles that were added in another order differ in their last digits.
const RELATIVE_ERROR_MAX: f64 = 1e-9;

/// The first place where the answers differ; columns may come in another order.
pub(super) fn difference(ours: &Value, peers: &Value) -> Option<String> {
    let (names, columns) = sorted(ours);
    let (peer_names, peer_columns) = sorted(peers);
    if names != peer_names {
        return Some(format!("columns {names:?} and {peer_names:?}"));
    }
    let rows = |answer: &Value| answer["rows"].as_array().cloned().unwrap_or_default();
    let (rows, peer_rows) = (rows(ours), rows(peers));
    if rows.len() != peer_rows.len() {
        return Some(format!("{} rows and {}", rows.len(), peer_rows.len()));
    }
    for (number, (row, peer_row)) in rows.iter().zip(&peer_rows).enumerate() {
        for (name, (column, peer_column)) in names.iter().zip(columns.iter().zip(&peer_columns)) {
            let (value, peer_value) = (&row[*column], &peer_row[*peer_column]);
            if !same(value, peer_value) {
                return Some(format!("row {number}, {name}: {value} and {peer_value}"));
            }
        }
    }
    None
}

/// Names of the columns in their alphabetical order, and where they stand.
fn sorted(answer: &Value) -> (Vec<String>, Vec<usize>) {
    let columns = answer["columns"].as_array().cloned().unwrap_or_default();
    let names = columns.iter().map(|column| column["name"].as_str().unwrap_or_default().to_lowercase());
    let mut named: Vec<(String, usize)> = names.zip(0..).collect();
    named.sort();
    named.into_iter().unzip()
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ if one == other => true,
        _ => match (number(one), number(other)) {
            (Some(one), Some(other)) => (one - other).abs() <= RELATIVE_ERROR_MAX * one.abs().max(other.abs()),
            _ => time(one).is_some_and(|at| time(other) == Some(at)),
        },
    }
}

/// Decimals are written as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn time(value: &Value) -> Option<i64> {
    Some(DateTime::parse_from_rfc3339(value.as_str()?).ok()?.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(names: &[&str], rows: &Value) -> Value {
        let columns: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "columns": columns, "rows": rows })
    }

    #[test]
    fn the_same_may_be_written_differently() {
        let ours = answer(&["at", "n", "trail"], &json!([["2026-11-26T10:00:00.5Z", "12", [1.0, null]]]));
        let peers = answer(&["n", "at", "trail"], &json!([[12.0, "2026-11-26T10:00:00.500000+00:00", [1, null]]]));
        assert_eq!(difference(&ours, &peers), None);
    }

    #[test]
    fn what_differs_is_named() {
        let one = answer(&["n", "m"], &json!([[1, "a"], [2, "b"]]));
        let differs = |names: &[&str], rows: Value| difference(&one, &answer(names, &rows)).unwrap_or_default();
        assert_eq!(differs(&["n", "m"], json!([[1, "a"], [2, "c"]])), r#"row 1, m: "b" and "c""#);
        assert_eq!(differs(&["n", "m"], json!([[1, "a"], [2.001, "b"]])), "row 1, n: 2 and 2.001");
        assert_eq!(differs(&["n", "m"], json!([[1, null], [2, "b"]])), r#"row 0, m: "a" and null"#);
        assert_eq!(differs(&["n", "m"], json!([[1, "a"]])), "2 rows and 1");
        assert!(differs(&["n", "k"], json!([])).starts_with("columns"));
    }
}
