//! HTTP: the SQL API, health, and the studio's page.

mod studio;

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context, bail};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use warp::http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::access::{Access, Right, Role};
use crate::lake::Lake;
use crate::limits::{BODY_BYTES_MAX, DRAIN};
use crate::postgres::{Postgres, Tls};
use crate::query::{Blame, Failure, Limits};
use crate::sql::{self, Form, Pool, Question, Settings};

const ARROW: &str = "application/vnd.apache.arrow.stream";

/// What the studio's page tells about the system around it. Everything is optional: what is unknown is not shown.
#[derive(Clone, Debug, Default, Serialize)]
pub struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shop_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collector_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_url: Option<String>,
}

/// How to serve.
#[derive(Debug)]
pub struct Serving {
    pub about: About,
    /// Who may ask what.
    pub access: Arc<Access>,
    /// How statements are worked on, in other processes.
    pub sql: Settings,
    /// PostgreSQL's protocol as well, with TLS or without.
    pub postgres: Option<(TcpListener, Option<Tls>)>,
}

/// Serves until `shutdown`, then lets open requests and statements end for a moment.
pub async fn serve(
    lake: Arc<Lake>,
    listener: TcpListener,
    serving: Serving,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("the studio's listener")?;
    if !address.ip().is_loopback() && !serving.access.is_asked_for() {
        bail!("{address} is within others' reach, and no token is asked for");
    }
    let ending = shutdown.clone();
    let Serving { about, access, sql, postgres } = serving;
    let pool = Arc::new(Pool::start(sql));
    let mut postgres = postgres.map(|(listener, tls)| {
        let served = Postgres::new(access.clone(), pool.clone(), tls).serve(listener, shutdown.clone());
        AbortOnDropHandle::new(tokio::spawn(served))
    });
    let routes = routes(State { lake, about, access, pool: pool.clone() });
    let server = warp::serve(routes).incoming(listener).graceful(async move { ending.cancelled().await });
    let mut server = tokio::spawn(server.run());
    tokio::select! {
        // first: told to stop, the server may have ended by now
        biased;
        () = shutdown.cancelled() => {}
        ended = &mut server => bail!("the HTTP server ended: {ended:?}"),
        ended = ended(postgres.as_mut()) => return ended,
    }
    let drained = tokio::time::timeout(DRAIN, &mut server).await.is_ok();
    pool.stop().await;
    // What was ended is still to be told; keep-alive connections have no end of their own.
    if !drained && tokio::time::timeout(DRAIN, &mut server).await.is_err() {
        server.abort();
    }
    Ok(())
}

/// When the listener of PostgreSQL's protocol has ended, and how; never without one.
async fn ended(listener: Option<&mut AbortOnDropHandle<anyhow::Result<()>>>) -> anyhow::Result<()> {
    match listener {
        Some(listener) => listener.await.context("the listener of PostgreSQL's protocol ended")?,
        None => std::future::pending().await,
    }
}

