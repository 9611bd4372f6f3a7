//! One page view of one session.

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{of, text, times};
use super::{Input, Rows, Stray, Sum, Table};

pub(super) static TABLE: Table = Table {
    name: "page_views",
    columns,
    sort_order: "site_id, event_date, visitor_id, started_at, tab_id",
    statistics_columns: &["page_view_id", "session_id", "visitor_id", "tab_id", "started_at", "session_started_at"],
    bloom_filter_columns: &[],
    rows: Rows::OfSessions { sql: || SQL.into(), inputs: &[Input::Stretches] },
    sums: &[
        Sum {
            what: "events",
            own: "select coalesce(sum(events), 0) from page_views",
            of_events: "select count(*) from events",
            level_only: false,
        },
        Sum {
            what: "clicks",
            own: "select coalesce(sum(clicks), 0) from page_views",
            of_events: "select count(*) from events where type = 'click'",
            level_only: false,
        },
    ],
    strays: &[Stray {
        what: "page views of a session that events does not know",
        sql: "select p.session_id from page_views p left join (select distinct site_id, session_id from events) e \
              on p.site_id = e.site_id and p.session_id = e.session_id where e.session_id is null",
    }],
    repeats: None,
};

fn columns() -> Vec<Field> {
    [
        text(&["site_id"]),
        of(&DataType::Date32, &["event_date"]),
        text(&["page_view_id", "session_id", "visitor_id", "tab_id"]),
        times(&["session_started_at"]),
        text(&["page_url", "page_path", "page_title"]),
        times(&["started_at", "ended_at"]),
        of(
            &DataType::Float64,
            &["time_on_page_ms", "visible_ms", "engaged_ms", "max_scroll_y", "first_interaction_ms"],
        ),
        of(&DataType::Float64, &["lcp_ms", "cls", "inp_ms", "fcp_ms", "ttfb_ms"]),
        of(&DataType::Int64, &["events", "clicks"]),
        text(&["next_page"]),
    ]
    .concat()
}

const SQL: &str = r"
-- One row per page view of a session (a page view that outlives a session has a row in each). Reads `touched_events`
-- and `stretches`.
with facts as (
    select site_id, session_id, visitor_id, session_started_at, tab_id, page_view_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        min(seq) as first_seq,
        first_value(page_url order by seq) filter (where page_url is not null) as page_url,
        first_value(page_path order by seq) filter (where page_path is not null) as page_path,
        last_value(page_title order by seq) filter (where page_title is not null) as page_title,
        max(y) filter (where type = 'scroll') as max_scroll_y,
        min(occurred_at) filter (where type in ('click', 'double_click', 'context_menu', 'pointer_down', 'drag', 'input',
            'composition', 'change', 'submit', 'key', 'clipboard')) as first_interaction_at,
        last_value(vital_value order by seq) filter (where type = 'web_vital' and upper(vital_name) = 'LCP') as lcp_ms,
        last_value(vital_value order by seq) filter (where type = 'web_vital' and upper(vital_name) = 'CLS') as cls,
        last_value(vital_value order by seq) filter (where type = 'web_vital' and upper(vital_name) = 'INP') as inp_ms,
        last_value(vital_value order by seq) filter (where type = 'web_vital' and upper(vital_name) = 'FCP') as fcp_ms,
        last_value(vital_value order by seq) filter (where type = 'web_vital' and upper(vital_name) = 'TTFB') as ttfb_ms,
        count(*) as events,
        count(*) filter (where type = 'click') as clicks
    from touched_events
    group by site_id, session_id, visitor_id, session_started_at, tab_id, page_view_id
),
covered as (
    select site_id, session_id, tab_id, page_view_id, what, from_us, to_us,
        max(to_us) over (partition by site_id, session_id, tab_id, page_view_id, what order by from_us, to_us
            rows between unbounded preceding and 1 preceding) as covered_us
    from stretches
),
spans as (
    select site_id, session_id, tab_id, page_view_id,
        sum(case when what = 'visible' then greatest(to_us - greatest(from_us, coalesce(covered_us, from_us)), 0) end) / 1000.0
            as visible_ms,
        sum(case when what = 'engaged' then greatest(to_us - greatest(from_us, coalesce(covered_us, from_us)), 0) end) / 1000.0
            as engaged_ms
    from covered group by site_id, session_id, tab_id, page_view_id
)
select p.site_id, cast(p.started_at as date) as event_date, p.page_view_id, p.session_id, p.visitor_id, p.tab_id,
    p.session_started_at, p.page_url, p.page_path, p.page_title, p.started_at, p.ended_at,
    (cast(p.ended_at as bigint) - cast(p.started_at as bigint)) / 1000.0 as time_on_page_ms,
    coalesce(t.visible_ms, 0.0) as visible_ms,
    coalesce(t.engaged_ms, 0.0) as engaged_ms,
    p.max_scroll_y,
    (cast(p.first_interaction_at as bigint) - cast(p.started_at as bigint)) / 1000.0 as first_interaction_ms,
    p.lcp_ms, p.cls, p.inp_ms, p.fcp_ms, p.ttfb_ms, p.events, p.clicks,
    lead(p.page_path) over (partition by p.site_id, p.session_id, p.tab_id order by p.first_seq) as next_page
from facts p
left join spans t on t.site_id = p.site_id and t.session_id = p.session_id and t.tab_id = p.tab_id
    and t.page_view_id = p.page_view_id
";
