//! One frame of a page view's recording: a chunk, or a part of one. Rows come from the replay topic's own chain
//! ([`crate::replay`]) and never change: whose session a page view is in, `page_views` says.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{of, text, times};
use super::{Rows, Table};

pub static TABLE: Table = Table {
    name: "replay_chunks",
    columns,
    sort_order: "site_id, event_date, page_view_id, chunk_seq, part",
    statistics_columns: &["page_view_id", "visitor_id", "chunk_seq", "first_at", "kafka_partition", "kafka_offset"],
    bloom_filter_columns: &["page_view_id"],
    rows: Rows::Landed { only_type: None, renamed: &[] },
    sums: &[],
    strays: &[],
    repeats: None,
};

fn columns() -> Vec<Field> {
    let (int, number, flag) = (DataType::Int64, DataType::Float64, DataType::Boolean);
    [
        text(&["site_id"]),
        of(&DataType::Date32, &["event_date"]),
        text(&["page_view_id", "tab_id", "visitor_id"]),
        of(&int, &["chunk_seq", "part", "parts"]),
        text(&["kind"]),
        times(&["first_at", "last_at"]),
        of(&int, &["first_q", "last_q", "events", "nodes", "raw_bytes", "bytes"]),
        of(&number, &["viewport_width", "viewport_height"]),
        of(&flag, &["final", "partial"]),
        of(&int, &["masking_version"]),
        of(&DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))), &["assets"]),
        of(&number, &["page_cost_ms"]),
        times(&["received_at"]),
        of(&number, &["clock_error_ms"]),
        of(&int, &["checksum", "kafka_partition", "kafka_offset"]),
        of(&DataType::Binary, &["payload"]),
    ]
    .concat()
}
