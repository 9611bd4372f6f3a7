//! One asset that recordings name, once for each day on which it was sent: so the assets of a day's recordings lie under that
//! day or the one before, and both are let go by their date. Rows come from the replay topic's own chain ([`crate::replay`]) and
//! never change.

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{of, text, times};
use super::{Rows, Table};

pub static TABLE: Table = Table {
    name: "replay_assets",
    columns,
    sort_order: "site_id, event_date, sha256",
    statistics_columns: &["sha256", "received_at", "kafka_partition", "kafka_offset"],
    bloom_filter_columns: &["sha256"],
    rows: Rows::Landed { only_type: None, renamed: &[] },
    sums: &[],
    strays: &[],
    repeats: None,
};

fn columns() -> Vec<Field> {
    let int = DataType::Int64;
    [
        text(&["site_id"]),
        of(&DataType::Date32, &["event_date"]),
        text(&["sha256", "content_type", "encoding"]),
        of(&int, &["raw_bytes", "bytes"]),
        times(&["received_at"]),
        of(&int, &["checksum", "kafka_partition", "kafka_offset"]),
        of(&DataType::Binary, &["payload"]),
    ]
    .concat()
}
