//! One line of `hit_data.tsv` as a row of `adobe_hits`.
//!
//! Adobe's "Special characters" (experienceleague.adobe.com, data feed contents, seen 2026-11-26): a backslash before a tab, a
//! line break or a backslash makes it part of the value. Feeds that spell them `\t` and `\n` are read alike, since a
//! backslash of the value itself is always doubled.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::feed::{EVENTS, Feed};
use crate::providers::cells::{Cell, Record, path_of, quoted};
use crate::tables::adobe_hits::{COLUMNS, NAMED};
use crate::tables::imported::Kind;

const EVARS: u16 = 250;
const PROPS: u16 = 75;
/// `hit_source` of rows that were uploaded, not seen: Adobe counts them in no visit ("Calculate common metrics").
const UPLOADED: [&str; 4] = ["5", "7", "8", "9"];
/// Digits of each half of an Experience Cloud id.
const ECID_DIGITS: usize = 19;
/// Digits of all of it.
const ECID_LENGTH: usize = 2 * ECID_DIGITS;
/// `visid_type` (and `post_visid_type`) of a visitor who is known by the Experience Cloud id.
const VISID_TYPE_ECID: &str = "5";

/// What a line is.
#[derive(Debug)]
pub(super) enum Hit {
    /// A row, and what tells it from others.
    Counted(Record, String),
    /// Left out of reports by Adobe itself.
    Excluded,
}

/// Reads the lines of a feed.
pub(super) struct Reader<'a> {
    feed: &'a Feed,
    /// Places of the columns by their names without `post_`, which is preferred.
    places: HashMap<&'a str, usize>,
    evars: Vec<(String, usize)>,
    props: Vec<(String, usize)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(feed: &'a Feed) -> Self {
        let mut places = HashMap::new();
        let named = || feed.columns.iter().map(String::as_str).zip(0..);
        places.extend(named());
        places.extend(named().filter_map(|(name, place)| Some((name.strip_prefix("post_")?, place))));
        let numbered = |name: &str, count: u16| {
            let all = (1..=count).map(|number| format!("{name}{number}"));
            all.filter_map(|name| places.get(name.as_str()).map(|place| (name.clone(), *place))).collect()
        };
        let (evars, props) = (numbered("evar", EVARS), numbered("prop", PROPS));
        Self { feed, places, evars, props }
    }

    pub(super) fn read(&self, line: &[u8]) -> Result<Hit, String> {
        let values = values(line);
        if values.len() != self.feed.columns.len() {
            let columns = self.feed.columns.len();
            return Err(format!("{} columns, not {columns} as column_headers.tsv has", values.len()));
        }
        let row = Row { reader: self, values: &values };
        if row.is_excluded() {
            return Ok(Hit::Excluded);
        }
        let record = row.record()?;
        let identity = row.identity(line);
        Ok(Hit::Counted(record, identity))
    }
}

struct Row<'a> {
    reader: &'a Reader<'a>,
    values: &'a [String],
}

