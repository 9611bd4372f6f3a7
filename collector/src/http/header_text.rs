//! Headers that are kept with a batch. One odd byte in them must not cost the rest.

use std::borrow::Cow;

use warp::http::header::{HeaderMap, HeaderName};

/// The header's text, at most `bytes_max` of it; of several lines the first. UTF-8 as it is, everything else as Latin-1
/// (which RFC 9110, section 5.5 names as the old meaning of such bytes), so that each byte is kept as a character.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName, bytes_max: usize) -> Option<Cow<'a, str>> {
    let bytes = headers.get(name)?.as_bytes();
    let head = &bytes[..bytes.len().min(bytes_max)];
    Some(match std::str::from_utf8(head) {
        Ok(text) => Cow::Borrowed(text),
        // Cut within a character.
        Err(cut) if cut.error_len().is_none() && head.len() < bytes.len() => {
            Cow::Owned(String::from_utf8_lossy(&head[..cut.valid_up_to()]).into_owned())
        }
        Err(_) => Cow::Owned(latin_1(head, bytes_max)),
    })
}

/// Latin-1 is the first 256 characters of Unicode; as UTF-8 half of them are twice as long.
fn latin_1(bytes: &[u8], bytes_max: usize) -> String {
    let mut text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;
    use warp::http::header::USER_AGENT;

    use super::*;

    fn kept(value: &[u8], bytes_max: usize) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_bytes(value).expect("a value"));
        header_text(&headers, &USER_AGENT, bytes_max).expect("the header").into_owned()
    }

    #[test]
    fn odd_bytes_are_kept_beside_the_rest() {
        assert_eq!(kept(b"Chrome/120 plain", 100), "Chrome/120 plain");
        assert_eq!(kept("Chrome/120 é 漢".as_bytes(), 100), "Chrome/120 é 漢");
        assert_eq!(kept(b"Chrome/120 \xe9 Safari", 100), "Chrome/120 é Safari");
        assert_eq!(kept(b"\xff\x80Googlebot/2.1", 100), "ÿ\u{80}Googlebot/2.1");
        assert_eq!(kept(b"\xc3\xa9 and \xe9", 100), "Ã© and é", "one wrong byte makes all of it Latin-1");
        assert_eq!(kept(b"", 100), "");
        assert_eq!(header_text(&HeaderMap::new(), &USER_AGENT, 100), None);
    }

    #[test]
    fn no_more_than_the_limit_and_whole_characters() {
        assert_eq!(kept(b"abcdef", 3), "abc");
        assert_eq!(kept("aé".as_bytes(), 2), "a");
        assert_eq!(kept("a漢b".as_bytes(), 3), "a");
        assert_eq!(kept(b"a\xe9\xe9", 4), "aé", "cut before it is read, and after");
        assert_eq!(kept(&[0xe9; 5_000], 1_024).len(), 1_024);
    }
}
