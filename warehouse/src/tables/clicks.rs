//! One click: on what, what followed first, and how it lies to the click before. Measurements, no verdicts: what is dead, slow
//! or rage is for a view to say, which can judge old clicks again.

use datafusion::arrow::datatypes::{DataType, Field};

use super::Table;
use super::columns::{identity, of, text, times};
use super::interactions::interactions;

pub(super) static TABLE: Table = interactions!("clicks", "clicks", "click", "", columns, SQL);

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
        of(&DataType::Float64, &["element_x", "element_y", "element_width", "element_height", "x", "y"]),
        of(&DataType::Int64, &["button"]),
        text(&["pointer_type"]),
        of(&DataType::Float64, &["dwell_ms"]),
        text(&["effect_kind"]),
        of(&DataType::Float64, &["first_effect_ms", "gap_ms", "distance_px"]),
    ]
    .concat()
}

const SQL: &str = r"
-- One row per click. `effect_kind` and `first_effect_ms` are those of the first effect that the SDK told of it: null when it
-- told none (an older SDK, or a click that another followed at once), so that nobody calls such a click dead; `none` when
-- nothing followed. `dwell_ms`: since the pointer came onto the element, null when it was not there (keys, touch). `gap_ms` and
-- `distance_px`: to the click before in the same tab and session. Only what belongs to the click's own session counts, since
-- sessions are computed one by one. Reads `touched_events`.
with steps as (
    select * from touched_events where type in ('click', 'element_enter', 'element_leave')
),
placed as (
    select *,
        -- -1 once the pointer has left
        last_value(case when type = 'element_enter' then cast(occurred_at as bigint) when type = 'element_leave' then -1 end)
            ignore nulls over (partition by site_id, session_id, tab_id, page_view_id, element_path order by seq
            rows between unbounded preceding and current row) as entered_us
    from steps
),
clicks as (
    select *,
        lag(cast(occurred_at as bigint)) over (partition by site_id, session_id, tab_id order by seq) as before_us,
        lag(x) over (partition by site_id, session_id, tab_id order by seq) as before_x,
        lag(y) over (partition by site_id, session_id, tab_id order by seq) as before_y
    from placed where type = 'click'
),
effects as (
    select site_id, session_id, tab_id, effect_of_seq,
        first_value(effect_kind order by effect_after_ms nulls last, seq) as effect_kind,
        min(effect_after_ms) as first_effect_ms
    from touched_events where type = 'effect' and effect_of_seq is not null
    group by site_id, session_id, tab_id, effect_of_seq
)
select c.site_id, cast(c.occurred_at as date) as event_date, c.session_id, c.visitor_id, c.tab_id, c.page_view_id, c.seq,
    c.occurred_at, c.session_started_at, c.page_path,
    c.element_path, c.element_tag, c.element_id, c.element_name, c.element_role, c.element_text,
    c.element_x, c.element_y, c.element_width, c.element_height, c.x, c.y, c.button, c.pointer_type,
    case when c.entered_us >= 0 then (cast(c.occurred_at as bigint) - c.entered_us) / 1000.0 end as dwell_ms,
    e.effect_kind, e.first_effect_ms,
    (cast(c.occurred_at as bigint) - c.before_us) / 1000.0 as gap_ms,
    sqrt(power(c.x - c.before_x, 2) + power(c.y - c.before_y, 2)) as distance_px
from effects e
right join clicks c on c.site_id = e.site_id and c.session_id = e.session_id and c.tab_id = e.tab_id
    and c.seq = e.effect_of_seq
";
