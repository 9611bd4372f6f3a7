//! Records of one partition, as Kafka handed them over: one arena of bytes, so that a batch costs no allocation per
//! record and can be decoded again when one of its frames turns out to be bad.

/// Where a record stood in Kafka, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub offset: i64,
    /// The record's timestamp as Kafka has it, epoch milliseconds; `None` where it has none.
    pub timestamp_ms: Option<i64>,
}

/// Payloads with their origins, in order.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    origins: Vec<Origin>,
}

impl Frames {
    /// Appends a record; one without a payload (a tombstone) is kept as an empty frame, which decoding refuses.
    pub(crate) fn push(&mut self, origin: Origin, payload: Option<&[u8]>) {
        self.bytes.extend_from_slice(payload.unwrap_or_default());
        self.ends.push(self.bytes.len());
        self.origins.push(origin);
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Sum of the payloads' lengths.
    pub(crate) fn bytes_total(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn frame(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    pub(crate) fn origin(&self, index: usize) -> Origin {
        self.origins[index]
    }

    /// Empties it; the memory is kept for the next batch.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.origins.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_pushed() {
        let mut frames = Frames::default();
        let at = |offset, timestamp_ms| Origin { offset, timestamp_ms };
        frames.push(at(7, Some(1)), Some(b"ab"));
        frames.push(at(9, None), None);
        frames.push(at(10, Some(2)), Some(b"c"));
        let all: Vec<_> = (0..frames.len()).map(|index| (frames.origin(index), frames.frame(index))).collect();
        assert_eq!(all, [(at(7, Some(1)), &b"ab"[..]), (at(9, None), b""), (at(10, Some(2)), b"c")]);
        frames.clear();
        assert!(frames.is_empty());
    }
}
