//! One request of a page, and the click that it may be the doing of.

use datafusion::arrow::datatypes::{DataType, Field};

use super::Table;
use super::columns::{identity, of, text, times};
use super::interactions::interactions;

pub(super) static TABLE: Table = interactions!("requests", "requests", "request", "", columns, SQL, &[]);

fn columns() -> Vec<Field> {
    [
        identity(),
        text(&["tab_id", "page_view_id"]),
        of(&DataType::Int64, &["seq"]),
        times(&["occurred_at", "session_started_at", "began_at"]),
        text(&["page_path", "method", "url"]),
        of(&DataType::Int64, &["status"]),
        of(&DataType::Float64, &["duration_ms"]),
        text(&["initiator"]),
        of(&DataType::Int64, &["bytes", "click_seq"]),
        of(&DataType::Float64, &["after_click_ms"]),
    ]
    .concat()
}

const SQL: &str = r#"
-- One row per request; `occurred_at` is its end, `began_at` its start. `click_seq` and `after_click_ms`: the last click of the
-- tab and session at or before its start, and how long before; null when there was none. Reads `touched_events`.
with steps as (
    select *,
        -- no page lives for longer than a week, whatever its sender says
        cast(occurred_at as bigint) - case when type = 'request'
            then cast(least(greatest(coalesce(request_duration_ms, 0.0), 0.0), 604800000.0) * 1000.0 as bigint) else 0 end as began_us
    from touched_events where type in ('click', 'request')
),
placed as (
    select *,
        last_value(case when type = 'click' then seq end) ignore nulls over before as click_seq,
        last_value(case when type = 'click' then began_us end) ignore nulls over before as click_us
    from steps
    -- of the same microsecond, the click comes first
    window before as (partition by site_id, session_id, tab_id order by began_us, type, seq
        rows between unbounded preceding and current row)
)
select site_id, cast(occurred_at as date) as event_date, session_id, visitor_id, tab_id, page_view_id, seq,
    occurred_at, session_started_at, arrow_cast(began_us, 'Timestamp(Microsecond, Some("UTC"))') as began_at, page_path,
    request_method as method, request_url as url, request_status as status, request_duration_ms as duration_ms,
    request_initiator as initiator, request_bytes as bytes, click_seq, (began_us - click_us) / 1000.0 as after_click_ms
from placed where type = 'request'
"#;
