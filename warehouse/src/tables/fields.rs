//! One visit of a field: from the focus until it is left.

use datafusion::arrow::datatypes::{DataType, Field};

use super::Table;
use super::columns::{identity, of, text, times};
use super::interactions::interactions;

pub(super) static TABLE: Table = interactions!(
    "fields",
    "visits of fields",
    "focus",
    " and (element_tag in ('input', 'select', 'textarea') \
     or element_role in ('combobox', 'listbox', 'searchbox', 'spinbutton', 'textbox'))",
    columns,
    SQL
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
-- submit of the page view, null when none came; `last`: no other field of the page view came after it. Reads `touched_events`.
with steps as (
    select *,
        case when type = 'focus' and (element_tag in ('input', 'select', 'textarea')
            or element_role in ('combobox', 'listbox', 'searchbox', 'spinbutton', 'textbox')) then seq end as focus_seq
    from touched_events where type in ('focus', 'blur', 'input', 'change', 'submit')
),
visits as (
    select *,
        -- what a field tells belongs to its last focus
        last_value(focus_seq) ignore nulls over (partition by site_id, session_id, tab_id, page_view_id, element_path
            order by seq rows between unbounded preceding and current row) as visit,
        min(case when type = 'submit' then cast(occurred_at as bigint) end) over (partition by site_id, session_id, tab_id,
            page_view_id order by seq rows between 1 following and unbounded following) as submit_us,
        max(focus_seq) over (partition by site_id, session_id, tab_id, page_view_id) as last_focus
    from steps
),
told as (
    select site_id, session_id, tab_id, visit,
        first_value(duration_ms order by seq) filter (where type = 'blur') as dwell_ms,
        first_value(field_hesitation_ms order by seq) filter (where type = 'blur') as hesitation_ms,
        first_value(field_corrections order by seq) filter (where type = 'blur') as corrections,
        first_value(field_refills order by seq) filter (where type = 'blur') as refills,
        count(*) filter (where type = 'input') as edits,
        count(*) filter (where type = 'change') as changes,
        last_value(input_length order by seq) filter (where type = 'input') as length
    from visits where visit is not null
    group by site_id, session_id, tab_id, visit
)
select v.site_id, cast(v.occurred_at as date) as event_date, v.session_id, v.visitor_id, v.tab_id, v.page_view_id, v.seq,
    v.occurred_at, v.session_started_at, v.page_path,
    v.element_path, v.element_tag, v.element_id, v.element_name, v.element_role,
    t.dwell_ms, t.hesitation_ms, t.edits, t.changes, t.corrections, t.refills, t.length,
    (v.submit_us - cast(v.occurred_at as bigint)) / 1000.0 as submit_after_ms,
    v.seq = v.last_focus as last
from told t
join visits v on v.site_id = t.site_id and v.session_id = t.session_id and v.tab_id = t.tab_id and v.focus_seq = t.visit
";
