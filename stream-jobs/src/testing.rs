//! What the tests share: frames made of ingest JSON.

use std::ops::Range;

use schemas::package::{Context, encode};
use schemas::replay::{self, Frame, RawFrame};
use serde_json::{Value, json};

use crate::kafka::frames::Origin;

/// Schema id of the bundled schema of events in every test.
pub(crate) const SCHEMA_ID: u32 = 7;
/// Schema id of the bundled schema of recordings.
pub(crate) const REPLAY_SCHEMA_ID: u32 = 8;
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

/// The header of chunk `seq` of a recording, whose page view and last event are some seconds old.
pub(crate) fn chunk(seq: i64) -> Value {
    json!({
        "v": 1, "kind": if seq == 0 { "snapshot" } else { "mutations" },
        "visitor_id": "00000000-0000-4000-8000-000000000001", "tab_id": "0194a1b2-0000-7000-8000-000000000001",
        "page_view_id": page_view(RECEIVED_AT - 60_000.0),
        "chunk_seq": seq, "part": 0, "parts": 1, "first_at": RECEIVED_AT - 5_000.0, "last_at": RECEIVED_AT - 1_000.0,
        "first_q": 3, "last_q": 9, "events": 12, "nodes": 1330, "raw_bytes": 2048, "encoding": "gzip",
        "viewport": [1280, 720], "clock": null, "page_cost_ms": 4.5, "masking_version": 1,
        "assets": ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    })
}

/// The header of an asset. (Its hash is the collector's to check.)
pub(crate) fn asset() -> Value {
    json!({
        "v": 1, "kind": "asset", "visitor_id": "00000000-0000-4000-8000-000000000001",
        "tab_id": "0194a1b2-0000-7000-8000-000000000001",
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "content_type": "text/css",
        "url": "https://shop.example/app.css", "raw_bytes": 404433, "encoding": "gzip",
    })
}

/// The id of a page view that began at this time, epoch milliseconds.
pub(crate) fn page_view(began_ms: f64) -> String {
    let ms = began_ms as u64;
    format!("{:08x}-{:04x}-7000-8000-0000000000bb", ms >> 16, ms & 0xffff)
}

/// The Kafka record that the collector makes of a frame of a recording.
pub(crate) fn replay_record(header: &Value, payload: &[u8]) -> Vec<u8> {
    let header = serde_json::to_vec(header).unwrap();
    let frame = replay::parse(&RawFrame { header: &header, payload }).unwrap();
    replay_record_of(&frame)
}

/// The same of a frame that no header would pass as.
pub(crate) fn replay_record_of(frame: &Frame) -> Vec<u8> {
    let mut out = Vec::new();
    replay::encode(&mut out, REPLAY_SCHEMA_ID, &replay::Context { site_id: "shop", received_at: RECEIVED_AT }, frame);
    out
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
