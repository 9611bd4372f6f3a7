//! One hover: the pointer rested on an element for a while.

use datafusion::arrow::datatypes::{DataType, Field};

use super::Table;
use super::columns::{identity, of, text, times};
use super::interactions::interactions;

pub(super) static TABLE: Table =
    interactions!("hovers", "hovers", "element_leave", " and duration_ms >= 250", columns, SQL);

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
