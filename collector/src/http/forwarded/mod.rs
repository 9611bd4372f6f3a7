//! How proxies spell the address that they forward for: `X-Forwarded-For` in its many forms, and RFC 7239 `Forwarded`.
//!
//! Read from the right, where the nearest proxy writes: what stands to the left may come from anybody, and nothing in
//! it can change how the right is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use warp::http::HeaderMap;
use warp::http::header::FORWARDED;

use crate::config::ForwardedBy;

#[cfg(test)]
mod tests;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Longest spelling of an address: an IPv6 address with a zone, brackets, a port and quotes.
const NODE_BYTES_MAX: usize = 128;

/// The hops that the header names, the nearest first; `None` for one that is spelt so that it names no address
/// (`unknown`, `_hidden`, nonsense).
pub(crate) fn hops(headers: &HeaderMap, by: ForwardedBy) -> impl Iterator<Item = Option<IpAddr>> + '_ {
    let rfc_7239 = match by {
        ForwardedBy::Either => !headers.contains_key(X_FORWARDED_FOR),
        ForwardedBy::XForwardedFor => false,
        ForwardedBy::Forwarded => true,
    };
    let name = if rfc_7239 { FORWARDED.as_str() } else { X_FORWARDED_FOR };
    let lines = headers.get_all(name).iter().rev();
    let elements = lines.flat_map(|line| from_right(line.as_bytes(), b','));
    // Empty elements of a list mean nothing (RFC 9110, section 5.6.1).
    elements
        .filter(|element| !element.is_empty())
        .map(move |element| if rfc_7239 { for_node(element) } else { node(element) })
}

/// The parts of `text` between separators, the last one first, without white space around them. A separator inside of
/// quotes is none.
fn from_right(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        for at in (0..text.len()).rev() {
            match text[at] {
                b'"' if at == 0 || text[at - 1] != b'\\' => quoted = !quoted,
                byte if byte == separator && !quoted => {
                    rest = Some(&text[..at]);
                    return Some(text[at + 1..].trim_ascii());
                }
                _ => {}
            }
        }
        rest = None;
        Some(text.trim_ascii())
    })
}

/// The address in the `for` of one element of `Forwarded`, if it has exactly one.
fn for_node(element: &[u8]) -> Option<IpAddr> {
    let mut nodes = from_right(element, b';').filter_map(|pair| {
        let (name, value) = pair.split_at_checked(4)?;
        name.eq_ignore_ascii_case(b"for=").then_some(value)
    });
    let only = nodes.next()?;
    nodes.next().is_none().then(|| node(only))?
}

/// The address in one spelling: bare, quoted, in brackets, with a port, with a zone, mapped from IPv4.
fn node(text: &[u8]) -> Option<IpAddr> {
    if text.len() > NODE_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_prefix('"').map_or(Some(text), |inner| inner.strip_suffix('"'))?;
    let address = if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then(|| v6(address))??
    } else if let Some((address, port)) = text.split_once(':').filter(|(_, port)| !port.contains(':')) {
        is_port(port).then(|| address.parse::<Ipv4Addr>().ok())??.into()
    } else {
        text.parse::<Ipv4Addr>().ok().map(IpAddr::V4).or_else(|| v6(text))?
    };
    Some(address.to_canonical())
}

fn v6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _zone)| address);
    address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// A port, or a hidden one (`_` and some characters), as RFC 7239, section 6 has it.
fn is_port(text: &str) -> bool {
    let hidden = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let number = |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('_').map_or_else(|| number(text), hidden)
}
