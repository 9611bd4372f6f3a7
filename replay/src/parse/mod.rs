//! A line of a recording to an event of a known type. A field of another type than rrweb's counts as absent.

mod fields;
mod styles;
mod tree;

use std::borrow::Cow;

use self::fields::{flag, id, items, number, object, text};
use self::tree::{attributes, tree};
use crate::Malformed;
use crate::event::{Add, Data, Event, MEDIA_NUMBERS, MEDIA_SWITCHES, Mutation, Remove, Size};
use crate::json::Reader;

type Read<T> = Result<T, Malformed>;

/// Widths and heights beyond it are no screen's, in CSS pixels.
const PIXELS_MAX: f64 = 32_768.0;

/// The last moment that JavaScript can tell, in milliseconds since 1970.
const TIMESTAMP_MAX: f64 = 8.64e15;

/// The event that a line holds; none where it is of a type or a source that is not shown, or lacks what its type has.
pub(crate) fn event(line: &str) -> Read<Option<Event<'_>>> {
    let [kind, timestamp, q, data] = fields::line(line, ["type", "timestamp", "q", "data"])?;
    let Some(timestamp) = number(timestamp).filter(|time| (0.0..TIMESTAMP_MAX).contains(time)) else { return Ok(None) };
    let q = number(q).filter(|q| *q >= 0.0);
    let data = match number(kind) {
        Some(2.0) => snapshot(data)?,
        Some(3.0) => incremental(data)?,
        Some(4.0) => size(data)?.map(Data::Meta),
        _ => None,
    };
    Ok(data.map(|data| Event { timestamp, q, data }))
}

fn snapshot(data: &str) -> Read<Option<Data<'_>>> {
    let [node, offset] = object(data, ["node", "initialOffset"])?;
    let [left, top] = object(offset, ["left", "top"])?;
    let (left, top) = (number(left).unwrap_or_default(), number(top).unwrap_or_default());
    Ok(Some(Data::Snapshot { tree: tree(node)?, left, top }))
}

fn incremental(data: &str) -> Read<Option<Data<'_>>> {
    let [source] = object(data, ["source"])?;
    match number(source) {
        Some(0.0) => mutation(data).map(Some),
        Some(3.0) => scroll(data),
        Some(4.0) => Ok(size(data)?.map(Data::Viewport)),
        Some(5.0) => input(data),
        Some(7.0) => media(data),
        Some(8.0) => styles::rules(data).map(Some),
        Some(13.0) => styles::declaration(data),
        Some(15.0) => styles::adopted(data),
        _ => Ok(None),
    }
}

fn size(data: &str) -> Read<Option<Size>> {
    let [width, height] = object(data, ["width", "height"])?;
    let pixels = |raw| number(raw).filter(|pixels| (0.0..=PIXELS_MAX).contains(pixels));
    Ok(pixels(width).zip(pixels(height)).map(|(width, height)| Size { width, height }))
}

fn mutation(data: &str) -> Read<Data<'_>> {
    let names = ["texts", "attributes", "removes", "adds", "isAttachIframe"];
    let [texts, changes, removes, adds, attach] = object(data, names)?;
    let mut mutation = Mutation { attach_iframe: flag(attach), ..Mutation::default() };
    items(texts, |item| {
        let [node, value] = object(item, ["id", "value"])?;
        mutation.texts.extend(id(node).map(|node| (node, text(value).unwrap_or_default())));
        Ok(())
    })?;
    items(changes, |item| {
        let [node, changed] = object(item, ["id", "attributes"])?;
        if let Some(node) = id(node) {
            mutation.attributes.push((node, attributes(&mut Reader::new(changed))?));
        }
        Ok(())
    })?;
    items(removes, |item| {
        let [parent, node, shadow] = object(item, ["parentId", "id", "isShadow"])?;
        let both = id(parent).zip(id(node));
        mutation.removes.extend(both.map(|(parent, id)| Remove { parent, id, shadow: flag(shadow) }));
        Ok(())
    })?;
    items(adds, |item| {
        let [parent, previous, next, node] = object(item, ["parentId", "previousId", "nextId", "node"])?;
        if let Some(parent) = id(parent) {
            mutation.adds.push(Add { parent, previous: id(previous), next: id(next), tree: tree(node)? });
        }
        Ok(())
    })?;
    Ok(Data::Mutation(mutation))
}

fn scroll(data: &str) -> Read<Option<Data<'_>>> {
    let [node, x, y] = object(data, ["id", "x", "y"])?;
    Ok(match (id(node), number(x), number(y)) {
        (Some(id), Some(x), Some(y)) => Some(Data::Scroll { id, x, y }),
        _ => None,
    })
}

fn input(data: &str) -> Read<Option<Data<'_>>> {
    let [node, value, checked] = object(data, ["id", "text", "isChecked"])?;
    let value = text(value).unwrap_or(Cow::Borrowed(""));
    Ok(id(node).map(|id| Data::Input { id, text: value, checked: flag(checked) }))
}

fn media(data: &str) -> Read<Option<Data<'_>>> {
    let [node, act] = object(data, ["id", "type"])?;
    let (Some(id), Some(act)) = (id(node), number(act)) else { return Ok(None) };
    let mut numbers = [None; MEDIA_NUMBERS.len()];
    for (place, raw) in numbers.iter_mut().zip(object(data, MEDIA_NUMBERS)?) {
        *place = number(raw);
    }
    let switches = object(data, MEDIA_SWITCHES)?.map(|raw| (!raw.is_empty()).then(|| flag(raw)));
    Ok(Some(Data::Media { id, act, numbers, switches }))
}

#[cfg(test)]
mod tests;
