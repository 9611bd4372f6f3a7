//! The views that put our sessions beside another provider's.

use std::time::Duration;

/// How far two providers' clocks may be apart, and one's session may begin before the other's script has loaded. Sessions of one
/// visitor are half an hour apart at least, so that the next one is never within it.
const CLOCK: Duration = Duration::from_secs(300);

/// Columns of `sessions` that the views have, with their types.
const OURS: [(&str, &str); 25] = [
    ("session_id", "varchar"),
    ("visitor_id", "varchar"),
    ("user_id", "varchar"),
    ("started_at", "timestamp"),
    ("ended_at", "timestamp"),
    ("duration_ms", "double"),
    ("engaged_ms", "double"),
    ("events", "bigint"),
    ("page_views", "bigint"),
    ("entry_page", "varchar"),
    ("exit_page", "varchar"),
    ("bounce_ga4", "boolean"),
    ("device_type", "varchar"),
    ("browser_name", "varchar"),
    ("browser_version", "varchar"),
    ("os_name", "varchar"),
    ("geo_country", "varchar"),
    ("geo_region", "varchar"),
    ("geo_city", "varchar"),
    ("referrer_medium", "varchar"),
    ("referrer_source", "varchar"),
    ("utm_source", "varchar"),
    ("utm_medium", "varchar"),
    ("utm_campaign", "varchar"),
    ("is_bot", "boolean"),
];

/// Columns of `ga4_events` that say something of the whole session, and what they are called there.
const GA4: [(&str, &str); 21] = [
    ("page_path", "ga4_entry_page"),
    ("user_id", "ga4_user_id"),
    ("stream_id", "ga4_stream_id"),
    ("browser", "ga4_browser"),
    ("device_category", "ga4_device_category"),
    ("operating_system", "ga4_operating_system"),
    ("language", "ga4_language"),
    ("geo_continent", "ga4_continent"),
    ("geo_country", "ga4_country"),
    ("geo_region", "ga4_region"),
    ("geo_city", "ga4_city"),
    ("geo_metro", "ga4_metro"),
    ("session_channel", "ga4_channel"),
    ("session_source", "ga4_source"),
    ("session_medium", "ga4_medium"),
    ("session_campaign", "ga4_campaign"),
    ("user_source", "ga4_first_source"),
    ("user_medium", "ga4_first_medium"),
    ("user_campaign", "ga4_first_campaign"),
    ("session_engaged", "ga4_session_engaged"),
    ("user_properties", "ga4_user_properties"),
];
const GA4_ORDER: &str = "event_timestamp, event_bundle_sequence_id, batch_event_index";

/// The same of `adobe_hits`.
const ADOBE: [(&str, &str); 18] = [
    ("page_path", "adobe_entry_page"),
    ("pagename", "adobe_pagename"),
    ("cust_visid", "adobe_customer_id"),
    ("browser", "adobe_browser"),
    ("operating_system", "adobe_operating_system"),
    ("language", "adobe_language"),
    ("geo_country", "adobe_country"),
    ("geo_region", "adobe_region"),
    ("geo_city", "adobe_city"),
    ("geo_zip", "adobe_zip"),
    ("geo_dma", "adobe_dma"),
    ("campaign", "adobe_campaign"),
    ("referrer", "adobe_referrer"),
    ("referrer_type", "adobe_referrer_type"),
    ("search_engine", "adobe_search_engine"),
    ("search_keywords", "adobe_search_keywords"),
    ("evars", "adobe_evars"),
    ("props", "adobe_props"),
];
const ADOBE_ORDER: &str = "hit_time_gmt, visit_page_num, hitid_high, hitid_low";

pub(super) fn with_ga4() -> String {
    written_out(include_str!("telemetry_with_ga4.sql"), &GA4, GA4_ORDER)
}

pub(super) fn with_adobe() -> String {
    written_out(include_str!("telemetry_with_adobe.sql"), &ADOBE, ADOBE_ORDER)
}

/// Writes out what stands in braces: our columns, and of each of theirs the first value of the session.
fn written_out(sql: &str, theirs: &[(&str, &str)], order: &str) -> String {
    let ours = |part: &dyn Fn(&str, &str) -> String| {
        OURS.iter().map(|(name, kind)| part(name, kind)).collect::<Vec<_>>().join(", ")
    };
    let first = |(column, name): &(&str, &str)| {
        format!("first_value({column} order by {order}) filter (where {column} is not null) as {name}")
    };
    let null = |_: &str, kind: &str| match kind {
        "timestamp" => "arrow_cast(null, 'Timestamp(Microsecond, Some(\"UTC\"))')".to_owned(),
        kind => format!("cast(null as {kind})"),
    };
    sql.replace("{clock_us}", &CLOCK.as_micros().to_string())
        .replace("{ours}", &ours(&|name, _| format!("s.{name}")))
        .replace("{ours_of_o}", &ours(&|name, _| format!("o.{name}")))
        .replace("{no_ours}", &ours(&null))
        .replace("{theirs}", &theirs.iter().map(first).collect::<Vec<_>>().join(",\n        "))
        .replace("{theirs_of_t}", &theirs.iter().map(|(_, name)| format!("t.{name}")).collect::<Vec<_>>().join(", "))
}
