//! Records of one partition, as Kafka handed them over: one arena of bytes, so that a batch costs no allocation per
//! record and can be decoded again when one of its frames turns out to be bad.

/// Payloads with their offsets, in order.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    offsets: Vec<i64>,
}

impl Frames {
    /// Appends a record; one without a payload (a tombstone) is kept as an empty frame, which decoding refuses.
    pub fn push(&mut self, offset: i64, payload: Option<&[u8]>) {
        self.bytes.extend_from_slice(payload.unwrap_or_default());
        self.ends.push(self.bytes.len());
        self.offsets.push(offset);
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Sum of the payloads' lengths.
    pub fn bytes_total(&self) -> usize {
        self.bytes.len()
    }

    pub fn frame(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    pub fn offset(&self, index: usize) -> i64 {
        self.offsets[index]
    }

    /// Empties it; the memory is kept for the next batch.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.offsets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_pushed() {
        let mut frames = Frames::default();
        frames.push(7, Some(b"ab"));
        frames.push(9, None);
        frames.push(10, Some(b"c"));
        let all: Vec<_> = (0..frames.len()).map(|index| (frames.offset(index), frames.frame(index))).collect();
        assert_eq!(all, [(7, &b"ab"[..]), (9, b""), (10, b"c")]);
        frames.clear();
        assert!(frames.is_empty());
    }
}
