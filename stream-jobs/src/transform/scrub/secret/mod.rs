//! E-mail addresses, tokens and opaque segments.

use super::percent::{unit, units};

/// What stands in place of an e-mail address, of a token and of an opaque path segment.
const EMAIL_MASK: &str = "{email}";
const TOKEN_MASK: &str = "{token}";
const OPAQUE_MASK: &str = "{id}";

/// Every JSON Web Token begins so: base64url of `{"`.
const TOKEN_HEAD: &[u8] = b"eyJ";
/// The shortest token; a shorter run is a word that happens to begin so.
const TOKEN_BYTES_MIN: usize = 8;
/// A run without a dot counts as a token from this length on: base64url of some JSON, such as a state parameter.
const TOKEN_UNDOTTED_BYTES_MIN: usize = 32;

/// So many digits in a row are a card's number or a counter of its kind.
const DIGITS_MIN: usize = 13;
/// So many hexadecimal digits, with or without hyphens, are a hash or a UUID.
const HEXADECIMAL_MIN: usize = 16;
/// No word is so long.
const WORD_MAX: usize = 40;
/// From this length on a segment is looked at for how often letters, capitals and digits change …
const MIXED_BYTES_MIN: usize = 20;
/// … and is opaque when they change once in so many bytes; random base64 changes every second, words hardly ever.
const BYTES_A_CHANGE_MAX: usize = 7;

/// Files of scripts, whose names hold a hash of their content; a stack without them cannot be read.
const SCRIPT_ENDINGS: [&str; 6] = [".js", ".mjs", ".cjs", ".css", ".wasm", ".map"];

/// Appends `text` with e-mail addresses and tokens masked.
pub(crate) fn mask_into(text: &str, clean: &mut String) {
    let bytes = text.as_bytes();
    // Up to where the text is appended, and where the run began that could be an e-mail address' name.
    let (mut appended, mut name, mut at) = (0, 0, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(TOKEN_HEAD) {
            let (length, dotted) = token_run(&bytes[at..]);
            if (dotted && length >= TOKEN_BYTES_MIN) || length >= TOKEN_UNDOTTED_BYTES_MIN {
                clean.push_str(&text[appended..at]);
                clean.push_str(TOKEN_MASK);
                (appended, name) = (at + length, at + length);
            }
            at += length;
            continue;
        }
        let (byte, length) = unit(bytes, at);
        if byte == b'@'
            && at > name
            && let Some(host) = host_length(bytes, at + length)
        {
            clean.push_str(&text[appended..name]);
            clean.push_str(EMAIL_MASK);
            at += length + host;
            (appended, name) = (at, at);
            continue;
        }
        at += length;
        if !is_name_byte(byte) {
            name = at;
        }
    }
    clean.push_str(&text[appended..]);
}

/// Length of a run of token characters, and whether a dot is among them.
fn token_run(bytes: &[u8]) -> (usize, bool) {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=' | b'.');
    let length = bytes.iter().take_while(is_part).count();
    (length, bytes[..length].contains(&b'.'))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._%+-!$&*=^~".contains(&byte) || byte >= 0x80
}

/// Length of the host at `from`: `example.org`, but not the `1.2.3` of `react@1.2.3`. Letters beyond ASCII count as such.
fn host_length(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut length, mut labels, mut label_bytes, mut label_is_word, mut last_is_word) = (0, 0, 0, true, false);
    for (at, byte, width) in units(bytes, from) {
        match byte {
            // A token may begin inside; where it does not, a host loses nothing by ending there.
            b'e' if bytes[at..].starts_with(TOKEN_HEAD) => break,
            b'.' if label_bytes == 0 => break,
            // A dot at the end belongs to the sentence, so the label before it may have been the last.
            b'.' => (label_bytes, label_is_word) = (0, true),
            b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => {
                labels += usize::from(label_bytes == 0);
                label_bytes += 1;
                label_is_word &= byte.is_ascii_alphabetic() || byte >= 0x80;
                last_is_word = label_is_word && label_bytes >= 2;
                length = at + width - from;
            }
            _ => break,
        }
    }
    (labels >= 2 && last_is_word).then_some(length)
}

/// Appends a path segment with secrets masked; one that is no word but data becomes a mask as a whole.
pub(super) fn mask_segment_into(segment: &str, clean: &mut String) {
    let start = clean.len();
    mask_into(segment, clean);
    if is_opaque(&clean[start..]) {
        clean.truncate(start);
        clean.push_str(OPAQUE_MASK);
    }
}

/// Whether a segment of a path or a query key is data and no name: a hash, a UUID, random base64, a long number.
///
/// The SDK's `urls.ts` has the same rule; `schemas/examples/addresses.json` holds both to it.
pub(super) fn is_opaque(segment: &str) -> bool {
    if segment.len() < DIGITS_MIN || SCRIPT_ENDINGS.iter().any(|ending| segment.ends_with(ending)) {
        return false;
    }
    let (mut digits, mut word, mut digits_longest, mut word_longest) = (0_usize, 0_usize, 0, 0);
    let (mut hexadecimal, mut only_hexadecimal, mut letters, mut numbers, mut changes) = (0, true, 0, 0, 0);
    let mut previous = b'/';
    for byte in segment.bytes() {
        let (digit, letter) = (byte.is_ascii_digit(), byte.is_ascii_alphabetic());
        digits = if digit { digits + 1 } else { 0 };
        word = if digit || letter { word + 1 } else { 0 };
        digits_longest = digits.max(digits_longest);
        word_longest = word.max(word_longest);
        numbers += usize::from(digit);
        letters += usize::from(letter);
        hexadecimal += usize::from(byte.is_ascii_hexdigit());
        only_hexadecimal &= byte.is_ascii_hexdigit() || byte == b'-';
        changes += usize::from(
            (digit && previous.is_ascii_alphabetic())
                || (letter && previous.is_ascii_digit())
                || (byte.is_ascii_uppercase() && previous.is_ascii_lowercase()),
        );
        previous = byte;
    }
    digits_longest >= DIGITS_MIN
        || word_longest >= WORD_MAX
        || (only_hexadecimal && hexadecimal >= HEXADECIMAL_MIN && letters > 0 && numbers > 0)
        || (segment.len() >= MIXED_BYTES_MIN && numbers > 0 && changes * BYTES_A_CHANGE_MAX >= segment.len())
}

#[cfg(test)]
mod tests;
