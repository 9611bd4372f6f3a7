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
mod tests;
