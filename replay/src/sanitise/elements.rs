//! Which elements are shown. Any other becomes a `span`, or what is never drawn: its number stays, so that what stands
//! beside it finds its place.

use std::borrow::Cow;

/// An element that is shown. Custom elements are all alike: nothing defines them in a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Html(&'static str),
    Svg(&'static str),
    Custom,
}

impl Tag {
    pub(super) fn is_svg(self) -> bool {
        matches!(self, Self::Svg(_))
    }

    /// Its name, the same in both languages; of custom elements none.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Html(name) | Self::Svg(name) => name,
            Self::Custom => "",
        }
    }

    /// Whether text in it is a style sheet. A `link` is: rrweb makes it a `style` when it has text.
    pub(super) fn holds_css(self) -> bool {
        matches!(self.name(), "style" | "link")
    }

    /// Whether it may have a shadow tree (DOM standard, "valid shadow host name").
    pub(super) fn may_host(self) -> bool {
        self == Self::Custom || (!self.is_svg() && SHADOW_HOSTS.contains(&self.name()))
    }
}

/// What stands for an element that must not be there: without a box, its text unseen. rrweb hides `noscript`, and what `desc`
/// holds is never drawn.
const HTML_UNSEEN: &str = "noscript";
const SVG_UNSEEN: &str = "desc";

/// Elements of HTML that do what no recording may, and have nothing to show.
const HTML_NEVER: [&str; 9] =
    ["applet", "base", "embed", "fencedframe", "frame", "object", "param", "portal", "script"];

/// Animations of SVG write any attribute, addresses too.
const SVG_NEVER: [&str; 7] =
    ["animate", "animateColor", "animateMotion", "animateTransform", "discard", "script", "set"];

/// Names with a hyphen that are no custom element's (HTML, "valid custom element name").
const NOT_CUSTOM: [&str; 8] = [
    "annotation-xml",
    "color-profile",
    "font-face",
    "font-face-src",
    "font-face-uri",
    "font-face-format",
    "font-face-name",
    "missing-glyph",
];

const CUSTOM_NAME_BYTES_MAX: usize = 64;

/// What an element of this name is shown as, and by which name; whether that is another element than it was.
pub(super) fn shown_as<'a>(name: &str, svg: bool) -> (Tag, Cow<'a, str>, bool) {
    let (tag, name, kept) = if svg { svg_element(name) } else { html_element(name) };
    (tag, name.map_or(Cow::Borrowed(tag.name()), Cow::Owned), kept)
}

fn svg_element(name: &str) -> (Tag, Option<String>, bool) {
    if let Some(known) = SVG.iter().find(|known| **known == name) {
        return (Tag::Svg(known), None, true);
    }
    // rrweb's names are of lower case where a page's markup had them so.
    if let Some(known) = SVG.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        return (Tag::Svg(known), None, true);
    }
    let never = SVG_NEVER.iter().any(|never| never.eq_ignore_ascii_case(name));
    (Tag::Svg(if never { SVG_UNSEEN } else { "g" }), None, false)
}

fn html_element(name: &str) -> (Tag, Option<String>, bool) {
    let name = name.to_ascii_lowercase();
    if let Ok(place) = HTML.binary_search(&&*name) {
        return (Tag::Html(HTML[place]), None, true);
    }
    if is_custom(&name) {
        return (Tag::Custom, Some(name), true);
    }
    (Tag::Html(if HTML_NEVER.contains(&&*name) { HTML_UNSEEN } else { "span" }), None, false)
}

fn is_custom(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'));
    first && rest && name.contains('-') && name.len() <= CUSTOM_NAME_BYTES_MAX && !NOT_CUSTOM.contains(&name)
}

const SHADOW_HOSTS: [&str; 18] = [
    "article",
    "aside",
    "blockquote",
    "body",
    "div",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "main",
    "nav",
    "p",
    "section",
    "span",
];

/// In the order of their letters.
#[rustfmt::skip]
pub(super) const HTML: [&str; 121] = [
    "a", "abbr", "acronym", "address", "area", "article", "aside", "audio", "b", "bdi", "bdo", "big", "blockquote", "body",
    "br", "button", "canvas", "caption", "center", "cite", "code", "col", "colgroup", "data", "datalist", "dd", "del",
    "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "fieldset", "figcaption", "figure", "font", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe", "img", "input",
    "ins", "kbd", "label", "legend", "li", "link", "main", "map", "mark", "marquee", "menu", "meta", "meter", "nav", "nobr",
    "noscript", "ol", "optgroup", "option", "output", "p", "picture", "pre", "progress", "q", "rb", "rp", "rt", "rtc",
    "ruby", "s", "samp", "search", "section", "select", "selectedcontent", "slot", "small", "source", "span", "strike",
    "strong", "style", "sub", "summary", "sup", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead",
    "time", "title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr", "xmp",
];

#[rustfmt::skip]
pub(super) const SVG: [&str; 62] = [
    "a", "circle", "clipPath", "defs", "desc", "ellipse", "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite",
    "feConvolveMatrix", "feDiffuseLighting", "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA",
    "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feImage", "feMerge", "feMergeNode", "feMorphology", "feOffset",
    "fePointLight", "feSpecularLighting", "feSpotLight", "feTile", "feTurbulence", "filter", "foreignObject", "g", "hatch",
    "hatchpath", "image", "line", "linearGradient", "marker", "mask", "mesh", "meshpatch", "meshrow", "metadata", "mpath",
    "path", "pattern", "polygon", "polyline", "radialGradient", "rect", "stop", "style", "svg", "switch", "symbol", "text",
    "textPath", "title", "tspan", "use",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        assert!(HTML.is_sorted() && SVG.is_sorted());
    }

    #[test]
    fn elements_become_what_may_be_shown() {
        let shown = |name, svg| shown_as(name, svg).1.into_owned();
        assert_eq!(shown("DIV", false), "div");
        assert_eq!(shown("ScRiPt", false), "noscript");
        assert_eq!(shown("blink", false), "span");
        assert_eq!(shown("my-box", false), "my-box");
        assert_eq!(shown("font-face", false), "span");
        assert_eq!(shown("my-box\u{0}", false), "span");
        assert_eq!(shown("lineargradient", true), "linearGradient");
        assert_eq!(shown("SCRIPT", true), "desc");
        assert_eq!(shown("script", true), "desc");
        assert_eq!(shown("img", true), "g");
        assert_eq!(shown("animate", true), "desc");
    }
}
