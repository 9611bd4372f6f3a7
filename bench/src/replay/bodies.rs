//! What browsers send of page views: batches of events, and frames of recordings, in the order of their time.

use std::collections::HashSet;

use schemas::ingest::EventType;
use serde_json::{Value, json};
use testkit::recorder::frame;
use uuid::Uuid;

use super::page::VIEWPORT;
use super::recordings::{Chunk, Recordings};
use super::visits::{BATCH_MS, EVENT_MS, View, batches, events};
use crate::traffic::{Batch, TypeCounts};

/// From the last event of a batch or a chunk until it is there.
const SENDING_MS: f64 = 100.0;
const USER_AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// All events of some page views.
pub fn of_events<'a>(views: &'a [View], recordings: &'a Recordings) -> impl Iterator<Item = Batch> {
    let length_ms = |view: &View| recordings.all[view.recording].length_ms;
    let mut due: Vec<(f64, usize, u64)> = Vec::new();
    for (place, view) in views.iter().enumerate() {
        let length_ms = length_ms(view);
        let end_ms = |number| (BATCH_MS * (number + 1) as f64).min(length_ms);
        due.extend((0..batches(length_ms)).map(|number| (view.began_ms + end_ms(number) + SENDING_MS, place, number)));
    }
    due.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    due.into_iter().map(|(sent_ms, place, number)| batch(&views[place], recordings, number, sent_ms))
}

/// Batch `number` of a page view.
fn batch(view: &View, recordings: &Recordings, number: u64, sent_ms: f64) -> Batch {
    let recording = &recordings.all[view.recording];
    let count = events(recording.length_ms);
    let at_ms = |index: u64| (index as f64 * EVENT_MS).min(recording.length_ms);
    // An event at the end of a stretch belongs to it.
    let number_of = |index: u64| (((at_ms(index) / BATCH_MS).ceil() - 1.0).max(0.0)) as u64;
    let mut counts = TypeCounts::default();
    let told = (0..count).filter(|index| number_of(*index) == number).map(|index| {
        let (kind, mut event) = event(index, count, recording.length_ms, recording.chunks.len());
        counts.add(kind);
        event["seq"] = (view.first_seq + index).into();
        event["type"] = kind.name().into();
        event["at"] = (view.began_ms + at_ms(index)).into();
        event
    });
    let told: Vec<Value> = told.collect();
    let batch_id = Uuid::from_u128(view.page_view_id.as_u128().wrapping_add(1 + u128::from(number)));
    let body = json!({
        "batch_id": batch_id, "batch_seq": view.first_batch + number,
        "visitor_id": view.visitor_id, "tab_id": view.tab_id, "page_view_id": view.page_view_id, "sent_at": sent_ms,
        "clock": {"offset_ms": 0.0, "error_ms": 1.5}, "sdk": "1.0.0",
        "page": {"url": format!("https://shop.example/boxes?page={}", view.recording), "referrer": "", "title": "Boxes",
                 "viewport": VIEWPORT, "screen": [1920, 1080], "language": "en-GB", "timezone": "Europe/London", "webdriver": false},
        "events": told,
    });
    Batch {
        body: body.to_string().into(),
        user_agent: USER_AGENT,
        visitor_id: view.visitor_id,
        site: view.site,
        sent_ms,
        events: told.len() as u32,
        counts,
        late: false,
        repeat: false,
    }
}

/// Event `index` of `count`: its type, and what is particular to it.
fn event(index: u64, count: u64, length_ms: f64, chunks: usize) -> (EventType, Value) {
    let at = |step: u64| (index * 37 % 900 + step * 11, index * 53 % 500 + step * 7);
    match index {
        0 => (EventType::PageView, json!({"state": "navigate"})),
        _ if index + 1 == count => {
            (EventType::PageLeave, json!({"duration_ms": length_ms, "replay": {"chunks": chunks}}))
        }
        _ if index.is_multiple_of(3) => (EventType::Scroll, json!({"x": 0, "y": index * 90})),
        _ if index.is_multiple_of(7) => {
            let element = json!({"path": "main>section>article>button", "tag": "button", "id": null, "name": null, "role": "button",
                                 "text": "book now", "rect": [40, 200, 90, 32]});
            (
                EventType::Click,
                json!({"element": element, "x": at(0).0, "y": at(0).1, "button": 0, "pointer_type": "mouse"}),
            )
        }
        _ => {
            let (x, y): (Vec<u64>, Vec<u64>) = (0..20).map(at).unzip();
            (EventType::Pointer, json!({"trail": {"dt": vec![8.3; 20], "x": x, "y": y}, "pointer_type": "mouse"}))
        }
    }
}

/// All frames of some page views, one a body; before the first of a site comes its style sheet.
pub fn of_frames<'a>(views: &'a [View], recordings: &'a Recordings) -> impl Iterator<Item = Batch> {
    let mut due: Vec<(f64, usize, usize)> = Vec::new();
    for (place, view) in views.iter().enumerate() {
        let chunks = recordings.all[view.recording].chunks.iter().enumerate();
        due.extend(chunks.map(|(number, chunk)| (view.began_ms + chunk.last_ms + SENDING_MS, place, number)));
    }
    due.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut styled = HashSet::new();
    due.into_iter().map(move |(sent_ms, place, number)| {
        let view = &views[place];
        let chunks = &recordings.all[view.recording].chunks;
        let mut body = if styled.insert(view.site) { sheet(view, recordings) } else { Vec::new() };
        let is_first = !body.is_empty();
        body.extend(frame(&header(view, recordings, number), &chunks[number].payload));
        Batch {
            body: body.into(),
            user_agent: USER_AGENT,
            visitor_id: view.visitor_id,
            site: view.site,
            sent_ms,
            events: 1 + u32::from(is_first),
            counts: TypeCounts::default(),
            late: false,
            repeat: false,
        }
    })
}

fn header(view: &View, recordings: &Recordings, number: usize) -> Value {
    let chunks = &recordings.all[view.recording].chunks;
    let Chunk { is_snapshot, first_ms, last_ms, events, nodes, raw_bytes, .. } = chunks[number];
    let seq = |ms: f64| view.first_seq + (ms / EVENT_MS) as u64;
    let mut header = json!({
        "v": 1, "kind": if is_snapshot { "snapshot" } else { "mutations" },
        "visitor_id": view.visitor_id, "tab_id": view.tab_id, "page_view_id": view.page_view_id,
        "chunk_seq": number, "part": 0, "parts": 1, "first_at": view.began_ms + first_ms, "last_at": view.began_ms + last_ms,
        "first_q": seq(first_ms), "last_q": seq(last_ms), "events": events, "raw_bytes": raw_bytes, "encoding": "gzip",
        "viewport": VIEWPORT, "clock": {"offset_ms": 0.0, "error_ms": 1.5}, "final": number + 1 == chunks.len(), "partial": false,
        "page_cost_ms": 1.25, "masking_version": 1, "assets": [],
    });
    if is_snapshot {
        header["nodes"] = nodes.into();
        header["assets"] = json!([recordings.sheet.sha256]);
    }
    header
}

fn sheet(view: &View, recordings: &Recordings) -> Vec<u8> {
    let sheet = &recordings.sheet;
    let header = json!({
        "v": 1, "kind": "asset", "visitor_id": view.visitor_id, "tab_id": view.tab_id, "sha256": sheet.sha256,
        "content_type": "text/css", "url": "https://shop.example/shop.css", "raw_bytes": sheet.raw_bytes, "encoding": "gzip",
    });
    frame(&header, &sheet.payload)
}
