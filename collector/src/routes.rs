//! The public address: events, health, the SDK's files.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Buf, Bytes};
use futures::Stream;
use schemas::ingest::{self, BatchCode};
use schemas::package::Context;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{HeaderMap, USER_AGENT};
use warp::http::{Method, StatusCode};
use warp::path::FullPath;

use crate::address::{client_address, truncated};
use crate::answer::{Accepted, Answer, Refusal, Rejected, text};
use crate::body::{self, Encoding, Incoming};
use crate::books::Books;
use crate::config::Ack;
use crate::cors;
use crate::edge::Edge;
use crate::header_text::header_text;
use crate::records::{Records, SchemaIds};
use crate::sdk_files;
use crate::sites::{Site, check_origin};
use crate::window::Permit;

/// Longest `User-Agent` that is kept; browsers' are under 300 bytes.
const USER_AGENT_BYTES_MAX: usize = 1024;

/// The peer of a connection, as the accept loop notes it on each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// A request, taken apart.
pub struct Request {
    pub method: Method,
    pub path: FullPath,
    pub query: String,
    pub headers: HeaderMap,
    pub peer: IpAddr,
    pub body: Incoming,
}

/// All requests to the public address.
pub fn public(edge: Arc<Edge>) -> BoxedFilter<(Answer,)> {
    warp::method()
        .and(warp::path::full())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Peer>())
        .and(warp::body::stream())
        .map(request)
        .then(move |request| {
            let edge = Arc::clone(&edge);
            async move { answer(&edge, request).await }
        })
        .boxed()
}

fn request(
    method: Method,
    path: FullPath,
    query: String,
    headers: HeaderMap,
    Peer(peer): Peer,
    body: impl Stream<Item = Result<impl Buf, warp::Error>> + Send + 'static,
) -> Request {
    let body = Incoming::new(body, &headers);
    Request { method, path, query, headers, peer, body }
}

async fn answer(edge: &Edge, mut request: Request) -> Answer {
    let (method, paths) = (request.method.clone(), &edge.config.paths);
    let path = request.path.as_str();
    if path == paths.events {
        return match method {
            Method::POST => post_events(edge, &mut request).await,
            Method::OPTIONS => cors::preflight(&edge.sites, &request.headers),
            _ => {
                request.body.drain().await;
                Refusal::MethodNotAllowed { allow: "POST, OPTIONS" }.answer()
            }
        };
    }
    if method != Method::GET && method != Method::HEAD {
        request.body.drain().await;
        return Refusal::NotFound { path: request.path.as_str().to_owned() }.answer();
    }
    match path {
        "/health/live" => live(),
        "/health/ready" => ready(edge),
        "/robots.txt" => text(StatusCode::OK, "text/plain", "User-agent: *\nDisallow: /\n"),
        _ => match path.strip_prefix(&*paths.sdk).and_then(|rest| rest.strip_prefix('/')) {
            Some(file) => sdk_files::answer(file, &request.headers),
            None => Refusal::NotFound { path: path.to_owned() }.answer(),
        },
    }
}

pub fn live() -> Answer {
    text(StatusCode::OK, "text/plain", "live\n")
}

pub fn ready(edge: &Edge) -> Answer {
    match edge.health.not_ready() {
        None => text(StatusCode::OK, "text/plain", "ready\n"),
        Some(reason) => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("not ready: {reason}\n")),
    }
}

/// One batch, from the first header to the answer.
pub async fn post_events(edge: &Edge, request: &mut Request) -> Answer {
    let mut allowed_origin = None;
    let taken = tokio::select! {
        taken = take(edge, request, &mut allowed_origin) => taken,
        () = edge.give_up.cancelled() => Err(Refusal::NotReady),
    };
    let mut answer = match taken {
        Ok(mut accepted) => {
            accepted.server_sent_at = epoch_ms();
            accepted.answer()
        }
        Err(refusal) => {
            request.body.drain().await;
            refusal.answer()
        }
    };
    edge.metrics.requests.with_label_values(&[answer.status().as_str()]).inc();
    cors::allow(&mut answer, allowed_origin);
    answer
}

