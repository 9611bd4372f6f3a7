//! Fields of an object whatever their order, as they stand in the text; each is read when it is known what it should be.
//! An absent one is the empty text, which is no value.

use std::borrow::Cow;

use super::Read;
use crate::event::Id;
use crate::json::{Reader, Token};

/// Whole numbers up to here are exact in JavaScript.
const WHOLE_MAX: f64 = 9_007_199_254_740_991.0;

/// The named fields of a line, which is one value.
pub(super) fn line<'a, const N: usize>(text: &'a str, names: [&str; N]) -> Read<[&'a str; N]> {
    let text = text.trim_ascii();
    let mut reader = Reader::new(text);
    let found = if text.starts_with('{') { open_object(&mut reader, names)? } else { reader.raw().map(|_| [""; N])? };
    reader.end()?;
    Ok(found)
}

/// The named fields; of several of one name the last, as JavaScript has it. Of what is no object, none.
pub(super) fn object<'a, const N: usize>(raw: &'a str, names: [&str; N]) -> Read<[&'a str; N]> {
    if raw.starts_with('{') { open_object(&mut Reader::new(raw), names) } else { Ok([""; N]) }
}

fn open_object<'a, const N: usize>(reader: &mut Reader<'a>, names: [&str; N]) -> Read<[&'a str; N]> {
    let mut found = [""; N];
    reader.next()?;
    while let Token::Key(key) = reader.next()? {
        let value = reader.raw()?;
        if let Some(place) = names.iter().position(|name| *name == key) {
            found[place] = value;
        }
    }
    Ok(found)
}

/// Each value of an array; of what is no array, none.
pub(super) fn items<'a>(raw: &'a str, mut take: impl FnMut(&'a str) -> Read<()>) -> Read<()> {
    if raw.starts_with('[') {
        let mut reader = Reader::new(raw);
        reader.next()?;
        while let Some(item) = reader.raw_item()? {
            take(item)?;
        }
    }
    Ok(())
}

/// A value that holds no other.
fn scalar(raw: &str) -> Option<Token<'_>> {
    if raw.is_empty() { None } else { Reader::new(raw).next().ok() }
}

pub(super) fn text(raw: &str) -> Option<Cow<'_, str>> {
    match scalar(raw) {
        Some(Token::Text(text)) => Some(text),
        _ => None,
    }
}

pub(super) fn number(raw: &str) -> Option<f64> {
    match scalar(raw) {
        Some(Token::Number(number)) => Some(number),
        _ => None,
    }
}

pub(super) fn flag(raw: &str) -> bool {
    raw == "true"
}

pub(super) fn id(raw: &str) -> Option<Id> {
    number(raw).and_then(whole)
}

/// A number as that of a node.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn whole(number: f64) -> Option<Id> {
    (number.fract() == 0.0 && (0.0..=WHOLE_MAX).contains(&number)).then_some(number as Id)
}
