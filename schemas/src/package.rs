//! From a batch to the bytes of Kafka records: one package is the batch's context once, then its events.
//!
//! The fields are written in the order of `avro/telemetry.events.avsc`; the tests decode every package with that schema.

use crate::avro;
use crate::ingest::{
    Brands, Change, ClientHints, Clipboard, Clock, Degraded, Element, Event, Header, Identity, Input, JsError, Length,
    NetworkRequest, Object, Page, Text, Trail, Vital, Whole,
};

/// What the collector knows about a batch beside what the batch says.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// By the write key.
    pub site_id: &'a str,
    /// Collector clock, epoch milliseconds.
    pub received_at: f64,
    /// The request's header.
    pub user_agent: Option<&'a str>,
    /// Truncated before it comes here.
    pub client_address: Option<&'a str>,
}

/// Appends one framed package of all `events` to `out`.
pub fn encode(out: &mut Vec<u8>, schema_id: u32, context: &Context, header: &Header, events: &[Object<Event>]) {
    avro::frame(out, schema_id);
    encode_shared(out, context, header);
    avro::array_start(out, events.len());
    for event in events {
        encode_event(out, event);
    }
    avro::array_end(out);
}

/// Appends as many framed packages as it takes for none to be longer than `bytes_max`, unless one event alone is, and
/// the end of each within `out` to `ends`. Usually one; the events keep their order. No event, no package.
pub fn encode_split(
    out: &mut Vec<u8>,
    ends: &mut Vec<usize>,
    bytes_max: usize,
    schema_id: u32,
    context: &Context,
    header: &Header,
    events: &[Object<Event>],
) {
    if events.is_empty() {
        return;
    }
    let start = out.len();
    encode(out, schema_id, context, header, events);
    if out.len() - start <= bytes_max || events.len() == 1 {
        ends.push(out.len());
        return;
    }
    out.truncate(start);
    let (first, second) = events.split_at(events.len() / 2);
    encode_split(out, ends, bytes_max, schema_id, context, header, first);
    encode_split(out, ends, bytes_max, schema_id, context, header, second);
}

fn encode_shared(out: &mut Vec<u8>, context: &Context, header: &Header) {
    avro::string(out, context.site_id);
    for id in [header.visitor_id, header.tab_id, header.page_view_id, header.batch_id] {
        let mut text = uuid::Uuid::encode_buffer();
        avro::string(out, id.0.hyphenated().encode_lower(&mut text));
    }
    avro::long(out, header.batch_seq.0);
    avro::double(out, header.sent_at.0);
    avro::double(out, context.received_at);
    avro::optional(out, header.clock.as_deref(), |out, clock: &Clock| {
        avro::double(out, clock.offset_ms.0);
        avro::optional(out, clock.error_ms.map(|error| error.0), avro::double);
    });
    text(out, &header.sdk);
    match header.page.as_deref() {
        Some(page) => encode_page(out, page),
        None => encode_page(out, &Page::default()),
    }
    match header.identity.as_deref() {
        Some(identity) => encode_identity(out, identity),
        None => encode_identity(out, &Identity::default()),
    }
    avro::optional(out, context.user_agent, avro::string);
    avro::optional(out, context.client_address, avro::string);
    avro::optional(out, header.client_hints.as_ref(), encode_client_hints);
}

fn encode_page(out: &mut Vec<u8>, page: &Page) {
    text(out, &page.url);
    text(out, &page.referrer);
    text(out, &page.title);
    size(out, page.viewport.map(|[width, height]| [width.0, height.0]));
    size(out, page.screen.map(|[width, height]| [width.0, height.0]));
    text(out, &page.language);
    text(out, &page.timezone);
    avro::optional(out, page.webdriver, avro::boolean);
}

fn encode_identity(out: &mut Vec<u8>, identity: &Identity) {
    text(out, &identity.user_id);
    text(out, &identity.ga_client_id);
    text(out, &identity.ga_session_id);
    text(out, &identity.adobe_ecid);
}

fn encode_client_hints(out: &mut Vec<u8>, hints: &ClientHints) {
    for hint in [&hints.platform, &hints.platform_version, &hints.architecture, &hints.bitness, &hints.model] {
        avro::optional(out, hint.as_deref().filter(|text| !text.is_empty()), avro::string);
    }
    avro::optional(out, hints.mobile, avro::boolean);
    let brands = hints.brands.as_ref().map_or(&[][..], |Brands(brands)| brands);
    avro::array_start(out, brands.len());
    for brand in brands {
        avro::string(out, &brand.brand);
        avro::string(out, &brand.version);
    }
    avro::array_end(out);
    int(out, hints.max_touch_points.map(i32::from));
}

