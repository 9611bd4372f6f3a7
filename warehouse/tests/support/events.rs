//! Events as data: what lands in a case of golden SQL.

use std::collections::HashMap;

use chrono::{DateTime, NaiveTime};
use schemas::landing::event_fields;
use serde_json::{Map, Value};

use super::{Event, NOON, SECOND, Tab};

/// Reads the links of a case, each a list of events. An event is an object of `type` and `at` (RFC 3339, or a time of
/// 2026-11-20), and what is not usual: `visitor` (v1), `tab` (t1), `seq` (the next of its tab), `batch` (the link's),
/// `duplicate` (false), and any landing column of text, of numbers, or of lists of numbers.
pub(crate) fn links(json: &str) -> Vec<Vec<Event>> {
    let links: Vec<Vec<Map<String, Value>>> = serde_json::from_str(json).expect("lists of lists of objects");
    let mut next = HashMap::new();
    links.into_iter().map(|link| link.into_iter().map(|event| read(event, &mut next)).collect()).collect()
}

fn read(mut json: Map<String, Value>, next: &mut HashMap<String, i64>) -> Event {
    let mut take = |name: &str| json.remove(name);
    let word =
        |value: Option<Value>, usual: &str| value.map_or(usual.to_owned(), |value| value.as_str().unwrap().into());
    let (visitor, tab) = (word(take("visitor"), "v1"), word(take("tab"), "t1"));
    let (kind, at) = (word(take("type"), ""), micros(&word(take("at"), "")));
    let next = next.entry(tab.clone()).or_insert(0);
    let seq = take("seq").map_or(*next, |seq| seq.as_i64().unwrap());
    *next = seq + 1;
    let mut event = Tab::new(&visitor, &tab).event(&kind, at).with_seq(seq);
    event.batch = take("batch").map(|batch| batch.as_i64().unwrap());
    event.duplicate = take("duplicate").is_some_and(|duplicate| duplicate.as_bool().unwrap());
    for (column, value) in json {
        assert!(event_fields().iter().any(|field| *field.name() == column), "{column}: no landing column");
        match value {
            Value::String(text) => event.texts.push((column, text)),
            Value::Array(list) => {
                event.lists.push((column, list.iter().map(|value| value.as_f64().unwrap()).collect()))
            }
            value => event.numbers.push((column, value.as_f64().expect("texts, numbers and lists"))),
        }
    }
    event
}

/// Epoch microseconds.
fn micros(at: &str) -> i64 {
    if let Ok(time) = at.parse::<NaiveTime>() {
        let since_midnight = time.signed_duration_since(NaiveTime::MIN).num_microseconds().unwrap();
        return NOON - 12 * 3_600 * SECOND + since_midnight;
    }
    DateTime::parse_from_rfc3339(at).unwrap_or_else(|error| panic!("{at:?}: {error}")).timestamp_micros()
}
