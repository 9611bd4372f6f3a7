//! The public address: events, health, the SDK's files.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Buf;
use futures::Stream;
use schemas::time::epoch_ms;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{ALLOW, HeaderMap, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::path::FullPath;

use crate::config::{Ack, Paths};
use crate::cors;
use crate::digest::{Digest, Sender, digest};
use crate::edge::Edge;
use crate::http::Peer;
use crate::http::address::{client_address, network_of};
use crate::http::answer::{Accepted, Answer, Refusal, text};
use crate::http::body::{self, Incoming};
use crate::http::sdk_files;
use crate::http::target;
use crate::places::Holder;
use crate::sites::{Key, check_origin};

/// Colon, space and the end of a header's line.
const HEADER_SIGNS_BYTES: usize = 4;

/// What resources that are only read take.
pub(crate) const READ: &str = "GET, HEAD";

/// A request, taken apart.
pub(crate) struct Request {
    pub method: Method,
    pub path: FullPath,
    pub query: String,
    pub headers: HeaderMap,
    pub peer: IpAddr,
    pub body: Incoming,
}

/// All requests to the public address.
pub(crate) fn public(edge: Arc<Edge>) -> BoxedFilter<(Answer,)> {
    warp::method()
        .and(warp::path::full())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Peer>())
        .and(warp::body::stream())
        .map(request)
        .then(move |request| {
            let edge = Arc::clone(&edge);
            async move { route(&edge, request).await }
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

/// The router: what lies at the path, and who may read the answer.
pub(crate) async fn route(edge: &Edge, mut request: Request) -> Answer {
    let key = edge.sites.key(&request.headers, &request.query);
    let (mut answer, reader) = if request.method == Method::OPTIONS && request.path.as_str() == edge.config.paths.events
    {
        cors::preflight(&edge.sites, &key, &request.headers)
    } else {
        (resource(edge, &mut request, &key).await, cors::reader(&key, &request.headers))
    };
    cors::allow(&mut answer, reader);
    answer
}

impl Request {
    /// Of the request line and the headers, about as they were sent.
    fn head_bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER_SIGNS_BYTES);
        self.path.as_str().len() + self.query.len() + headers.sum::<usize>()
    }
}

/// What lies at a path.
enum Resource<'a> {
    Events,
    Live,
    Ready,
    Robots,
    SdkFile(&'a str),
}

impl<'a> Resource<'a> {
    fn at(path: &'a str, paths: &Paths) -> Option<Self> {
        match path {
            events if events == paths.events => Some(Resource::Events),
            "/health/live" => Some(Resource::Live),
            "/health/ready" => Some(Resource::Ready),
            "/robots.txt" => Some(Resource::Robots),
            _ => path.strip_prefix(&*paths.sdk)?.strip_prefix('/').map(Resource::SdkFile),
        }
    }
}

/// The answer by path, then by method.
async fn resource(edge: &Edge, request: &mut Request, key: &Key) -> Answer {
    let (paths, bytes_max) = (&edge.config.paths, edge.config.limits.header_bytes_max);
    let fits = request.head_bytes() <= bytes_max;
    if fits && request.method == Method::POST && request.path.as_str() == paths.events {
        return post_events(edge, request, key).await;
    }
    request.body.drain().await;
    if !fits {
        return Refusal::HeadTooLarge { bytes_max }.answer();
    }
    let path = request.path.as_str();
    let Some(resource) = Resource::at(path, paths) else { return nothing_at(path, &request.method) };
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    match resource {
        Resource::Events => Refusal::MethodNotAllowed { allow: "POST, OPTIONS" }.answer(),
        _ if !reads => Refusal::MethodNotAllowed { allow: READ }.answer(),
        Resource::Live => live(),
        Resource::Ready => ready(edge),
        Resource::Robots => text(StatusCode::OK, "text/plain", "User-agent: *\nDisallow: /\n"),
        Resource::SdkFile(file) => sdk_files::answer(file, &request.headers),
    }
}

fn nothing_at(path: &str, method: &Method) -> Answer {
    match *method {
        // Asks for the server as a whole (RFC 9110, section 9.3.7).
        Method::OPTIONS if path == "*" => {
            let mut answer = text(StatusCode::NO_CONTENT, "text/plain", "");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(target::METHODS));
            answer
        }
        Method::GET | Method::HEAD | Method::POST | Method::OPTIONS => {
            Refusal::NotFound { path: path.to_owned() }.answer()
        }
        _ => Refusal::MethodNotAllowed { allow: target::METHODS }.answer(),
    }
}

pub(crate) fn live() -> Answer {
    text(StatusCode::OK, "text/plain", "live\n")
}

pub(crate) fn ready(edge: &Edge) -> Answer {
    match edge.health.not_ready() {
        None => text(StatusCode::OK, "text/plain", "ready\n"),
        Some(reason) => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("not ready: {reason}\n")),
    }
}

/// One batch, from the first header to the answer.
pub(crate) async fn post_events(edge: &Edge, request: &mut Request, key: &Key) -> Answer {
    let taken = tokio::select! {
        taken = take(edge, request, key) => taken,
        () = edge.give_up.cancelled() => Err(Refusal::NotReady),
    };
    let answer = match taken {
        Ok(mut accepted) => {
            accepted.server_sent_at = epoch_ms(SystemTime::now());
            accepted.answer()
        }
        Err(refusal) => {
            request.body.drain().await;
            refusal.answer()
        }
    };
    edge.metrics.requests.with_label_values(&[answer.status().as_str()]).inc();
    answer
}

/// The steps of a batch, in order; the first that refuses ends it.
async fn take(edge: &Edge, request: &mut Request, key: &Key) -> Result<Accepted, Refusal> {
    let (received_at, config, headers) = (epoch_ms(SystemTime::now()), &edge.config, &request.headers);
    let site = key.site()?;
    check_origin(site, headers)?;
    let client = client_address(request.peer, headers, config.forwarded_by, &config.trusted_proxies);
    edge.rates.check(site.index, client)?;
    body::check_content_type(headers)?;
    let encoding = body::encoding(headers)?;
    let schema_ids = edge.schema_ids()?;

    let holders = [Some(Holder::Address(network_of(client))), Some(Holder::Key(site.index))];
    let place = edge.window.enter(holders)?;
    let sent = request.body.read(headers, &config.limits, &place).await?;
    let sender = Sender { site, client, headers, received_at, schema_ids };
    let encoding = body::seen(encoding, &sent);
    let Digest { records, verdict, mut books } = digest(edge, &sender, sent, encoding, &place)?;
    let receipt = edge.sink.submit(&records, place).map_err(|reason| Refusal::NotDurable { reason })?;
    drop(records);
    let durability = match config.ack {
        Ack::Kafka => {
            let wait = Duration::from_millis(config.ack_timeout_ms);
            let delivery = tokio::time::timeout(wait, receipt.delivered()).await;
            let silent = || Err(format!("no acknowledgement within {} ms", config.ack_timeout_ms));
            delivery.unwrap_or_else(|_| silent()).map_err(|reason| Refusal::NotDurable { reason })?;
            edge.sink.durability()
        }
        Ack::Memory => "memory",
    };
    books.settle();
    let (accepted, rejected) = verdict?;
    Ok(Accepted {
        durability,
        accepted,
        rejected,
        encodings: body::UNNAMED,
        server_received_at: received_at,
        server_sent_at: received_at,
    })
}
