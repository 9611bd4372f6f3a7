//! What the tests share: frames made of ingest JSON.

use std::ops::Range;

use schemas::package::{Context, encode};
use serde_json::{Value, json};

use crate::kafka::frames::Origin;

/// Schema id of the bundled schema in every test.
pub(crate) const SCHEMA_ID: u32 = 7;
/// Collector clock of every test frame, epoch milliseconds.
pub(crate) const RECEIVED_AT: f64 = 1_795_250_920_115.25;
pub(crate) const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

/// A record at this offset, stamped when the collector received it.
pub(crate) fn origin(offset: i64) -> Origin {
    Origin { offset, timestamp_ms: Some(RECEIVED_AT as i64) }
}

/// A batch of `events` of the visitor with this number.
pub(crate) fn batch(visitor: u64, events: Value) -> Value {
    json!({
        "batch_id": "0194a1b2-0000-7000-8000-000000000001", "batch_seq": 3,
        "visitor_id": format!("00000000-0000-4000-8000-{visitor:012}"),
        "tab_id": format!("0194a1b2-0000-7000-8000-{visitor:012}"),
        "page_view_id": "0194a1b2-0000-7000-8000-000000000003",
        "sent_at": RECEIVED_AT - 5.0, "sdk": "1.0.0",
        "page": {"url": "https://shop.example/boxes?size=m&utm_source=mail", "referrer": "https://www.google.com/", "title": "Boxes",
                 "viewport": [1280, 720], "screen": [2560, 1440], "language": "en-US", "timezone": "Europe/Berlin"},
        "events": events,
    })
}

/// Clicks with these sequence numbers, a second apart, the last when the batch was received.
pub(crate) fn clicks(seqs: Range<i64>) -> Value {
    let last = seqs.end - 1;
    seqs.map(|seq| json!({"seq": seq, "type": "click", "at": RECEIVED_AT - 1000.0 * (last - seq) as f64, "x": 44.5, "y": 31, "button": 0}))
        .collect()
}

/// The Kafka record that the collector makes of a batch.
pub(crate) fn frame(batch: &Value) -> Vec<u8> {
    frame_received(batch, RECEIVED_AT)
}

/// The same with any time of the collector's clock, epoch milliseconds.
pub(crate) fn frame_received(batch: &Value, received_at: f64) -> Vec<u8> {
    let body = serde_json::to_vec(batch).unwrap();
    let parsed = schemas::ingest::parse(&body).unwrap();
    assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects);
    let context =
        Context { site_id: "shop", received_at, user_agent: Some(CHROME), client_address: Some("203.0.113.0") };
    let mut out = Vec::new();
    encode(&mut out, SCHEMA_ID, &context, &parsed.header, &parsed.events);
    out
}
