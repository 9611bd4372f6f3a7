//! Client hints in a request's `Sec-CH-UA*` headers, for what a batch does not say itself: older SDKs, and beacons of a
//! page that ended before its worker had asked the browser.
//!
//! Values are those of Structured Fields (RFC 9651): strings, a boolean, and a list of strings with a parameter `v`.

use schemas::ingest::{BRANDS_MAX, Brand, Brands, ClientHints, Hint};
use warp::http::header::HeaderMap;

/// The hints of a batch, completed by the headers that it came with; `None` if neither says anything.
pub(crate) fn completed<'a>(sent: Option<ClientHints<'a>>, headers: &HeaderMap) -> Option<ClientHints<'a>> {
    let from_headers = of_headers(headers);
    match sent {
        Some(sent) => Some(sent.completed_by(from_headers)),
        None => (from_headers != ClientHints::default()).then_some(from_headers),
    }
}

fn of_headers(headers: &HeaderMap) -> ClientHints<'static> {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let text = |name| value(name).and_then(|value| string(value.trim())).map(|(text, _)| text);
    let brands = value("sec-ch-ua-full-version-list").or_else(|| value("sec-ch-ua")).map(brands);
    ClientHints {
        platform: text("sec-ch-ua-platform"),
        platform_version: text("sec-ch-ua-platform-version"),
        architecture: text("sec-ch-ua-arch"),
        bitness: text("sec-ch-ua-bitness"),
        model: text("sec-ch-ua-model"),
        mobile: value("sec-ch-ua-mobile").and_then(|value| match value.trim() {
            "?1" => Some(true),
            "?0" => Some(false),
            _ => None,
        }),
        brands: brands.filter(|Brands(brands)| !brands.is_empty()),
        max_touch_points: None,
    }
}

/// `"Chromium";v="141", "Not?A_Brand";v="8"`, as far as it can be read.
fn brands(mut list: &str) -> Brands<'static> {
    let mut brands = Vec::new();
    while brands.len() < BRANDS_MAX
        && let Some((brand, rest)) = string(list.trim_start())
        && let Some(rest) = rest.strip_prefix(";v=")
        && let Some((version, rest)) = string(rest)
    {
        brands.push(Brand { brand, version });
        match rest.trim_start().strip_prefix(',') {
            Some(rest) => list = rest,
            None => break,
        }
    }
    Brands(brands)
}

/// The string that the text begins with, if it is no longer than a hint may be, and what follows it.
fn string(text: &str) -> Option<(Hint<'static>, &str)> {
    let mut value = String::new();
    let mut letters = text.strip_prefix('"')?.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((Hint::new(value)?, &text[at + 2..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn texts(hints: &ClientHints) -> Vec<(String, String)> {
        let Some(Brands(brands)) = &hints.brands else { return Vec::new() };
        brands.iter().map(|brand| (brand.brand.to_string(), brand.version.to_string())).collect()
    }

    #[test]
    fn headers_are_read_as_browsers_send_them() {
        let hints = of_headers(&headers(&[
            ("sec-ch-ua", r#""Google Chrome";v="141", "Not?A_Brand";v="8", "Chromium";v="141""#),
            ("sec-ch-ua-mobile", "?0"),
            ("sec-ch-ua-platform", r#""Windows""#),
            ("sec-ch-ua-platform-version", r#""19.0.0""#),
            ("sec-ch-ua-model", r#""""#),
        ]));
        assert_eq!((hints.platform.as_deref(), hints.platform_version.as_deref()), (Some("Windows"), Some("19.0.0")));
        assert_eq!((hints.mobile, hints.architecture, hints.model.as_deref()), (Some(false), None, Some("")));
        let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        let list = ClientHints { brands: hints.brands, ..ClientHints::default() };
        assert_eq!(texts(&list), [pair("Google Chrome", "141"), pair("Not?A_Brand", "8"), pair("Chromium", "141")]);
        let full = of_headers(&headers(&[
            ("sec-ch-ua", r#""Chromium";v="141""#),
            ("sec-ch-ua-full-version-list", r#"" Not A;Brand \"x\"";v="99","Chromium";v="141.0.7390.55""#),
        ]));
        assert_eq!(texts(&full), [pair(r#" Not A;Brand "x""#, "99"), pair("Chromium", "141.0.7390.55")]);
    }

    #[test]
    fn what_is_no_hint_says_nothing() {
        let long = format!("\"{}\"", "x".repeat(schemas::ingest::HINT_BYTES_MAX + 1));
        for value in ["Windows", "\"Windows", "\"Windows\\", "", "?1", &long] {
            let hints = headers(&[("sec-ch-ua-platform", value), ("sec-ch-ua", value), ("sec-ch-ua-mobile", "1")]);
            assert_eq!(completed(None, &hints), None, "{value}");
        }
        let many = vec![r#""a";v="1""#; BRANDS_MAX + 5].join(",");
        assert_eq!(texts(&of_headers(&headers(&[("sec-ch-ua", &many)]))).len(), BRANDS_MAX);
    }

    #[test]
    fn a_batchs_own_hints_come_first() {
        let sent = ClientHints { platform: Hint::new("macOS"), max_touch_points: Some(0), ..ClientHints::default() };
        let found = headers(&[("sec-ch-ua-platform", r#""Windows""#), ("sec-ch-ua-mobile", "?1")]);
        let hints = completed(Some(sent), &found).expect("both say something");
        assert_eq!(
            (hints.platform.as_deref(), hints.mobile, hints.max_touch_points),
            (Some("macOS"), Some(true), Some(0))
        );
    }
}
