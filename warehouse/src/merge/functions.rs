//! What the selects of a merge ask about visitors and events, as functions: no join with a list of them is needed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringViewArray, StringViewBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use schemas::session::session_id;

use super::visitors::{EventId, Key, Sessions, key};

/// `final_session_start(site_id, visitor_id, occurred_at, otherwise)`: the start of the session by `sessions`, or what
/// stands in the row for visitors and times that they do not know.
pub(super) fn final_session_start(sessions: Arc<Sessions>) -> ScalarUDF {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    function("final_session_start", time_inputs(time.clone()), time, move |rows| {
        let old = rows.time(3);
        let made = (0..rows.count).map(|row| Some(rows.start(&sessions, row).unwrap_or_else(|| old.value(row))));
        Arc::new(made.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    })
}

/// `final_session_id(site_id, visitor_id, occurred_at, otherwise)`: the id of the same.
pub(super) fn final_session_id(sessions: Arc<Sessions>) -> ScalarUDF {
    function("final_session_id", time_inputs(DataType::Utf8View), DataType::Utf8View, move |rows| {
        let mut made = StringViewBuilder::with_capacity(rows.count);
        for row in 0..rows.count {
            match rows.start(&sessions, row) {
                Some(start) => {
                    made.append_value(session_id(rows.text(0).value(row), rows.text(1).value(row), start).to_string())
                }
                None => made.append_value(rows.text(3).value(row)),
            }
        }
        Arc::new(made.finish())
    })
}

/// `name(site_id, visitor_id)`: a number of the visitor (or of a tab, or a session), null for others.
pub(crate) fn lookup(name: &str, values: Arc<HashMap<Key, i64>>) -> ScalarUDF {
    function(name, key_inputs(), DataType::Int64, move |rows| {
        Arc::new((0..rows.count).map(|row| values.get(&rows.visitor(row)).copied()).collect::<Int64Array>())
    })
}

/// `name(site_id, tab_id, seq)`: whether the event is in the set.
pub(super) fn event_set(name: &str, set: Arc<HashSet<EventId>>) -> ScalarUDF {
    function(name, event_inputs(), DataType::Boolean, move |rows| {
        Arc::new((0..rows.count).map(|row| Some(set.contains(&rows.event(row)))).collect::<BooleanArray>())
    })
}

/// `visitor_part(site_id, visitor_id)`: in which of the parts a visitor is, from 0.
pub(super) fn visitor_part(parts: u32) -> ScalarUDF {
    function("visitor_part", key_inputs(), DataType::Int64, move |rows| {
        Arc::new((0..rows.count).map(|row| Some(part_of(rows.visitor(row), parts))).collect::<Int64Array>())
    })
}

/// `event_part(site_id, tab_id, seq)`: in which of the parts an event is, from 0.
pub(super) fn event_part(parts: u32) -> ScalarUDF {
    function("event_part", event_inputs(), DataType::Int64, move |rows| {
        let hash = |(tab, seq): EventId| tab.wrapping_add(Key::from(seq.unsigned_abs()));
        Arc::new((0..rows.count).map(|row| Some(part_of(hash(rows.event(row)), parts))).collect::<Int64Array>())
    })
}

fn part_of(hash: Key, parts: u32) -> i64 {
    i64::try_from(hash % Key::from(parts)).expect("a part is a small number")
}

fn key_inputs() -> Vec<DataType> {
    vec![DataType::Utf8View, DataType::Utf8View]
}

fn event_inputs() -> Vec<DataType> {
    vec![DataType::Utf8View, DataType::Utf8View, DataType::Int64]
}

/// Those of `final_session_…`, whose last one has the type of the answer.
fn time_inputs(last: DataType) -> Vec<DataType> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    vec![DataType::Utf8View, DataType::Utf8View, time, last]
}

/// Arguments of a call, one array each.
struct Arguments {
    arrays: Vec<ArrayRef>,
    count: usize,
}

impl Arguments {
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

    /// Start of the session that the first three arguments (site, visitor, time) belong to.
    fn start(&self, sessions: &Sessions, row: usize) -> Option<i64> {
        sessions.start_of(self.visitor(row), self.time(2).value(row))
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
    body: impl Fn(&Arguments) -> ArrayRef + Send + Sync + 'static,
) -> ScalarUDF {
    // Not immutable: what it answers depends on the round, so nothing may be folded or kept.
    let call = move |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let count = arrays.first().map_or(0, |array| array.len());
        Ok(ColumnarValue::Array(body(&Arguments { arrays, count })))
    };
    create_udf(name, inputs, output, Volatility::Stable, Arc::new(call))
}
