//! Columns of the landing Parquet files of the events topic, in file order.

use std::sync::Arc;

use arrow_schema::{DataType, Field, TimeUnit};

use crate::campaign;

/// The pointer samples of a trail: list columns that compaction moves into the table `pointer`.
pub const TRAIL_COLUMNS: [&str; 3] = ["trail_dt", "trail_x", "trail_y"];

/// Fields of a landing row: one event with the context of its package.
///
/// Times are UTC microseconds. Everything but the identity of the event is nullable. `duplicate` marks an event that
/// the stream had landed before, `late` one below the watermark; readers leave duplicates out.
pub fn event_fields() -> Vec<Field> {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let list = || DataType::List(Arc::new(Field::new("item", DataType::Float64, true)));
    let (text, int, number, flag) = (DataType::Utf8, DataType::Int64, DataType::Float64, DataType::Boolean);

    let mut fields = Vec::new();
    let mut add = |nullable: bool, kind: &DataType, names: &[&str]| {
        fields.extend(names.iter().map(|name| Field::new(*name, kind.clone(), nullable)));
    };

    add(false, &text, &["site_id", "session_id", "visitor_id", "tab_id", "page_view_id", "batch_id"]);
    add(false, &int, &["batch_seq", "seq"]);
    add(false, &text, &["type"]);
    add(false, &time(), &["occurred_at", "client_at", "received_at", "session_started_at"]);
    add(true, &number, &["clock_error_ms"]);
    // sdk: by the SDK's estimate; client: as it is; estimated: shifted by received - sent
    add(false, &text, &["clock_source"]);
    add(false, &flag, &["time_clamped", "late", "duplicate", "is_bot"]);
    add(true, &text, &["bot_class", "sdk"]);

    add(true, &text, &["page_url", "page_host", "page_path", "page_title", "page_language", "page_timezone"]);
    add(true, &number, &["page_viewport_width", "page_viewport_height", "page_screen_width", "page_screen_height"]);
    add(true, &text, &["referrer_url", "referrer_host", "referrer_medium", "referrer_source"]);
    add(true, &text, &campaign::columns().iter().map(String::as_str).collect::<Vec<_>>());
    add(true, &text, &["user_id", "ga_client_id", "ga_session_id", "adobe_ecid"]);
    add(true, &text, &["device_type", "browser_name", "browser_version", "os_name", "os_version"]);
    add(true, &text, &["geo_country", "geo_region", "geo_city", "client_address"]);

    add(true, &text, &["element_path", "element_tag", "element_id", "element_name", "element_role", "element_text"]);
    add(true, &number, &["element_x", "element_y", "element_width", "element_height", "x", "y"]);
    add(true, &int, &["button"]);
    add(true, &number, &["duration_ms"]);
    add(true, &text, &["visibility_state", "input_kind"]);
    add(true, &int, &["input_length"]);
    add(true, &text, &["input_value"]);
    add(true, &int, &["change_index"]);
    add(true, &text, &["change_label"]);
    add(true, &flag, &["change_checked"]);
    add(true, &number, &["viewport_width", "viewport_height"]);
    add(true, &text, &["key_class", "clipboard_kind"]);
    add(true, &int, &["clipboard_length"]);
    add(true, &text, &["request_method", "request_url"]);
    add(true, &int, &["request_status"]);
    add(true, &number, &["request_duration_ms"]);
    add(true, &text, &["request_initiator"]);
    add(true, &int, &["request_bytes"]);
    add(true, &text, &["error_message", "error_source"]);
    add(true, &int, &["error_line", "error_column"]);
    add(true, &text, &["error_stack", "vital_name"]);
    add(true, &number, &["vital_value"]);
    add(true, &text, &["degraded_what"]);
    add(true, &number, &["degraded_rate_hz"]);
    // custom: the properties, JSON text
    add(true, &text, &["custom_name", "custom"]);
    // state: of an event of any type; visibility_state holds those of visibility once more
    add(true, &text, &["state", "pointer_type"]);
    add(true, &int, &["effect_of_seq"]);
    add(true, &text, &["effect_kind"]);
    add(true, &number, &["effect_after_ms", "media_position_s", "frame_blocking_ms"]);
    add(true, &text, &["frame_script", "frame_invoker"]);
    add(true, &number, &["scroll_page_height", "scroll_depth", "field_hesitation_ms"]);
    add(true, &int, &["field_corrections", "field_refills", "replay_chunks"]);
    add(true, &list(), &TRAIL_COLUMNS);
    add(false, &int, &["kafka_partition", "kafka_offset"]);
    fields
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let fields = event_fields();
        let names: HashSet<_> = fields.iter().map(Field::name).collect();
        assert_eq!(names.len(), fields.len());
    }
}
