use std::collections::HashMap;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use landing::Store;
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use schemas::session::session_id;

use super::*;
use crate::curated::file::ScanFile;
use crate::curated::scan::reader;
use crate::curated::writer::Columns;
use crate::engine::Resources;
use crate::merge::visitors::{Sessions, Stretch, key};
use crate::progress::DAY_US;
use crate::tables::{self, EVENTS};

/// Site, visitor, tab, number, time and type of a row.
type Told = (&'static str, &'static str, &'static str, i64, i64, &'static str);

fn texts(values: impl IntoIterator<Item = Option<&'static str>>) -> ArrayRef {
    cast(&StringArray::from_iter(values), &read::dictionary()).unwrap()
}

/// Rows with the session that begins with each of them.
fn held(rows: &[Told], curated_site: Option<&str>, more: Vec<(&str, ArrayRef)>) -> Arc<Held> {
    let times =
        || Arc::new(rows.iter().map(|row| Some(row.4)).collect::<TimestampMicrosecondArray>().with_timezone("UTC"));
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("session_id", texts(rows.iter().map(|_| Some("old")))),
        ("visitor_id", texts(rows.iter().map(|row| Some(row.1)))),
        ("tab_id", texts(rows.iter().map(|row| Some(row.2)))),
        ("seq", Arc::new(rows.iter().map(|row| Some(row.3)).collect::<Int64Array>())),
        ("type", texts(rows.iter().map(|row| Some(row.5)))),
        ("occurred_at", times()),
        ("session_started_at", times()),
    ];
    if curated_site.is_none() {
        columns.push(("site_id", texts(rows.iter().map(|row| Some(row.0)))));
    }
    columns.extend(more);
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    Arc::new(Held { rows, site_id: curated_site.map(str::to_owned) })
}

fn in_memory(held: Vec<Arc<Held>>) -> HeldRows {
    let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
    HeldRows { held, memory: MemoryConsumer::new("test").register(&pool) }
}

