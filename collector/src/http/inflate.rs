//! What a compressed body inflates to, within bounds, whatever it holds. Knows nothing of HTTP: the fuzzer takes it alone.

use std::io::Read;

/// What is inflated at a time: between two pieces the bounds are checked.
const PIECE_BYTES: usize = 64 * 1024;

/// Up to here any ratio is fine: short repetitive batches compress very well, and this little memory is no bomb.
pub(crate) const RATIO_FREE_BYTES: usize = 256 * 1024;

/// Largest window that a zstd frame may ask for, as a power of two: 8 MiB, what every decoder must support (RFC 8878).
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// As `Content-Encoding` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// What a body may inflate to: so many bytes, and beyond [`RATIO_FREE_BYTES`] so many times its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub bytes_max: usize,
    pub ratio_max: usize,
}

/// Why a body was not inflated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure<E> {
    /// It is no whole stream of the encoding; the decoder's words.
    Damaged(String),
    TooLarge,
    TooMuch,
    NoRoom(E),
}

/// The body as it was before it was compressed. `grow` is asked before each piece more is kept.
pub(crate) fn inflate<E>(
    body: &[u8],
    encoding: Encoding,
    bounds: Bounds,
    grow: impl Fn(usize) -> Result<(), E>,
) -> Result<Vec<u8>, Failure<E>> {
    match encoding {
        Encoding::Identity => Ok(body.to_vec()),
        Encoding::Gzip => inflate_from(flate2::bufread::MultiGzDecoder::new(body), body.len(), bounds, grow),
        Encoding::Zstd => {
            let damaged = |error: std::io::Error| Failure::Damaged(error.to_string());
            let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(damaged)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(damaged)?;
            inflate_from(decoder, body.len(), bounds, grow)
        }
    }
}

fn inflate_from<E>(
    mut decoder: impl Read,
    sent_bytes: usize,
    bounds: Bounds,
    grow: impl Fn(usize) -> Result<(), E>,
) -> Result<Vec<u8>, Failure<E>> {
    let mut inflated = Vec::new();
    loop {
        let before = inflated.len();
        let piece = decoder.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut inflated);
        piece.map_err(|error| Failure::Damaged(error.to_string()))?;
        if inflated.len() == before {
            return Ok(inflated);
        }
        if inflated.len() > bounds.bytes_max {
            return Err(Failure::TooLarge);
        }
        if inflated.len() > RATIO_FREE_BYTES && inflated.len() / sent_bytes.max(1) > bounds.ratio_max {
            return Err(Failure::TooMuch);
        }
        grow(inflated.len() - before).map_err(Failure::NoRoom)?;
    }
}
