//! A recorder without a page: frames as a browser sends them, with rrweb's events of an invented document.

use std::io::{Read, Write};

use aws_lc_rs::digest::{SHA256, digest};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// rrweb's `EventType`.
const FULL_SNAPSHOT: u8 = 2;
const INCREMENTAL_SNAPSHOT: u8 = 3;
const META: u8 = 4;
/// rrweb's source of changes to the document.
const MUTATION: u8 = 0;

/// A test's own payloads are far smaller.
const INFLATED_BYTES_MAX: u64 = 64 << 20;

/// One page view's recording in the making.
#[derive(Clone, Debug)]
pub struct Recorder {
    pub visitor_id: String,
    pub tab_id: String,
    pub page_view_id: String,
    chunk_seq: u64,
    /// Client clock, epoch milliseconds.
    at: f64,
    /// The tracker's newest `seq`.
    q: u64,
    /// Of the last snapshot.
    nodes: usize,
    /// Named by every chunk from now on.
    assets: Vec<String>,
}

impl Recorder {
    /// Recording `number` of a test, of a page view that began at `began_ms`.
    pub fn new(number: u64, began_ms: f64) -> Self {
        Self {
            visitor_id: format!("00000000-0000-4000-8000-{number:012x}"),
            tab_id: format!("0194a1b2-0000-7000-8000-{number:012x}"),
            page_view_id: page_view_id(began_ms, number),
            chunk_seq: 0,
            at: began_ms,
            q: 0,
            nodes: 0,
            assets: Vec::new(),
        }
    }

    /// The whole document, of so many nodes.
    pub fn snapshot(&mut self, nodes: usize) -> Vec<u8> {
        self.snapshot_in_parts(nodes, 1).concat()
    }

    /// The same, its payload cut into so many frames.
    pub fn snapshot_in_parts(&mut self, nodes: usize, parts: usize) -> Vec<Vec<u8>> {
        self.nodes = nodes;
        let node = |id: usize| {
            json!({"type": 2, "id": id, "tagName": "p", "attributes": {"class": format!("line-{}", id % 7)},
                   "childNodes": [{"type": 3, "id": nodes + id, "textContent": "▒".repeat(3 + id % 11)}]})
        };
        let body = json!({"type": 2, "id": 2 * nodes + 2, "tagName": "body", "attributes": {},
                          "childNodes": (2..nodes.max(2)).map(node).collect::<Vec<_>>()});
        let html = json!({"type": 2, "id": 2 * nodes + 1, "tagName": "html", "attributes": {}, "childNodes": [body]});
        let document = json!({"type": 0, "id": 1, "childNodes": [html]});
        let events = [
            (META, json!({"href": "https://shop.example/boxes", "width": 1280, "height": 720})),
            (FULL_SNAPSHOT, json!({"node": document, "initialOffset": {"left": 0, "top": 0}})),
        ];
        let (lines, mut header) = self.lines(&events);
        header["kind"] = "snapshot".into();
        header["nodes"] = nodes.into();
        header["parts"] = parts.into();
        let payload = gzip(lines.as_bytes());
        let slices = payload.chunks(payload.len().div_ceil(parts));
        slices
            .enumerate()
            .map(|(part, slice)| {
                header["part"] = part.into();
                frame(&header, slice)
            })
            .collect()
    }

    /// So many changes of texts.
    pub fn mutations(&mut self, count: usize) -> Vec<u8> {
        let change = |index: usize| {
            let text = json!({"id": self.nodes + index + 2, "value": "▒".repeat(1 + index % 5)});
            let data = json!({"source": MUTATION, "texts": [text], "attributes": [], "removes": [], "adds": []});
            (INCREMENTAL_SNAPSHOT, data)
        };
        let events: Vec<_> = (0..count).map(change).collect();
        let (lines, mut header) = self.lines(&events);
        header["kind"] = "mutations".into();
        frame(&header, &gzip(lines.as_bytes()))
    }

    /// A chunk of these events: type and data of each.
    pub fn chunk(&mut self, kind: &str, events: &[(u8, Value)]) -> Vec<u8> {
        let (lines, mut header) = self.lines(events);
        header["kind"] = kind.into();
        frame(&header, &gzip(lines.as_bytes()))
    }

    /// Nothing is recorded for so long.
    pub fn wait(&mut self, ms: f64) {
        self.at += ms;
    }

    /// A style sheet; chunks after it name it.
    pub fn style_sheet(&mut self, css: &str) -> Vec<u8> {
        let payload = gzip(css.as_bytes());
        let sha256 = sha256(&payload);
        let header = json!({"v": 1, "kind": "asset", "visitor_id": self.visitor_id, "tab_id": self.tab_id,
            "sha256": sha256, "content_type": "text/css", "url": "https://shop.example/app.css",
            "raw_bytes": css.len(), "encoding": "gzip"});
        self.assets.push(sha256);
        frame(&header, &payload)
    }

    /// Names of the assets that were sent.
    pub fn assets(&self) -> &[String] {
        &self.assets
    }

    /// Chunks recorded so far, as the page's `page_leave` tells.
    pub fn chunks(&self) -> u64 {
        self.chunk_seq
    }

    /// Leaves a chunk out, as one that was lost on its way.
    pub fn lose_a_chunk(&mut self) {
        self.chunk_seq += 1;
    }

    /// The events as JSON lines, a second apart, and the header that all kinds of chunks share.
    fn lines(&mut self, events: &[(u8, Value)]) -> (String, Value) {
        let (first_at, first_q) = (self.at, self.q);
        let mut lines = String::new();
        for (kind, data) in events {
            lines += &json!({"type": kind, "timestamp": self.at, "q": self.q, "data": data}).to_string();
            lines.push('\n');
            self.at += 1.0;
        }
        self.q += 1;
        let header = json!({
            "v": 1, "visitor_id": self.visitor_id, "tab_id": self.tab_id, "page_view_id": self.page_view_id,
            "chunk_seq": self.chunk_seq, "part": 0, "parts": 1, "first_at": first_at, "last_at": self.at,
            "first_q": first_q, "last_q": self.q, "events": events.len(), "raw_bytes": lines.len(), "encoding": "gzip",
            "viewport": [1280, 720], "clock": {"offset_ms": 0.0, "error_ms": 1.5}, "page_cost_ms": 1.25,
            "masking_version": 1, "assets": self.assets,
        });
        self.chunk_seq += 1;
        (lines, header)
    }
}

/// One frame of a body.
pub fn frame(header: &Value, payload: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    let mut frame = Vec::with_capacity(8 + header.len() + payload.len());
    for piece in [header.as_bytes(), payload] {
        let length = u32::try_from(piece.len()).expect("a short piece");
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(piece);
    }
    frame
}

/// Of a payload, as headers write it.
pub fn sha256(payload: &[u8]) -> String {
    digest(&SHA256, payload).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes every write");
    encoder.finish().expect("memory takes every write")
}

/// What a gzip member holds, 64 MiB at most: of what is damaged as far as it can be read, and nothing of what is none.
pub fn inflated(member: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before the damage is there.
    let _ = GzDecoder::new(member).take(INFLATED_BYTES_MAX).read_to_end(&mut bytes);
    bytes
}

/// An id of version 7 of that time, epoch milliseconds.
pub fn page_view_id(began_ms: f64, number: u64) -> String {
    let ms = began_ms as u64;
    format!("{:08x}-{:04x}-7000-8000-{number:012x}", ms >> 16, ms & 0xffff)
}