fn strings(ordered: &Ordered, field: &Field) -> Vec<Option<String>> {
    let column = ordered.column(field, 0..ordered.rows.len()).unwrap();
    let column = cast(&column, &DataType::Utf8).unwrap();
    column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn landed() -> HeldRows {
    let path = |values: [Option<&'static str>; 3]| vec![("page_path", texts(values))];
    in_memory(vec![
        held(
            &[("b", "v", "t", 0, 10, "click"), ("a", "w", "t", 7, DAY_US, "click"), ("a", "v", "t", 1, -1, "pointer")],
            None,
            path([Some("/x"), None, Some("/y")]),
        ),
        held(&[("a", "v", "t", 0, 5, "click"), ("a", "v", "t", 0, 5, "click")], None, Vec::new()),
    ])
}

fn staying() -> Vec<Staying> {
    [(0, 10), (1, DAY_US), (2, -1), (3, -1)].map(|(row, start)| Staying { row, start }).into()
}

#[test]
fn rows_of_sites_and_days_come_in_order_and_repeats_do_not() {
    let kept = in_memory(vec![held(
        &[("", "u", "s", 0, 3, "click"), ("", "v", "s", 2, 4, "click")],
        Some("a"),
        vec![("page_path", texts([Some("/k"), Some("/x")]))],
    )]);
    let mut sessions = Sessions::default();
    sessions.insert(key(&["a", "v"]), vec![Stretch { start: -1, end: 5 }]);
    let ordered = Ordered::new(&EVENTS, &landed(), &staying(), &kept, &sessions, None).unwrap();

    let partitions: Vec<_> = ordered.partitions().into_iter().map(|of| (of.site_id, of.event_date, of.rows)).collect();
    let expected = [("a", -1, 0..1), ("a", 0, 1..4), ("a", 1, 4..5), ("b", 0, 5..6)];
    assert_eq!(partitions, expected.map(|(site, date, rows)| (site.to_owned(), date, rows)));
    let schema = EVENTS.file_schema();
    let paths = strings(&ordered, schema.field_with_name("page_path").unwrap());
    let expected = [Some("/y"), Some("/k"), Some("/x"), None, None, Some("/x")];
    assert_eq!(paths, expected.map(|path| path.map(str::to_owned)));
    let of = |site: &str, visitor: &str, start| Some(session_id(site, visitor, start).to_string());
    let (v, old) = (of("a", "v", -1), Some("old".to_owned()));
    let expected = [v.clone(), old, v.clone(), v, of("a", "w", DAY_US), of("b", "v", 10)];
    assert_eq!(strings(&ordered, schema.field_with_name("session_id").unwrap()), expected);
    let missing = ordered.column(schema.field_with_name("x").unwrap(), 1..4).unwrap();
    assert_eq!((missing.len(), missing.null_count()), (3, 3));
}

#[test]
fn a_column_with_few_values_is_as_if_gathered_row_by_row() {
    // The two batches' rows come in turns.
    let rows =
        |first: i64| (first..first + 20).map(|seq| ("a", "v", "t", seq, 7 * seq % 40, "click")).collect::<Vec<_>>();
    let paths = |at: [usize; 2], text| texts((0..20).map(|row| at.contains(&row).then_some(text)));
    let x: ArrayRef = Arc::new((0..20).map(|row| (row % 19 == 0).then_some(f64::from(row))).collect::<Float64Array>());
    let landed = in_memory(vec![
        held(&rows(0), None, vec![("page_path", paths([3, 13], "/one"))]),
        held(&rows(20), None, vec![("page_path", paths([5, 5], "/two")), ("x", x)]),
    ]);
    let staying: Vec<Staying> = (0..40).filter(|row| *row != 3).map(|row| Staying { row, start: 0 }).collect();
    let kept = landed.none_beside();
    let ordered = Ordered::new(&EVENTS, &landed, &staying, &kept, &Sessions::default(), None).unwrap();
    assert_eq!(ordered.rows.len(), 39);
    for (name, values) in [("page_path", 2), ("x", 2), ("seq", 39)] {
        let schema = EVENTS.file_schema();
        let field = schema.field_with_name(name).unwrap();
        let mut found = 0;
        for range in [0..39, 0..13, 13..14, 14..39, 39..39] {
            let made = ordered.column(field, range.clone()).unwrap();
            let some = &ordered.rows[range.clone()];
            let each = ordered.gathered(field, some, &order::places(some), None).unwrap();
            assert_eq!(
                cast(&made, &DataType::Utf8).unwrap().as_ref(),
                cast(&each, &DataType::Utf8).unwrap().as_ref(),
                "{name} {range:?}"
            );
            found += made.len() - made.null_count();
        }
        assert_eq!(found, 2 * values, "{name}: once in all rows, and once in their parts");
    }
}

#[test]
fn a_table_of_one_type_takes_its_rows_and_knows_their_landing_names() {
    let trails = |count: usize| -> ArrayRef {
        let lists = (0..count).map(|row| Some(vec![Some(row as f64)]));
        Arc::new(datafusion::arrow::array::ListArray::from_iter_primitive::<Float64Type, _, _>(lists))
    };
    let rows = [("a", "v", "t", 0, 10, "click"), ("a", "v", "t", 1, 11, "pointer")];
    let landed = in_memory(vec![held(&rows, None, vec![("trail_x", trails(2))])]);
    let staying = [(0, 10), (1, 10)].map(|(row, start)| Staying { row, start });
    let table = tables::named("pointer").unwrap();
    let kept = landed.none_beside();
    let ordered = Ordered::new(table, &landed, &staying, &kept, &Sessions::default(), None).unwrap();
    assert_eq!(ordered.partitions().len(), 1);
    let schema = table.file_schema();
    let field = schema.field_with_name("x").unwrap();
    let x = ordered.column(field, 0..1).unwrap();
    assert_eq!(x.data_type(), field.data_type());
    assert_eq!(x.as_list::<i32>().value(0).as_primitive::<Float64Type>().values(), &[1.0]);
}

#[tokio::test]
async fn rows_of_the_types_that_a_select_asks_for_are_gathered_and_no_others() {
    let kept = landed().none_beside();
    let ordered = Ordered::new(&EVENTS, &landed(), &staying(), &kept, &Sessions::default(), None).unwrap();
    let context = datafusion::prelude::SessionContext::new();
    context.register_table("held", OrderedTable::new(Arc::new(ordered.by_session()))).unwrap();
    let asked = async |condition: &str| {
        let sql = format!("select seq from held where {condition} order by seq");
        let plan = context.sql(&sql).await.unwrap().create_physical_plan().await.unwrap();
        let shown = datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string();
        let batches = datafusion::physical_plan::collect(plan, context.task_ctx()).await.unwrap();
        let numbers = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
        (numbers.collect::<Vec<i64>>(), shown.contains("FilterExec"))
    };
    assert_eq!(asked("type = 'pointer'").await, (vec![1], false));
    assert_eq!(asked("type in ('click', 'drag', 'key', 'pointer')").await, (vec![0, 0, 1, 7], false));
    assert_eq!(asked("type <> 'pointer' and seq > 0").await, (vec![7], true));
    assert_eq!(asked("type is null").await, (vec![], false));
}

/// The file of some rows, in a store of its own.
async fn stored(rows: &RecordBatch, properties: WriterProperties) -> (Engine, ScanFile) {
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties)).unwrap();
    writer.write(rows).unwrap();
    let file = writer.into_inner().unwrap();
    let bytes = file.len() as u64;
    let store = Store::new("memory:///".parse().unwrap(), Arc::new(InMemory::new())).unwrap();
    store.objects().put(&"file".into(), file.into()).await.unwrap();
    let file = ScanFile { key: "file".into(), bytes, partition_values: Vec::new(), statistics: None };
    (Engine::new(&store, Resources::default()).unwrap(), file)
}

