//! Which attributes are shown, of which elements, with which values. Any other is gone.

use std::borrow::Cow;

use super::css;
use super::elements::Tag;
use super::urls::{self, Assets, NOWHERE};
use crate::event::{Attribute, StyleChange, Value};

/// Longest name of an attribute or a property, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// rrweb's name for the whole sheet of a `style` or a `link`.
const CSS_TEXT: &str = "_cssText";

/// What a value is, which decides how it is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Nothing but text, whatever it says.
    Plain,
    /// A presentation attribute, which may say `url()`.
    Styled,
    /// The declarations of an element.
    Declarations,
    /// A style sheet, by which rrweb replaces an element's text.
    Sheet,
    /// The address of a picture or a style sheet, which the player loads.
    Asset,
    Candidates,
    /// The address that a person could follow.
    Link,
    /// A place in the same document.
    Fragment,
    /// What a link is to its page.
    Relation,
    /// Which metadata this is.
    Metadata,
    Pixels,
    Number,
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
    Picture,
}

/// Whether the attribute may stand on the element; then its value is what may be shown. Also how much of it was taken out.
pub(super) fn clean(attribute: &mut Attribute<'_>, tag: Tag, assets: &dyn Assets) -> (bool, u64) {
    if attribute.name.len() > NAME_BYTES_MAX {
        return (false, 1);
    }
    let of_page = attribute.name != CSS_TEXT && !attribute.name.starts_with("rr_");
    if of_page && !tag.is_svg() && attribute.name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        attribute.name = Cow::Owned(attribute.name.to_ascii_lowercase());
    }
    let Some(sort) = sort(&attribute.name, tag) else { return (false, 1) };
    if matches!(attribute.value, Value::Null) {
        return (true, 0);
    }
    let mut removed = 0;
    let left = match (sort, &mut attribute.value) {
        (Sort::Declarations, Value::Style(changes)) => {
            changes.retain_mut(|change| style_change(change, assets, &mut removed));
            return (true, removed);
        }
        (_, Value::Style(_)) => None,
        (Sort::Plain | Sort::Switch, Value::Bool(yes)) => Some(Value::Bool(*yes)),
        (Sort::Plain | Sort::Styled | Sort::Pixels | Sort::Number, Value::Number(number)) => {
            Some(Value::Number(*number))
        }
        (_, Value::Text(text)) => value(sort, text, assets, &mut removed).map(Value::Text),
        _ => None,
    };
    match left {
        Some(left) => {
            attribute.value = left;
            (true, removed)
        }
        None => (false, removed + 1),
    }
}

fn value<'a>(sort: Sort, text: &mut Cow<'a, str>, assets: &dyn Assets, removed: &mut u64) -> Option<Cow<'a, str>> {
    let mut clean = |text: &str| {
        let (css, gone) = css::clean_css(text, None, assets);
        *removed += gone;
        Some(Cow::Owned(css))
    };
    match sort {
        Sort::Plain => Some(std::mem::take(text)),
        Sort::Styled | Sort::Declarations => clean(text),
        Sort::Sheet => {
            let (css, gone) = css::clean_text(text, assets);
            *removed += gone;
            Some(Cow::Owned(css))
        }
        Sort::Asset => urls::shown(text, None, assets).map(Cow::Owned),
        Sort::Candidates => urls::srcset(text, assets).map(Cow::Owned),
        Sort::Link => Some(NOWHERE),
        Sort::Fragment => urls::fragment(text).map(|place| Cow::Owned(place.to_owned())),
        Sort::Relation => {
            let sheet = text.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("stylesheet"));
            sheet.then_some(Cow::Borrowed("stylesheet"))
        }
        Sort::Metadata => ["color-scheme", "viewport"].contains(&&**text).then(|| std::mem::take(text)),
        Sort::Pixels => is_pixels(text).then(|| std::mem::take(text)),
        Sort::Word(words) => words.contains(&&**text).then(|| std::mem::take(text)),
        Sort::Picture => urls::shown(text, None, &super::NoAssets).map(Cow::Owned),
        Sort::Number | Sort::Switch => None,
    }
}

/// Whether a change of a style may stand; then its value is what may be shown.
pub(super) fn style_change(change: &mut StyleChange<'_>, assets: &dyn Assets, removed: &mut u64) -> bool {
    if !is_property(&change.property) {
        *removed += 1;
        return false;
    }
    if let Some((value, _)) = &mut change.value {
        let (css, gone) = css::clean_css(value, None, assets);
        *removed += gone;
        *value = Cow::Owned(css);
    }
    true
}

pub(super) fn is_property(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}

/// `12.5px`, as rrweb writes the size of a blocked element.
fn is_pixels(text: &str) -> bool {
    text.len() < 32 && text.strip_suffix("px").is_some_and(|number| number.parse::<f32>().is_ok_and(f32::is_finite))
}

