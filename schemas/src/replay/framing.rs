//! A body to its frames, by their lengths alone.

use super::{BODY_BYTES_MAX, FRAMES_MAX, HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX};

/// One frame as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawFrame<'a> {
    /// JSON, 1 to [`HEADER_BYTES_MAX`] bytes.
    pub header: &'a [u8],
    /// 1 to [`PAYLOAD_BYTES_MAX`] bytes.
    pub payload: &'a [u8],
}

/// Why a whole body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyCode {
    /// Its lengths do not add up to frames.
    MalformedFrames,
    /// More than [`FRAMES_MAX`].
    TooManyFrames,
    /// A header beyond [`HEADER_BYTES_MAX`], a payload beyond what is allowed, or the body itself.
    FrameTooLarge,
}

impl BodyCode {
    /// The stable name, as in answers and dead letters.
    pub const fn name(self) -> &'static str {
        match self {
            BodyCode::MalformedFrames => "malformed_frames",
            BodyCode::TooManyFrames => "too_many_frames",
            BodyCode::FrameTooLarge => "frame_too_large",
        }
    }
}

/// A body refused as a whole: a wrong length leaves nothing by which the frames after it could be found.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BodyError {
    /// For machines.
    pub code: BodyCode,
    /// For people: names the frame and the length.
    pub message: String,
}

/// The frames of a body, whose payloads may have `payload_bytes_max` (at most [`PAYLOAD_BYTES_MAX`]). Looks at their
/// lengths and at nothing else; keeps no more than [`FRAMES_MAX`] references.
pub fn frames(body: &[u8], payload_bytes_max: usize) -> Result<Vec<RawFrame<'_>>, BodyError> {
    let refused = |code, message| Err(BodyError { code, message });
    if body.len() > BODY_BYTES_MAX {
        let message = format!("the body has {} bytes, at most {BODY_BYTES_MAX} are allowed", body.len());
        return refused(BodyCode::FrameTooLarge, message);
    }
    if body.is_empty() {
        return refused(BodyCode::MalformedFrames, "the body is empty: send 1 to 8 frames".into());
    }
    let mut frames = Vec::with_capacity(FRAMES_MAX);
    let mut rest = body;
    while !rest.is_empty() {
        let index = frames.len();
        if index == FRAMES_MAX {
            let message = format!("more than {FRAMES_MAX} frames, or bytes after the last one: send them in parts");
            return refused(BodyCode::TooManyFrames, message);
        }
        let header = piece(&mut rest, index, "header", HEADER_BYTES_MAX)?;
        let payload = piece(&mut rest, index, "payload", payload_bytes_max.min(PAYLOAD_BYTES_MAX))?;
        frames.push(RawFrame { header, payload });
    }
    Ok(frames)
}

/// Takes a length and so many bytes off the front of `rest`.
fn piece<'a>(rest: &mut &'a [u8], index: usize, what: &str, bytes_max: usize) -> Result<&'a [u8], BodyError> {
    let malformed = |message| BodyError { code: BodyCode::MalformedFrames, message };
    let Some((length, after)) = rest.split_first_chunk::<4>() else {
        let left = rest.len();
        return Err(malformed(format!(
            "frame {index}: the body ends within the length of its {what} ({left} of 4 bytes)"
        )));
    };
    let length = u32::from_le_bytes(*length) as usize;
    if length == 0 {
        return Err(malformed(format!("frame {index}: its {what} is empty")));
    }
    if length > bytes_max {
        let message = format!("frame {index}: its {what} has {length} bytes, at most {bytes_max} are allowed");
        return Err(BodyError { code: BodyCode::FrameTooLarge, message });
    }
    let Some((piece, after)) = after.split_at_checked(length) else {
        let left = after.len();
        return Err(malformed(format!("frame {index}: its {what} has {length} bytes, of which {left} came")));
    };
    *rest = after;
    Ok(piece)
}
