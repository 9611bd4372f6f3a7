//! One address: what of its parts is kept.
//!
//! The parts are those of the WHATWG URL Standard (url.spec.whatwg.org), found the way browsers find them: backslashes
//! separate as slashes do, control characters are not there, slashes after a known scheme may be missing.

use super::AllowedQueryKeys;
use super::percent::units;
use super::secret::{is_opaque, mask_into, mask_segment_into};
use super::tail::split_tail;

/// Longest query key that is kept; a longer one is no name but data.
const QUERY_KEY_BYTES_MAX: usize = 40;

/// Schemes that need no slashes to be recognised. `host:8080/x` has a port, not a scheme.
const KNOWN_SCHEMES: [&str; 15] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "javascript",
    "mailto",
    "sms",
    "tel",
    "view-source",
    "ws",
    "wss",
];
/// Schemes after which everything is content and nothing a place.
const CONTENT_SCHEMES: [&str; 5] = ["data", "javascript", "mailto", "sms", "tel"];
/// Schemes around another address.
const WRAPPING_SCHEMES: [&str; 3] = ["blob", "filesystem", "view-source"];

/// Stands where a host or a segment is gone as a whole: with nothing between slashes the next part would become a host.
const NOTHING_LEFT: &str = ";";

/// One pass over an address.
pub(super) fn pass(raw: &str, allowed: &AllowedQueryKeys) -> String {
    // Browsers ignore control characters inside an address, so they must not hide a separator here.
    let cleaned: String = raw.chars().filter(|character| !character.is_control()).collect();
    let mut clean = String::with_capacity(cleaned.len());
    scrub_whole(cleaned.trim(), allowed, &mut clean);
    let trimmed = clean.trim();
    if trimmed.len() == clean.len() { clean } else { trimmed.to_owned() }
}

fn scrub_whole(raw: &str, allowed: &AllowedQueryKeys, clean: &mut String) {
    let raw = without_loose_user_info(raw);
    let (before, fragment) = split_at_mark(raw, '#');
    let (place, query) = split_at_mark(before, '?');
    let has_scheme = !split_scheme(place).0.is_empty();
    let path = if has_scheme { place } else { scrub_authority(place, false, clean) };
    if scrub_path(path, false, clean) == Rest::Kept {
        scrub_query(query, allowed, clean);
        scrub_fragment(fragment, allowed, clean);
    }
}

/// Whether anything that follows a path may be kept.
#[derive(PartialEq, Eq)]
enum Rest {
    Kept,
    Dropped,
}

/// What stands before the first `mark`, and what after it.
fn split_at_mark(text: &str, mark: char) -> (&str, &str) {
    text.split_once(mark).unwrap_or((text, ""))
}

/// Whether `scheme`, with its colon, is one of these.
fn is_one_of(scheme: &str, names: &[&str]) -> bool {
    let name = scheme.split(|character: char| !is_scheme_character(character)).next().unwrap_or_default();
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// `scheme:` and the rest; no scheme when the text does not begin with one. The colon and the slashes may be encoded.
fn split_scheme(address: &str) -> (&str, &str) {
    let end = match scheme_in(address, 0, address.len()) {
        Some((0, end)) => end,
        _ => 0,
    };
    address.split_at(end)
}

/// Where the first scheme between `from` and `to` begins, and where what follows its colon.
fn scheme_in(text: &str, from: usize, to: usize) -> Option<(usize, usize)> {
    let mut name = from;
    for (at, byte, length) in units(text.as_bytes(), from).take_while(|(at, ..)| *at < to) {
        if byte == b':'
            && let Some(start) = scheme_start(text, name, at, at + length)
        {
            return Some((start, at + length));
        }
        if !is_scheme_character(char::from(byte)) {
            name = at + length;
        }
    }
    None
}

/// Where the scheme begins whose characters begin at `name` and whose colon stands at `colon`, if there is one.
pub(super) fn scheme_start(text: &str, name: usize, colon: usize, next: usize) -> Option<usize> {
    let start = name + text[name..colon].find(|first: char| first.is_ascii_alphabetic())?;
    (next < text.len() && is_scheme(&text[start..colon], &text[next..])).then_some(start)
}

/// Whether a name and a colon before `rest` are a scheme.
fn is_scheme(name: &str, rest: &str) -> bool {
    let slashes = units(rest.as_bytes(), 0).take_while(|(_, byte, _)| is_slash(*byte)).take(2).count();
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && (slashes == 2 || is_one_of(name, &KNOWN_SCHEMES))
}

pub(super) fn is_scheme_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.')
}

