//! A chunk as it is stored, one part or several, to the text that was recorded.

use std::io::{self, BufRead, Read};

use crate::Unreadable;

/// Most that a chunk may inflate to, its parts joined.
pub const INFLATED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Up to here any ratio is fine: short repetitive chunks compress very well, and this little memory is no bomb.
pub const RATIO_FREE_BYTES: usize = 256 * 1024;

/// Beyond [`RATIO_FREE_BYTES`]: what a chunk inflates to, by its compressed bytes.
pub const RATIO_MAX: usize = 100;

/// Most parts of a chunk: a larger one was not recorded.
pub const PARTS_MAX: usize = 8;

/// A part of a chunk: `part` of `parts`, from 0, with its share of the compressed bytes.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub part: usize,
    pub parts: usize,
    pub payload: &'a [u8],
}

/// The text of a chunk: the one gzip member that its parts make up, in whatever order they come. All memory is asked for
/// once, and is what the chunk may inflate to, never more than [`INFLATED_BYTES_MAX`] and a byte.
pub fn read_chunk(parts: &[Part<'_>]) -> Result<String, Unreadable> {
    String::from_utf8(inflate(parts)?).map_err(|_| Unreadable::NotText)
}

/// The bytes of one gzip member, that of an asset or of a chunk, within the bounds of [`read_chunk`].
pub fn inflate(parts: &[Part<'_>]) -> Result<Vec<u8>, Unreadable> {
    let joined = join(parts)?;
    let sent_bytes: usize = joined.pieces.iter().map(|piece| piece.len()).sum();
    let by_ratio = RATIO_FREE_BYTES.max(sent_bytes.saturating_mul(RATIO_MAX));
    let bytes_max = INFLATED_BYTES_MAX.min(by_ratio);

    let mut inflated = Vec::with_capacity(bytes_max + 1);
    let mut decoder = flate2::bufread::GzDecoder::new(joined);
    // A byte beyond the bound is asked for: that it comes is how too much is known.
    decoder.by_ref().take(bytes_max as u64 + 1).read_to_end(&mut inflated).map_err(damaged)?;
    if inflated.len() > bytes_max {
        return Err(if bytes_max < INFLATED_BYTES_MAX { Unreadable::Bomb } else { Unreadable::TooLarge });
    }
    if !decoder.into_inner().fill_buf().map_err(damaged)?.is_empty() {
        return Err(Unreadable::Trailing);
    }
    Ok(inflated)
}

fn damaged(error: io::Error) -> Unreadable {
    Unreadable::Damaged(error.to_string())
}

/// The parts in their order, each there once.
fn join<'a>(parts: &[Part<'a>]) -> Result<Joined<'a>, Unreadable> {
    let Some(first) = parts.first() else { return Err(Unreadable::PartsMissing { parts: 1, missing: 1 }) };
    let count = first.parts;
    if parts.iter().any(|part| part.parts != count) {
        return Err(Unreadable::PartsDisagree("they say different numbers of parts"));
    }
    if count == 0 || count > PARTS_MAX {
        return Err(Unreadable::PartsDisagree("a chunk has 1 to 8 parts"));
    }
    let mut pieces = [None; PARTS_MAX];
    for part in parts {
        match pieces.get_mut(part.part).filter(|_| part.part < count) {
            Some(place @ None) => *place = Some(part.payload),
            Some(Some(_)) => return Err(Unreadable::PartsDisagree("one is there twice")),
            None => return Err(Unreadable::PartsDisagree("one has a number that the chunk does not have")),
        }
    }
    let pieces: Vec<&[u8]> = pieces.into_iter().flatten().collect();
    if pieces.len() < count {
        return Err(Unreadable::PartsMissing { parts: count, missing: count - pieces.len() });
    }
    Ok(Joined { pieces, next: 0 })
}

/// Slices one after another, read without being copied together.
struct Joined<'a> {
    pieces: Vec<&'a [u8]>,
    next: usize,
}

