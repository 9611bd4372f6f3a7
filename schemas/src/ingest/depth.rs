//! How deep a JSON text nests, without parsing it: serde's recursion and what is stored must never depend on the
//! sender.

/// The deepest nesting of arrays and objects in `json`; brackets inside strings do not count. Stays meaningful on
/// malformed text, which the parser refuses afterwards.
pub(super) fn deepest(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Moves past the closing quote; the opening one has been read.
fn skip_string(bytes: &mut std::slice::Iter<u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::deepest;

    #[test]
    fn counts_brackets_outside_strings() {
        assert_eq!(deepest(b"1"), 0);
        assert_eq!(deepest(br#"{"a":[1,[2]],"b":{}}"#), 3);
        assert_eq!(deepest(br#"["[[[\"[[", "\\"]"#), 1);
        assert_eq!(deepest(br#"["\\",[]]"#), 2);
    }

    #[test]
    fn broken_text_ends_the_count() {
        assert_eq!(deepest(b"]]]]["), 1);
        assert_eq!(deepest(br#"["unfinished\"#), 1);
        assert_eq!(deepest(&[b'['; 100_000]), 100_000);
    }
}