fn routes(state: State) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let state = Arc::new(state);
    let with = {
        let state = state.clone();
        warp::any().map(move || state.clone())
    };
    let sql = warp::path!("api" / "v1" / "sql")
        .and(warp::post())
        .and(with.clone())
        .and(warp::header::headers_cloned())
        .and(warp::body::content_length_limit(BODY_BYTES_MAX))
        .and(warp::body::bytes())
        .then(
            |state: Arc<State>, headers: HeaderMap, body: bytes::Bytes| async move { state.sql(&headers, &body).await },
        );
    let about =
        warp::path!("api" / "v1" / "about").and(warp::get()).and(with.clone()).and(warp::header::headers_cloned()).map(
            |state: Arc<State>, headers: HeaderMap| match state.right(&headers) {
                Some(right) => answer(StatusCode::OK, "application/json", json!(state.about(&right)).to_string()),
                None => unauthorized(),
            },
        );
    let live = warp::path!("health" / "live")
        .and(warp::get())
        .map(|| answer(StatusCode::OK, "application/json", r#"{"live":true}"#.to_owned()));
    let ready = warp::path!("health" / "ready").and(warp::get()).and(with).then(|state: Arc<State>| async move {
        match state.lake.least_progress().await {
            Ok(_) => answer(StatusCode::OK, "application/json", r#"{"ready":true}"#.to_owned()),
            Err(cause) => error(StatusCode::SERVICE_UNAVAILABLE, "not_ready", &format!("{cause:#}")),
        }
    });
    let page = warp::get()
        .and(warp::path::full())
        .map(|path: warp::path::FullPath| studio::file(path.as_str()).into_response());
    sql.or(about).unify().or(live).unify().or(ready).unify().or(page).unify().recover(recover)
}

struct State {
    lake: Arc<Lake>,
    about: About,
    access: Arc<Access>,
    pool: Arc<Pool>,
}

#[derive(Deserialize)]
struct Ask {
    sql: String,
}

impl State {
    /// What the one who asks may see, if anything.
    fn right(&self, headers: &HeaderMap) -> Option<Right> {
        let access = &self.access;
        if !access.is_asked_for() && !own_origin(headers) {
            return None;
        }
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        access.right(given.and_then(|value| value.strip_prefix("Bearer ")))
    }

    /// What the page shows to whom.
    fn about(&self, right: &Right) -> About {
        let about = self.about.clone();
        match right.role {
            Role::Admin => about,
            Role::Reader => About { write_key: None, store_url: None, ..about },
        }
    }

    async fn sql(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let Some(right) = self.right(headers) else { return unauthorized() };
        let ask: Ask = match serde_json::from_slice(body) {
            Ok(ask) => ask,
            Err(cause) => {
                let text = format!("the body is not {{\"sql\": \"…\"}}: {cause}");
                return error(StatusCode::BAD_REQUEST, "malformed_json", &text);
            }
        };
        let (form, kind) = if wants_arrow(headers) { (Form::Arrow, ARROW) } else { (Form::Json, "application/json") };
        let question = Question {
            sql: ask.sql,
            scope: right.scope,
            form,
            parameters: Vec::new(),
            limits: Limits::answer(),
            streamed: false,
        };
        match self.pool.ask(&question).await {
            Ok(reply) => streamed(kind, reply),
            Err(failure) => refused(&failure),
        }
    }
}

/// The answer as it comes from the worker. One that breaks off breaks the connection, so that nobody takes it for whole.
fn streamed(kind: &'static str, reply: sql::Reply) -> Response {
    let bytes = reply.bytes;
    let pieces = stream::unfold(reply, |mut reply| async move {
        let piece = reply.next().await;
        if let Err(failure) = &piece {
            tracing::warn!("an answer broke off: {failure}");
        }
        piece.transpose().map(|piece| (piece, reply))
    });
    let mut response = with_headers(kind, warp::reply::stream(pieces).into_response());
    if let Some(bytes) = bytes {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    response
}

/// Logs what is ours to mend, and what ended a worker, once.
fn refused(failure: &Failure) -> Response {
    match (failure.blame(), failure.detail()) {
        (Blame::Us, detail) => tracing::error!("a statement failed: {failure} ({})", detail.unwrap_or("-")),
        (_, Some(detail)) => tracing::warn!("a statement ended its worker: {failure} ({detail})"),
        _ => {}
    }
    let status = match failure.blame() {
        Blame::Asker => StatusCode::BAD_REQUEST,
        Blame::Load => StatusCode::TOO_MANY_REQUESTS,
        Blame::Stop => StatusCode::SERVICE_UNAVAILABLE,
        Blame::Us => StatusCode::INTERNAL_SERVER_ERROR,
    };
    error(status, failure.code(), &failure.to_string())
}

/// Without a token, only pages of this very address may ask: another site open in the same browser could otherwise
/// read everything through loopback (its requests carry its own `Origin`, and with DNS rebinding its own `Host`).
fn own_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    let local = ["127.0.0.1", "localhost", "[::1]", ""].contains(&name);
    local && text("origin").is_none_or(|origin| origin == format!("http://{host}"))
}

fn wants_arrow(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(ARROW))
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = with_headers(kind, Response::new(body.into()));
    *response.status_mut() = status;
    response
}

fn with_headers(kind: &'static str, mut response: Response) -> Response {
    let headers = [("content-type", kind), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    answer(status, "application/json", json!({"code": code, "message": message}).to_string())
}

fn unauthorized() -> Response {
    error(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "this address asks for Authorization: Bearer TOKEN; without a token only its own pages may ask",
    )
}

async fn recover(rejection: Rejection) -> Result<Response, Infallible> {
    let (status, code, message) = if rejection.find::<warp::reject::PayloadTooLarge>().is_some() {
        (StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("the body is larger than {BODY_BYTES_MAX} bytes"))
    } else if rejection.find::<warp::reject::LengthRequired>().is_some() {
        (StatusCode::LENGTH_REQUIRED, "length_required", "the request has no Content-Length".into())
    } else if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "SQL is asked by POST /api/v1/sql".into())
    } else {
        (StatusCode::NOT_FOUND, "not_found", "there is nothing at this path".into())
    };
    Ok(error(status, code, &message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_pages_may_not_ask() {
        let headers = |host: &str, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert("origin", origin.parse().unwrap());
            }
            headers
        };
        assert!(own_origin(&headers("127.0.0.1:8090", None)));
        assert!(own_origin(&headers("localhost:8090", Some("http://localhost:8090"))));
        assert!(own_origin(&headers("[::1]:8090", None)));
        assert!(!own_origin(&headers("127.0.0.1:8090", Some("https://evil.example"))));
        assert!(!own_origin(&headers("evil.example:8090", Some("http://evil.example:8090"))));
    }
}
