//! Recordings: `POST /v1/replay` takes frames, `POST /v1/replay/have` tells which assets need not be sent.
//!
//! Headers are read, payloads are passed on: nothing here inflates or parses them. Of an asset the SHA-256 is checked, since
//! other visitors rely on it.

mod digest;

use std::time::{Instant, SystemTime};

use schemas::replay::{BODY_BYTES_MAX, HAVE_BODY_BYTES_MAX, parse_have};
use schemas::time::epoch_ms;

use crate::admission::{Admitted, admit, deliver};
use crate::edge::Edge;
use crate::http::answer::{Accepted, Answer, Missing, Refusal};
use crate::http::body;
use crate::http::request::Request;
use crate::sites::Key;

use digest::{Digest, digest};

/// One body of frames, from the first header to the answer.
pub(crate) async fn post_frames(edge: &Edge, request: &mut Request, key: &Key) -> Answer {
    let taken = tokio::select! {
        taken = take(edge, request, key) => taken,
        () = edge.give_up.cancelled() => Err(Refusal::NotReady),
    };
    let taken = taken.map(|accepted| Accepted { server_sent_at: epoch_ms(SystemTime::now()), ..accepted }.answer());
    answered(edge, request, taken).await
}

/// One question about assets.
pub(crate) async fn post_have(edge: &Edge, request: &mut Request, key: &Key) -> Answer {
    let told = tokio::select! {
        told = tell(edge, request, key) => told,
        () = edge.give_up.cancelled() => Err(Refusal::NotReady),
    };
    answered(edge, request, told.map(|missing| missing.answer())).await
}

async fn answered(edge: &Edge, request: &mut Request, answer: Result<Answer, Refusal>) -> Answer {
    let answer = match answer {
        Ok(answer) => answer,
        Err(refusal) => {
            request.body.drain().await;
            refusal.answer()
        }
    };
    edge.metrics.replay_requests.with_label_values(&[answer.status().as_str()]).inc();
    answer
}

/// The steps of a body, in order; the first that refuses ends it.
async fn take(edge: &Edge, request: &mut Request, key: &Key) -> Result<Accepted, Refusal> {
    let Admitted { sender, place, body } = admit(edge, request, key, BODY_BYTES_MAX, |headers| {
        body::check_content_type(headers, body::FRAMES)?;
        body::check_no_encoding(headers)
    })
    .await?;
    let Digest { records, verdict, assets, mut books } = digest(edge, &sender, body, &place)?;
    let durability = deliver(edge, records, place).await?;
    books.settle();
    if durability == edge.sink.durability() {
        edge.assets.remember(sender.site.index, &assets, Instant::now());
        edge.metrics.assets_known.set(i64::try_from(edge.assets.len()).unwrap_or(i64::MAX));
    }
    let (accepted, rejected) = verdict?;
    Ok(Accepted {
        durability,
        accepted,
        rejected,
        encodings: &[],
        server_received_at: sender.received_at,
        server_sent_at: sender.received_at,
    })
}

async fn tell(edge: &Edge, request: &mut Request, key: &Key) -> Result<Missing, Refusal> {
    let Admitted { sender, body, place: _place } = admit(edge, request, key, HAVE_BODY_BYTES_MAX, |headers| {
        body::check_content_type(headers, body::JSON)?;
        body::check_no_encoding(headers)
    })
    .await?;
    let asked = parse_have(&body).map_err(Refusal::Question)?;
    let missing = edge.assets.missing(sender.site.index, &asked, Instant::now());
    Ok(Missing { missing: missing.iter().map(ToString::to_string).collect() })
}
