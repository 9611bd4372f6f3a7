//! HTTP: SQL and reports, health, and the studio's page.

mod asked;
mod body;
mod connection;
mod media;
mod openapi;
mod player;
mod replay;
mod reply;
mod studio;

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use warp::http::header::AUTHORIZATION;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::access::{Access, Right, Role};
use crate::lake::Lake;
use crate::limits::{BODY_BYTES_MAX, DRAIN, HTTP_CONNECTIONS_MAX};
use crate::listen::{Listener, admit};
use crate::reports::Reports;
use crate::sql::{Pool, Settings};
use crate::{flight, postgres};
use body::Body;
use connection::Routes;
use reply::{error, json_answer, too_large, unauthorized};

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
    pub reports: Reports,
    /// PostgreSQL's protocol as well.
    pub postgres: Option<Listener>,
    /// Flight SQL as well.
    pub flight: Option<Listener>,
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
    let Serving { about, access, sql, reports, postgres, flight } = serving;
    let pool = Arc::new(if access.is_asked_for() { Pool::start_in_shares(sql) } else { Pool::start(sql) });
    let mut others = JoinSet::new();
    if let Some(listener) = postgres {
        others.spawn(postgres::serve(listener, access.clone(), pool.clone(), shutdown.clone()));
    }
    if let Some(listener) = flight {
        others.spawn(flight::serve(listener, access.clone(), pool.clone(), shutdown.clone()));
    }
    let routes = routes(State { lake, about, access, reports, pool: pool.clone() });
    let mut server = tokio::spawn(take_connections(routes, listener, shutdown.clone()));
    tokio::select! {
        // first: told to stop, the server may have ended by now
        biased;
        () = shutdown.cancelled() => {}
        ended = &mut server => bail!("the HTTP server ended: {ended:?}"),
        Some(ended) = others.join_next() => return ended.context("a listener ended")?,
    }
    let drained = tokio::time::timeout(DRAIN, &mut server).await.is_ok();
    pool.stop().await;
    // What was ended is still to be told; keep-alive connections have no end of their own.
    if !drained && tokio::time::timeout(DRAIN, &mut server).await.is_err() {
        server.abort();
    }
    Ok(())
}

/// Takes connections until `shutdown`; comes back when the last of them has ended.
async fn take_connections(routes: Routes, listener: TcpListener, shutdown: CancellationToken) {
    let connections = admit(listener, HTTP_CONNECTIONS_MAX, shutdown.clone(), |stream, peer, has_place| {
        connection::serve(routes.clone(), stream, peer, has_place, shutdown.clone())
    });
    connections.await.wait().await;
}

fn routes(state: State) -> Routes {
    let state = Arc::new(state);
    let with = {
        let state = state.clone();
        warp::any().map(move || state.clone())
    };
    let query = || warp::query::raw().or(warp::any().map(String::new)).unify();
    let sql = warp::path!("api" / "v1" / "sql")
        .and(warp::post())
        .and(with.clone())
        .and(warp::header::headers_cloned())
        .and(query())
        .and(warp::body::content_length_limit(BODY_BYTES_MAX))
        .and(warp::body::stream().map(Body::new))
        .then(|state: Arc<State>, headers: HeaderMap, query: String, body: Body| async move {
            state.sql(&headers, &query, body).await
        });
    let report = warp::path!("api" / "v1" / "reports" / String)
        .and(warp::get())
        .and(with.clone())
        .and(warp::header::headers_cloned())
        .and(query())
        .then(|name: String, state: Arc<State>, headers: HeaderMap, query: String| async move {
            state.report(&name, &headers, &query).await
        });
    let reports = warp::path!("api" / "v1" / "reports")
        .and(warp::get())
        .and(with.clone())
        .and(warp::header::headers_cloned())
        .map(|state: Arc<State>, headers: HeaderMap| match state.right(&headers) {
            Some(_) => json_answer(StatusCode::OK, &state.reports.listed()),
            None => unauthorized(),
        });
    let described = warp::path!("api" / "v1" / "openapi.json")
        .and(warp::get())
        .and(with.clone())
        .and(warp::header::headers_cloned())
        .map(|state: Arc<State>, headers: HeaderMap| match state.right(&headers) {
            Some(_) => json_answer(StatusCode::OK, &openapi::document(&state.reports)),
            None => unauthorized(),
        });
    let about =
        warp::path!("api" / "v1" / "about").and(warp::get()).and(with.clone()).and(warp::header::headers_cloned()).map(
            |state: Arc<State>, headers: HeaderMap| match state.right(&headers) {
                Some(right) => json_answer(StatusCode::OK, &json!(state.about(&right))),
                None => unauthorized(),
            },
        );
    let recordings = replay::routes(with.clone());
    let live =
        warp::path!("health" / "live").and(warp::get()).map(|| json_answer(StatusCode::OK, &json!({"live": true})));
    let ready = warp::path!("health" / "ready").and(warp::get()).and(with).then(|state: Arc<State>| async move {
        match state.lake.least_progress().await {
            Ok(_) => json_answer(StatusCode::OK, &json!({"ready": true})),
            Err(cause) => error(StatusCode::SERVICE_UNAVAILABLE, "not_ready", &format!("{cause:#}")),
        }
    });
    let page = warp::get().and(warp::path::full()).map(|path: warp::path::FullPath| {
        let path = path.as_str();
        player::file(path).map_or_else(|| studio::file(path).into_response(), Reply::into_response)
    });
    let asked = sql.or(report).unify().or(reports).unify().or(recordings).unify().or(described).unify();
    let all = asked.or(about).unify().or(live).unify().or(ready).unify().or(page).unify();
    all.recover(recover).unify().boxed()
}

