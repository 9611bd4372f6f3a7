//! HTTP: SQL and reports, health, and the studio's page.

mod asked;
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
use crate::limits::{BODY_BYTES_MAX, DRAIN};
use crate::listen::Listener;
use crate::reports::Reports;
use crate::sql::{Pool, Settings};
use crate::{flight, postgres};
use reply::{error, json_answer, unauthorized};

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
    let ending = shutdown.clone();
    let Serving { about, access, sql, reports, postgres, flight } = serving;
    let pool = Arc::new(Pool::start(sql));
    let mut others = JoinSet::new();
    if let Some(listener) = postgres {
        others.spawn(postgres::serve(listener, access.clone(), pool.clone(), shutdown.clone()));
    }
    if let Some(listener) = flight {
        others.spawn(flight::serve(listener, access.clone(), pool.clone(), shutdown.clone()));
    }
    let routes = routes(State { lake, about, access, reports, pool: pool.clone() });
    let server = warp::serve(routes).incoming(listener).graceful(async move { ending.cancelled().await });
    let mut server = tokio::spawn(server.run());
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

fn routes(state: State) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
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
        .and(warp::body::bytes())
        .then(|state: Arc<State>, headers: HeaderMap, query: String, body: bytes::Bytes| async move {
            state.sql(&headers, &query, &body).await
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
    asked.or(about).unify().or(live).unify().or(ready).unify().or(page).unify().recover(recover)
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
    let (status, code, message) = if rejection.find::<warp::reject::PayloadTooLarge>().is_some() {
        (StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("the body is larger than {BODY_BYTES_MAX} bytes"))
    } else if rejection.find::<warp::reject::LengthRequired>().is_some() {
        (StatusCode::LENGTH_REQUIRED, "length_required", "the request has no Content-Length".into())
    } else if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        (
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "SQL is asked by POST /api/v1/sql, everything else by GET".into(),
        )
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
        let mut image = headers("127.0.0.1:8090", None);
        for (site, may) in [("cross-site", false), ("same-site", false), ("same-origin", true), ("none", true)] {
            image.insert("sec-fetch-site", site.parse().unwrap());
            assert_eq!(own_origin(&image), may, "{site}");
        }
    }
}
