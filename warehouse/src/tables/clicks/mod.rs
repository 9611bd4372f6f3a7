//! One click: on what, what followed first, and how it lies to the click before. Measurements, no verdicts: what is dead, slow
//! or rage is for a view to say, which can judge old clicks again.

mod facts;

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{identity, of, text, times};
use super::interactions::interactions;
use super::{Input, Table};

pub(super) static TABLE: Table =
    interactions!("clicks", "clicks", "click", "", columns, SQL, &[Input::Walk(&facts::WALK)]);

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
-- sessions are computed one by one. Reads `click_facts` and `touched_events`.
with effects as (
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
    c.dwell_ms, e.effect_kind, e.first_effect_ms, c.gap_ms, c.distance_px
from effects e
right join click_facts c on c.site_id = e.site_id and c.session_id = e.session_id and c.tab_id = e.tab_id
    and c.seq = e.effect_of_seq
";
