//! Takes secrets out of URLs: whatever a page puts into an address must not reach a file.
//!
//! Works on text, not on a parsed URL: what browsers send is often relative, cut or wrong, and all of it must come out
//! clean. Gone are user info, fragments, path parameters (`;jsessionid=…`), query keys without a value, the values of
//! all query keys that are not allow-listed, and e-mail addresses and JSON Web Tokens wherever they stand.

/// Longest query key that is kept; a longer one is no name but data.
const QUERY_KEY_BYTES_MAX: usize = 40;
/// What stands in place of an e-mail address and of a token.
const EMAIL_MASK: &str = "{email}";
const TOKEN_MASK: &str = "{token}";
/// Every JSON Web Token begins so: base64url of `{"`.
const TOKEN_HEAD: &str = "eyJ";

/// Query keys whose values are kept: those of campaigns, and what the configuration names.
#[derive(Clone, Debug, Default)]
pub struct AllowedQueryKeys {
    extra: Vec<String>,
}

impl AllowedQueryKeys {
    pub fn new(extra: Vec<String>) -> Self {
        Self { extra }
    }

    fn allows(&self, key: &str) -> bool {
        schemas::campaign::is_kept(key) || self.extra.iter().any(|allowed| allowed == key)
    }
}

/// The URL without its secrets. Never fails: text that is no URL loses what could be one.
pub fn scrub(raw: &str, allowed: &AllowedQueryKeys) -> String {
    // Browsers ignore control characters inside an address, so they must not hide a separator here.
    let cleaned: String = raw.chars().filter(|character| !character.is_control()).collect();
    let raw = cleaned.trim();
    let raw = raw.split_once('#').map_or(raw, |(before, _)| before);
    let (address, query) = match raw.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (raw, None),
    };
    let mut clean = String::with_capacity(raw.len());
    scrub_address(address, &mut clean);
    if let Some(query) = query {
        scrub_query(query, allowed, &mut clean);
    }
    let trimmed = clean.trim();
    if trimmed.len() == clean.len() { clean } else { trimmed.to_owned() }
}

/// Everything before the query: scheme, authority, path.
fn scrub_address(address: &str, clean: &mut String) {
    let (scheme, rest) = split_scheme(address);
    if matches!(scheme.to_ascii_lowercase().as_str(), "data:" | "javascript:" | "mailto:" | "tel:" | "sms:") {
        clean.push_str(scheme);
        return;
    }
    clean.push_str(scheme);
    let after_slashes = rest.trim_start_matches(['/', '\\']);
    let slashes = &rest[..rest.len() - after_slashes.len()];
    clean.push_str(slashes);
    let has_authority = !scheme.is_empty() || slashes.len() >= 2;
    let authority_end = after_slashes.find(['/', '\\']).unwrap_or(after_slashes.len());
    let (authority, path) = after_slashes.split_at(authority_end);
    let looks_like_user_info = slashes.is_empty() && authority.contains(':');
    let authority = if has_authority || looks_like_user_info {
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    } else {
        authority
    };
    for (index, segment) in std::iter::once(authority).chain(path.split_inclusive(['/', '\\'])).enumerate() {
        let (name, separator) = match segment.as_bytes().last() {
            Some(b'/' | b'\\') => segment.split_at(segment.len() - 1),
            _ => (segment, ""),
        };
        let name = if index == 0 && has_authority { name } else { name.split(';').next().unwrap_or_default() };
        mask_into(name, clean);
        clean.push_str(separator);
    }
}

/// `scheme:` and the rest; no scheme when the text does not begin with one. `host:8080/x` has a port, not a scheme.
fn split_scheme(address: &str) -> (&str, &str) {
    let Some(colon) = address.find(':') else { return ("", address) };
    let (scheme, rest) = address.split_at(colon + 1);
    let name = &scheme[..colon];
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let known = ["http", "https", "ws", "wss", "ftp", "data", "javascript", "mailto", "tel", "sms", "blob", "file"];
    let is_scheme = is_name && (rest.starts_with("//") || known.iter().any(|known| known.eq_ignore_ascii_case(name)));
    if is_scheme { (scheme, rest) } else { ("", address) }
}

fn scrub_query(query: &str, allowed: &AllowedQueryKeys, clean: &mut String) {
    let mut separator = '?';
    for pair in query.split(['&', ';', '?']) {
        let Some((key, value)) = pair.split_once('=') else { continue };
        let named = !key.is_empty()
            && key.len() <= QUERY_KEY_BYTES_MAX
            && !key.starts_with(TOKEN_HEAD)
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte));
        if !named {
            continue;
        }
        clean.push(separator);
        clean.push_str(key);
        clean.push('=');
        if allowed.allows(key) {
            mask_into(value, clean);
        }
        separator = '&';
    }
}