#[tokio::test]
async fn rows_of_some_visitors_come_from_their_time_on_and_with_no_texts_of_others() {
    let text = |name: &str, row: i64| format!("{name}{row}");
    let times: TimestampMicrosecondArray = (0..1_000).map(Some).collect();
    let rows = RecordBatch::try_from_iter([
        ("visitor_id", Arc::new(StringArray::from_iter_values((0..1_000).map(|row| text("v", row % 100)))) as ArrayRef),
        ("page_path", Arc::new(StringArray::from_iter_values((0..1_000).map(|row| text("/", row)))) as ArrayRef),
        ("occurred_at", Arc::new(times.with_timezone("UTC")) as ArrayRef),
    ])
    .unwrap();
    let (engine, file) = stored(&rows, WriterProperties::default()).await;
    let visitors = Arc::new(HashMap::from([(key(&["a", "v7"]), 500), (key(&["a", "v8"]), i64::MIN)]));
    let wanted = Wanted { visitors, time: Some("occurred_at"), ..Wanted::default() };
    let batches = select::rows(engine, file, Site::Of("a".into()), EVENTS.file_schema(), wanted).await.unwrap();
    let mut paths = Vec::new();
    for batch in &batches {
        let texts = batch.column_by_name("page_path").unwrap();
        assert_eq!(texts.as_any_dictionary().values().len(), batch.num_rows());
        let texts = cast(texts, &DataType::Utf8).unwrap();
        paths.extend(texts.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()));
    }
    let mut expected: Vec<i64> = [8, 108, 208, 308, 408].into();
    expected.extend([507, 508, 607, 608, 707, 708, 807, 808, 907, 908]);
    assert_eq!(paths, expected.into_iter().map(|row| text("/", row)).collect::<Vec<_>>());
}

#[tokio::test]
async fn row_groups_that_name_nobody_wanted_are_told_by_their_dictionaries() {
    let column = |name: &str| -> ArrayRef {
        Arc::new((0..6).map(|row| Some(format!("{name}{}", row / 2))).collect::<StringArray>())
    };
    let rows = RecordBatch::try_from_iter([("visitor_id", column("v")), ("tab_id", column("t"))]).unwrap();
    let groups = async |visitors: &[&str], tabs: &[&str], plain: &str| {
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(2))
            .set_column_dictionary_enabled(plain.into(), false)
            .build();
        let (engine, file) = stored(&rows, properties).await;
        let mut reader = reader(engine.runtime(), &file).unwrap();
        let dictionaries = engine.dictionaries();
        let all = dictionaries.of(&file, "a", &mut reader).await.unwrap();
        let visitors = Arc::new(visitors.iter().map(|text| (key(&["a", text]), 0)).collect());
        let mut ids = Ids::default();
        tabs.iter().for_each(|tab| ids.add("a", tab));
        let wanted = Wanted { visitors, tabs: Arc::new(ids), ..Wanted::default() };
        let read = names::groups_of(&mut reader, dictionaries, &all, &wanted, "a").await.unwrap();
        let known = names::groups_of(&mut reader, dictionaries, &all, &wanted, "a").await.unwrap();
        assert_eq!(read, known, "what was kept says what was read");
        assert_eq!(names::may_have(&all, &wanted, "a"), !read.is_empty());
        read
    };
    assert_eq!(groups(&["v1"], &[], "-").await, [1]);
    assert_eq!(groups(&["v2", "v9"], &["t0", "t2"], "-").await, [0, 2]);
    assert_eq!(groups(&["v9"], &["t9"], "-").await, [0; 0]);
    assert_eq!(groups(&["v1"], &[], "visitor_id").await, [0, 1, 2], "what has no dictionary may be anybody's");
    assert_eq!(groups(&["v1"], &["t2", "t9"], "tab_id").await, [1, 2], "unless it lies outside of the bounds");
}
