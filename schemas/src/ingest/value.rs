//! The kinds of values in a batch, each with its limit built into how it is read.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::reject::{OUT_OF_RANGE_PREFIX, TOO_LONG_PREFIX};
use super::{EVENTS_MAX, STRING_BYTES_MAX, TRAIL_SAMPLES_MAX};

/// Largest integer that a browser can count to exactly (`Number.MAX_SAFE_INTEGER`).
const WHOLE_MAX: u64 = (1 << 53) - 1;

/// Length of a UUID as text.
const UUID_CHARS: usize = 36;

/// A struct that is a JSON object: serde's own derive would also take an array of its fields.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<T> Deref for Object<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// A string of at most [`STRING_BYTES_MAX`]; borrowed from the body unless it holds escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

fn check_length<E: Error>(text: &str) -> Result<&str, E> {
    if text.len() > STRING_BYTES_MAX {
        let length = text.len();
        return Err(E::custom(format_args!(
            "{TOO_LONG_PREFIX}: {length} bytes, at most {STRING_BYTES_MAX} are allowed"
        )));
    }
    Ok(text)
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Characters;
        impl<'de> Visitor<'de> for Characters {
            type Value = Text<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                check_length(text).map(|text| Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                check_length(text).map(|text| Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Characters)
    }
}

/// A UUID of any version, in its hyphenated form; upper case is taken and becomes lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(pub Uuid);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hyphenated;
        impl Visitor<'_> for Hyphenated {
            type Value = Id;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a UUID as a string")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                match Uuid::try_parse(text) {
                    Ok(id) if text.len() == UUID_CHARS => Ok(Id(id)),
                    _ => Err(E::custom(format_args!("{text:?} is no UUID"))),
                }
            }
        }
        deserializer.deserialize_str(Hyphenated)
    }
}

/// A count or number in sequence: an integer from 0 to 2⁵³ − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        match i64::try_from(number) {
            Ok(whole) if number <= WHOLE_MAX => Ok(Whole(whole)),
            _ => Err(D::Error::custom(format_args!("{OUT_OF_RANGE_PREFIX}: {number} is more than {WHOLE_MAX}"))),
        }
    }
}

/// A whole number within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Within<const LEAST: i64, const MOST: i64>(pub i64);

impl<'de, const LEAST: i64, const MOST: i64> Deserialize<'de> for Within<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        if !(LEAST..=MOST).contains(&number) {
            return Err(D::Error::custom(format_args!(
                "{OUT_OF_RANGE_PREFIX}: {number} is not between {LEAST} and {MOST}"
            )));
        }
        Ok(Self(number))
    }
}

/// An integer from `LEAST` to 2⁵³ − 1, or to the largest of its type, where one is given.
pub(super) fn integer_from<'de, const LEAST: i64, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    let Some(number) = Option::<i64>::deserialize(deserializer)? else { return Ok(None) };
    let most = i64::try_from(WHOLE_MAX).unwrap_or(i64::MAX);
    match T::try_from(number) {
        Ok(fitting) if (LEAST..=most).contains(&number) => Ok(Some(fitting)),
        _ => Err(D::Error::custom(format_args!("{OUT_OF_RANGE_PREFIX}: {number} is not between {LEAST} and {most}"))),
    }
}

/// A finite number, exactly as sent: serde_json's own reading of long fractions may be off in the last bit, and a time
/// in epoch milliseconds with fractions is that long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            let kind = if text.starts_with('"') { "string " } else { "" };
            return Err(D::Error::custom(format_args!("invalid type: {kind}{text}, expected a number")));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Number(number)),
            _ => Err(D::Error::custom(format_args!("{OUT_OF_RANGE_PREFIX}: {text} does not fit 64 bits"))),
        }
    }
}

/// A duration, size or rate: a finite number, not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length(pub f64);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Number(number) = Number::deserialize(deserializer)?;
        if number < 0.0 {
            return Err(D::Error::custom(format_args!("{OUT_OF_RANGE_PREFIX}: {number} is negative")));
        }
        Ok(Length(number))
    }
}

/// A part of a whole: a number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Number(number) = Number::deserialize(deserializer)?;
        if !(0.0..=1.0).contains(&number) {
            return Err(D::Error::custom(format_args!("{OUT_OF_RANGE_PREFIX}: {number} is not between 0 and 1")));
        }
        Ok(Share(number))
    }
}

/// One list of a pointer trail, at most [`TRAIL_SAMPLES_MAX`] long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples(pub Vec<f64>);

impl<'de> Deserialize<'de> for Samples {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Samples;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a list of numbers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Samples, A::Error> {
                let mut samples = Vec::new();
                while let Some(Number(sample)) = list.next_element()? {
                    if samples.len() == TRAIL_SAMPLES_MAX {
                        return Err(A::Error::custom(format_args!(
                            "{TOO_LONG_PREFIX}: more than {TRAIL_SAMPLES_MAX} samples"
                        )));
                    }
                    samples.push(sample);
                }
                Ok(Samples(samples))
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}

/// A list of which only the first [`EVENTS_MAX`] are kept: what is over the limit is counted without memory for it.
pub(super) struct Counted<E> {
    pub items: Vec<E>,
    pub count: usize,
}

impl<'de, E: Deserialize<'de>> Deserialize<'de> for Counted<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<E>(PhantomData<E>);
        impl<'de, E: Deserialize<'de>> Visitor<'de> for Items<E> {
            type Value = Counted<E>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a list of events")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Counted<E>, A::Error> {
                let mut items = Vec::new();
                while items.len() < EVENTS_MAX {
                    match list.next_element()? {
                        Some(item) => items.push(item),
                        None => return Ok(Counted { count: items.len(), items }),
                    }
                }
                let mut count = items.len();
                while list.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Counted { items, count })
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// A value that does no harm by being wrong: then it is `None`.
#[derive(Debug)]
pub(super) struct Lenient<T>(pub Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(serde_json::from_str(raw).ok()))
    }
}

/// A JSON object kept as its text: every string in it is within the limit and whole, every number finite.
#[derive(Clone, Copy, Debug)]
pub struct Properties<'a>(pub &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let Object(Checked) =
            serde_json::from_str(raw).map_err(|error| D::Error::custom(super::reject::without_place(&error)))?;
        Ok(Properties(raw))
    }
}

/// Reads any JSON value and keeps nothing, but unlike [`IgnoredAny`] looks at every string and number.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Checked)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Checked;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(self)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(self)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
        Ok(self)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(self)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Checked, E> {
        check_length(text).map(|_| self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Checked, A::Error> {
        while list.next_element::<Checked>()?.is_some() {}
        Ok(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Checked, A::Error> {
        while map.next_entry::<Checked, Checked>()?.is_some() {}
        Ok(self)
    }
}