/// The steps of a batch, in order; the first that refuses ends it.
async fn take(edge: &Edge, request: &mut Request, allowed_origin: &mut Option<String>) -> Result<Accepted, Refusal> {
    let (received_at, config) = (epoch_ms(), &edge.config);
    let site = edge.sites.authenticate(&request.headers, &request.query)?;
    *allowed_origin = check_origin(&site, &request.headers)?;
    let client = client_address(request.peer, &request.headers, config.forwarded_by, &config.trusted_proxies);
    edge.rates.check(site.index, client)?;
    body::check_content_type(&request.headers)?;
    let encoding = body::encoding(&request.headers)?;
    let schema_ids = edge.schema_ids()?;

    let mut permit = edge.window.enter().ok_or(Refusal::WindowFull)?;
    let sent = request.body.read(&request.headers, &edge.config.limits, &mut permit).await?;
    let sender = Sender { site: &site, client, headers: &request.headers, received_at, schema_ids };
    let (digest, permit) = digest(edge, &sender, sent, encoding, permit)?;

    let Digest { records, verdict, mut books } = digest;
    let receipt = edge.sink.submit(&records, permit).map_err(|reason| Refusal::NotDurable { reason })?;
    drop(records);
    let durability = match edge.config.ack {
        Ack::Kafka => {
            let wait = Duration::from_millis(edge.config.ack_timeout_ms);
            let delivery = tokio::time::timeout(wait, receipt.delivered()).await;
            let silent = || Err(format!("no acknowledgement within {} ms", edge.config.ack_timeout_ms));
            delivery.unwrap_or_else(|_| silent()).map_err(|reason| Refusal::NotDurable { reason })?;
            edge.sink.durability()
        }
        Ack::Memory => "memory",
    };
    books.settle();
    let (accepted, rejected) = verdict?;
    Ok(Accepted { durability, accepted, rejected, server_received_at: received_at, server_sent_at: received_at })
}

/// Who sent a batch, and when.
struct Sender<'a> {
    site: &'a Site,
    client: IpAddr,
    headers: &'a HeaderMap,
    /// Epoch milliseconds.
    received_at: f64,
    schema_ids: SchemaIds,
}

/// What became of a body: records that must be durable before the verdict is told.
struct Digest {
    records: Records,
    /// Accepted events and the rejected ones, or the refusal of all.
    verdict: Result<(usize, Vec<Rejected>), Refusal>,
    books: Books,
}

/// From the bytes of a body to its records. Nothing here waits.
fn digest(
    edge: &Edge,
    sender: &Sender,
    sent: Bytes,
    encoding: Encoding,
    mut permit: Permit,
) -> Result<(Digest, Permit), Refusal> {
    let limits = &edge.config.limits;
    edge.metrics.body_bytes.inc_by(sent.len() as u64);
    let body = body::inflate(sent, encoding, limits, &mut permit)?;
    edge.metrics.inflated_bytes.inc_by(body.len() as u64);
    let digest = match ingest::parse(&body) {
        Ok(batch) => digest_batch(edge, sender, &batch, body.len()),
        Err(error) if error.code == BatchCode::TooManyEvents => return Err(Refusal::Batch(error)),
        Err(error) => Digest {
            records: Records::of_body(
                sender.schema_ids,
                &sender.site.site_id,
                sender.received_at,
                error.code.name(),
                &error.message,
                &body,
            ),
            verdict: Err(Refusal::Batch(error)),
            books: Books::new(&edge.metrics, 0, Vec::new()),
        },
    };
    drop(body);
    if !permit.grow(digest.records.bytes()) {
        return Err(Refusal::WindowFull);
    }
    permit.shrink_to(digest.records.bytes());
    Ok((digest, permit))
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
    let rejected: Vec<_> = batch.rejects.iter().map(Rejected::from).collect();
    let codes = batch.rejects.iter().map(|reject| reject.code).collect();
    let accepted = batch.events.len();
    let verdict = if accepted == 0 && !rejected.is_empty() {
        Err(Refusal::EveryEventRejected { rejected })
    } else {
        Ok((accepted, rejected))
    };
    Digest { records, verdict, books: Books::new(&edge.metrics, accepted, codes) }
}

/// Server clock, epoch milliseconds.
fn epoch_ms() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as f64 / 1000.0
}
