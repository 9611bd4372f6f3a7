//! An event in a line of CSV.
//!
//! BigQuery writes no CSV of nested tables; people write it of a select. So a column may be named by its path
//! (`device.category`), by the path with underscores (`device_category`), by a parameter's path
//! (`event_params.ga_session_id`) or by the parameter alone where the table has a column of it (`ga_session_id`). Lists
//! (`event_params`, `user_properties`, `items`) are JSON.

use anyhow::ensure;
use serde_json::{Map, Value};

use crate::limits::IMPORT_COLUMNS_MAX;
use crate::tables::ga4_events::COLUMNS;

/// Parts of a path; the schema has three at most. A name with more is a column that nothing reads.
const PARTS_MAX: usize = 5;

/// The column that every export has, by which a header is known.
pub(super) const NAMED: &str = "event_name";

const LISTS: [&str; 3] = ["event_params", "user_properties", "items"];

/// Where each column's value stands in an event.
pub(super) struct Header(Vec<Vec<String>>);

impl Header {
    /// Of a file's first line. None of a line that is no header: it has no field of this name.
    pub(super) fn read(line: &[u8]) -> anyhow::Result<Option<Self>> {
        let names = fields(line).unwrap_or_default();
        if !names.iter().any(|name| name.trim() == NAMED) {
            return Ok(None);
        }
        ensure!(names.len() <= IMPORT_COLUMNS_MAX, "{} columns are more than {IMPORT_COLUMNS_MAX}", names.len());
        Ok(Some(Self(names.iter().map(|name| place(name.trim())).collect())))
    }

    /// The line as an event.
    pub(super) fn event(&self, line: &[u8]) -> Result<Value, String> {
        let values = fields(line).map_err(|error| format!("no CSV: {error}"))?;
        if values.len() != self.0.len() {
            return Err(format!("{} columns, not {} as the header has", values.len(), self.0.len()));
        }
        let mut event = Map::new();
        for (place, text) in self.0.iter().zip(values).filter(|(_, text)| !text.is_empty()) {
            let value = match LISTS.contains(&place[0].as_str()) && place.len() == 1 {
                true => serde_json::from_str(&text).map_err(|error| format!("{} is no JSON: {error}", place[0]))?,
                false => Value::String(text),
            };
            put(&mut event, place, value);
        }
        Ok(Value::Object(event))
    }
}

fn fields(line: &[u8]) -> csv::Result<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line);
    let first = reader.records().next().transpose()?.unwrap_or_default();
    Ok(first.iter().map(str::to_owned).collect())
}

fn place(name: &str) -> Vec<String> {
    let paths = COLUMNS.iter().flat_map(|(column, _, paths)| paths.split('|').map(move |path| (*column, path)));
    let known = paths.into_iter().find(|(column, path)| {
        *path == name || path.replace('.', "_") == name || (*column == name && path.starts_with("event_params."))
    });
    let path = known.map_or(name, |(_, path)| path);
    if path.split('.').nth(PARTS_MAX).is_some() {
        return vec![path.to_owned()];
    }
    path.split('.').map(str::to_owned).collect()
}

/// Into the object that the path leads to, unless something else is there.
fn put(event: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((name, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        event.insert(name.clone(), value);
        return;
    }
    let inner = event.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
    match inner {
        Value::Object(inner) => put(inner, rest, value),
        Value::Array(list) => list.push(serde_json::json!({"key": rest.join("."), "value": {"string_value": value}})),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_in_several_ways_and_a_path_without_end_is_a_name() {
        let deep = ["x"; 100_000].join(".");
        let header = format!("event_name,device_category,geo.country,ga_session_id,event_params.plan,{deep}");
        let header = Header::read(header.as_bytes()).unwrap().unwrap();
        let event = header.event(b"click,mobile,Peru,7,gold,1").unwrap();
        assert_eq!(event["device"]["category"], "mobile");
        assert_eq!(event["geo"]["country"], "Peru");
        assert_eq!(event["event_params"], serde_json::json!({"ga_session_id": "7", "plan": "gold"}));
        assert_eq!(event[&deep], "1");
        assert!(header.event(b"click").unwrap_err().contains("1 columns, not 6"));
    }

    #[test]
    fn a_line_without_the_name_of_an_event_is_no_header() {
        for line in [
            "a,b",
            "",
            "null",
            "[1]",
            "\"",
            "event_names,b",
            r#"{"event_name": "a", "event_date": "20261120"}"#,
            r#"{"a": 1,"event_name":"b"}"#,
        ] {
            assert!(Header::read(line.as_bytes()).unwrap().is_none(), "{line}");
        }
        assert!(Header::read(b"\xff,b").unwrap().is_none());
        assert!(Header::read(b"a, \"event_name\" ,b").unwrap().is_none(), "the quotation marks are part of it");
        assert!(Header::read(b"a,\"event_name\"").unwrap().is_some());
        let wide = "event_name,".repeat(IMPORT_COLUMNS_MAX + 1);
        assert!(Header::read(wide.as_bytes()).is_err(), "a header that nobody can mean");
    }
}
