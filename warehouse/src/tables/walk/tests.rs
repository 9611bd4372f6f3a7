use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;

use super::*;
use crate::tables::{ALL, EVENTS, Input, Rows};

/// Rows of events.
const COUNT: usize = 60;

#[derive(Debug)]
struct Nothing;

impl Past for Nothing {
    fn before(&self, _: &str, _: &str, tab_id: &str) -> Option<Before> {
        (tab_id == "t1").then_some(Before { last_seq: -5, last_batch_seq: 0, session_started_at: 0 })
    }

    fn repeats(&self, _: &str, _: &str, seq: i64) -> i64 {
        seq % 4
    }
}

fn walks() -> impl Iterator<Item = &'static Walk> {
    let inputs = ALL.iter().flat_map(|table| match table.rows {
        Rows::OfSessions { inputs, .. } => inputs,
        _ => &[][..],
    });
    inputs.filter_map(|input| match input {
        Input::Walk(walk) => Some(*walk),
        Input::Touched(_) => None,
    })
}

/// Three sites' worth of sessions, tabs and page views in both orders, with every third value missing.
fn events(columns: &[&str]) -> RecordBatch {
    let types = [
        "page_view",
        "focus",
        "click",
        "input",
        "visibility",
        "element_leave",
        "blur",
        "scroll",
        "submit",
        "web_vital",
        "page_leave",
        "element_enter",
        "of tomorrow",
    ];
    let text = |name: &str, row: usize| match name {
        "site_id" => Some(format!("s{}", row / 24)),
        "session_id" | "visitor_id" => Some(format!("v{}", row / 12)),
        "tab_id" => Some(format!("t{}", row / 4 % 3)),
        "element_tag" => Some("input".to_owned()),
        "type" => Some(types[row % types.len()].to_owned()),
        "visibility_state" => ["hidden", "visible", "frozen"].get(row % 4).map(|state| (*state).to_owned()),
        _ => (!row.is_multiple_of(3)).then(|| format!("{name}{}", row % 2)),
    };
    let column = |name: &str| -> ArrayRef {
        let schema = EVENTS.schema();
        match schema.field_with_name(name).unwrap().data_type() {
            DataType::Utf8 => Arc::new((0..COUNT).map(|row| text(name, row)).collect::<StringViewArray>()),
            DataType::Int64 => Arc::new(Int64Array::from_iter_values((0..COUNT).map(|row| row as i64 * 2))),
            DataType::Float64 => {
                Arc::new((0..COUNT).map(|row| (row % 5 > 0).then_some(row as f64 * 50.0)).collect::<Float64Array>())
            }
            DataType::Boolean => Arc::new((0..COUNT).map(|row| Some(row % 7 == 6)).collect::<BooleanArray>()),
            _ => {
                let times = TimestampMicrosecondArray::from_iter_values((0..COUNT).map(|row| row as i64 * 900_000));
                Arc::new(times.with_timezone("UTC"))
            }
        }
    };
    RecordBatch::try_from_iter(columns.iter().map(|name| (*name, column(name)))).unwrap()
}

/// With texts in dictionaries, as rows in memory have them.
fn shared(events: &RecordBatch) -> RecordBatch {
    let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let schema = events.schema();
    let columns = schema.fields().iter().zip(events.columns()).map(|(field, column)| {
        let column =
            if *field.data_type() == DataType::Utf8View { cast(column, &kind).unwrap() } else { column.clone() };
        (field.name(), column)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The rows of a walk over pieces of so many events.
fn rows(walk: &Walk, events: &RecordBatch, piece: usize) -> RecordBatch {
    let past: Arc<dyn Past> = Arc::new(Nothing);
    let (mut walker, mut made) = ((walk.begin)(&past), Made::new(walk.schema()).unwrap());
    let mut batches = Vec::new();
    for from in (0..events.num_rows()).step_by(piece) {
        let piece = events.slice(from, piece.min(events.num_rows() - from));
        walker.walk(&Events::of(&piece), &mut made).unwrap();
        batches.push(made.batch().unwrap());
    }
    walker.end(&mut made).unwrap();
    batches.push(made.batch().unwrap());
    concat_batches(&walk.schema(), &batches).unwrap()
}

#[test]
fn a_walk_gives_the_same_however_its_events_are_cut_and_held() {
    assert_eq!(walks().count(), 6);
    for walk in walks() {
        let events = events(&(walk.reads)());
        let whole = rows(walk, &events, COUNT);
        assert!(whole.num_rows() >= 4, "{walk:?}: {} rows", whole.num_rows());
        for piece in [1, 7, 12] {
            assert_eq!(rows(walk, &events, piece), whole, "{walk:?} in pieces of {piece}");
            assert_eq!(rows(walk, &shared(&events), piece), whole, "{walk:?} in dictionaries, pieces of {piece}");
        }
    }
}

#[test]
fn a_walk_over_nothing_gives_nothing() {
    for walk in walks() {
        assert_eq!(rows(walk, &events(&(walk.reads)()).slice(0, 0), 1).num_rows(), 0, "{walk:?}");
    }
}

#[test]
fn a_walk_reads_the_columns_of_its_order() {
    for walk in walks() {
        let reads = (walk.reads)();
        assert!(walk.order.columns().iter().all(|column| reads.contains(column)), "{walk:?}");
    }
}