fn encode_event(out: &mut Vec<u8>, event: &Event) {
    avro::long(out, event.seq.0);
    avro::long(out, event.kind as i64);
    avro::double(out, event.at.0);
    avro::optional(out, event.element.as_deref(), encode_element);
    avro::optional(out, event.x.map(|x| x.0), avro::double);
    avro::optional(out, event.y.map(|y| y.0), avro::double);
    int(out, event.button);
    length(out, event.duration_ms);
    avro::optional(out, event.trail.as_deref(), |out, trail: &Trail| {
        avro::doubles(out, &trail.dt.0);
        avro::doubles(out, &trail.x.0);
        avro::doubles(out, &trail.y.0);
    });
    text(out, &event.state);
    avro::optional(out, event.input.as_deref(), |out, input: &Input| {
        text(out, &input.kind);
        whole(out, input.length);
        text(out, &input.value);
    });
    avro::optional(out, event.change.as_deref(), |out, change: &Change| {
        avro::optional(out, change.index, avro::long);
        text(out, &change.label);
        avro::optional(out, change.checked, avro::boolean);
    });
    size(out, event.viewport.map(|[width, height]| [width.0, height.0]));
    avro::optional(out, event.key.as_deref().map(|key| &*key.class), avro::string);
    avro::optional(out, event.clipboard.as_deref(), |out, clipboard: &Clipboard| {
        text(out, &clipboard.kind);
        whole(out, clipboard.length);
    });
    avro::optional(out, event.request.as_deref(), encode_request);
    avro::optional(out, event.error.as_deref(), encode_error);
    avro::optional(out, event.vital.as_deref(), |out, vital: &Vital| {
        avro::optional(out, Some(&*vital.name), avro::string);
        avro::optional(out, Some(vital.value.0), avro::double);
    });
    avro::optional(out, event.degraded.as_deref(), |out, degraded: &Degraded| {
        avro::optional(out, Some(&*degraded.what), avro::string);
        length(out, degraded.rate_hz);
    });
    text(out, &event.name);
    avro::optional(out, event.properties.map(|properties| properties.0), avro::string);
    text(out, &event.pointer_type);
    encode_details(out, event);
}

/// An array of one, or of none for an event that has none of it.
fn encode_details(out: &mut Vec<u8>, event: &Event) {
    let (effect, media, frame) = (event.effect.as_deref(), event.media.as_deref(), event.frame.as_deref());
    let (scroll, field, replay) = (event.scroll.as_deref(), event.field.as_deref(), event.replay.as_deref());
    let none = effect.is_none() && media.is_none() && frame.is_none();
    if !none || scroll.is_some() || field.is_some() || replay.is_some() {
        avro::array_start(out, 1);
        whole(out, effect.map(|effect| effect.of_seq));
        avro::optional(out, effect.map(|effect| effect.kind.name()), avro::string);
        length(out, effect.and_then(|effect| effect.after_ms));
        length(out, media.and_then(|media| media.position_s));
        length(out, frame.and_then(|frame| frame.blocking_ms));
        avro::optional(out, frame.and_then(|frame| frame.script.as_deref()), avro::string);
        avro::optional(out, frame.and_then(|frame| frame.invoker.as_deref()), avro::string);
        length(out, scroll.and_then(|scroll| scroll.page_height));
        avro::optional(out, scroll.and_then(|scroll| scroll.depth).map(|depth| depth.0), avro::double);
        length(out, field.and_then(|field| field.hesitation_ms));
        whole(out, field.and_then(|field| field.corrections));
        whole(out, field.and_then(|field| field.refills));
        avro::optional(out, replay.and_then(|replay| replay.chunks).map(|chunks| chunks.0), avro::long);
    }
    avro::array_end(out);
}

fn encode_element(out: &mut Vec<u8>, element: &Element) {
    text(out, &element.path);
    text(out, &element.tag);
    text(out, &element.id);
    text(out, &element.name);
    text(out, &element.role);
    text(out, &element.text);
    avro::optional(out, element.rect, |out, sides| sides.into_iter().for_each(|side| avro::double(out, side.0)));
}

fn encode_request(out: &mut Vec<u8>, request: &NetworkRequest) {
    text(out, &request.method);
    text(out, &request.url);
    int(out, request.status);
    length(out, request.duration_ms);
    text(out, &request.initiator);
    whole(out, request.bytes);
}

fn encode_error(out: &mut Vec<u8>, error: &JsError) {
    text(out, &error.message);
    text(out, &error.source);
    whole(out, error.line);
    whole(out, error.column);
    text(out, &error.stack);
}

fn text(out: &mut Vec<u8>, value: &Option<Text>) {
    avro::optional(out, value.as_deref(), avro::string);
}

fn length(out: &mut Vec<u8>, value: Option<Length>) {
    avro::optional(out, value.map(|length| length.0), avro::double);
}

fn whole(out: &mut Vec<u8>, value: Option<Whole>) {
    avro::optional(out, value.map(|whole| whole.0), avro::long);
}

fn int(out: &mut Vec<u8>, value: Option<i32>) {
    avro::optional(out, value.map(i64::from), avro::long);
}

fn size(out: &mut Vec<u8>, value: Option<[f64; 2]>) {
    avro::optional(out, value, |out, sides| sides.into_iter().for_each(|side| avro::double(out, side)));
}
