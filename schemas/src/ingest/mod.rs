//! The ingest contract: one batch as JSON, as `POST /v1/events` takes it (`json/batch.schema.json` says the same in
//! JSON Schema, `examples/` shows it).
//!
//! [`parse`] reads a body in one pass when every event is good, which is the rule. When one is not, the batch is read
//! again with each event on its own, so that a bad event is rejected with its reason and never sinks its batch.

mod client_hints;
mod depth;
mod details;
mod event;
mod event_type;
mod explain;
mod reject;
mod value;

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use client_hints::{BRANDS_MAX, Brand, Brands, ClientHints, HINT_BYTES_MAX, Hint};
pub use details::{Effect, EffectKind, Field, Frame, Media, Recording, Scroll};
pub use event::{Change, Clipboard, Degraded, Element, Event, Input, JsError, Key, NetworkRequest, Trail, Vital};
pub use event_type::EventType;
pub(crate) use explain::explain_value;
pub use reject::{BatchCode, BatchError, EventCode, Reject};
pub use value::{Id, Length, Number, Object, Properties, Samples, Share, Text, Whole, Within};

/// Most events of one batch (TRUST.md, edge). More is answered 413.
pub const EVENTS_MAX: usize = 1_000;
/// Longest JSON text of one event (TRUST.md, edge).
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
/// Longest string, as UTF-8 (TRUST.md, edge).
pub const STRING_BYTES_MAX: usize = 8 * 1024;
/// Deepest nesting of arrays and objects in a body (TRUST.md, edge).
pub const DEPTH_MAX: usize = 32;
/// Most samples of one pointer trail: more than 64 KiB of realistic samples; keeps `[0,0,0,…]` from growing fourfold.
pub const TRAIL_SAMPLES_MAX: usize = 4_096;

/// Most chunks of one page view's recording: one every five seconds for 24 hours are 17,280.
pub const RECORDING_CHUNKS_MAX: i64 = 32_768;

/// Nesting that the batch itself adds around an event: the batch and its list.
const DEPTH_AROUND_EVENT: usize = 2;

/// What all events of a batch share.
#[derive(Debug)]
pub struct Header<'a> {
    /// Chosen by the sender; a batch that is sent again keeps it.
    pub batch_id: Id,
    /// Gap-free per tab, from 0: the loss ledger rests on it.
    pub batch_seq: Whole,
    /// One browser of a person, for as long as its cookie.
    pub visitor_id: Id,
    /// One document's life in one tab: `seq` counts within it.
    pub tab_id: Id,
    /// One page or route.
    pub page_view_id: Id,
    /// Client clock, epoch milliseconds.
    pub sent_at: Number,
    /// `None` until the SDK has an estimate.
    pub clock: Option<Object<Clock>>,
    /// Version of the SDK.
    pub sdk: Option<Text<'a>>,
    /// The page that the events happened on.
    pub page: Option<Object<Page<'a>>>,
    /// Keys that join the visit with other data.
    pub identity: Option<Object<Identity<'a>>>,
    /// Left out when anything about it is wrong: it refines what the user agent says, and no batch is worth less for it.
    pub client_hints: Option<ClientHints<'a>>,
}

/// The SDK's estimate of server minus client.
#[derive(Debug, Deserialize)]
pub struct Clock {
    /// To be added to the client's times.
    pub offset_ms: Number,
    /// The estimate is at most so far off.
    pub error_ms: Option<Number>,
}

/// The page that the events happened on.
#[derive(Debug, Default, Deserialize)]
pub struct Page<'a> {
    /// Without what the SDK took out of it.
    #[serde(borrow)]
    pub url: Option<Text<'a>>,
    /// `document.referrer`, or the route before.
    #[serde(borrow)]
    pub referrer: Option<Text<'a>>,
    /// `document.title`, masked.
    #[serde(borrow)]
    pub title: Option<Text<'a>>,
    /// Width and height, CSS pixels.
    pub viewport: Option<[Length; 2]>,
    /// Width and height, CSS pixels.
    pub screen: Option<[Length; 2]>,
    /// `navigator.language`
    #[serde(borrow)]
    pub language: Option<Text<'a>>,
    /// IANA name, such as `Europe/Berlin`.
    #[serde(borrow)]
    pub timezone: Option<Text<'a>>,
    /// `navigator.webdriver`.
    pub webdriver: Option<bool>,
}

/// Keys that join a visit with other providers' exports.
#[derive(Debug, Default, Deserialize)]
pub struct Identity<'a> {
    /// What the site calls the person, if it told the SDK.
    #[serde(borrow)]
    pub user_id: Option<Text<'a>>,
    /// Google Analytics' `_ga` cookie, without its version.
    #[serde(borrow)]
    pub ga_client_id: Option<Text<'a>>,
    /// Google Analytics' session, from its `_ga_…` cookie.
    #[serde(borrow)]
    pub ga_session_id: Option<Text<'a>>,
    /// Adobe's Experience Cloud ID.
    #[serde(borrow)]
    pub adobe_ecid: Option<Text<'a>>,
}

