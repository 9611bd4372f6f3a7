//! One event and what its type asks for.

use serde::Deserialize;

use super::details::{Effect, Field, Frame, Media, Recording, Scroll};
use super::event_type::EventType;
use super::reject::EventCode;
use super::value::{Length, Number, Object, Properties, Samples, Text, Whole, integer_from};

/// One thing that a visitor did; identified for ever by (`tab_id`, `seq`).
///
/// All fields of all types side by side, as in Avro: [`Event::check`] says which ones a type needs. A field that a type
/// does not need is kept when it is there.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    /// Gap-free per tab, from 0.
    pub seq: Whole,
    /// What was done.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Client clock, epoch milliseconds.
    pub at: Number,
    /// What it was done to.
    #[serde(borrow)]
    pub element: Option<Object<Element<'a>>>,
    /// CSS pixels: pointer position, or scroll offset.
    pub x: Option<Number>,
    /// See `x`.
    pub y: Option<Number>,
    /// `MouseEvent.button`; −1 when none is pressed.
    #[serde(default, deserialize_with = "integer_from::<-1, _, _>")]
    pub button: Option<i32>,
    /// How long it took, or what ended with it: a hover, a focus, a long frame.
    pub duration_ms: Option<Length>,
    /// Of a `pointer` event.
    pub trail: Option<Object<Trail>>,
    /// What became of the page, the drag, the media or whatever else the event is about.
    #[serde(borrow)]
    pub state: Option<Text<'a>>,
    /// Of an `input` event.
    #[serde(borrow)]
    pub input: Option<Object<Input<'a>>>,
    /// Of a `change` event.
    #[serde(borrow)]
    pub change: Option<Object<Change<'a>>>,
    /// Width and height, CSS pixels.
    pub viewport: Option<[Length; 2]>,
    /// Of a `key` event.
    #[serde(borrow)]
    pub key: Option<Object<Key<'a>>>,
    /// Of a `clipboard` event.
    #[serde(borrow)]
    pub clipboard: Option<Object<Clipboard<'a>>>,
    /// Of a `request` event.
    #[serde(borrow)]
    pub request: Option<Object<NetworkRequest<'a>>>,
    /// Of an `error` event.
    #[serde(borrow)]
    pub error: Option<Object<JsError<'a>>>,
    /// Of a `web_vital` event.
    #[serde(borrow)]
    pub vital: Option<Object<Vital<'a>>>,
    /// Of a `capture_degraded` event.
    #[serde(borrow)]
    pub degraded: Option<Object<Degraded<'a>>>,
    /// Name of a custom event.
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// Properties of a custom event.
    #[serde(borrow)]
    pub properties: Option<Properties<'a>>,
    /// `PointerEvent.pointerType`.
    #[serde(borrow)]
    pub pointer_type: Option<Text<'a>>,
    // Boxed: few events have them, and every event is moved.
    /// Of an `effect` event.
    pub effect: Option<Box<Object<Effect>>>,
    /// Of a `media` event.
    pub media: Option<Box<Object<Media>>>,
    /// Of a `long_frame` event.
    #[serde(borrow)]
    pub frame: Option<Box<Object<Frame<'a>>>>,
    /// Of `scroll` and `page_leave`.
    pub scroll: Option<Box<Object<Scroll>>>,
    /// Of a `blur` event.
    pub field: Option<Box<Object<Field>>>,
    /// Of a `page_leave` event.
    pub replay: Option<Box<Object<Recording>>>,
}

/// The control that an event happened on.
#[derive(Debug, Deserialize)]
pub struct Element<'a> {
    /// Short, stable selector.
    #[serde(borrow)]
    pub path: Option<Text<'a>>,
    /// Lower case.
    #[serde(borrow)]
    pub tag: Option<Text<'a>>,
    /// Its attribute.
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    /// Its attribute.
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// Its ARIA role, stated or by its tag.
    #[serde(borrow)]
    pub role: Option<Text<'a>>,
    /// Masked by the SDK.
    #[serde(borrow)]
    pub text: Option<Text<'a>>,
    /// x, y, width, height: CSS pixels, relative to the viewport.
    pub rect: Option<[Number; 4]>,
}

/// Pointer samples: three lists of one length.
#[derive(Debug, Deserialize)]
pub struct Trail {
    /// Milliseconds since the previous sample; the first since the event's `at`.
    pub dt: Samples,
    /// CSS pixels.
    pub x: Samples,
    /// See `x`.
    pub y: Samples,
}

/// One edit of a field.
#[derive(Debug, Deserialize)]
pub struct Input<'a> {
    /// `InputEvent.inputType`.
    #[serde(borrow)]
    pub kind: Option<Text<'a>>,
    /// Characters in the field afterwards.
    pub length: Option<Whole>,
    /// Only where the element is unmasked.
    #[serde(borrow)]
    pub value: Option<Text<'a>>,
}

/// A choice: of an option, a checkbox, a radio button.
#[derive(Debug, Deserialize)]
pub struct Change<'a> {
    /// Option index; −1 when nothing is selected.
    #[serde(default, deserialize_with = "integer_from::<-1, _, _>")]
    pub index: Option<i64>,
    /// Only where the element is unmasked.
    #[serde(borrow)]
    pub label: Option<Text<'a>>,
    /// Of a checkbox or radio button.
    pub checked: Option<bool>,
}

