//! Columns of the landing Parquet files of the replay topic, in file order.

use std::sync::Arc;

use arrow_schema::{DataType, Field, TimeUnit};

/// The column that is most of a file. It is compressed by the sender: files hold it as it is.
pub const PAYLOAD: &str = "payload";

/// Fields of a landing row: one frame of a recording, a part of a chunk or an asset.
///
/// Times are UTC microseconds, by the server's clock as far as that is known. What only chunks have is null for an asset.
/// `event_date` is the day on which the page view began, by its id, or on which the frame was received where that cannot
/// be believed; for an asset the day on which it was received. `checksum` is the xxh3-64 of `payload` as a signed number.
pub fn replay_fields() -> Vec<Field> {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let (text, int, number, flag) = (DataType::Utf8, DataType::Int64, DataType::Float64, DataType::Boolean);

    let mut fields = Vec::new();
    let mut add = |nullable: bool, kind: &DataType, names: &[&str]| {
        fields.extend(names.iter().map(|name| Field::new(*name, kind.clone(), nullable)));
    };

    add(false, &text, &["site_id"]);
    add(false, &DataType::Date32, &["event_date"]);
    add(false, &text, &["kind", "visitor_id", "tab_id"]);
    add(true, &text, &["page_view_id"]);
    add(true, &int, &["chunk_seq"]);
    add(false, &int, &["part", "parts"]);
    add(true, &time(), &["first_at", "last_at"]);
    add(false, &time(), &["received_at"]);
    add(true, &number, &["clock_error_ms"]);
    add(true, &int, &["first_q", "last_q", "events", "nodes"]);
    add(false, &int, &["raw_bytes", "bytes"]);
    add(true, &number, &["viewport_width", "viewport_height"]);
    add(false, &flag, &["final", "partial"]);
    add(true, &number, &["page_cost_ms"]);
    add(false, &int, &["masking_version"]);
    add(false, &DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))), &["assets"]);
    add(true, &text, &["sha256", "content_type"]);
    add(false, &text, &["encoding"]);
    add(false, &int, &["checksum"]);
    add(false, &DataType::Binary, &[PAYLOAD]);
    add(false, &int, &["kafka_partition", "kafka_offset"]);
    fields
}
