//! From the bytes of a body to its records. Nothing here waits.

use bytes::Bytes;
use schemas::ingest::{self, BatchCode};
use schemas::package::Context;
use tokio::runtime::{Handle, RuntimeFlavor};
use warp::http::header::USER_AGENT;

use crate::admission::Sender;
use crate::books::Books;
use crate::edge::Edge;
use crate::http::address::truncated;
use crate::http::answer::{Refusal, Rejected, rejected};
use crate::http::body;
use crate::http::client_hints;
use crate::http::header_text::header_text;
use crate::http::inflate::Encoding;
use crate::kafka::records::Records;
use crate::places::Place;

#[cfg(test)]
mod tests;

/// Longest `User-Agent` that is kept; browsers' are under 300 bytes.
const USER_AGENT_BYTES_MAX: usize = 1024;

/// Bodies as sent, and inflated, up to which the work stays on the runtime's thread: a usual batch does. Above that
/// other requests would wait for it (ARCHITECTURE.md, "Large bodies are read aside").
const SENT_INLINE_BYTES_MAX: usize = 16 * 1024;
const INFLATED_INLINE_BYTES_MAX: usize = 256 * 1024;

/// What became of a body: records that must be durable before the verdict is told.
pub(crate) struct Digest {
    pub records: Records,
    /// Accepted events and the rejected ones, or the refusal of all.
    pub verdict: Result<(usize, Vec<Rejected>), Refusal>,
    pub books: Books,
}

/// Inflates and reads a body. Its place holds what it takes at each moment, and at the end the records.
pub(crate) fn digest(
    edge: &Edge,
    sender: &Sender,
    sent: Bytes,
    encoding: Encoding,
    place: &Place,
) -> Result<Digest, Refusal> {
    edge.metrics.body_bytes.inc_by(sent.len() as u64);
    let inline = encoding == Encoding::Identity || sent.len() <= SENT_INLINE_BYTES_MAX;
    let body = aside(!inline, || body::inflate(sent, encoding, &edge.config.limits, place))?;
    place.shrink_to(body.len());
    edge.metrics.inflated_bytes.inc_by(body.len() as u64);
    // For the records, which are usually shorter than the JSON that they come from: room first, memory afterwards.
    place.grow(body.len())?;
    let digest = aside(body.len() > INFLATED_INLINE_BYTES_MAX, || read(edge, sender, &body))?;
    place.grow(digest.records.bytes().saturating_sub(body.len()))?;
    drop(body);
    place.shrink_to(digest.records.bytes());
    Ok(digest)
}

/// Does long `work` while another thread takes over this one's other tasks.
fn aside<T>(long: bool, work: impl FnOnce() -> T) -> T {
    let can = || Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if long && can() { tokio::task::block_in_place(work) } else { work() }
}

fn read(edge: &Edge, sender: &Sender, body: &[u8]) -> Result<Digest, Refusal> {
    match ingest::parse(body) {
        Ok(mut batch) => {
            batch.header.client_hints = client_hints::completed(batch.header.client_hints.take(), sender.headers);
            Ok(digest_batch(edge, sender, &batch, body.len()))
        }
        Err(error) if error.code == BatchCode::TooManyEvents => Err(Refusal::Batch(error)),
        Err(error) => Ok(Digest {
            records: Records::of_body(
                sender.schema_ids,
                &sender.site.site_id,
                sender.received_at,
                error.code.name(),
                &error.message,
                body,
            ),
            verdict: Err(Refusal::Batch(error)),
            books: Books::new(&edge.metrics, |metrics| &metrics.events, 0, Vec::new()),
        }),
    }
}

fn digest_batch(edge: &Edge, sender: &Sender, batch: &ingest::Batch, body_bytes: usize) -> Digest {
    let client_address = truncated(sender.client).to_string();
    let user_agent = header_text(sender.headers, &USER_AGENT, USER_AGENT_BYTES_MAX);
    let context = Context {
        site_id: &sender.site.site_id,
        received_at: sender.received_at,
        user_agent: user_agent.as_deref(),
        client_address: Some(&client_address),
    };
    let record_bytes_max = edge.config.limits.record_bytes_max;
    let records = Records::of_batch(sender.schema_ids, record_bytes_max, &context, batch, body_bytes);
    let rejected = rejected(&batch.rejects);
    let codes = batch.rejects.iter().map(|reject| reject.code.name()).collect();
    let accepted = batch.events.len();
    let verdict = if accepted == 0 && !rejected.is_empty() {
        Err(Refusal::EveryEventRejected { rejected })
    } else {
        Ok((accepted, rejected))
    };
    Digest { records, verdict, books: Books::new(&edge.metrics, |metrics| &metrics.events, accepted, codes) }
}
