//! The public address: events, recordings, health, the SDK's files.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Buf;
use futures::Stream;
use schemas::time::epoch_ms;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{ALLOW, HeaderMap, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::path::FullPath;

use crate::admission::{Admitted, admit, deliver};
use crate::config::Paths;
use crate::cors;
use crate::digest::{Digest, digest};
use crate::edge::Edge;
use crate::http::Peer;
use crate::http::answer::{Accepted, Answer, Refusal, text};
use crate::http::body::{self, Incoming};
use crate::http::inflate::Encoding;
use crate::http::request::Request;
use crate::http::sdk_files;
use crate::http::target;
use crate::replay;
use crate::sites::Key;

/// What resources that are only read take.
pub(crate) const READ: &str = "GET, HEAD";

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
    let posted = Posted::at(request.path.as_str(), &edge.config.paths);
    let (mut answer, reader) = if request.method == Method::OPTIONS && posted.is_some() {
        cors::preflight(&edge.sites, &key, &request.headers)
    } else {
        (resource(edge, &mut request, &key).await, cors::reader(&key, &request.headers))
    };
    cors::allow(&mut answer, reader);
    answer
}

/// What takes a POST.
#[derive(Clone, Copy)]
enum Posted {
    Events,
    Frames,
    Have,
}

impl Posted {
    fn at(path: &str, paths: &Paths) -> Option<Self> {
        match path {
            events if events == paths.events => Some(Posted::Events),
            _ => match path.strip_prefix(&*paths.replay)? {
                "" => Some(Posted::Frames),
                "/have" => Some(Posted::Have),
                _ => None,
            },
        }
    }
}

/// What lies at a path.
enum Resource<'a> {
    Posted,
    Live,
    Ready,
    Robots,
    SdkFile(&'a str),
}

impl<'a> Resource<'a> {
    fn at(path: &'a str, paths: &Paths) -> Option<Self> {
        match path {
            path if Posted::at(path, paths).is_some() => Some(Resource::Posted),
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
    let posted = Posted::at(request.path.as_str(), paths).filter(|_| fits && request.method == Method::POST);
    match posted {
        Some(Posted::Events) => return post_events(edge, request, key).await,
        Some(Posted::Frames) => return replay::post_frames(edge, request, key).await,
        Some(Posted::Have) => return replay::post_have(edge, request, key).await,
        None => {}
    }
    request.body.drain().await;
    if !fits {
        return Refusal::HeadTooLarge { bytes_max }.answer();
    }
    let path = request.path.as_str();
    let Some(resource) = Resource::at(path, paths) else { return nothing_at(path, &request.method) };
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    match resource {
        Resource::Posted => Refusal::MethodNotAllowed { allow: "POST, OPTIONS" }.answer(),
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
    let mut named = Encoding::Identity;
    let Admitted { sender, place, body } = admit(edge, request, key, edge.config.limits.body_bytes_max, |headers| {
        body::check_content_type(headers, body::JSON)?;
        named = body::encoding(headers)?;
        Ok(())
    })
    .await?;
    let encoding = body::seen(named, &body);
    let Digest { records, verdict, mut books } = digest(edge, &sender, body, encoding, &place)?;
    let durability = deliver(edge, records, place).await?;
    books.settle();
    let (accepted, rejected) = verdict?;
    Ok(Accepted {
        durability,
        accepted,
        rejected,
        encodings: body::UNNAMED,
        server_received_at: sender.received_at,
        server_sent_at: sender.received_at,
    })
}
