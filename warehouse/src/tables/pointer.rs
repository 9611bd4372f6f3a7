//! One pointer trail, apart from `events`: few questions ask for it, and it is most of the bytes.

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{identity, number_lists, of, text, times};
use super::{Rows, Stray, Sum, Table};

pub(super) static TABLE: Table = Table {
    name: "pointer",
    columns,
    sort_order: "site_id, event_date, visitor_id, occurred_at, tab_id, seq",
    statistics_columns: &["session_id", "visitor_id", "tab_id", "page_view_id", "seq", "occurred_at"],
    bloom_filter_columns: &["session_id", "page_view_id"],
    rows: Rows::Landed {
        only_type: Some("pointer"),
        renamed: &[("dt", "trail_dt"), ("x", "trail_x"), ("y", "trail_y")],
    },
    sums: &[Sum {
        what: "trails",
        own: "select count(*) from pointer",
        of_events: "select count(*) from events where type = 'pointer'",
        level_only: false,
    }],
    strays: &[Stray {
        what: "trails whose event has another session, or none",
        sql: "select p.session_id from pointer p left join events e \
              on p.site_id = e.site_id and p.tab_id = e.tab_id and p.seq = e.seq \
              where e.session_id is null or e.session_id <> p.session_id",
    }],
    repeats: None,
};

fn columns() -> Vec<Field> {
    [
        identity(),
        text(&["tab_id", "page_view_id"]),
        of(&DataType::Int64, &["seq"]),
        times(&["occurred_at", "session_started_at"]),
        number_lists(&["dt", "x", "y"]),
    ]
    .concat()
}
