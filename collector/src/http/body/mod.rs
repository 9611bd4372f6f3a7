//! Reads a request's body under caps: as sent, after decompression, in time, and within the window's memory.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};

use crate::config::Limits;
use crate::http::answer::Refusal;
use crate::http::inflate::{self, Bounds, Encoding, Failure};
use crate::places::{NoRoom, Place};

/// How much of a refused body is still read so that the client, which may send first and read afterwards, sees the
/// answer and not a reset connection.
const DRAIN_BYTES_MAX: usize = 8 * 1024 * 1024;
const DRAIN_MS_MAX: u64 = 2_000;

/// What a gzip member begins with (RFC 1952, section 2.3.1), and JSON never does.
const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// Encodings that a batch may name.
const ENCODINGS: &str = "one of identity, gzip, zstd";

/// Encodings that need not be named, as answers tell those who sent a batch.
pub(crate) const UNNAMED: &[&str] = &["gzip"];

/// A request's body as it comes.
pub(crate) struct Incoming {
    pieces: Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>,
    done: bool,
    /// The client waits for `100 Continue`, which reading would send.
    expects_continue: bool,
}

impl Incoming {
    pub(crate) fn new(
        pieces: impl Stream<Item = Result<impl Buf, warp::Error>> + Send + 'static,
        headers: &HeaderMap,
    ) -> Self {
        let pieces = pieces.map(|piece| piece.map(|mut piece| piece.copy_to_bytes(piece.remaining())));
        Self { pieces: Box::pin(pieces), done: false, expects_continue: headers.contains_key(EXPECT) }
    }

    /// The whole body as sent, at most `bytes_max`, at most `timeout_ms` after now.
    pub(crate) async fn read(
        &mut self,
        headers: &HeaderMap,
        bytes_max: usize,
        timeout_ms: u64,
        place: &Place,
    ) -> Result<Bytes, Refusal> {
        if content_length(headers).is_some_and(|length| length > bytes_max) {
            return Err(Refusal::BodyTooLarge { bytes_max });
        }
        self.expects_continue = false;
        // While its bytes are on their way it holds others up.
        place.stand();
        let wait = Duration::from_millis(timeout_ms);
        let read = tokio::select! {
            read = tokio::time::timeout(wait, self.collect(bytes_max, place)) => read,
            () = place.lost() => Ok(Err(NoRoom::Lost.into())),
        };
        let read = read.unwrap_or(Err(Refusal::SlowBody { timeout_ms }));
        // Nobody waits for the rest of a slow body.
        self.done |= matches!(read, Err(Refusal::SlowBody { .. } | Refusal::PlaceLost));
        let body = read?;
        place.step_out()?;
        Ok(body)
    }

    async fn collect(&mut self, bytes_max: usize, place: &Place) -> Result<Bytes, Refusal> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(piece) = self.next().await? {
            if first.len() + rest.len() + piece.len() > bytes_max {
                return Err(Refusal::BodyTooLarge { bytes_max });
            }
            place.grow(piece.len())?;
            // The usual body is one piece and is not copied.
            if first.is_empty() && rest.is_empty() {
                first = piece;
            } else {
                rest.extend_from_slice(&std::mem::take(&mut first));
                rest.extend_from_slice(&piece);
            }
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        match self.pieces.next().await {
            Some(Ok(piece)) => Ok(Some(piece)),
            Some(Err(_)) => {
                self.done = true;
                Err(Refusal::BrokenBody)
            }
            None => {
                self.done = true;
                Ok(None)
            }
        }
    }

    /// Reads on and throws away, within bounds, after a refusal.
    pub(crate) async fn drain(&mut self) {
        if self.done || self.expects_continue {
            return;
        }
        let drained = async {
            let mut bytes = 0;
            while bytes < DRAIN_BYTES_MAX
                && let Ok(Some(piece)) = self.next().await
            {
                bytes += piece.len();
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(DRAIN_MS_MAX), drained).await;
    }
}

/// A header that lies about the length does no harm: the pieces are counted too.
fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What JSON comes as: as itself, or as plain text from beacons, which must stay CORS-simple requests.
pub(crate) const JSON: &[&str] = &["application/json", "text/plain"];
/// What frames come as.
pub(crate) const FRAMES: &[&str] = &["application/octet-stream", "text/plain"];

/// Whether the body says that it is one of these types, or nothing.
pub(crate) fn check_content_type(headers: &HeaderMap, takes: &'static [&'static str]) -> Result<(), Refusal> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text.split(';').next().unwrap_or_default().trim();
    if takes.iter().any(|taken| essence.eq_ignore_ascii_case(taken)) {
        return Ok(());
    }
    Err(Refusal::UnsupportedContentType { content_type: text.into_owned(), takes })
}

/// The one encoding of the body; several at once are how bombs are nested.
pub(crate) fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(Encoding::Identity) };
    let text = String::from_utf8_lossy(value.as_bytes());
    let known = match text.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Some(Encoding::Identity),
        "gzip" | "x-gzip" => Some(Encoding::Gzip),
        "zstd" => Some(Encoding::Zstd),
        _ => None,
    };
    match known {
        Some(encoding) if values.next().is_none() => Ok(encoding),
        _ => Err(Refusal::UnsupportedEncoding { encoding: text.into_owned(), takes: ENCODINGS }),
    }
}

/// Frames hold payloads that are compressed already: the body is as it is.
pub(crate) fn check_no_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    match encoding(headers) {
        Ok(Encoding::Identity) => Ok(()),
        Ok(other) => Err(Refusal::UnsupportedEncoding { encoding: other.name().to_owned(), takes: "identity" }),
        Err(Refusal::UnsupportedEncoding { encoding, .. }) => {
            Err(Refusal::UnsupportedEncoding { encoding, takes: "identity" })
        }
        Err(other) => Err(other),
    }
}

/// How the body is compressed, also where its sender could not name it: a header that says so is none that a page may
/// send without being asked for leave first (a preflight).
pub(crate) fn seen(named: Encoding, body: &[u8]) -> Encoding {
    if named == Encoding::Identity && body.starts_with(&GZIP_MAGIC) { Encoding::Gzip } else { named }
}

/// The body as JSON text.
pub(crate) fn inflate(body: Bytes, encoding: Encoding, limits: &Limits, place: &Place) -> Result<Bytes, Refusal> {
    if encoding == Encoding::Identity {
        return Ok(body);
    }
    let bounds = Bounds { bytes_max: limits.inflated_bytes_max, ratio_max: limits.inflate_ratio_max };
    let inflated = inflate::inflate(&body, encoding, bounds, |bytes| place.grow(bytes));
    inflated.map(Bytes::from).map_err(|failure| match failure {
        Failure::Damaged(error) => Refusal::DamagedEncoding { encoding: encoding.name(), error },
        Failure::TooLarge => Refusal::InflatedTooLarge { bytes_max: bounds.bytes_max },
        Failure::TooMuch => Refusal::InflatesTooMuch { ratio_max: bounds.ratio_max },
        Failure::NoRoom(no_room) => no_room.into(),
    })
}

#[cfg(test)]
mod tests;