struct State {
    lake: Arc<Lake>,
    about: About,
    access: Arc<Access>,
    reports: Reports,
    pool: Arc<Pool>,
}

impl State {
    /// What the one who asks may see, if anything.
    fn right(&self, headers: &HeaderMap) -> Option<Right> {
        if !self.is_near(headers) {
            return None;
        }
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.access.right(given.and_then(|value| value.strip_prefix("Bearer ")))
    }

    /// Whether a page of this very address asks, where nothing else is asked for.
    fn is_near(&self, headers: &HeaderMap) -> bool {
        self.access.is_asked_for() || own_origin(headers)
    }

    /// What the page shows to whom.
    fn about(&self, right: &Right) -> About {
        let about = self.about.clone();
        match right.role {
            Role::Admin => about,
            Role::Reader => About { write_key: None, store_url: None, ..about },
        }
    }
}

/// Without a token, only pages of this very address may ask: another site open in the same browser could otherwise
/// read everything through loopback (its requests carry its own `Origin`, and with DNS rebinding its own `Host`).
fn own_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    let local = ["127.0.0.1", "localhost", "[::1]", ""].contains(&name);
    // An image or a script of another site sends no `Origin`, but browsers say whose it is.
    let own_page = text("sec-fetch-site").is_none_or(|site| ["same-origin", "none"].contains(&site));
    local && own_page && text("origin").is_none_or(|origin| origin == format!("http://{host}"))
}

async fn recover(rejection: Rejection) -> Result<Response, Infallible> {
    if rejection.find::<warp::reject::PayloadTooLarge>().is_some() {
        return Ok(too_large());
    }
    let (status, code, message) = if rejection.find::<warp::reject::LengthRequired>().is_some() {
        (StatusCode::LENGTH_REQUIRED, "length_required", "the request has no Content-Length")
    } else if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        (
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "SQL is asked by POST /api/v1/sql, everything else by GET",
        )
    } else {
        (StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
    };
    Ok(error(status, code, message))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testkit::http::Reply as Answered;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;
    use crate::limits::{HTTP_BODY_MAX, HTTP_REFUSAL_MAX};
    use crate::sql::Program;
    use crate::{Resources, Store};

    /// The answer to a statement whose body never comes, and the time until it came.
    async fn answer_without_body(authorization: &str) -> (Answered, Duration) {
        let folder = tempfile::tempdir().unwrap();
        let store = url::Url::from_directory_path(folder.path()).unwrap();
        let lake = Lake::open(Store::open(store.as_str()).unwrap(), Resources::default()).unwrap();
        let pool = Pool::start(Settings { program: Program::at("/no/worker"), ..Settings::new(store.as_str()) });
        let access = Arc::new(Access::new(Some("secret".into()), None).unwrap());
        let state = State { lake, about: About::default(), access, reports: Reports::default(), pool: Arc::new(pool) };
        let (mut client, server) = duplex(1 << 10);
        tokio::spawn(connection::talk(routes(state), server, CancellationToken::new()));
        let head = format!("POST /api/v1/sql HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n{authorization}\r\n");
        let asked = Instant::now();
        client.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![client.read_u8().await.unwrap()];
        let took = asked.elapsed();
        client.read_to_end(&mut answer).await.unwrap();
        (Answered::parse(&answer), took)
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_asked_for_first_and_a_body_is_not_awaited_for_ever() {
        let (answered, took) = answer_without_body("").await;
        assert_eq!((answered.status, took.as_secs()), (401, HTTP_REFUSAL_MAX.as_secs()));
        let (answered, took) = answer_without_body("authorization: Bearer secret\r\n").await;
        assert_eq!((answered.status, answered.code().as_str()), (408, "slow_body"));
        assert_eq!(took.as_secs(), HTTP_BODY_MAX.as_secs());
    }

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
        let mut image = headers("127.0.0.1:8090", None);
        for (site, may) in [("cross-site", false), ("same-site", false), ("same-origin", true), ("none", true)] {
            image.insert("sec-fetch-site", site.parse().unwrap());
            assert_eq!(own_origin(&image), may, "{site}");
        }
    }
}