fn sort(name: &str, tag: Tag) -> Option<Sort> {
    if let Some(rest) = name.strip_prefix("rr_") {
        return of_rrweb(rest, tag);
    }
    let sort = match (name, tag.name()) {
        ("style", _) => Sort::Declarations,
        (CSS_TEXT, "style" | "link") => Sort::Sheet,
        ("href" | "xlink:href", "a" | "area") => Sort::Link,
        ("href" | "xlink:href", "image" | "feImage") if tag.is_svg() => Sort::Asset,
        ("href" | "xlink:href", _) if tag.is_svg() => Sort::Fragment,
        ("usemap", _) => Sort::Fragment,
        // Of an animation it would be what is written into any attribute.
        ("values", "feColorMatrix") => Sort::Plain,
        ("href", "link") | ("src", "img" | "input") | ("poster", "video") => Sort::Asset,
        ("background", "body" | "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th") => Sort::Asset,
        ("srcset", "img" | "source") => Sort::Candidates,
        ("rel", "link") => Sort::Relation,
        ("name", "meta") => Sort::Metadata,
        ("content", "meta") => Sort::Plain,
        // A name reaches into the document, and could stand before what a player asks it (`document.head`).
        ("name", "button" | "details" | "fieldset" | "input" | "output" | "select" | "slot" | "textarea") => {
            Sort::Plain
        }
        ("xmlns" | "xmlns:xlink", _) => {
            Sort::Word(&["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"])
        }
        _ if is_prefixed(name) || PLAIN.binary_search(&name).is_ok() => Sort::Plain,
        _ if STYLED.binary_search(&name).is_ok() => Sort::Styled,
        _ if tag.is_svg() && SVG.binary_search(&name).is_ok() => Sort::Plain,
        _ => return None,
    };
    Some(sort)
}

/// What rrweb notes of an element beside its attributes. Not `rr_src`, from which a frame would load.
fn of_rrweb(name: &str, tag: Tag) -> Option<Sort> {
    Some(match name {
        "width" | "height" => Sort::Pixels,
        "scrollLeft" | "scrollTop" | "mediaCurrentTime" | "mediaPlaybackRate" | "mediaVolume" => Sort::Number,
        "mediaMuted" | "mediaLoop" => Sort::Switch,
        "mediaState" => Sort::Word(&["played", "paused"]),
        "open_mode" => Sort::Word(&["modal", "non-modal"]),
        "dataURL" if tag == Tag::Html("img") => Sort::Picture,
        _ => return None,
    })
}

fn is_prefixed(name: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b':');
    (name.starts_with("data-") || name.starts_with("aria-")) && name.bytes().all(plain)
}

/// Of any element, in the order of their letters.
#[rustfmt::skip]
const PLAIN: &[&str] = &[
    "abbr", "align", "alt", "autocapitalize", "autocomplete", "axis", "bgcolor", "border", "cellpadding", "cellspacing",
    "char", "charoff", "charset", "checked", "class", "clear", "color", "cols", "colspan", "compact", "contenteditable",
    "controls", "coords", "datetime", "default", "dir", "dirname", "disabled", "draggable", "enterkeyhint", "exportparts",
    "face", "for", "form", "frame", "frameborder", "headers", "height", "hidden", "high", "hspace", "id", "indeterminate",
    "inert", "inputmode", "ismap", "kind", "label", "lang", "list", "low", "marginheight", "marginwidth", "max",
    "maxlength", "media", "min", "minlength", "multiple", "noshade", "novalidate", "nowrap", "open", "optimum", "part",
    "placeholder", "popover", "readonly", "required", "reversed", "role", "rows", "rowspan", "rules", "scope",
    "scrolling", "selected", "shape", "size", "sizes", "slot", "span", "spellcheck", "srclang", "start", "step",
    "summary", "tabindex", "title", "translate", "type", "valign", "value", "vspace", "width", "wrap",
];

/// Presentation attributes of SVG, in the order of their letters.
#[rustfmt::skip]
const STYLED: &[&str] = &[
    "clip-path", "cursor", "fill", "filter", "marker-end", "marker-mid", "marker-start", "mask", "stroke",
];

/// Of SVG alone, in the order of their letters.
#[rustfmt::skip]
const SVG: &[&str] = &[
    "alignment-baseline", "amplitude", "azimuth", "baseFrequency", "baseline-shift", "bias", "clip", "clip-rule",
    "clipPathUnits", "color-interpolation", "color-interpolation-filters", "cx", "cy", "d", "diffuseConstant",
    "direction", "display", "divisor", "dominant-baseline", "dx", "dy", "edgeMode", "elevation", "exponent",
    "fill-opacity", "fill-rule", "filterUnits", "flood-color", "flood-opacity", "font-family", "font-size",
    "font-size-adjust", "font-stretch", "font-style", "font-variant", "font-weight", "fr", "fx", "fy", "gradientTransform",
    "gradientUnits", "image-rendering", "in", "in2", "intercept", "k1", "k2", "k3", "k4", "kernelMatrix",
    "kernelUnitLength", "lengthAdjust", "letter-spacing", "lighting-color", "limitingConeAngle", "markerHeight",
    "markerUnits", "markerWidth", "maskContentUnits", "maskUnits", "mode", "numOctaves", "offset", "opacity", "operator",
    "order", "orient", "overflow", "paint-order", "pathLength", "patternContentUnits", "patternTransform",
    "patternUnits", "pointer-events", "points", "pointsAtX", "pointsAtY", "pointsAtZ", "preserveAlpha",
    "preserveAspectRatio", "primitiveUnits", "r", "radius", "refX", "refY", "result", "rotate", "rx", "ry", "scale",
    "seed", "shape-rendering", "side", "slope", "spacing", "specularConstant", "specularExponent", "spreadMethod",
    "startOffset", "stdDeviation", "stitchTiles", "stop-color", "stop-opacity", "stroke-dasharray", "stroke-dashoffset",
    "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "surfaceScale",
    "systemLanguage", "tableValues", "targetX", "targetY", "text-anchor", "text-decoration", "text-rendering",
    "textLength", "transform", "transform-origin", "unicode-bidi", "vector-effect", "version", "viewBox",
    "visibility", "word-spacing", "writing-mode", "x", "x1", "x2", "xChannelSelector", "xml:space", "y", "y1", "y2",
    "yChannelSelector", "z",
];

#[cfg(test)]
#[path = "attributes_tests.rs"]
mod tests;