impl Row<'_> {
    /// Empty where there is no such column.
    fn value(&self, name: &str) -> &str {
        self.reader.places.get(name).map_or("", |place| self.values[*place].as_str())
    }

    fn is_excluded(&self) -> bool {
        !matches!(self.value("exclude_hit"), "" | "0") || UPLOADED.contains(&self.value("hit_source"))
    }

    fn record(&self) -> Result<Record, String> {
        let mut record = Record::new();
        for (column, kind, name) in COLUMNS {
            let cell = match kind {
                Kind::Time => self.time(column, name)?,
                kind => Cell::read(column, *kind, self.value(name))?,
            };
            record.extend(cell.map(|cell| (*column, cell)));
        }
        let Some(Cell::Time(hit_time)) = record.get("hit_time_gmt") else {
            return Err("hit_time_gmt is missing".to_owned());
        };
        record.insert("event_date", Cell::Date(self.date(*hit_time)?));
        let mut text = |column: &'static str, text: String| {
            if !text.is_empty() {
                record.insert(column, Cell::Text(text));
            }
        };
        for (column, name, lookup) in NAMED {
            let code = self.value(name);
            text(column, self.reader.feed.name(lookup, code).unwrap_or(code).to_owned());
        }
        text("ecid", self.ecid());
        if !self.value("page_url").is_empty() {
            text("page_path", path_of(self.value("page_url")));
        }
        text("events", self.events());
        text("evars", self.numbered(&self.reader.evars));
        text("props", self.numbered(&self.reader.props));
        Ok(record)
    }

    /// Of epoch seconds; 0 is none.
    fn time(&self, column: &str, name: &str) -> Result<Option<Cell>, String> {
        let Some(Cell::Number(seconds)) = Cell::read(column, Kind::Number, self.value(name))? else { return Ok(None) };
        if seconds == 0 {
            return Ok(None);
        }
        let time = seconds.checked_mul(1_000_000).and_then(Cell::time);
        time.map(Some).ok_or_else(|| format!("{column} is {seconds}, no epoch second from 1990 to 2199"))
    }

    /// The report suite's day.
    fn date(&self, hit_time: i64) -> Result<NaiveDate, String> {
        let text = self.value("date_time");
        if text.is_empty() {
            return DateTime::from_timestamp_micros(hit_time).map(|time| time.date_naive()).ok_or_else(String::new);
        }
        let date = text.get(..10).and_then(|date| date.parse().ok());
        date.ok_or_else(|| format!("date_time is {}, no YYYY-MM-DD hh:mm:ss", quoted(text)))
    }

    /// `mcvisid`; or both halves of the visitor's id, unless the feed tells that they are another one. Where it does not tell, an id of
    /// another kind is nobody's.
    fn ecid(&self) -> String {
        let ecid = self.value("mcvisid");
        if !ecid.is_empty() {
            return format!("{ecid:0>ECID_LENGTH$}");
        }
        let (high, low) = (self.value("visid_high"), self.value("visid_low"));
        if !matches!(self.value("visid_type"), "" | VISID_TYPE_ECID) || high.is_empty() || low.is_empty() {
            return String::new();
        }
        format!("{high:0>ECID_DIGITS$}{low:0>ECID_DIGITS$}")
    }

    /// Names of `event_list`, which is numbers with values: `1,200=12.50`.
    fn events(&self) -> String {
        let numbers = self.value("event_list").split(',').map(|event| event.split(['=', ':']).next().unwrap_or(event));
        let names = numbers.filter(|number| !number.is_empty());
        names.map(|number| self.reader.feed.name(EVENTS, number).unwrap_or(number)).collect::<Vec<_>>().join(",")
    }

    /// What is set of eVars or props, as JSON; empty when nothing is.
    fn numbered(&self, columns: &[(String, usize)]) -> String {
        let set = columns.iter().filter(|(_, place)| !self.values[*place].is_empty());
        let set: Map<String, Value> =
            set.map(|(name, place)| (name.clone(), Value::String(self.values[*place].clone()))).collect();
        if set.is_empty() { String::new() } else { Value::Object(set).to_string() }
    }

    /// A hit has an id; without one only a line that is equal in everything is the same.
    fn identity(&self, line: &[u8]) -> String {
        let (high, low) = (self.value("hitid_high"), self.value("hitid_low"));
        let told = !matches!((high, low), ("" | "0", "" | "0"));
        if told { format!("{high}/{low}") } else { format!("{:032x}", xxh3_128(line)) }
    }
}

/// The line's values, without their escapes. What is no UTF-8 becomes U+FFFD.
fn values(line: &[u8]) -> Vec<String> {
    let (mut values, mut value, mut escaped) = (Vec::new(), Vec::new(), false);
    let text = |value: &mut Vec<u8>| String::from_utf8_lossy(&std::mem::take(value)).into_owned();
    for byte in line {
        match (escaped, byte) {
            (false, b'\\') => {
                escaped = true;
                continue;
            }
            (false, b'\t') => values.push(text(&mut value)),
            (true, b't') => value.push(b'\t'),
            (true, b'n') => value.push(b'\n'),
            (true, byte) if !matches!(byte, b'\t' | b'\n' | b'\\') => value.extend([b'\\', *byte]),
            (_, byte) => value.push(*byte),
        }
        escaped = false;
    }
    if escaped {
        value.push(b'\\');
    }
    values.push(text(&mut value));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_characters_are_part_of_the_value() {
        for (line, expected) in [
            ("a\tb", vec!["a", "b"]),
            ("a\\\tb\tc", vec!["a\tb", "c"]),
            ("a\\\nb\\\\\tc", vec!["a\nb\\", "c"]),
            ("a\\tb\\nc", vec!["a\tb\nc"]),
            ("a\\\\tb", vec!["a\\tb"]),
            ("a\\xb\\", vec!["a\\xb\\"]),
            ("\t", vec!["", ""]),
            ("", vec![""]),
        ] {
            assert_eq!(values(line.as_bytes()), expected, "{line:?}");
        }
        assert_eq!(values(b"\xff"), ["\u{fffd}"]);
    }
}