pub(super) fn is_slash(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// The slashes that a text begins with, encoded or not, and the rest.
fn split_slashes(text: &str) -> (&str, &str) {
    let end = units(text.as_bytes(), 0).find(|(_, byte, _)| !is_slash(*byte));
    text.split_at(end.map_or(text.len(), |(at, ..)| at))
}

/// What follows the `user:secret@` of an address whose scheme was cut off.
fn without_loose_user_info(text: &str) -> &str {
    if text.starts_with(['/', '\\']) || !split_scheme(text).0.is_empty() {
        return text;
    }
    let authority = &text[..text.find(['/', '\\', '?', '#']).unwrap_or(text.len())];
    text[password_length(authority)..].trim_start()
}

/// Length of `user:secret@`; 0 where there is none, as in `react@18.2.0`.
fn password_length(text: &str) -> usize {
    let user_info = text.len() - without_user_info(text).len();
    let has_colon = units(&text.as_bytes()[..user_info], 0).any(|(_, byte, _)| byte == b':');
    if has_colon { user_info } else { 0 }
}

/// Appends the slashes and, if there is an authority, the host; gives the path.
fn scrub_authority<'a>(place: &'a str, has_scheme: bool, clean: &mut String) -> &'a str {
    let (slashes, after_slashes) = split_slashes(place);
    clean.push_str(slashes);
    if !has_scheme && !is_protocol_relative(slashes) {
        return after_slashes;
    }
    let (authority, path) = split_authority(after_slashes);
    let (authority, tail) = split_tail(authority);
    // Three slashes make the first part of a path look like a host.
    let (host, _) = without_value(without_wrong_port(without_user_info(authority)).trim_start());
    mask_into(if host.is_empty() && !authority.is_empty() { NOTHING_LEFT } else { host }, clean);
    clean.push_str(tail);
    path
}

fn is_protocol_relative(slashes: &str) -> bool {
    units(slashes.as_bytes(), 0).take(2).count() == 2
}

fn split_authority(after_slashes: &str) -> (&str, &str) {
    let end = units(after_slashes.as_bytes(), 0).find(|(_, byte, _)| is_slash(*byte));
    after_slashes.split_at(end.map_or(after_slashes.len(), |(at, ..)| at))
}

/// What stands after the last `@`, encoded or not.
fn without_user_info(authority: &str) -> &str {
    let end = units(authority.as_bytes(), 0).filter(|(_, byte, _)| *byte == b'@').map(|(at, _, length)| at + length);
    &authority[end.last().unwrap_or(0)..]
}

/// The host with its port; a port that is no number is the password of an address that was cut.
fn without_wrong_port(host: &str) -> &str {
    let name_end = host.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = host[name_end..].find(':').map(|found| name_end + found) else { return host };
    let port = &host[colon + 1..];
    if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { &host[..colon] }
}

/// Appends a path. Inside of it another address may stand. After a value within a route nothing is kept: a token may
/// hold slashes.
fn scrub_path(path: &str, is_route: bool, clean: &mut String) -> Rest {
    let mut at = 0;
    'path: while at < path.len() {
        let end = path[at..].find(['/', '\\']).map_or(path.len(), |found| at + found);
        let (kept, has_value) = without_value(&path[at..end]);
        let (kept_end, clean_before) = (at + kept.len(), clean.len());
        while let Some((start, next)) = scheme_in(path, at, kept_end) {
            let scheme = &path[start..next];
            scrub_segment(&path[at..start], clean);
            clean.push_str(scheme);
            if is_one_of(scheme, &CONTENT_SCHEMES) {
                return Rest::Dropped;
            }
            if !is_one_of(scheme, &WRAPPING_SCHEMES) {
                let after = scrub_authority(path[next..].trim_start(), true, clean);
                at = path.len() - after.len();
                continue 'path;
            }
            at = next;
        }
        scrub_segment(&path[at..kept_end], clean);
        if clean.len() == clean_before && end > at {
            clean.push_str(NOTHING_LEFT);
        }
        if has_value && is_route {
            return Rest::Kept;
        }
        at = (end + 1).min(path.len());
        clean.push_str(&path[end..at]);
    }
    Rest::Kept
}

