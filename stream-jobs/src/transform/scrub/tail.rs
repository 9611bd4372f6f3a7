//! What stands at the end of an address without belonging to it: closing punctuation, and the place in a script.

/// Most digits of a line or a column: a bundle of 100 MB on one line.
const PLACE_DIGITS_MAX: usize = 8;

/// What may stand at the end of a word without belonging to the address in it.
pub(super) fn is_closer(byte: u8) -> bool {
    matches!(byte, b')' | b']' | b'>' | b'}' | b',' | b'.' | b';' | b':' | b'!' | b'|' | b'"' | b'\'' | b'`')
}

/// Splits closers and `:line:column` off the end, in any order and number: what is left has neither, so that an address
/// whose fragment went is split where it was before.
pub(super) fn split_tail(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    loop {
        if let Some(start) = place_start(&bytes[..end]) {
            end = start;
        } else if bytes[..end].last().is_some_and(|last| is_closer(*last)) {
            end -= 1;
        } else {
            return text.split_at(end);
        }
    }
}

/// Where the `:line:column` at the end begins.
fn place_start(bytes: &[u8]) -> Option<usize> {
    let column = number_start(bytes)?;
    number_start(&bytes[..column])
}

/// Where the `:number` at the end begins.
fn number_start(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.iter().rev().take(PLACE_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
    let start = (bytes.len() - digits).checked_sub(1)?;
    (digits > 0 && bytes[start] == b':').then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_punctuation_are_no_address() {
        for (text, address) in [
            ("https://h/a.js:10:4),", "https://h/a.js"),
            ("https://h/a.js:10:4", "https://h/a.js"),
            ("https://h:8080", "https://h:8080"),
            ("a:123456789:1", "a:123456789:1"),
            ("a).:1:2:3:4'", "a"),
            (":1:2", ""),
            ("", ""),
        ] {
            assert_eq!(split_tail(text), text.split_at(address.len()), "{text}");
        }
    }
}