/// A batch whose header is good; borrows from the body.
#[derive(Debug)]
pub struct Batch<'a> {
    /// What all of them share.
    pub header: Header<'a>,
    /// The good events, in the order of the batch.
    pub events: Vec<Object<Event<'a>>>,
    /// The bad ones, in the order of the batch.
    pub rejects: Vec<Reject<'a>>,
}

/// A batch as serde reads it: the header's fields beside the list of events.
///
/// (`#[serde(flatten)]` would buffer everything; so the header's fields are named twice, here and in [`Header`].)
#[derive(Deserialize)]
#[serde(bound(deserialize = "E: Deserialize<'de>"))]
struct Envelope<'a, E> {
    batch_id: Id,
    batch_seq: Whole,
    visitor_id: Id,
    tab_id: Id,
    page_view_id: Id,
    sent_at: Number,
    clock: Option<Object<Clock>>,
    #[serde(borrow)]
    sdk: Option<Text<'a>>,
    #[serde(borrow)]
    page: Option<Object<Page<'a>>>,
    #[serde(borrow)]
    identity: Option<Object<Identity<'a>>>,
    #[serde(borrow)]
    client_hints: Option<value::Lenient<Object<ClientHints<'a>>>>,
    events: value::Counted<E>,
}

impl<'a, E> Envelope<'a, E> {
    fn open(self) -> Result<(Header<'a>, Vec<E>), BatchError> {
        if self.events.count > EVENTS_MAX {
            return Err(BatchError::too_many_events(self.events.count));
        }
        let header = Header {
            batch_id: self.batch_id,
            batch_seq: self.batch_seq,
            visitor_id: self.visitor_id,
            tab_id: self.tab_id,
            page_view_id: self.page_view_id,
            sent_at: self.sent_at,
            clock: self.clock,
            sdk: self.sdk,
            page: self.page,
            identity: self.identity,
            client_hints: self.client_hints.and_then(|hints| hints.0).map(|Object(hints)| hints),
        };
        Ok((header, self.events.items))
    }
}

/// Reads a body. Errors are those of the batch as a whole; bad events stand in [`Batch::rejects`].
pub fn parse(body: &[u8]) -> Result<Batch<'_>, BatchError> {
    let text = std::str::from_utf8(body).map_err(|error| BatchError::invalid_utf8(error.valid_up_to()))?;
    let shallow = depth::deepest(body) <= DEPTH_MAX;
    // In a body this short no event can be too long, so nothing needs each event's own text.
    if shallow
        && body.len() <= EVENT_BYTES_MAX
        && let Some(batch) = parse_all_good(text)
    {
        return Ok(batch);
    }
    parse_each(text, shallow)
}

/// One pass over a batch in which everything is good; `None` if anything is not, whatever it is.
fn parse_all_good(text: &str) -> Option<Batch<'_>> {
    let Object(envelope) = serde_json::from_str::<Object<Envelope<Object<Event>>>>(text).ok()?;
    let (header, events) = envelope.open().ok()?;
    if events.iter().any(|event| event.check().is_err()) {
        return None;
    }
    Some(Batch { header, events, rejects: Vec::new() })
}

/// Reads the header, then each event on its own.
fn parse_each(text: &str, shallow: bool) -> Result<Batch<'_>, BatchError> {
    let Object(envelope) = serde_json::from_str::<Object<Envelope<&RawValue>>>(text)
        .map_err(|error| explain::explain_batch(text, &error))?;
    let (header, raw_events) = envelope.open()?;
    let mut batch = Batch { header, events: Vec::with_capacity(raw_events.len()), rejects: Vec::new() };
    let mut event_too_deep = false;
    for (index, raw) in raw_events.into_iter().map(RawValue::get).enumerate() {
        match parse_event(raw) {
            Ok(event) => batch.events.push(event),
            Err((code, message)) => {
                event_too_deep |= code == EventCode::TooDeep;
                batch.rejects.push(Reject { index, code, message, raw });
            }
        }
    }
    if !shallow && !event_too_deep {
        return Err(BatchError::too_deep());
    }
    Ok(batch)
}

fn parse_event(raw: &str) -> Result<Object<Event<'_>>, (EventCode, String)> {
    if raw.len() > EVENT_BYTES_MAX {
        let message = format!("the event has {} bytes of JSON, at most {EVENT_BYTES_MAX} are allowed", raw.len());
        return Err((EventCode::EventTooLarge, message));
    }
    if depth::deepest(raw.as_bytes()) > DEPTH_MAX - DEPTH_AROUND_EVENT {
        let message = format!("arrays and objects are nested deeper than {DEPTH_MAX} levels of the batch");
        return Err((EventCode::TooDeep, message));
    }
    let event: Object<Event> =
        serde_json::from_str(raw).map_err(|error| explain_value::<Object<Event>>(raw, &error))?;
    event.check()?;
    Ok(event)
}