/// Scrubs every URL, e-mail address and token inside a text, such as an error message or a stack trace.
pub fn scrub_text(text: &str, allowed: &AllowedQueryKeys) -> String {
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_delimiter) {
        let (word, delimiter) = match piece.char_indices().next_back() {
            Some((at, last)) if is_delimiter(last) => piece.split_at(at),
            _ => (piece, ""),
        };
        if word.contains("://") || word.starts_with("//") || (word.contains(['?', '#']) && word.contains('=')) {
            let (url, place) = split_place(word);
            clean.push_str(&scrub(url, allowed));
            clean.push_str(place);
        } else {
            mask_into(word, &mut clean);
        }
        clean.push_str(delimiter);
    }
    clean
}

fn is_delimiter(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '`' | '(' | ')' | '<' | '>' | '{' | '}' | ',' | '|')
}

/// Splits the `:line:column` of a stack frame off its URL.
fn split_place(word: &str) -> (&str, &str) {
    let mut end = word.len();
    for _ in 0..2 {
        let head = &word[..end];
        let digits = head.len() - head.trim_end_matches(|last: char| last.is_ascii_digit()).len();
        if digits == 0 || !head[..head.len() - digits].ends_with(':') {
            break;
        }
        end -= digits + 1;
    }
    word.split_at(end)
}

/// Appends `text` with e-mail addresses and tokens masked.
pub fn mask_into(text: &str, clean: &mut String) {
    let mut rest = text;
    while let Some((before, mask, after)) = next_secret(rest) {
        clean.push_str(before);
        clean.push_str(mask);
        rest = after;
    }
    clean.push_str(rest);
}

/// The first secret of a text: what stands before it, its mask, what stands after it.
fn next_secret(text: &str) -> Option<(&str, &'static str, &str)> {
    let token = find_token(text);
    let email = find_email(text);
    let (start, end, mask) = match (token, email) {
        (Some(token), Some(email)) if token.0 <= email.0 => (token.0, token.1, TOKEN_MASK),
        (_, Some(email)) => (email.0, email.1, EMAIL_MASK),
        (Some(token), None) => (token.0, token.1, TOKEN_MASK),
        (None, None) => return None,
    };
    Some((&text[..start], mask, &text[end..]))
}

/// Start and end of the first run `eyJ….…`.
fn find_token(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = text[from..].find(TOKEN_HEAD) {
        let start = from + found;
        let length = text[start..].bytes().take_while(|byte| is_token_byte(*byte) || *byte == b'.').count();
        if text[start..start + length].contains('.') {
            return Some((start, start + length));
        }
        from = start + TOKEN_HEAD.len();
    }
    None
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=')
}

/// Start and end of the first `name@host.tld`; the `@` may be percent-encoded.
fn find_email(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while from < bytes.len() {
        let rest = &text[from..];
        let plain = rest.find('@').map(|at| (from + at, 1));
        let encoded = rest.find("%40").map(|at| (from + at, 3));
        let (at, width) = match (plain, encoded) {
            (Some(plain), Some(encoded)) => {
                if plain.0 < encoded.0 {
                    plain
                } else {
                    encoded
                }
            }
            (Some(found), None) | (None, Some(found)) => found,
            (None, None) => return None,
        };
        let name = bytes[from..at].iter().rev().take_while(|byte| is_name_byte(**byte)).count();
        let host = bytes[at + width..].iter().take_while(|byte| is_host_byte(**byte)).count();
        if name > 0 && is_host(&text[at + width..at + width + host]) {
            return Some((at - name, at + width + host));
        }
        from = at + width;
    }
    None
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._%+-!$&*=^~".contains(&byte) || byte >= 0x80
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') || byte >= 0x80
}

/// `example.org`, but not the `1.2.3` of `react@1.2.3`.
fn is_host(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    match host.rsplit_once('.') {
        Some((before, last)) => {
            !before.is_empty() && last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
        }
        None => false,
    }
}

/// Host (lower case, no port) and path of a URL that has an authority; `(None, path)` of a relative one.
pub fn host_and_path(url: &str) -> (Option<String>, Option<String>) {
    let address = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = split_scheme(address);
    let after_slashes = rest.trim_start_matches(['/', '\\']);
    let slashes = rest.len() - after_slashes.len();
    if scheme.is_empty() && slashes < 2 {
        return (None, (!address.is_empty()).then(|| address.to_owned()));
    }
    let end = after_slashes.find(['/', '\\']).unwrap_or(after_slashes.len());
    let (authority, path) = after_slashes.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.find(']') {
        Some(bracket) => &authority[..=bracket],
        None => authority.split(':').next().unwrap_or_default(),
    };
    let host = (!host.is_empty()).then(|| host.to_ascii_lowercase());
    (host, Some(if path.is_empty() { "/".to_owned() } else { path.to_owned() }))
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