impl Read for Joined<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Joined<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.pieces.get(self.next).is_some_and(|piece| piece.is_empty()) {
            self.next += 1;
        }
        Ok(self.pieces.get(self.next).copied().unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        if let Some(piece) = self.pieces.get_mut(self.next) {
            *piece = &piece[count..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        pack(text, flate2::Compression::fast())
    }

    fn pack(text: &[u8], how: flate2::Compression) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), how);
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Text that a good compressor halves at most.
    fn dense(bytes: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let hex = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            b"0123456789abcdef"[(state >> 60) as usize]
        };
        (0..bytes).map(hex).collect()
    }

    fn whole(payload: &[u8]) -> [Part<'_>; 1] {
        [Part { part: 0, parts: 1, payload }]
    }

    #[test]
    fn parts_are_joined_in_their_order_wherever_they_were_cut() {
        let (text, packed) = (dense(1000), gzip(&dense(1000)));
        for cut in 0..packed.len() {
            let parts = [
                Part { part: 1, parts: 2, payload: &packed[cut..] },
                Part { part: 0, parts: 2, payload: &packed[..cut] },
            ];
            assert_eq!(read_chunk(&parts).unwrap().as_bytes(), text, "cut at {cut}");
        }
    }

    #[test]
    fn parts_that_do_not_make_a_chunk_are_named() {
        let payload = &gzip(b"x")[..];
        let part = |part, parts| Part { part, parts, payload };
        let missing = |parts, missing| Unreadable::PartsMissing { parts, missing };
        assert_eq!(read_chunk(&[]), Err(missing(1, 1)));
        assert_eq!(read_chunk(&[part(1, 3)]), Err(missing(3, 2)));
        for wrong in [
            &[part(0, 2), part(1, 3)][..],
            &[part(0, 2), part(0, 2)],
            &[part(2, 2)],
            &[part(0, 0)],
            &[part(0, 9)],
            &[part(usize::MAX, usize::MAX)],
        ] {
            assert!(matches!(read_chunk(wrong), Err(Unreadable::PartsDisagree(_))), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_no_whole_member_is_refused() {
        let packed = gzip(&dense(3000));
        for end in 0..packed.len() {
            assert!(matches!(read_chunk(&whole(&packed[..end])), Err(Unreadable::Damaged(_))), "cut at {end}");
        }
        let mut altered = packed.clone();
        altered[packed.len() / 2] ^= 0x10;
        assert!(matches!(read_chunk(&whole(&altered)), Err(Unreadable::Damaged(_))));
        assert_eq!(read_chunk(&whole(&[&packed[..], &packed].concat())), Err(Unreadable::Trailing), "two members");
        assert_eq!(read_chunk(&whole(&gzip(&[0xff, 0xfe]))), Err(Unreadable::NotText));
    }

    #[test]
    fn bombs_are_refused_and_what_may_be_is_read() {
        let zeros = |bytes| pack(&vec![b'0'; bytes], flate2::Compression::best());
        let stored = |bytes| pack(&vec![b'0'; bytes], flate2::Compression::none());
        assert_eq!(read_chunk(&whole(&zeros(RATIO_FREE_BYTES))).unwrap().len(), RATIO_FREE_BYTES);
        assert_eq!(read_chunk(&whole(&zeros(RATIO_FREE_BYTES + 1))), Err(Unreadable::Bomb));
        assert_eq!(read_chunk(&whole(&zeros(1 << 25))), Err(Unreadable::Bomb), "32 MiB");
        assert_eq!(read_chunk(&whole(&stored(INFLATED_BYTES_MAX))).unwrap().len(), INFLATED_BYTES_MAX);
        assert_eq!(read_chunk(&whole(&stored(INFLATED_BYTES_MAX + 1))), Err(Unreadable::TooLarge));
    }

    #[test]
    fn memory_is_asked_for_once_and_bounded() {
        let text = read_chunk(&whole(&pack(&vec![b'0'; INFLATED_BYTES_MAX], flate2::Compression::none()))).unwrap();
        assert!(text.capacity() <= INFLATED_BYTES_MAX + 64 * 1024, "{}", text.capacity());
    }
}
