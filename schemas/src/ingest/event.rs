//! One event and what its type asks for.

use serde::Deserialize;

use super::details::{Effect, Field, Frame, Media, Scroll};
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
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Client clock, epoch milliseconds.
    pub at: Number,
    #[serde(borrow)]
    pub element: Option<Object<Element<'a>>>,
    /// CSS pixels: pointer position, or scroll offset.
    pub x: Option<Number>,
    pub y: Option<Number>,
    /// `MouseEvent.button`; −1 when none is pressed.
    #[serde(default, deserialize_with = "integer_from::<-1, _, _>")]
    pub button: Option<i32>,
    pub duration_ms: Option<Length>,
    pub trail: Option<Object<Trail>>,
    /// What became of the page, the drag, the media or whatever else the event is about.
    #[serde(borrow)]
    pub state: Option<Text<'a>>,
    #[serde(borrow)]
    pub input: Option<Object<Input<'a>>>,
    #[serde(borrow)]
    pub change: Option<Object<Change<'a>>>,
    /// Width and height, CSS pixels.
    pub viewport: Option<[Length; 2]>,
    #[serde(borrow)]
    pub key: Option<Object<Key<'a>>>,
    #[serde(borrow)]
    pub clipboard: Option<Object<Clipboard<'a>>>,
    #[serde(borrow)]
    pub request: Option<Object<NetworkRequest<'a>>>,
    #[serde(borrow)]
    pub error: Option<Object<JsError<'a>>>,
    #[serde(borrow)]
    pub vital: Option<Object<Vital<'a>>>,
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
    pub effect: Option<Box<Object<Effect>>>,
    pub media: Option<Box<Object<Media>>>,
    #[serde(borrow)]
    pub frame: Option<Box<Object<Frame<'a>>>>,
    pub scroll: Option<Box<Object<Scroll>>>,
    pub field: Option<Box<Object<Field>>>,
}

/// The control that an event happened on.
#[derive(Debug, Deserialize)]
pub struct Element<'a> {
    /// Short, stable selector.
    #[serde(borrow)]
    pub path: Option<Text<'a>>,
    #[serde(borrow)]
    pub tag: Option<Text<'a>>,
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
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
    pub y: Samples,
}

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

#[derive(Debug, Deserialize)]
pub struct Change<'a> {
    /// Option index; −1 when nothing is selected.
    #[serde(default, deserialize_with = "integer_from::<-1, _, _>")]
    pub index: Option<i64>,
    /// Only where the element is unmasked.
    #[serde(borrow)]
    pub label: Option<Text<'a>>,
    pub checked: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub struct Key<'a> {
    /// Never the character typed.
    #[serde(borrow)]
    pub class: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub struct Clipboard<'a> {
    /// copy, cut or paste.
    #[serde(borrow)]
    pub kind: Option<Text<'a>>,
    pub length: Option<Whole>,
}

/// One AJAX call of the page.
#[derive(Debug, Deserialize)]
pub struct NetworkRequest<'a> {
    #[serde(borrow)]
    pub method: Option<Text<'a>>,
    #[serde(borrow)]
    pub url: Option<Text<'a>>,
    #[serde(default, deserialize_with = "integer_from::<0, _, _>")]
    pub status: Option<i32>,
    pub duration_ms: Option<Length>,
    /// fetch, xhr, beacon, img, script, css, …
    #[serde(borrow)]
    pub initiator: Option<Text<'a>>,
    pub bytes: Option<Whole>,
}

/// One JavaScript error of the page.
#[derive(Debug, Deserialize)]
pub struct JsError<'a> {
    #[serde(borrow)]
    pub message: Option<Text<'a>>,
    #[serde(borrow)]
    pub source: Option<Text<'a>>,
    pub line: Option<Whole>,
    pub column: Option<Whole>,
    #[serde(borrow)]
    pub stack: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Vital<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    pub value: Number,
}

/// What is captured at a lower rate, and at which.
#[derive(Debug, Deserialize)]
pub struct Degraded<'a> {
    #[serde(borrow)]
    pub what: Text<'a>,
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