/// One key that was pressed.
#[derive(Debug, Deserialize)]
pub struct Key<'a> {
    /// Never the character typed.
    #[serde(borrow)]
    pub class: Text<'a>,
}

/// What was copied, cut or pasted, by its size alone.
#[derive(Debug, Deserialize)]
pub struct Clipboard<'a> {
    /// copy, cut or paste.
    #[serde(borrow)]
    pub kind: Option<Text<'a>>,
    /// UTF-16 units.
    pub length: Option<Whole>,
}

/// One AJAX call of the page.
#[derive(Debug, Deserialize)]
pub struct NetworkRequest<'a> {
    /// Upper case.
    #[serde(borrow)]
    pub method: Option<Text<'a>>,
    /// Without secrets.
    #[serde(borrow)]
    pub url: Option<Text<'a>>,
    /// HTTP status; 0 where none was given.
    #[serde(default, deserialize_with = "integer_from::<0, _, _>")]
    pub status: Option<i32>,
    /// From the call to the end of the body.
    pub duration_ms: Option<Length>,
    /// fetch, xhr, beacon, img, script, css, …
    #[serde(borrow)]
    pub initiator: Option<Text<'a>>,
    /// Of the body as it was sent; `None` where the browser hides it.
    pub bytes: Option<Whole>,
}

/// One JavaScript error of the page.
#[derive(Debug, Deserialize)]
pub struct JsError<'a> {
    /// Masked.
    #[serde(borrow)]
    pub message: Option<Text<'a>>,
    /// Address of the script.
    #[serde(borrow)]
    pub source: Option<Text<'a>>,
    /// In the script, from 1.
    pub line: Option<Whole>,
    /// In the line, from 1.
    pub column: Option<Whole>,
    /// Functions and places; no messages.
    #[serde(borrow)]
    pub stack: Option<Text<'a>>,
}

/// One measurement of Core Web Vitals.
#[derive(Debug, Deserialize)]
pub struct Vital<'a> {
    /// `LCP`, `CLS`, `INP`, `FCP` or `TTFB`.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Milliseconds; of `CLS` a score.
    pub value: Number,
}

/// What is captured at a lower rate, and at which.
#[derive(Debug, Deserialize)]
pub struct Degraded<'a> {
    /// The kind of event, or what failed.
    #[serde(borrow)]
    pub what: Text<'a>,
    /// Samples a second that are still taken; `None` where that is no rate.
    pub rate_hz: Option<Length>,
}

impl Event<'_> {
    /// Checks what the types of the fields cannot say: the fields without which an event of its type says nothing, and
    /// that the lists of a trail have one length.
    pub fn check(&self) -> Result<(), (EventCode, String)> {
        if let Some(field) = self.missing_field() {
            let message = format!("an event of type {} needs `{field}`", self.kind.name());
            return Err((EventCode::MissingField, message));
        }
        match &self.trail {
            Some(trail) => trail.check(),
            None => Ok(()),
        }
    }

    /// The first field that the event's type needs and the event lacks.
    fn missing_field(&self) -> Option<&'static str> {
        let needed: &[(&str, bool)] = match self.kind {
            EventType::Visibility | EventType::Drag | EventType::Composition | EventType::Media | EventType::Toggle => {
                &[("state", self.state.is_some())]
            }
            EventType::Pointer => &[("trail", self.trail.is_some())],
            EventType::ElementEnter | EventType::ElementLeave => &[("element", self.element.is_some())],
            EventType::Input => &[("input", self.input.is_some())],
            EventType::Change => &[("change", self.change.is_some())],
            EventType::Scroll => &[("x", self.x.is_some()), ("y", self.y.is_some())],
            EventType::Resize => &[("viewport", self.viewport.is_some())],
            EventType::Key => &[("key", self.key.is_some())],
            EventType::Clipboard => &[("clipboard", self.clipboard.is_some())],
            EventType::Request => &[("request", self.request.is_some())],
            EventType::Error => &[("error", self.error.is_some())],
            EventType::WebVital => &[("vital", self.vital.is_some())],
            EventType::CaptureDegraded => &[("degraded", self.degraded.is_some())],
            EventType::Custom => &[("name", self.name.is_some())],
            EventType::Effect => &[("effect", self.effect.is_some())],
            EventType::LongFrame => &[("duration_ms", self.duration_ms.is_some())],
            EventType::PageView
            | EventType::PageLeave
            | EventType::Heartbeat
            | EventType::Click
            | EventType::DoubleClick
            | EventType::ContextMenu
            | EventType::PointerDown
            | EventType::PointerUp
            | EventType::Focus
            | EventType::Blur
            | EventType::Submit
            | EventType::PointerCancel
            | EventType::Print => &[],
        };
        needed.iter().find(|(_, present)| !present).map(|(field, _)| *field)
    }
}

impl Trail {
    fn check(&self) -> Result<(), (EventCode, String)> {
        let (dt, x, y) = (self.dt.0.len(), self.x.0.len(), self.y.0.len());
        if dt == x && x == y {
            return Ok(());
        }
        let message = format!("the lists of `trail` differ in length: dt has {dt}, x has {x}, y has {y}");
        Err((EventCode::TrailMismatch, message))
    }
}
