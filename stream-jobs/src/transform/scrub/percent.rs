//! Percent-encoding, seen through: `%40` is an `@` to whoever decodes the address later, and `%2540` to who does twice.

/// How often an encoding of the percent sign itself is followed; bounds a look-ahead.
const LAYERS_MAX: usize = 4;

/// The byte that stands at `at`, and how many bytes of the text it takes. Incomplete encodings are what they look like.
pub(super) fn unit(bytes: &[u8], at: usize) -> (u8, usize) {
    if bytes[at] != b'%' {
        return (bytes[at], 1);
    }
    let decoded = |digits: usize| bytes.get(digits..digits + 2).and_then(hexadecimal);
    let mut digits = at + 1;
    for _ in 0..LAYERS_MAX {
        // `%25` without digits behind it is a percent sign and no more.
        if decoded(digits) != Some(b'%') || decoded(digits + 2).is_none() {
            break;
        }
        digits += 2;
    }
    decoded(digits).map_or((b'%', 1), |byte| (byte, digits + 2 - at))
}

/// The bytes of the text from `from` on, decoded, each with the place and the length of what stands for it.
pub(super) fn units(bytes: &[u8], from: usize) -> impl Iterator<Item = (usize, u8, usize)> {
    let mut at = from;
    std::iter::from_fn(move || {
        (at < bytes.len()).then(|| {
            let (byte, length) = unit(bytes, at);
            at += length;
            (at - length, byte, length)
        })
    })
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_seen_through() {
        for (text, expected) in [
            ("@", (b'@', 1)),
            ("%40x", (b'@', 3)),
            ("%2540x", (b'@', 5)),
            ("%252540x", (b'@', 7)),
            ("%25", (b'%', 3)),
            ("%25zz", (b'%', 3)),
            ("%4", (b'%', 1)),
            ("%zz", (b'%', 1)),
            ("%é", (b'%', 1)),
        ] {
            assert_eq!(unit(text.as_bytes(), 0), expected, "{text}");
        }
        assert_eq!(units(b"a%3Db", 0).collect::<Vec<_>>(), [(0, b'a', 1), (1, b'=', 3), (4, b'b', 1)]);
    }
}
