//! One event of Google Analytics 4, as its BigQuery export has it.
//!
//! Schema: "\[GA4\] BigQuery Export schema", support.google.com/analytics/answer/7029846 (seen 2026-11-26). `event_date` is the
//! property's day, in its time zone; `event_timestamp` is UTC.

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{of, text};
use super::imported::Kind::{Flag, Float, Number, Text, Time};
use super::imported::{Column, fields};
use super::{Rows, Table};

pub(crate) static TABLE: Table = Table {
    name: "ga4_events",
    columns,
    sort_order: "site_id, event_date, user_pseudo_id, event_timestamp",
    statistics_columns: &["user_pseudo_id", "event_timestamp", "event_name", "export"],
    bloom_filter_columns: &[],
    rows: Rows::Imported,
    sums: &[],
    strays: &[],
    repeats: None,
};

/// Columns that stand in the export; `|` parts places of which the first that has a value counts.
pub(crate) const COLUMNS: &[Column] = &[
    ("event_name", Text, "event_name"),
    ("event_timestamp", Time, "event_timestamp"),
    ("event_previous_timestamp", Time, "event_previous_timestamp"),
    ("event_bundle_sequence_id", Number, "event_bundle_sequence_id"),
    ("batch_event_index", Number, "batch_event_index"),
    ("batch_page_id", Number, "batch_page_id"),
    ("batch_ordering_id", Number, "batch_ordering_id"),
    ("event_server_timestamp_offset", Number, "event_server_timestamp_offset"),
    ("event_value_in_usd", Float, "event_value_in_usd"),
    ("user_id", Text, "user_id"),
    ("user_pseudo_id", Text, "user_pseudo_id"),
    ("ga_session_id", Text, "event_params.ga_session_id"),
    ("ga_session_number", Number, "event_params.ga_session_number"),
    ("session_engaged", Text, "event_params.session_engaged"),
    ("engagement_time_msec", Number, "event_params.engagement_time_msec"),
    ("user_first_touch_timestamp", Time, "user_first_touch_timestamp"),
    ("user_ltv_revenue", Float, "user_ltv.revenue"),
    ("user_ltv_currency", Text, "user_ltv.currency"),
    ("is_active_user", Flag, "is_active_user"),
    ("analytics_storage", Text, "privacy_info.analytics_storage"),
    ("ads_storage", Text, "privacy_info.ads_storage"),
    ("stream_id", Text, "stream_id"),
    ("platform", Text, "platform"),
    ("page_location", Text, "event_params.page_location"),
    ("page_title", Text, "event_params.page_title"),
    ("page_referrer", Text, "event_params.page_referrer"),
    ("hostname", Text, "device.web_info.hostname"),
    ("device_category", Text, "device.category"),
    ("device_brand", Text, "device.mobile_brand_name"),
    ("device_model", Text, "device.mobile_model_name"),
    ("operating_system", Text, "device.operating_system"),
    ("operating_system_version", Text, "device.operating_system_version"),
    ("browser", Text, "device.web_info.browser|device.browser"),
    ("browser_version", Text, "device.web_info.browser_version|device.browser_version"),
    ("language", Text, "device.language"),
    ("geo_continent", Text, "geo.continent"),
    ("geo_sub_continent", Text, "geo.sub_continent"),
    ("geo_country", Text, "geo.country"),
    ("geo_region", Text, "geo.region"),
    ("geo_city", Text, "geo.city"),
    ("geo_metro", Text, "geo.metro"),
    ("user_source", Text, "traffic_source.source"),
    ("user_medium", Text, "traffic_source.medium"),
    ("user_campaign", Text, "traffic_source.name"),
    (
        "session_source",
        Text,
        "session_traffic_source_last_click.cross_channel_campaign.source|session_traffic_source_last_click.manual_campaign.source",
    ),
    (
        "session_medium",
        Text,
        "session_traffic_source_last_click.cross_channel_campaign.medium|session_traffic_source_last_click.manual_campaign.medium",
    ),
    (
        "session_campaign",
        Text,
        "session_traffic_source_last_click.cross_channel_campaign.campaign_name|session_traffic_source_last_click.manual_campaign.campaign_name",
    ),
    ("session_channel", Text, "session_traffic_source_last_click.cross_channel_campaign.default_channel_group"),
    ("collected_source", Text, "collected_traffic_source.manual_source"),
    ("collected_medium", Text, "collected_traffic_source.manual_medium"),
    ("collected_campaign", Text, "collected_traffic_source.manual_campaign_name"),
    ("collected_campaign_id", Text, "collected_traffic_source.manual_campaign_id"),
    ("collected_term", Text, "collected_traffic_source.manual_term"),
    ("collected_content", Text, "collected_traffic_source.manual_content"),
    ("gclid", Text, "collected_traffic_source.gclid"),
    ("dclid", Text, "collected_traffic_source.dclid"),
    ("srsltid", Text, "collected_traffic_source.srsltid"),
    ("transaction_id", Text, "ecommerce.transaction_id"),
    ("purchase_revenue_in_usd", Float, "ecommerce.purchase_revenue_in_usd"),
    ("total_item_quantity", Number, "ecommerce.total_item_quantity"),
];

/// What the import makes of the rest: the page's path, three records as JSON, and which kind of export a row is of, `daily` or
/// `intraday`.
const MADE: [&str; 5] = ["page_path", "event_params", "user_properties", "items", "export"];

fn columns() -> Vec<Field> {
    [text(&["site_id"]), of(&DataType::Date32, &["event_date"]), fields(COLUMNS), text(&MADE)].concat()
}
