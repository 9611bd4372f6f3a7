//! What a style sheet may call: functions and rules that load nothing but by `url()`, which is looked at.

use cssparser::CowRcStr;

/// Whether a function may stand, by its name in lower case.
pub(super) fn is_function(name: &CowRcStr<'_>) -> bool {
    FUNCTIONS.binary_search(&&*name.to_ascii_lowercase()).is_ok()
}

/// Functions in which a text is an address.
pub(super) fn takes_addresses(name: &CowRcStr<'_>) -> bool {
    matches!(&*name.to_ascii_lowercase(), "image-set" | "-webkit-image-set")
}

/// Functions that may stand in one that takes addresses: none that is put in the place of another's words.
pub(super) fn is_no_substitution(name: &CowRcStr<'_>) -> bool {
    let name = name.to_ascii_lowercase();
    name == "type" || name.ends_with("-gradient") || name == "calc"
}

pub(super) fn is_rule(name: &CowRcStr<'_>) -> bool {
    RULES.contains(&&*name.to_ascii_lowercase())
}

/// Rules that load nothing by themselves. `@import`, `@namespace` and `@document` name addresses; `@charset` is no rule.
const RULES: [&str; 35] = [
    "annotation",
    "bottom-center",
    "bottom-left",
    "bottom-right",
    "character-variant",
    "container",
    "counter-style",
    "font-face",
    "font-feature-values",
    "font-palette-values",
    "historical-forms",
    "keyframes",
    "-webkit-keyframes",
    "-moz-keyframes",
    "-o-keyframes",
    "layer",
    "media",
    "ornaments",
    "page",
    "position-try",
    "property",
    "scope",
    "starting-style",
    "styleset",
    "stylistic",
    "supports",
    "swash",
    "top-center",
    "top-left",
    "top-right",
    "view-transition",
    "viewport",
    "-ms-viewport",
    "left-middle",
    "right-middle",
];

/// In the order of their letters. Not here: what takes an address as text (`src`, `image`, `filter`), what runs code
/// (`expression`, `paint`), what shows another element (`element`), functions of a sheet's own, `if`.
#[rustfmt::skip]
const FUNCTIONS: &[&str] = &[
    "-moz-linear-gradient", "-moz-radial-gradient", "-o-linear-gradient", "-webkit-any", "-webkit-cross-fade",
    "-webkit-fit-content", "-webkit-gradient", "-webkit-image-set", "-webkit-linear-gradient",
    "-webkit-max-content", "-webkit-radial-gradient", "-webkit-repeating-linear-gradient",
    "-webkit-repeating-radial-gradient", "-webkit-scrollbar", "abs", "acos", "active-view-transition-type", "alpha",
    "anchor", "anchor-size", "annotation", "asin", "atan", "atan2", "attr", "blur", "brightness", "calc",
    "calc-size", "character-variant", "circle", "clamp", "color", "color-contrast", "color-mix", "color-stop",
    "conic-gradient", "contrast", "cos", "counter", "counters", "cross-fade", "cubic-bezier", "cue", "device-cmyk",
    "dir", "drop-shadow", "ellipse", "env", "exp", "fit-content", "font-format", "font-tech", "format", "frames",
    "from", "grayscale", "has", "has-slotted", "highlight", "host", "host-context", "hsl", "hsla", "hue-rotate",
    "hwb", "hypot", "image-set", "inset", "invert", "is", "lab", "lang", "layer", "lch", "leader", "light-dark",
    "linear", "linear-gradient", "local", "log", "matrix", "matrix3d", "max", "min", "minmax", "mod", "not",
    "nth-child", "nth-col", "nth-last-child", "nth-last-col", "nth-last-of-type", "nth-of-type", "oklab", "oklch",
    "opacity", "ornaments", "palette-mix", "part", "path", "perspective", "picker", "polygon", "pow", "progress",
    "radial-gradient", "random", "ray", "rect", "rem", "repeat", "repeating-conic-gradient",
    "repeating-linear-gradient", "repeating-radial-gradient", "rgb", "rgba", "rotate", "rotate3d", "rotatex",
    "rotatey", "rotatez", "round", "saturate", "scale", "scale3d", "scalex", "scaley", "scalez", "scroll",
    "scroll-state", "selector", "sepia", "shape", "sibling-count", "sibling-index", "sign", "sin", "skew", "skewx",
    "skewy", "slotted", "snap-block", "snap-inline", "sqrt", "state", "steps", "style", "styleset", "stylistic",
    "supports", "swash", "symbols", "tan", "target-counter", "target-counters", "target-text", "tech", "to",
    "translate", "translate3d", "translatex", "translatey", "translatez", "type", "var", "view",
    "view-transition-group", "view-transition-image-pair", "view-transition-new", "view-transition-old", "where",
    "xywh",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        assert!(FUNCTIONS.is_sorted());
        for never in ["url", "src", "image", "element", "expression", "paint", "if", "filter", "--own"] {
            assert!(!is_function(&never.into()), "{never}");
        }
    }
}
