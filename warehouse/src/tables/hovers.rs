//! One hover: the pointer rested on an element for a while.

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{identity, of, text, times};
use super::{Rows, Stray, Sum, Table};

pub(super) static TABLE: Table = Table {
    name: "hovers",
    columns,
    sort_order: "site_id, event_date, visitor_id, occurred_at, tab_id, seq",
    statistics_columns: &["session_id", "visitor_id", "tab_id", "page_view_id", "occurred_at", "session_started_at"],
    bloom_filter_columns: &[],
    rows: Rows::OfSessions { sql: || SQL.into(), inputs: &[] },
    sums: &[Sum {
        what: "hovers",
        own: "select count(*) from hovers",
        of_events: "select count(*) from events where type = 'element_leave' and duration_ms >= 250",
        level_only: false,
    }],
    strays: &[Stray {
        what: "hovers whose event has another session, or none",
        sql: "select t.session_id from hovers t left join events e \
              on t.site_id = e.site_id and t.tab_id = e.tab_id and t.seq = e.seq and e.type = 'element_leave' \
              where e.session_id is null or e.session_id <> t.session_id",
    }],
    repeats: None,
};

fn columns() -> Vec<Field> {
    [
        identity(),
        text(&["tab_id", "page_view_id"]),
        of(&DataType::Int64, &["seq"]),
        times(&["occurred_at", "session_started_at"]),
        text(&[
            "page_path",
            "element_path",
            "element_tag",
            "element_id",
            "element_name",
            "element_role",
            "element_text",
        ]),
        of(&DataType::Float64, &["element_x", "element_y", "element_width", "element_height", "dwell_ms"]),
        of(&DataType::Int64, &["clicks"]),
    ]
    .concat()
}

const SQL: &str = r"
-- One row per stay of the pointer on an element of 250 ms or more; shorter ones are passing over (DEFINITIONS: a hover).
-- `seq` and `occurred_at` are of the moment it left. `clicks`: on this element, while it was there. Reads `touched_events`.
with steps as (
    select *,
        -- whatever comes between two leaves of an element belongs to the second
        sum(case when type = 'click' then 1 else 0 end) over (partition by site_id, session_id, tab_id, page_view_id,
            element_path order by seq) as clicked
    from touched_events where type in ('click', 'element_leave')
),
stays as (
    select *,
        clicked - coalesce(lag(clicked) over (partition by site_id, session_id, tab_id, page_view_id, element_path
            order by seq), 0) as clicks
    from steps where type = 'element_leave'
)
select site_id, cast(occurred_at as date) as event_date, session_id, visitor_id, tab_id, page_view_id, seq,
    occurred_at, session_started_at, page_path,
    element_path, element_tag, element_id, element_name, element_role, element_text,
    element_x, element_y, element_width, element_height, duration_ms as dwell_ms, clicks
from stays where duration_ms >= 250
";
