//! Addresses: each becomes that of an asset which the recording itself names, or is gone.

use std::borrow::Cow;

use url::Url;

/// Where the assets of a recording are kept: its own map of addresses to assets, never one that recordings share.
pub trait Assets {
    /// Where a player gets what the page got from this address; none when it is not kept. What is given is written into
    /// attributes and style sheets as it is, so it must be an address of the studio's own.
    ///
    /// For an address that it gave it should give the same again; then sanitising twice changes nothing.
    fn address(&self, url: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String>> Assets for F {
    fn address(&self, url: &str) -> Option<String> {
        self(url)
    }
}

/// A recording without assets.
pub struct NoAssets;

impl Assets for NoAssets {
    fn address(&self, _: &str) -> Option<String> {
        None
    }
}

/// Longest address that is looked up, in bytes; pictures in addresses have no bound of their own.
const URL_BYTES_MAX: usize = 4096;

/// Pictures that stand in their own address. An SVG picture runs no scripts and loads nothing, wherever it is shown as a
/// picture (SVG Integration, "secure static mode").
const PICTURES: [&str; 9] = [
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/x-icon",
    "image/svg+xml",
];

/// The address of an asset or a picture, where the page had this one, which may be relative to `base`.
pub(super) fn shown(url: &str, base: Option<&Url>, assets: &dyn Assets) -> Option<String> {
    let url = url.trim_matches(|char: char| char <= ' ');
    if url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return is_picture(&url[5..]).then(|| url.to_owned());
    }
    if url.is_empty() || url.len() > URL_BYTES_MAX || url.starts_with('#') {
        return None;
    }
    assets.address(url).or_else(|| assets.address(base?.join(url).ok()?.as_str()))
}

/// A place in the same document (`#name`), if it is one.
pub(super) fn fragment(url: &str) -> Option<&str> {
    let url = url.trim_matches(|char: char| char <= ' ');
    let harmless = |byte: u8| byte > b' ' && !matches!(byte, b'"' | b'\'' | b'(' | b')' | b'\\' | b'<' | b'>' | 0x7f);
    (url.starts_with('#') && url.len() <= URL_BYTES_MAX && url.bytes().all(harmless)).then_some(url)
}

/// What follows `data:`.
fn is_picture(rest: &str) -> bool {
    let Some((kind, _)) = rest.split_once(',') else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    PICTURES.iter().any(|picture| picture.eq_ignore_ascii_case(kind)) && rest.bytes().all(|byte| byte >= b' ')
}

/// A `srcset` without what is not kept; none when nothing is left.
pub(super) fn srcset(value: &str, assets: &dyn Assets) -> Option<String> {
    let mut rest = value;
    let mut left = Vec::new();
    loop {
        rest = rest.trim_start_matches(|char: char| char <= ' ' || char == ',');
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|char: char| char <= ' ').unwrap_or(rest.len());
        let (mut url, mut descriptor) = (&rest[..end], "");
        rest = &rest[end..];
        if let Some(alone) = url.strip_suffix(',') {
            url = alone.trim_end_matches(',');
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            descriptor = rest[..end].trim_matches(|char: char| char <= ' ');
            rest = &rest[end..];
        }
        if let (Some(shown), true) = (shown(url, None, assets), is_descriptor(descriptor)) {
            // A comma or a space within an address would end it.
            if !shown.contains([' ', '\t', '\n']) && !shown.ends_with(',') {
                left.push(if descriptor.is_empty() { shown } else { format!("{shown} {descriptor}") });
            }
        }
    }
    (!left.is_empty()).then(|| left.join(", "))
}

/// `2x`, `640w`, or nothing.
fn is_descriptor(text: &str) -> bool {
    let number = text.strip_suffix(['x', 'w', 'h']).unwrap_or(text);
    text.is_empty() || (number.len() < text.len() && number.len() < 16 && number.parse::<f32>().is_ok())
}

/// What is written into an attribute that marks a link as one: `:link` matches, and there is nowhere to go.
pub(super) const NOWHERE: Cow<'static, str> = Cow::Borrowed("#");

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(url: &str) -> Option<String> {
        match url {
            "https://shop.example/a.png" => Some("/assets/1".into()),
            "/assets/1" => Some("/assets/1".into()),
            _ => None,
        }
    }

    #[test]
    fn only_kept_addresses_and_pictures_are_left() {
        let base = Url::parse("https://shop.example/css/app.css").unwrap();
        let shown = |url| shown(url, Some(&base), &kept);
        assert_eq!(shown(" https://shop.example/a.png\n").as_deref(), Some("/assets/1"));
        assert_eq!(shown("../a.png").as_deref(), Some("/assets/1"));
        assert_eq!(shown("DATA:image/png;base64,AA==").as_deref(), Some("DATA:image/png;base64,AA=="));
        for gone in [
            "https://evil.example/",
            "//evil.example/a.png",
            "javascript:alert(1)",
            "data:text/html,<script>",
            "data:image/png",
            "data:image/pngx,a",
            "data:,image/png,",
            "data:image/png,\u{1}a",
            "blob:https://shop.example/1",
            "#a",
            "",
        ] {
            assert_eq!(shown(gone), None, "{gone}");
        }
    }

    #[test]
    fn candidates_are_judged_one_by_one() {
        let srcset = |value: &str| srcset(value, &kept);
        let url = "https://shop.example/a.png";
        assert_eq!(
            srcset(&format!("{url} 1x, https://evil.example/b.png 2x,{url} 640w")).as_deref(),
            Some("/assets/1 1x, /assets/1 640w")
        );
        assert_eq!(srcset(&format!("{url},, //evil.example/x")).as_deref(), Some("/assets/1"));
        assert_eq!(srcset(&format!("{url} 1x https://evil.example/b.png")), None);
        assert_eq!(srcset("https://evil.example/a.png"), None);
        assert_eq!(srcset(" , ,"), None);
    }

    #[test]
    fn places_in_the_document_are_left() {
        assert_eq!(fragment("#icon-1"), Some("#icon-1"));
        assert_eq!(fragment("page#icon"), None);
        assert_eq!(fragment("#a\")"), None);
    }
}
