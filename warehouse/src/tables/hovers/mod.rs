//! One hover: the pointer rested on an element for a while.

mod facts;

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{identity, of, text, times};
use super::interactions::interactions;
use super::{Input, Table};

pub(super) static TABLE: Table = interactions!(
    "hovers",
    "hovers",
    "element_leave",
    " and duration_ms >= 250",
    columns,
    SQL,
    &[Input::Walk(&facts::WALK)]
);

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
-- `seq` and `occurred_at` are of the moment it left. `clicks`: on this element, while it was there; whatever comes between two
-- leaves of an element belongs to the second. Reads `stays`.
select site_id, cast(occurred_at as date) as event_date, session_id, visitor_id, tab_id, page_view_id, seq,
    occurred_at, session_started_at, page_path,
    element_path, element_tag, element_id, element_name, element_role, element_text,
    element_x, element_y, element_width, element_height, duration_ms as dwell_ms, clicks
from stays
";
