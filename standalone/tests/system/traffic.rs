//! Batches as a browser would send them, from a seed.

use std::time::SystemTime;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

/// Letters that a tab takes its texts from.
const LETTERS: usize = 64 * 1024;

/// One browser tab: hands out gap-free `seq` and `batch_seq`.
pub(crate) struct Tab {
    pub random: StdRng,
    pub visitor_id: String,
    pub tab_id: String,
    page_view_id: String,
    letters: String,
    seq: i64,
    batch_seq: i64,
}

/// (tab id, seq) of each event of a batch.
pub(crate) fn event_ids(batch: &Value) -> impl Iterator<Item = (String, i64)> + '_ {
    let tab = batch["tab_id"].as_str().unwrap_or_default();
    batch["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(move |event| (tab.to_owned(), event["seq"].as_i64().unwrap_or(-1)))
}

/// This machine's clock in epoch microseconds, as SQL has times.
pub(crate) fn now_us() -> i64 {
    schemas::time::epoch_us(SystemTime::now())
}

/// The client's clock: this machine's, in epoch milliseconds.
pub(crate) fn now_ms() -> f64 {
    schemas::time::epoch_ms(SystemTime::now())
}

impl Tab {
    /// The same seed and number give the same visitor and tab.
    pub(crate) fn new(seed: u64, number: u32) -> Self {
        let mut random = StdRng::seed_from_u64(seed ^ (u64::from(number) << 32));
        let mut id = || uuid::Builder::from_random_bytes(random.random()).into_uuid().to_string();
        let (visitor_id, tab_id, page_view_id) = (id(), id(), id());
        Self { random, visitor_id, tab_id, page_view_id, letters: String::new(), seq: 0, batch_seq: 0 }
    }

    /// A batch of events at `at_ms`, sent now.
    pub(crate) fn batch(&mut self, events: u32, text_bytes: usize, at_ms: f64) -> Value {
        let events: Vec<Value> = (0..events).map(|_| self.event(text_bytes, at_ms)).collect();
        self.batch_of(events)
    }

    /// Some text; each is another part of the tab's letters.
    fn text(&mut self, bytes: usize) -> &str {
        if self.letters.is_empty() {
            self.letters = (0..LETTERS).map(|_| char::from(self.random.random_range(b'a'..=b'z'))).collect();
        }
        let start = self.random.random_range(0..=self.letters.len().saturating_sub(bytes));
        &self.letters[start..(start + bytes).min(LETTERS)]
    }

    /// A click at that time.
    pub(crate) fn click(&mut self, at_ms: f64) -> Value {
        let seq = self.seq;
        self.seq += 1;
        json!({"seq": seq, "type": "click", "at": at_ms, "element": {"path": "main>a", "tag": "a"}, "x": 1, "y": 2, "button": 0})
    }

    /// A batch of the given events.
    pub(crate) fn batch_of(&mut self, events: Vec<Value>) -> Value {
        let batch_seq = self.batch_seq;
        self.batch_seq += 1;
        json!({
            "batch_id": Uuid::now_v7(), "batch_seq": batch_seq, "visitor_id": self.visitor_id, "tab_id": self.tab_id,
            "page_view_id": self.page_view_id, "sent_at": now_ms(), "clock": null, "sdk": "1.0.0",
            "page": {"url": "https://shop.example/boxes?size=m", "referrer": "https://search.example/", "title": "Boxes",
                     "viewport": [1280, 720], "screen": [2560, 1440], "language": "en-US", "timezone": "Europe/Berlin"},
            "identity": {"user_id": null, "ga_client_id": null, "ga_session_id": null, "adobe_ecid": null},
            "events": events,
        })
    }

    /// One event of a random type; `error` where a text of some length is wanted.
    pub(crate) fn event(&mut self, text_bytes: usize, at_ms: f64) -> Value {
        let seq = self.seq;
        self.seq += 1;
        let element = json!({"path": "main>form>button#buy", "tag": "button", "id": "buy", "name": null, "role": "button",
                             "text": "Buy now", "rect": [10, 20, 80, 30]});
        if text_bytes > 0 {
            let message = self.text(text_bytes);
            return json!({"seq": seq, "type": "error", "at": at_ms, "error": {"message": message, "source": "/app.js", "line": 10, "column": 4}});
        }
        match self.random.random_range(0..4) {
            0 => json!({"seq": seq, "type": "click", "at": at_ms, "element": element, "x": 44.5, "y": 31, "button": 0}),
            1 => json!({"seq": seq, "type": "scroll", "at": at_ms, "x": 0, "y": 480.5}),
            2 => json!({"seq": seq, "type": "element_leave", "at": at_ms, "element": element, "duration_ms": 812.5}),
            _ => {
                json!({"seq": seq, "type": "pointer", "at": at_ms, "trail": {"dt": [0, 8.3, 8.3], "x": [44, 45, 47], "y": [31, 31, 32]}})
            }
        }
    }
}
