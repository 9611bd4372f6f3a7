//! From the bytes of a body to its records. Nothing here waits.

use aws_lc_rs::digest::{SHA256, digest as sha256_of};
use bytes::Bytes;
use schemas::dead_letter::DeadLetter;
use schemas::replay::{
    self, BodyCode, Context, Frame, FrameCode, FrameError, PAYLOAD_BYTES_MAX, RECORD_OVERHEAD_BYTES_MAX, RawFrame,
    Sha256,
};
use schemas::topics::record_key;
use uuid::Uuid;

use crate::admission::Sender;
use crate::books::Books;
use crate::edge::Edge;
use crate::http::answer::{Refusal, Rejected};
use crate::kafka::records::{Records, STAGE, Target};
use crate::places::Place;

/// What became of a body: records that must be durable before the verdict is told.
pub(super) struct Digest {
    pub records: Records,
    /// Accepted frames and the rejected ones, or the refusal of all.
    pub verdict: Result<(usize, Vec<Rejected>), Refusal>,
    /// Assets among the accepted frames.
    pub assets: Vec<Sha256>,
    pub books: Books,
}

/// Reads a body's frames. Its place holds what it takes at each moment, and at the end the records.
pub(super) fn digest(edge: &Edge, sender: &Sender, body: Bytes, place: &Place) -> Result<Digest, Refusal> {
    edge.metrics.body_bytes.inc_by(body.len() as u64);
    // The records are the payloads once more, with what the headers say.
    place.grow(body.len())?;
    let payload_bytes_max = edge.config.limits.record_bytes_max.saturating_sub(RECORD_OVERHEAD_BYTES_MAX);
    let digest = match replay::frames(&body, payload_bytes_max.min(PAYLOAD_BYTES_MAX)) {
        Ok(frames) => digest_frames(edge, sender, &frames, body.len()),
        Err(error) if error.code != BodyCode::MalformedFrames => return Err(Refusal::Frames(error)),
        Err(error) => Digest {
            records: Records::of_body(
                sender.schema_ids,
                &sender.site.site_id,
                sender.received_at,
                error.code.name(),
                &error.message,
                &body,
            ),
            verdict: Err(Refusal::Frames(error)),
            assets: Vec::new(),
            books: Books::new(&edge.metrics, |metrics| &metrics.frames, 0, Vec::new()),
        },
    };
    place.grow(digest.records.bytes().saturating_sub(body.len()))?;
    drop(body);
    place.shrink_to(digest.records.bytes());
    Ok(digest)
}

fn digest_frames(edge: &Edge, sender: &Sender, frames: &[RawFrame], body_bytes: usize) -> Digest {
    let (mut visitor, mut good, mut bad) = (None, Vec::new(), Vec::new());
    for (index, raw) in frames.iter().enumerate() {
        match read(raw, &mut visitor) {
            Ok(frame) => good.push(frame),
            Err(error) => bad.push((index, error)),
        }
    }
    let site_id = &sender.site.site_id;
    let key = visitor.map_or_else(|| site_id.clone(), |visitor: Uuid| record_key(site_id, &visitor.to_string()));
    let mut records = Records::new(key, body_bytes);
    let context = Context { site_id, received_at: sender.received_at };
    for frame in &good {
        records.push(Target::Replay, |bytes| replay::encode(bytes, sender.schema_ids.replay, &context, frame));
    }
    for (index, error) in &bad {
        let letter = DeadLetter {
            stage: STAGE,
            code: error.code.name(),
            message: &error.message,
            rejected_at: sender.received_at,
            site_id: Some(site_id),
            event_index: i32::try_from(*index).ok(),
            // The payload would tell nothing about what is wrong.
            raw: frames[*index].header,
            ..DeadLetter::default()
        };
        records.push_dead_letter(sender.schema_ids, &letter);
    }
    let assets = good.iter().filter_map(|frame| match frame {
        Frame::Asset(asset, _) => Some(asset.sha256),
        Frame::Chunk(..) => None,
    });
    let (assets, accepted) = (assets.collect(), good.len());
    let codes = bad.iter().map(|(_, error)| error.code.name()).collect();
    let books = Books::new(&edge.metrics, |metrics| &metrics.frames, accepted, codes);
    let told =
        |(index, error): (usize, FrameError)| Rejected { index, code: error.code.name(), message: Some(error.message) };
    let rejected: Vec<_> = bad.into_iter().map(told).collect();
    let verdict = if accepted == 0 { Err(Refusal::EveryFrameRejected { rejected }) } else { Ok((accepted, rejected)) };
    Digest { records, verdict, assets, books }
}

/// A frame's header, and of an asset whether its payload is what the header says. `visitor` is whose the frames before are.
fn read<'a>(raw: &RawFrame<'a>, visitor: &mut Option<Uuid>) -> Result<Frame<'a>, FrameError> {
    let frame = replay::parse(raw)?;
    let own = match &frame {
        Frame::Chunk(chunk, _) => chunk.visitor_id.0,
        Frame::Asset(asset, payload) => {
            let found = sha256_of(&SHA256, payload);
            if found.as_ref() != asset.sha256.0 {
                let message = format!("`sha256`: the payload's is another than {}", asset.sha256);
                return Err(FrameError { code: FrameCode::HashMismatch, message });
            }
            asset.visitor_id.0
        }
    };
    // One key for all records of a request, so that a visitor's chunks stay in order in one partition.
    let of_all = *visitor.get_or_insert(own);
    if own != of_all {
        let message = format!("`visitor_id`: {own} is another than {of_all}, whose the frames before it are");
        return Err(FrameError { code: FrameCode::InvalidField, message });
    }
    Ok(frame)
}