fn scrub_segment(segment: &str, clean: &mut String) {
    let (name, tail) = split_tail(&segment[password_length(segment)..]);
    mask_segment_into(name, clean);
    clean.push_str(tail);
}

/// A segment up to its parameters (`;`), to a query that was encoded along with the path, and to the value of
/// `name=value`; and whether there is such a value.
fn without_value(segment: &str) -> (&str, bool) {
    for (at, byte, length) in units(segment.as_bytes(), 0) {
        match byte {
            b';' | b'?' | b'#' => return (&segment[..at], false),
            b'=' => return (&segment[..at + length], true),
            _ => {}
        }
    }
    (segment, false)
}

fn scrub_query(query: &str, allowed: &AllowedQueryKeys, clean: &mut String) {
    let mut separator = '?';
    for pair in query.split(['&', ';', '?']) {
        let Some((key, value)) = pair.split_once('=') else { continue };
        if !is_name(key) {
            continue;
        }
        clean.push(separator);
        clean.push_str(key);
        clean.push('=');
        if allowed.allows(key) {
            scrub_value(value, clean);
        }
        separator = '&';
    }
}

fn is_name(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= QUERY_KEY_BYTES_MAX
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte))
        && !key.starts_with("eyJ")
        && !is_opaque(key)
}

/// Appends an allow-listed value: a name, so neither an address nor a query of its own.
fn scrub_value(value: &str, clean: &mut String) {
    let mut previous = 0;
    let mut end = value.len();
    for (at, byte, _) in units(value.as_bytes(), 0) {
        match byte {
            b'/' | b'\\' if matches!(previous, b'/' | b'\\') => return,
            b'?' | b'=' | b'#' => {
                end = at;
                break;
            }
            _ => previous = byte,
        }
    }
    mask_into(&value[..end], clean);
}

/// Appends a fragment that is a route; any other can be anything and goes.
fn scrub_fragment(fragment: &str, allowed: &AllowedQueryKeys, clean: &mut String) {
    let Some(route) = fragment.strip_prefix('!').or(Some(fragment)).filter(|route| route.starts_with('/')) else {
        return;
    };
    clean.push_str(if route.len() == fragment.len() { "#" } else { "#!" });
    let (route, _) = split_at_mark(route, '#');
    let (path, query) = split_at_mark(route, '?');
    if scrub_path(path, true, clean) == Rest::Kept {
        scrub_query(query, allowed, clean);
    }
}

/// Host (lower case, no port) and path of a cleaned address that has an authority; `(None, path)` of a relative one. A
/// route in the fragment belongs to the path.
pub(crate) fn host_and_path(url: &str) -> (Option<String>, Option<String>) {
    let (before, fragment) = split_at_mark(url, '#');
    let (address, _) = split_at_mark(before, '?');
    let (route, _) = split_at_mark(fragment, '?');
    let with_route = |path: &str| if route.is_empty() { path.to_owned() } else { format!("{path}#{route}") };
    let (scheme, rest) = split_scheme(address);
    let (slashes, after_slashes) = split_slashes(rest);
    if scheme.is_empty() && !is_protocol_relative(slashes) {
        return (None, Some(with_route(address)).filter(|path| !path.is_empty()));
    }
    let (authority, path) = split_authority(after_slashes);
    let authority = without_user_info(authority);
    let host = match authority.find(']') {
        Some(bracket) => &authority[..=bracket],
        None => authority.split(':').next().unwrap_or_default(),
    };
    let host = (!host.is_empty()).then(|| host.to_ascii_lowercase());
    (host, Some(with_route(if path.is_empty() { "/" } else { path })))
}
