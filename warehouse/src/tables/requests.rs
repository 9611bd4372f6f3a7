//! One request of a page, and the click that it may be the doing of.

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{identity, of, text, times};
use super::{Rows, Stray, Sum, Table};

pub(super) static TABLE: Table = Table {
    name: "requests",
    columns,
    sort_order: "site_id, event_date, visitor_id, occurred_at, tab_id, seq",
    statistics_columns: &["session_id", "visitor_id", "tab_id", "page_view_id", "occurred_at", "session_started_at"],
    bloom_filter_columns: &[],
    rows: Rows::OfSessions { sql: || SQL.into(), inputs: &[] },
    sums: &[Sum {
        what: "requests",
        own: "select count(*) from requests",
        of_events: "select count(*) from events where type = 'request'",
        level_only: false,
    }],
    strays: &[Stray {
        what: "requests whose event has another session, or none",
        sql: "select t.session_id from requests t left join events e \
              on t.site_id = e.site_id and t.tab_id = e.tab_id and t.seq = e.seq and e.type = 'request' \
              where e.session_id is null or e.session_id <> t.session_id",
    }],
    repeats: None,
};

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

const SQL: &str = r"
-- One row per request; `occurred_at` is its end, `began_at` its start. `click_seq` and `after_click_ms`: the last click of the
-- tab and session at or before its start, and how long before; null when there was none. Reads `touched_events`.
with steps as (
    select *,
        cast(occurred_at as bigint) - case when type = 'request' then cast(coalesce(request_duration_ms, 0.0) * 1000.0 as bigint)
            else 0 end as began_us
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
    occurred_at, session_started_at, to_timestamp_micros(began_us) at time zone 'UTC' as began_at, page_path,
    request_method as method, request_url as url, request_status as status, request_duration_ms as duration_ms,
    request_initiator as initiator, request_bytes as bytes, click_seq, (began_us - click_us) / 1000.0 as after_click_ms
from placed where type = 'request'
";
