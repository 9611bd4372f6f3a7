//! The replay contract: what `POST /v1/replay` takes, and the record that the collector makes of it.
//!
//! A body is 1 to [`FRAMES_MAX`] frames, each `u32le header bytes | header, JSON | u32le payload bytes | payload`. A
//! frame is a part of a chunk (a stretch of one page view's DOM recording) or an asset that recordings name. Payloads are
//! passed on as they are: nothing on the way inflates or parses them. `examples/replay/` shows headers.

mod framing;
mod have;
mod header;
mod record;
mod sha256;

#[cfg(test)]
mod tests;

pub use framing::{BodyCode, BodyError, RawFrame, frames};
pub use have::{HAVE_BODY_BYTES_MAX, HAVE_MAX, parse_have};
pub use header::{Asset, Chunk, ChunkKind, ContentType, Encoding, Frame, FrameCode, FrameError, page_view_ms, parse};
pub use record::{Context, RECORD_OVERHEAD_BYTES_MAX, encode};
pub use sha256::Sha256;

/// The header's `v`.
pub const VERSION: i64 = 1;
/// Most frames of one body.
pub const FRAMES_MAX: usize = 8;
/// Longest header of a frame. It bounds what is in the header, too: an asset's name takes 67 bytes of it.
pub const HEADER_BYTES_MAX: usize = 4 * 1024;
/// Longest payload of a frame, as it is sent.
pub const PAYLOAD_BYTES_MAX: usize = 512 * 1024;
/// Longest body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most parts of one snapshot; mutations are one part.
pub const PARTS_MAX: i64 = 8;
/// Longest payload of a chunk after inflating, all parts joined; longest asset after inflating.
pub const INFLATED_BYTES_MAX: i64 = 8 * 1024 * 1024;
/// Most chunks of one page view.
pub const CHUNKS_MAX: i64 = crate::ingest::RECORDING_CHUNKS_MAX;
