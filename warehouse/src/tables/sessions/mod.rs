//! One session.

mod facts;

use datafusion::arrow::datatypes::{DataType, Field};
use schemas::campaign;
use schemas::ingest::EventType;

use super::columns::{identity, of, text, times};
use super::{Input, Rows, Stray, Sum, Table, ledger};

pub(super) static TABLE: Table = Table {
    name: "sessions",
    columns,
    sort_order: "site_id, event_date, visitor_id, started_at",
    statistics_columns: &["session_id", "visitor_id", "started_at", "ended_at", "session_started_at"],
    bloom_filter_columns: &[],
    rows: Rows::OfSessions {
        sql: || written_out(SQL).into(),
        inputs: &[Input::Walk(&facts::WALK), Input::Touched(&ledger::TABLE)],
    },
    sums: &[
        Sum {
            what: "events",
            own: "select coalesce(sum(events), 0) from sessions",
            of_events: "select count(*) from events",
            level_only: false,
        },
        Sum {
            what: "pointer events",
            own: "select coalesce(sum(pointer_count), 0) from sessions",
            of_events: "select count(*) from events where type = 'pointer'",
            level_only: false,
        },
    ],
    strays: &[
        Stray {
            what: "sessions that events knows otherwise or not",
            sql: "select s.session_id from sessions s full join (select site_id, session_id, count(*) as n, \
                  min(occurred_at) as first, max(occurred_at) as last from events group by site_id, session_id) e \
                  on s.site_id = e.site_id and s.session_id = e.session_id \
                  where s.session_id is null or e.session_id is null or s.events <> e.n or s.started_at <> e.first \
                  or s.ended_at <> e.last",
        },
        Stray {
            what: "sessions with several rows",
            sql: "select session_id from sessions group by site_id, session_id having count(*) > 1",
        },
    ],
    repeats: None,
};

fn columns() -> Vec<Field> {
    let counts: Vec<String> = EventType::ALL.iter().map(|kind| format!("{}_count", kind.name())).collect();
    let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
    [
        identity(),
        text(&["user_id"]),
        times(&["started_at", "ended_at", "session_started_at"]),
        of(&DataType::Float64, &["duration_ms", "visible_ms", "engaged_ms"]),
        of(&DataType::Int64, &["events", "tabs", "page_views"]),
        of(&DataType::Int64, &counts),
        text(&["entry_page", "exit_page"]),
        of(&DataType::Boolean, &["bounce_ga4", "bounce_posthog", "bounce_single_page"]),
        of(&DataType::Int64, &["events_expected", "events_lost"]),
        of(&DataType::Float64, &["completeness"]),
        text(&["device_type", "browser_name", "browser_version", "os_name", "os_version"]),
        text(&["referrer_url", "referrer_host", "referrer_medium", "referrer_source"]),
        text(&campaign::columns().iter().map(String::as_str).collect::<Vec<_>>()),
        text(&["geo_country", "geo_region", "geo_city"]),
        of(&DataType::Boolean, &["is_bot"]),
        text(&["bot_class"]),
        of(&DataType::Boolean, &["losses_bounded"]),
    ]
    .concat()
}

/// Writes out what stands in braces, from the contracts' lists: `{type_count_columns}`, events of each type, and
/// `{campaign_columns}`.
fn written_out(sql: &str) -> String {
    let listed = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
    let counts = listed(&mut EventType::ALL.iter().map(|kind| format!("s.{}_count", kind.name())));
    let campaign = listed(&mut campaign::columns().iter().map(|name| format!("s.{name}")));
    sql.replace("{type_count_columns}", &counts).replace("{campaign_columns}", &campaign)
}

const SQL: &str = r"
-- One row per session. Reads `session_facts` (what its events tell) and `touched_ledger`.
with books as (
    select site_id, session_id, cast(sum(events_received) as bigint) as received,
        cast(sum(events_expected) as bigint) as expected, cast(sum(events_lost) as bigint) as lost,
        coalesce(bool_or(losses_bounded), false) as bounded
    from touched_ledger group by site_id, session_id
)
select s.site_id, cast(s.session_started_at as date) as event_date, s.session_id, s.visitor_id, s.user_id,
    s.started_at, s.ended_at, s.session_started_at,
    (cast(s.ended_at as bigint) - cast(s.started_at as bigint)) / 1000.0 as duration_ms,
    s.visible_ms, s.engaged_ms,
    s.events, s.tabs, s.page_views,
    {type_count_columns},
    s.entry_page, s.exit_page,
    -- no key events are configured, so not engaged: under 10 s visible and one page view
    s.visible_ms < 10000 and s.page_views <= 1 as bounce_ga4,
    s.page_views <= 1 and s.click_count + s.change_count + s.submit_count = 0
        and cast(s.ended_at as bigint) - cast(s.started_at as bigint) < 10000000 as bounce_posthog,
    s.page_views <= 1 as bounce_single_page,
    b.expected as events_expected, b.lost as events_lost,
    cast(b.received as double) / nullif(b.expected, 0) as completeness,
    s.device_type, s.browser_name, s.browser_version, s.os_name, s.os_version,
    s.referrer_url, s.referrer_host, s.referrer_medium, s.referrer_source,
    {campaign_columns},
    s.geo_country, s.geo_region, s.geo_city,
    s.is_bot, s.bot_class, coalesce(b.bounded, false) as losses_bounded
from session_facts s
left join books b on b.site_id = s.site_id and b.session_id = s.session_id
";
