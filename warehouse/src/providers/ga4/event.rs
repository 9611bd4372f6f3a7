//! One event of the export as a row of `ga4_events`.

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::name::{Named, day};
use crate::providers::cells::{Cell, Record, path_of, quoted};
use crate::tables::ga4_events::COLUMNS;

/// The row, and what tells it from others; or why it is none.
pub(super) fn record(event: &Value, named: &Named) -> Result<(Record, String), String> {
    let Value::Object(_) = event else { return Err("no object, but another JSON value".to_owned()) };
    let params = flat(event.get("event_params"));
    let mut record = Record::new();
    for (column, kind, paths) in COLUMNS {
        let found = paths.split('|').find_map(|path| text(value_at(event, &params, path)?));
        if let Some(cell) = found.map(|text| Cell::read(column, *kind, &text)).transpose()?.flatten() {
            record.insert(*column, cell);
        }
    }
    for column in ["event_name", "event_timestamp"] {
        if !record.contains_key(column) {
            return Err(format!("{column} is missing"));
        }
    }
    record.insert("event_date", Cell::Date(date(event, named)?));
    if let Some(Cell::Text(url)) = record.get("page_location") {
        record.insert("page_path", Cell::Text(path_of(url)));
    }
    for (column, object) in [("event_params", params), ("user_properties", flat(event.get("user_properties")))] {
        if !object.is_empty() {
            record.insert(column, Cell::Text(Value::Object(object).to_string()));
        }
    }
    if let Some(items) = event.get("items").map(elements).filter(|items| !items.is_empty()) {
        record.insert("items", Cell::Text(Value::Array(items.into_iter().cloned().collect()).to_string()));
    }
    let export = if named.intraday { "intraday" } else { "daily" };
    record.insert("export", Cell::Text(export.to_owned()));
    let identity = identity(&record, event);
    Ok((record, identity))
}

/// The property's day. Each table of the export holds one, so a row of another day than its file's name says would replace
/// a day that the file does not hold.
fn date(event: &Value, named: &Named) -> Result<chrono::NaiveDate, String> {
    let text = event.get("event_date").and_then(text).ok_or("event_date is missing")?;
    let date = day(&text.replace('-', "")).ok_or_else(|| format!("event_date is {}, no YYYYMMDD", quoted(&text)))?;
    match named.day {
        Some(day) if day != date => Err(format!("event_date is {date}, and the file's name says {day}")),
        _ => Ok(date),
    }
}

/// Distinct events can share a time, even to the microsecond; the place in their batch tells them apart. Exports from
/// before 2024 have no such columns: there, only a row that is equal in everything is the same.
fn identity(record: &Record, event: &Value) -> String {
    let parts = ["user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id", "batch_event_index"];
    let told = match record.contains_key("batch_event_index") {
        true => format!("{:?}", parts.map(|part| record.get(part))),
        false => event.to_string(),
    };
    format!("{:032x}", xxh3_128(told.as_bytes()))
}

fn value_at<'a>(event: &'a Value, params: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.strip_prefix("event_params.") {
        Some(name) => params.get(name),
        None => path.split('.').try_fold(event, |value, name| value.get(name)),
    }
}

/// Of a single value, however it is typed: BigQuery writes whole numbers as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// `[{"key": …, "value": {"string_value": …}}, …]` as one object by key; an object as it is.
fn flat(list: Option<&Value>) -> Map<String, Value> {
    let mut object = Map::new();
    let Some(list) = list else { return object };
    for entry in elements(list) {
        let (Some(Value::String(key)), Some(value)) = (entry.get("key"), entry.get("value")) else { continue };
        if let Some(value) = single(value) {
            object.insert(key.clone(), value);
        }
    }
    match list {
        Value::Object(plain) if object.is_empty() && !plain.contains_key("list") => plain.clone(),
        _ => object,
    }
}

/// The value that is set. One of `int_value` is a number also where it stands as text.
fn single(value: &Value) -> Option<Value> {
    let set = |name: &str| value.get(name).filter(|value| !value.is_null());
    if let Some(int) = set("int_value") {
        return Some(int.as_str().and_then(|text| text.parse::<i64>().ok()).map_or_else(|| int.clone(), Value::from));
    }
    ["string_value", "double_value", "float_value"].into_iter().find_map(set).cloned()
}

