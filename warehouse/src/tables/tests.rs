use super::*;

#[test]
fn every_table_holds_its_partition_sort_and_statistics_columns() {
    for table in ALL {
        let schema = table.schema();
        let named = PARTITION_COLUMNS.into_iter().chain(table.sort_order.split(", "));
        let kept = table.statistics_columns.iter().chain(table.bloom_filter_columns).copied();
        for name in named.chain(kept).chain(["site_id", "visitor_id", "session_started_at"]) {
            assert!(schema.index_of(name).is_ok(), "{table:?}: {name}");
        }
        assert_eq!(table.file_schema().fields().len() + 2, schema.fields().len());
    }
}

#[test]
fn every_table_comes_after_those_that_it_reads() {
    assert_eq!(ALL[0], &EVENTS);
    for table in ALL {
        assert!(table.reads().all(|read| read.index() < table.index()), "{table:?}");
    }
}

#[test]
fn events_keep_where_they_came_from_and_no_trail() {
    let columns = EVENTS.columns();
    for name in ["kafka_partition", "kafka_offset", "late", "session_started_at"] {
        assert!(columns.iter().any(|column| column == name), "{name}");
    }
    assert!(!columns.iter().any(|column| column.starts_with("trail_") || column == "duplicate"));
}
