//! One visit of a field: from the focus until it is left.

mod visits;

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{identity, of, text, times};
use super::interactions::interactions;
use super::{Input, Table};

pub(super) static TABLE: Table = interactions!(
    "fields",
    "visits of fields",
    "focus",
    " and (element_tag in ('input', 'select', 'textarea') \
     or element_role in ('combobox', 'listbox', 'searchbox', 'spinbutton', 'textbox'))",
    columns,
    SQL,
    &[Input::Walk(&visits::WALK)]
);

fn columns() -> Vec<Field> {
    [
        identity(),
        text(&["tab_id", "page_view_id"]),
        of(&DataType::Int64, &["seq"]),
        times(&["occurred_at", "session_started_at"]),
        text(&["page_path", "element_path", "element_tag", "element_id", "element_name", "element_role"]),
        of(&DataType::Float64, &["dwell_ms", "hesitation_ms"]),
        of(&DataType::Int64, &["edits", "changes", "corrections", "refills", "length"]),
        of(&DataType::Float64, &["submit_after_ms"]),
        of(&DataType::Boolean, &["last"]),
    ]
    .concat()
}

const SQL: &str = r"
-- One row per focus of a field: `input`, `select`, `textarea`, or an element with the role of one. `dwell_ms` until it was left,
-- and `hesitation_ms`, `corrections` and `refills` as told then: null when it was not. `edits`, `changes`: inputs and
-- changes of the field in between; `length`: of what stood in it after the last. `submit_after_ms`: from the focus to the next
-- submit of the page view, null when none came; `last`: no other field of the page view came after it. Reads `visits`.
select site_id, cast(occurred_at as date) as event_date, session_id, visitor_id, tab_id, page_view_id, seq,
    occurred_at, session_started_at, page_path,
    element_path, element_tag, element_id, element_name, element_role,
    dwell_ms, hesitation_ms, edits, changes, corrections, refills, length, submit_after_ms, last
from visits
";