/// Elements of a list; in Parquet it may stand as the format writes it, `{"list": [{"element": …}]}`.
fn elements(list: &Value) -> Vec<&Value> {
    match list {
        Value::Array(list) => list.iter().map(element).collect(),
        Value::Object(object) => object.get("list").map(elements).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn element(value: &Value) -> &Value {
    let only = value.as_object().filter(|object| object.len() == 1);
    only.and_then(|object| object.get("element").or_else(|| object.get("item"))).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DAILY: Named = Named { day: None, intraday: false };

    fn event() -> Value {
        json!({
            "event_date": "20261120", "event_timestamp": "1795176000000000", "event_name": "page_view",
            "event_params": [
                {"key": "page_location", "value": {"string_value": "https://shop.example/a?b=c"}},
                {"key": "ga_session_id", "value": {"int_value": "1795175990"}},
                {"key": "share", "value": {"double_value": 0.5}},
                {"key": "nothing", "value": {"string_value": null}},
            ],
            "user_properties": [{"key": "plan", "value": {"string_value": "gold", "set_timestamp_micros": "1"}}],
            "user_pseudo_id": "1.2", "event_bundle_sequence_id": "-5", "batch_event_index": 1,
            "device": {"category": "desktop", "web_info": {"browser": "Chrome"}},
        })
    }

    fn text_of<'a>(record: &'a Record, column: &str) -> Option<&'a str> {
        match record.get(column) {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn an_event_becomes_a_row() {
        let (record, _) = record(&event(), &DAILY).unwrap();
        assert_eq!(record["event_timestamp"], Cell::Time(1_795_176_000_000_000));
        assert_eq!(record["event_bundle_sequence_id"], Cell::Number(-5));
        for (column, value) in [
            ("ga_session_id", "1795175990"),
            ("page_path", "/a"),
            ("browser", "Chrome"),
            ("device_category", "desktop"),
            ("user_properties", r#"{"plan":"gold"}"#),
            (
                "event_params",
                r#"{"ga_session_id":1795175990,"page_location":"https://shop.example/a?b=c","share":0.5}"#,
            ),
            ("export", "daily"),
        ] {
            assert_eq!(text_of(&record, column), Some(value), "{column}");
        }
    }

    #[test]
    fn lists_as_parquet_writes_them_are_the_same() {
        let mut nested = event();
        let params = nested["event_params"].as_array().unwrap().iter().map(|param| json!({"element": param}));
        nested["event_params"] = json!({"list": params.collect::<Vec<_>>()});
        assert_eq!(record(&nested, &DAILY).unwrap().0, record(&event(), &DAILY).unwrap().0);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let with = |name: &str, value: Value| {
            let mut event = event();
            event[name] = value;
            record(&event, &Named { day: chrono::NaiveDate::from_ymd_opt(2026, 11, 20), intraday: false })
        };
        for (name, value, told) in [
            ("event_name", Value::Null, "event_name is missing"),
            ("event_timestamp", json!(""), "event_timestamp is missing"),
            ("event_timestamp", json!("soon"), "event_timestamp is \"soon\", no whole number"),
            ("event_timestamp", json!(1_795_176_000), "no time from 1990"),
            ("event_date", json!("20261121"), "event_date is 2026-11-21, and the file's name says 2026-11-20"),
            ("event_date", json!("yesterday"), "no YYYYMMDD"),
            ("batch_event_index", json!("x"), "batch_event_index is \"x\""),
        ] {
            let error = with(name, value).unwrap_err();
            assert!(error.contains(told), "{name}: {error}");
        }
        assert!(record(&json!([1]), &DAILY).unwrap_err().contains("no object"));
    }

    #[test]
    fn events_of_one_time_are_told_apart() {
        let identity_with = |name: &str, value: Value| {
            let mut event = event();
            event[name] = value;
            record(&event, &DAILY).unwrap().1
        };
        let own = record(&event(), &DAILY).unwrap().1;
        assert_ne!(own, identity_with("batch_event_index", json!(2)));
        assert_ne!(own, identity_with("event_bundle_sequence_id", json!(7)));
        assert_eq!(own, identity_with("geo", json!({"country": "France"})), "a rewritten row is the same");
        let old = |event: Value| record(&event, &DAILY).unwrap().1;
        let mut older = event();
        older.as_object_mut().unwrap().remove("batch_event_index");
        let mut other = older.clone();
        other["geo"] = json!({"country": "France"});
        assert_eq!(old(older.clone()), old(older.clone()));
        assert_ne!(old(older), old(other));
    }
}
