//! One hit of Adobe Analytics, as its data feed has it.
//!
//! Schema: "Data column reference", experienceleague.adobe.com/docs/analytics/export/analytics-data-feed/data-feed-contents/
//! datafeeds-reference.html (seen 2026-11-26). `event_date` is the report suite's day, in its time zone; `hit_time_gmt` is UTC.

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{of, text};
use super::imported::Kind::{Number, Text, Time};
use super::imported::{Column, fields};
use super::{Rows, Table};

pub(crate) static TABLE: Table = Table {
    name: "adobe_hits",
    columns,
    sort_order: "site_id, event_date, visid_high, visid_low, hit_time_gmt",
    statistics_columns: &["visid_high", "visid_low", "ecid", "hit_time_gmt"],
    bloom_filter_columns: &[],
    rows: Rows::Imported,
    sums: &[],
    strays: &[],
    repeats: None,
};

/// Columns that stand in the feed; its column `post_…` of the same name, with what processing made of the value, goes before it.
/// Of a time the feed holds epoch seconds.
pub(crate) const COLUMNS: &[Column] = &[
    ("hit_time_gmt", Time, "hit_time_gmt"),
    ("hitid_high", Text, "hitid_high"),
    ("hitid_low", Text, "hitid_low"),
    ("visid_high", Text, "visid_high"),
    ("visid_low", Text, "visid_low"),
    ("visit_num", Number, "visit_num"),
    ("visit_start_time_gmt", Time, "visit_start_time_gmt"),
    ("visit_page_num", Number, "visit_page_num"),
    ("first_hit_time_gmt", Time, "first_hit_time_gmt"),
    ("hit_source", Number, "hit_source"),
    ("cust_visid", Text, "cust_visid"),
    ("page_event", Number, "page_event"),
    ("page_url", Text, "page_url"),
    ("pagename", Text, "pagename"),
    ("site_section", Text, "channel"),
    ("referrer", Text, "referrer"),
    ("campaign", Text, "campaign"),
    ("search_keywords", Text, "keywords"),
    ("event_list", Text, "event_list"),
    ("product_list", Text, "product_list"),
    ("purchaseid", Text, "purchaseid"),
    ("user_agent", Text, "user_agent"),
    ("geo_country", Text, "geo_country"),
    ("geo_region", Text, "geo_region"),
    ("geo_city", Text, "geo_city"),
    ("geo_zip", Text, "geo_zip"),
    ("geo_dma", Text, "geo_dma"),
    ("state", Text, "state"),
    ("zip", Text, "zip"),
];

/// Codes, each with its column of the feed and the look-up that names it. A code that no look-up names stays a code.
pub(crate) const NAMED: &[(&str, &str, &str)] = &[
    ("browser", "browser", "browser.tsv"),
    ("operating_system", "os", "operating_systems.tsv"),
    ("language", "language", "languages.tsv"),
    ("country", "country", "country.tsv"),
    ("connection_type", "connection_type", "connection_type.tsv"),
    ("resolution", "resolution", "resolution.tsv"),
    ("search_engine", "search_engine", "search_engines.tsv"),
    ("referrer_type", "ref_type", "referrer_type.tsv"),
];

/// What the import makes of the rest: the Experience Cloud id, the page's path, names of the events, and eVars and props as JSON.
const MADE: [&str; 5] = ["ecid", "page_path", "events", "evars", "props"];

fn columns() -> Vec<Field> {
    let named: Vec<&str> = NAMED.iter().map(|(column, _, _)| *column).collect();
    [text(&["site_id"]), of(&DataType::Date32, &["event_date"]), fields(COLUMNS), text(&named), text(&MADE)].concat()
}
