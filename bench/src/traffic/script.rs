//! What happened during one page view, event by event, before it is cut into batches.

use std::ops::Range;

use schemas::ingest::EventType;

use super::json;
use super::pointer::Trail;

/// One event without its `seq`: that is given when the tab puts it into a batch.
#[derive(Clone)]
pub(super) struct Draft {
    pub at_ms: f64,
    pub kind: EventType,
    /// Where its fields stand in the script's text: everything that follows `"at"`.
    tail: Range<usize>,
    /// The SDK sends at once what it has: nothing may come after this for long.
    pub flush: bool,
}

/// The events of one page view in the order of time.
#[derive(Default)]
pub(super) struct Script {
    drafts: Vec<Draft>,
    text: String,
}

impl Script {
    /// Adds an event; `fields` appends what follows `"at"`, each field with a comma in front.
    pub(super) fn add(&mut self, at_ms: f64, kind: EventType, fields: impl FnOnce(&mut String)) {
        let start = self.text.len();
        fields(&mut self.text);
        self.drafts.push(Draft { at_ms, kind, tail: start..self.text.len(), flush: false });
    }

    /// The event just added is sent at once, with those before it.
    pub(super) fn flush(&mut self) {
        if let Some(last) = self.drafts.last_mut() {
            last.flush = true;
        }
    }

    pub(super) fn bare(&mut self, at_ms: f64, kind: EventType) {
        self.add(at_ms, kind, |_| {});
    }

    /// An event on an element; `more` are further fields.
    pub(super) fn on_element(&mut self, at_ms: f64, kind: EventType, element: &str, more: impl FnOnce(&mut String)) {
        self.add(at_ms, kind, |out| {
            out.push_str(",\"element\":");
            out.push_str(element);
            more(out);
        });
    }

    pub(super) fn trail(&mut self, trail: &Trail) {
        self.add(trail.at_ms, EventType::Pointer, |out| {
            out.push_str(",\"trail\":{\"dt\":");
            json::numbers(out, &trail.dt);
            out.push_str(",\"x\":");
            json::numbers(out, &trail.x);
            out.push_str(",\"y\":");
            json::numbers(out, &trail.y);
            out.push('}');
        });
    }

    /// The events in the order of time (requests and vitals are known early and happen later), and where their text is.
    pub(super) fn finish(mut self) -> Finished {
        self.drafts.sort_by(|one, other| one.at_ms.total_cmp(&other.at_ms));
        Finished { drafts: self.drafts, text: self.text }
    }
}

/// A script in order.
pub(super) struct Finished {
    pub drafts: Vec<Draft>,
    text: String,
}

impl Finished {
    /// Appends the event's JSON; `client_ahead_ms` is what the visitor's clock adds.
    pub(super) fn write(&self, out: &mut String, draft: &Draft, seq: u64, client_ahead_ms: f64) {
        out.push_str("{\"seq\":");
        json::number(out, seq as f64);
        out.push_str(",\"type\":\"");
        out.push_str(draft.kind.name());
        out.push_str("\",\"at\":");
        json::number(out, json::tenth(draft.at_ms + client_ahead_ms));
        out.push_str(&self.text[draft.tail.clone()]);
        out.push('}');
    }
}

/// Appends `,"name":value` with a number.
pub(super) fn field(out: &mut String, name: &str, value: f64) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    json::number(out, value);
}
