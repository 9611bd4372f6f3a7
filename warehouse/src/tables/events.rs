//! One event: the landing columns but the trail and the duplicate mark, with the date of the event. All other tables are
//! computed from it, and from what landed.

use datafusion::arrow::datatypes::Field;
use schemas::landing::{TRAIL_COLUMNS, event_fields};

use super::columns::identity;
use super::{Rows, Table};

pub static TABLE: Table = Table {
    name: "events",
    columns,
    sort_order: "site_id, event_date, visitor_id, occurred_at, tab_id, seq",
    statistics_columns: &[
        "session_id",
        "visitor_id",
        "tab_id",
        "page_view_id",
        "seq",
        "type",
        "occurred_at",
        "session_started_at",
        "kafka_partition",
        "kafka_offset",
    ],
    // What one session, tab or page view did is asked for by itself; the files are sorted by visitor.
    bloom_filter_columns: &["session_id", "tab_id", "page_view_id"],
    rows: Rows::Landed { only_type: None, renamed: &[] },
    sums: &[],
    strays: &[],
    repeats: None,
};

fn columns() -> Vec<Field> {
    let rest = event_fields().into_iter().filter(|field| {
        let name = field.name().as_str();
        !TRAIL_COLUMNS.contains(&name) && !["site_id", "session_id", "visitor_id", "duplicate"].contains(&name)
    });
    identity().into_iter().chain(rest.map(|field| field.with_nullable(true))).collect()
}
