//! What followed a click, Enter or Space: one row for each that the SDK told of.

use datafusion::arrow::datatypes::{DataType, Field};

use super::Table;
use super::columns::{identity, of, text, times};
use super::interactions::interactions;

pub(super) static TABLE: Table = interactions!("effects", "effects", "effect", "", columns, SQL, &[]);

fn columns() -> Vec<Field> {
    [
        identity(),
        text(&["tab_id", "page_view_id"]),
        of(&DataType::Int64, &["seq"]),
        times(&["occurred_at", "session_started_at"]),
        of(&DataType::Int64, &["of_seq"]),
        text(&["of_type", "page_path", "element_path", "element_tag", "element_role", "element_text", "kind"]),
        of(&DataType::Float64, &["after_ms"]),
    ]
    .concat()
}

const SQL: &str = r"
-- One row per effect. `of_type`, `page_path` and `element_*` are those of the event that it followed: null when that one is
-- missing, or in another session. Reads `touched_events`.
select f.site_id, cast(f.occurred_at as date) as event_date, f.session_id, f.visitor_id, f.tab_id, f.page_view_id, f.seq,
    f.occurred_at, f.session_started_at, f.effect_of_seq as of_seq, e.type as of_type, e.page_path,
    e.element_path, e.element_tag, e.element_role, e.element_text, f.effect_kind as kind, f.effect_after_ms as after_ms
-- the few stand on the left, where a join keeps its rows in memory
from (select * from touched_events where type = 'effect') f
left join (
    -- most events, and none that an effect follows
    select * from touched_events
    where type not in ('effect', 'pointer', 'element_enter', 'element_leave', 'scroll', 'heartbeat', 'web_vital', 'request')
) e
    on f.site_id = e.site_id and f.session_id = e.session_id and f.tab_id = e.tab_id and f.effect_of_seq = e.seq
";
