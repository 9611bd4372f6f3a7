//! One page view of one session.

mod facts;

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{of, text, times};
use super::{Input, Rows, Stray, Sum, Table};

pub static TABLE: Table = Table {
    name: "page_views",
    columns,
    sort_order: "site_id, event_date, visitor_id, started_at, tab_id",
    statistics_columns: &["page_view_id", "session_id", "visitor_id", "tab_id", "started_at", "session_started_at"],
    bloom_filter_columns: &[],
    rows: Rows::OfSessions { sql: || SQL.into(), inputs: &[Input::Walk(&facts::WALK)] },
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
-- One row per page view of a session (a page view that outlives a session has a row in each). Reads `page_view_facts`: what
-- its events tell.
select site_id, cast(started_at as date) as event_date, page_view_id, session_id, visitor_id, tab_id,
    session_started_at, page_url, page_path, page_title, started_at, ended_at,
    (cast(ended_at as bigint) - cast(started_at as bigint)) / 1000.0 as time_on_page_ms,
    visible_ms, engaged_ms, max_scroll_y,
    (cast(first_interaction_at as bigint) - cast(started_at as bigint)) / 1000.0 as first_interaction_ms,
    lcp_ms, cls, inp_ms, fcp_ms, ttfb_ms, events, clicks, next_page
from page_view_facts
";
