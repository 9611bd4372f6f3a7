//! Visitors by their hash: which ones a round touches, and what their sessions are. SQL asks through functions, so
//! that no join with a list of visitors is needed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringViewArray, StringViewBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use schemas::session::session_id;
use xxhash_rust::xxh3::Xxh3;

/// Hash of texts that name one thing, such as a site and its visitor.
pub type Key = u128;

/// An event: hash of site and tab, and its number there.
pub type EventId = (Key, i64);

/// Hashes the parts so that ("ab", "c") differs from ("a", "bc").
pub fn key(parts: &[&str]) -> Key {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.digest128()
}

/// A session as a stretch of its visitor's time; epoch microseconds, both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    pub start: i64,
    pub end: i64,
}

/// Sessions of some visitors. A visitor's stretches are in order and do not overlap.
#[derive(Debug, Default)]
pub struct Sessions(HashMap<Key, Vec<Stretch>>);

impl Sessions {
    /// Takes in a visitor's sessions, in any order.
    pub fn insert(&mut self, visitor: Key, mut stretches: Vec<Stretch>) {
        stretches.sort_unstable();
        self.0.insert(visitor, stretches);
    }

    /// Start of the session that an event at `at` belongs to.
    pub fn start_of(&self, visitor: Key, at: i64) -> Option<i64> {
        let stretches = self.0.get(&visitor)?;
        let after = stretches.partition_point(|stretch| stretch.start <= at);
        let stretch = stretches[..after].last()?;
        (at <= stretch.end).then_some(stretch.start)
    }
}

/// `final_session_start(site_id, visitor_id, occurred_at, otherwise)` and `final_session_id(…)`: the session by
/// `sessions`, or what stands in the row for visitors and times that they do not know.
pub fn register_sessions(context: &SessionContext, sessions: Arc<Sessions>) {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let inputs = |last: &DataType| vec![DataType::Utf8View, DataType::Utf8View, time.clone(), last.clone()];

    let known = sessions.clone();
    let start = move |rows: &Rows, row: usize| known.start_of(rows.visitor(row), rows.time(2).value(row));
    context.register_udf(function("final_session_start", inputs(&time), time.clone(), move |rows| {
        let old = rows.time(3);
        let made = (0..rows.count).map(|row| Some(start(rows, row).unwrap_or_else(|| old.value(row))));
        Arc::new(made.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    }));

    let id = move |rows: &Rows, row: usize| sessions.start_of(rows.visitor(row), rows.time(2).value(row));
    context.register_udf(function("final_session_id", inputs(&DataType::Utf8View), DataType::Utf8View, move |rows| {
        let mut made = StringViewBuilder::with_capacity(rows.count);
        for row in 0..rows.count {
            match id(rows, row) {
                Some(start) => {
                    made.append_value(session_id(rows.text(0).value(row), rows.text(1).value(row), start).to_string())
                }
                None => made.append_value(rows.text(3).value(row)),
            }
        }
        Arc::new(made.finish())
    }));
}

/// `touched_from(site_id, visitor_id)`-like functions: a number of the visitor, null for others.
pub fn register_lookup(context: &SessionContext, name: &str, values: Arc<HashMap<Key, i64>>) {
    let inputs = vec![DataType::Utf8View, DataType::Utf8View];
    context.register_udf(function(name, inputs, DataType::Int64, move |rows| {
        Arc::new((0..rows.count).map(|row| values.get(&rows.visitor(row)).copied()).collect::<Int64Array>())
    }));
}

/// `name(site_id, tab_id, seq)`: whether the event is in the set.
pub fn register_event_set(context: &SessionContext, name: &str, set: Arc<HashSet<EventId>>) {
    let inputs = vec![DataType::Utf8View, DataType::Utf8View, DataType::Int64];
    context.register_udf(function(name, inputs, DataType::Boolean, move |rows| {
        Arc::new((0..rows.count).map(|row| Some(set.contains(&rows.event(row)))).collect::<BooleanArray>())
    }));
}

/// `name(site_id, tab_id, seq)`: the event's number, null for others.
pub fn register_event_numbers(context: &SessionContext, name: &str, numbers: HashMap<EventId, i64>) {
    let inputs = vec![DataType::Utf8View, DataType::Utf8View, DataType::Int64];
    context.register_udf(function(name, inputs, DataType::Int64, move |rows| {
        Arc::new((0..rows.count).map(|row| numbers.get(&rows.event(row)).copied()).collect::<Int64Array>())
    }));
}

/// `visitor_part(site_id, visitor_id)` and `event_part(site_id, tab_id, seq)`: in which of the parts a visitor or an
/// event is, from 0.
pub fn register_parts(context: &SessionContext, parts: u32) {
    let part = move |hash: Key| i64::try_from(hash % Key::from(parts)).expect("a part is a small number");
    let inputs = vec![DataType::Utf8View, DataType::Utf8View];
    context.register_udf(function("visitor_part", inputs, DataType::Int64, move |rows| {
        Arc::new((0..rows.count).map(|row| Some(part(rows.visitor(row)))).collect::<Int64Array>())
    }));
    let inputs = vec![DataType::Utf8View, DataType::Utf8View, DataType::Int64];
    context.register_udf(function("event_part", inputs, DataType::Int64, move |rows| {
        let hash = |(tab, seq): EventId| tab.wrapping_add(Key::from(seq.unsigned_abs()));
        Arc::new((0..rows.count).map(|row| Some(part(hash(rows.event(row))))).collect::<Int64Array>())
    }));
}

/// Arguments of a call, one array each.
struct Rows {
    arrays: Vec<ArrayRef>,
    count: usize,
}

impl Rows {
    fn text(&self, argument: usize) -> &StringViewArray {
        self.arrays[argument].as_string_view()
    }

    fn time(&self, argument: usize) -> &TimestampMicrosecondArray {
        self.arrays[argument].as_primitive::<TimestampMicrosecondType>()
    }

    /// Hash of the first two arguments.
    fn visitor(&self, row: usize) -> Key {
        key(&[self.text(0).value(row), self.text(1).value(row)])
    }

    /// The event that the first three arguments name.
    fn event(&self, row: usize) -> EventId {
        (self.visitor(row), self.arrays[2].as_primitive::<Int64Type>().value(row))
    }
}

fn function(
    name: &str,
    inputs: Vec<DataType>,
    output: DataType,
    body: impl Fn(&Rows) -> ArrayRef + Send + Sync + 'static,
) -> ScalarUDF {
    // Not immutable: what it answers depends on the round, so nothing may be folded or kept.
    let call = move |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let count = arrays.first().map_or(0, |array| array.len());
        Ok(ColumnarValue::Array(body(&Rows { arrays, count })))
    };
    create_udf(name, inputs, output, Volatility::Stable, Arc::new(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_in_the_stretch_that_holds_its_time() {
        let visitor = key(&["shop", "v"]);
        let mut sessions = Sessions::default();
        sessions.insert(visitor, vec![Stretch { start: 50, end: 50 }, Stretch { start: 10, end: 20 }]);
        let found = [9, 10, 15, 20, 21, 50, 51].map(|at| sessions.start_of(visitor, at));
        assert_eq!(found, [None, Some(10), Some(10), Some(10), None, Some(50), None]);
        assert_eq!(sessions.start_of(key(&["sho", "pv"]), 15), None);
    }
}
