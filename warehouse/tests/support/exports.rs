//! Files of exports, as other providers of analytics write them.

use std::io::Write;
use std::path::{Path, PathBuf};

use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::SessionContext;
use serde_json::Value;

/// Order of the values in the lines of a feed.
pub(crate) const ADOBE_COLUMNS: [&str; 24] = [
    "hit_time_gmt",
    "date_time",
    "exclude_hit",
    "hit_source",
    "hitid_high",
    "hitid_low",
    "post_visid_high",
    "post_visid_low",
    "visid_type",
    "mcvisid",
    "visit_num",
    "visit_start_time_gmt",
    "visit_page_num",
    "page_event",
    "page_url",
    "post_page_url",
    "pagename",
    "browser",
    "os",
    "geo_country",
    "geo_city",
    "post_event_list",
    "evar1",
    "post_evar1",
];

/// Writes rows as lines of JSON.
pub(crate) fn write_json<'a>(path: &Path, rows: impl IntoIterator<Item = &'a Value>) -> PathBuf {
    let lines: String = rows.into_iter().map(|row| format!("{row}\n")).collect();
    std::fs::write(path, lines).unwrap();
    path.to_owned()
}

/// Writes a feed into a folder, with its header and two look-ups; gives the file of the hits.
pub(crate) fn write_feed(folder: &Path, hits: &str) -> PathBuf {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("column_headers.tsv", &format!("{}\n", ADOBE_COLUMNS.join("\t")));
    write("browser.tsv", "1\tMozilla Firefox 120.0\n68\tGoogle Chrome 130.0\n");
    write("event.tsv", "1\tPurchase\n200\tCustom Event 1\n");
    write("hit_data.tsv", hits);
    folder.join("hit_data.tsv")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Writes rows as CSV, with columns named in each of the ways that there are.
pub(crate) fn write_csv(path: &Path, rows: &[Value]) -> PathBuf {
    let mut writer = csv::Writer::from_path(path).unwrap();
    let columns = [
        "event_date",
        "event_timestamp",
        "event_name",
        "event_params",
        "event_bundle_sequence_id",
        "batch_event_index",
        "user_pseudo_id",
        "user_properties",
        "device.category",
        "device_language",
        "device_web_info_browser",
        "device_web_info_hostname",
        "geo_continent",
        "geo.country",
        "geo_city",
        "traffic_source.name",
        "traffic_source.medium",
        "traffic_source.source",
        "session_traffic_source_last_click.cross_channel_campaign.source",
        "session_traffic_source_last_click.cross_channel_campaign.medium",
        "session_traffic_source_last_click.cross_channel_campaign.default_channel_group",
        "stream_id",
        "platform",
    ];
    writer.write_record(columns).unwrap();
    for row in rows {
        let at = |path: &str| path.split('.').fold(row, |value, name| &value[name]);
        writer
            .write_record(columns.map(|column| {
                let path = match column {
                    "device_language" => "device.language",
                    "device_web_info_browser" => "device.web_info.browser",
                    "device_web_info_hostname" => "device.web_info.hostname",
                    "geo_continent" => "geo.continent",
                    "geo_city" => "geo.city",
                    path => path,
                };
                at(path).as_str().map_or_else(|| at(path).to_string(), str::to_owned)
            }))
            .unwrap();
    }
    writer.flush().unwrap();
    path.to_owned()
}

/// Rows as BigQuery writes them to Parquet: records as groups, repeated ones as lists of groups.
pub(crate) async fn write_parquet(path: &Path, context: &SessionContext, rows: &[Value]) -> PathBuf {
    let text = |value: &Value| format!("'{}'", value.as_str().unwrap().replace('\'', "''"));
    let params = |list: &Value| {
        let entries = list.as_array().unwrap().iter().map(|entry| {
            let value = &entry["value"];
            let string = value.get("string_value").map_or("cast(null as varchar)".to_owned(), text);
            let int = value
                .get("int_value")
                .map_or("cast(null as bigint)".to_owned(), |int| format!("cast({} as bigint)", text(int)));
            format!(
                "named_struct('key', {}, 'value', named_struct('string_value', {string}, 'int_value', {int}))",
                text(&entry["key"])
            )
        });
        format!("make_array({})", entries.collect::<Vec<_>>().join(", "))
    };
    fn record(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let parts = members.iter().map(|(name, value)| format!("'{name}', {}", record(value)));
                format!("named_struct({})", parts.collect::<Vec<_>>().join(", "))
            }
            value => format!("'{}'", value.as_str().unwrap()),
        }
    }
    let selects = rows.iter().map(|row| {
        let whole = |name: &str| format!("cast({} as bigint) as {name}", text(&row[name]));
        format!(
            "select {} as event_date, {}, {} as event_name, {} as event_params, {}, {}, {} as user_pseudo_id, \
             {} as user_properties, {} as device, {} as geo, {} as traffic_source, \
             {} as session_traffic_source_last_click, '1' as stream_id, 'WEB' as platform",
            text(&row["event_date"]),
            whole("event_timestamp"),
            text(&row["event_name"]),
            params(&row["event_params"]),
            whole("event_bundle_sequence_id"),
            whole("batch_event_index"),
            text(&row["user_pseudo_id"]),
            params(&row["user_properties"]),
            record(&row["device"]),
            record(&row["geo"]),
            record(&row["traffic_source"]),
            record(&row["session_traffic_source_last_click"]),
        )
    });
    let sql = selects.collect::<Vec<_>>().join(" union all ");
    let batches = context.sql(&sql).await.unwrap().collect().await.unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batches[0].schema(), None).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
    path.to_owned()
}
