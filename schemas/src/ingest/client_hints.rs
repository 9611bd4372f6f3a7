//! What a browser says about itself beside its user agent: User-Agent Client Hints
//! (<https://wicg.github.io/ua-client-hints/>), and how many fingers its screen takes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Longest text of one hint, as UTF-8: names of devices and brands are shorter than 64.
pub const HINT_BYTES_MAX: usize = 128;
/// Most brands of one browser: they send three or four.
pub const BRANDS_MAX: usize = 16;

/// Hints of one browser. None of them is needed, none may sink a batch: see [`super::Header::client_hints`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ClientHints<'a> {
    /// `Windows`, `macOS`, `Android`, `Chrome OS`, …
    #[serde(borrow)]
    pub platform: Option<Hint<'a>>,
    /// Of Windows not the version: 13.0.0 and later are Windows 11.
    #[serde(borrow)]
    pub platform_version: Option<Hint<'a>>,
    /// `x86` or `arm`.
    #[serde(borrow)]
    pub architecture: Option<Hint<'a>>,
    /// `32` or `64`.
    #[serde(borrow)]
    pub bitness: Option<Hint<'a>>,
    /// Of a phone or tablet.
    #[serde(borrow)]
    pub model: Option<Hint<'a>>,
    /// Whether the browser wants pages for phones.
    pub mobile: Option<bool>,
    /// With full versions where the browser gave them.
    #[serde(borrow)]
    pub brands: Option<Brands<'a>>,
    /// `navigator.maxTouchPoints`
    pub max_touch_points: Option<u16>,
}

/// One name of the browser, of its engine, or an invented one that keeps readers from fixed lists.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Brand<'a> {
    /// Such as `Chromium`.
    #[serde(borrow)]
    pub brand: Hint<'a>,
    /// Of that brand; the major number alone, or whole.
    #[serde(borrow)]
    pub version: Hint<'a>,
}

impl<'a> ClientHints<'a> {
    /// These hints, and where there is none what `other` says.
    pub fn completed_by(self, other: Self) -> Self {
        Self {
            platform: self.platform.or(other.platform),
            platform_version: self.platform_version.or(other.platform_version),
            architecture: self.architecture.or(other.architecture),
            bitness: self.bitness.or(other.bitness),
            model: self.model.or(other.model),
            mobile: self.mobile.or(other.mobile),
            brands: self.brands.or(other.brands),
            max_touch_points: self.max_touch_points.or(other.max_touch_points),
        }
    }
}

/// A text of at most [`HINT_BYTES_MAX`]. Browsers send an empty one for what they do not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint<'a>(pub Cow<'a, str>);

impl Deref for Hint<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> Hint<'a> {
    /// `None` if the text is too long for a hint.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Option<Self> {
        let text = text.into();
        (text.len() <= HINT_BYTES_MAX).then_some(Self(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Hint<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Characters;
        impl<'de> Visitor<'de> for Characters {
            type Value = Hint<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                write!(formatter, "a string of at most {HINT_BYTES_MAX} bytes")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Hint<'de>, E> {
                Hint::new(text).ok_or_else(|| E::invalid_length(text.len(), &self))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Hint<'de>, E> {
                Hint::new(text.to_owned()).ok_or_else(|| E::invalid_length(text.len(), &self))
            }
        }
        deserializer.deserialize_str(Characters)
    }
}

/// A list of at most [`BRANDS_MAX`] brands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brands<'a>(pub Vec<Brand<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Brands<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Brands<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                write!(formatter, "a list of at most {BRANDS_MAX} brands")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Brands<'de>, A::Error> {
                let mut brands = Vec::new();
                while let Some(brand) = list.next_element()? {
                    if brands.len() == BRANDS_MAX {
                        return Err(A::Error::invalid_length(BRANDS_MAX + 1, &self));
                    }
                    brands.push(brand);
                }
                Ok(Brands(brands))
            }
        }
        deserializer.deserialize_seq(List)
    }
}
