//! One session.

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
        inputs: &[Input::Stretches, Input::Touched(&ledger::TABLE)],
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

/// Writes out what stands in braces, all of it from the contracts' lists: `{type_counts}`, events of each type, and
/// `{type_count_columns}`, the same of `s`; `{campaign}`, all campaign columns as one value, `{has_campaign}`, whether one
/// of them has a value, and `{campaign_columns}`, the parts of `s.campaign` under their own names.
fn written_out(sql: &str) -> String {
    let types = |part: &dyn Fn(&str) -> String| EventType::ALL.iter().map(|kind| part(kind.name())).collect::<Vec<_>>();
    let keys = |part: &dyn Fn(&str) -> String| campaign::columns().iter().map(|name| part(name)).collect::<Vec<_>>();
    let counts = types(&|name| format!("count(*) filter (where type = '{name}') as {name}_count"));
    sql.replace("{type_counts}", &counts.join(", "))
        .replace("{type_count_columns}", &types(&|name| format!("s.{name}_count")).join(", "))
        .replace("{campaign}", &format!("named_struct({})", keys(&|name| format!("'{name}', {name}")).join(", ")))
        .replace("{has_campaign}", &format!("coalesce({}) is not null", campaign::columns().join(", ")))
        .replace("{campaign_columns}", &keys(&|name| format!("s.campaign['{name}'] as {name}")).join(", "))
}

const SQL: &str = r"
-- One row per session. Reads `touched_events`, `stretches` and `touched_ledger`.
with facts as (
    select site_id, session_id, visitor_id, session_started_at,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as events,
        count(distinct tab_id) as tabs,
        count(distinct page_view_id) as page_views,
        {type_counts},
        last_value(user_id order by occurred_at, seq) filter (where user_id is not null) as user_id,
        first_value(page_path order by occurred_at, seq) filter (where page_path is not null) as entry_page,
        last_value(page_path order by occurred_at, seq) filter (where page_path is not null) as exit_page,
        first_value(referrer_url order by occurred_at, seq) as referrer_url,
        first_value(referrer_host order by occurred_at, seq) as referrer_host,
        first_value(referrer_medium order by occurred_at, seq) as referrer_medium,
        first_value(referrer_source order by occurred_at, seq) as referrer_source,
        -- the campaign of the first event that has one, all its parts from that event
        first_value({campaign} order by occurred_at, seq) filter (where {has_campaign}) as campaign,
        first_value(device_type order by occurred_at, seq) filter (where device_type is not null) as device_type,
        first_value(browser_name order by occurred_at, seq) filter (where browser_name is not null) as browser_name,
        first_value(browser_version order by occurred_at, seq) filter (where browser_version is not null) as browser_version,
        first_value(os_name order by occurred_at, seq) filter (where os_name is not null) as os_name,
        first_value(os_version order by occurred_at, seq) filter (where os_version is not null) as os_version,
        first_value(geo_country order by occurred_at, seq) filter (where geo_country is not null) as geo_country,
        first_value(geo_region order by occurred_at, seq) filter (where geo_region is not null) as geo_region,
        first_value(geo_city order by occurred_at, seq) filter (where geo_city is not null) as geo_city,
        first_value(bot_class order by occurred_at, seq) filter (where bot_class is not null) as bot_class,
        bool_or(is_bot) as is_bot
    from touched_events
    group by site_id, session_id, visitor_id, session_started_at
),
covered as (
    select site_id, session_id, what, from_us, to_us,
        max(to_us) over (partition by site_id, session_id, what order by from_us, to_us
            rows between unbounded preceding and 1 preceding) as covered_us
    from stretches
),
spans as (
    select site_id, session_id,
        sum(case when what = 'visible' then greatest(to_us - greatest(from_us, coalesce(covered_us, from_us)), 0) end) / 1000.0
            as visible_ms,
        sum(case when what = 'engaged' then greatest(to_us - greatest(from_us, coalesce(covered_us, from_us)), 0) end) / 1000.0
            as engaged_ms
    from covered group by site_id, session_id
),
books as (
    select site_id, session_id, cast(sum(events_received) as bigint) as received,
        cast(sum(events_expected) as bigint) as expected, cast(sum(events_lost) as bigint) as lost,
        coalesce(bool_or(losses_bounded), false) as bounded
    from touched_ledger group by site_id, session_id
)
select s.site_id, cast(s.session_started_at as date) as event_date, s.session_id, s.visitor_id, s.user_id,
    s.started_at, s.ended_at, s.session_started_at,
    (cast(s.ended_at as bigint) - cast(s.started_at as bigint)) / 1000.0 as duration_ms,
    coalesce(t.visible_ms, 0.0) as visible_ms,
    coalesce(t.engaged_ms, 0.0) as engaged_ms,
    s.events, s.tabs, s.page_views,
    {type_count_columns},
    s.entry_page, s.exit_page,
    -- no key events are configured, so not engaged: under 10 s visible and one page view
    coalesce(t.visible_ms, 0.0) < 10000 and s.page_views <= 1 as bounce_ga4,
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
from facts s
left join spans t on t.site_id = s.site_id and t.session_id = s.session_id
left join books b on b.site_id = s.site_id and b.session_id = s.session_id
";
