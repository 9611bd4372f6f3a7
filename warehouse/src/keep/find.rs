//! Looks for a text in bytes, in fewer steps than there are bytes (Horspool 1980): recordings are large when they are inflated.

/// A text that is looked for.
pub(super) struct Text {
    bytes: Vec<u8>,
    /// By the byte under the text's end: how far it can be moved on.
    steps: [usize; 256],
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes().to_vec();
        let mut steps = [bytes.len().max(1); 256];
        for (place, byte) in bytes.iter().enumerate().take(bytes.len().saturating_sub(1)) {
            steps[usize::from(*byte)] = bytes.len() - 1 - place;
        }
        Self { bytes, steps }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it stands in the bytes; one that is empty is in nothing.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        let mut rest = bytes;
        while let Some(window) = rest.get(..self.bytes.len()) {
            if window == self.bytes {
                return true;
            }
            rest = &rest[self.steps[usize::from(window[window.len() - 1])]..];
        }
        false
    }
}

/// Whether one of the texts stands in the bytes.
pub(super) fn any_in(texts: &[Text], bytes: &[u8]) -> bool {
    texts.iter().any(|text| text.is_in(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_wherever_windows_find_it() {
        let mut state = 7_u32;
        let mut letters = |count: usize| -> String {
            let letter = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                char::from(b'a' + (state >> 24) as u8 % 3)
            };
            (0..count).map(letter).collect()
        };
        let mut found = 0;
        for round in 0..2_000 {
            let (bytes, text) = (letters(round % 40), letters(round % 7));
            let expected = !text.is_empty() && bytes.contains(&text);
            assert_eq!(Text::new(&text).is_in(bytes.as_bytes()), expected, "{text:?} in {bytes:?}");
            found += usize::from(expected);
        }
        assert!(found > 300, "{found}");
    }
}
