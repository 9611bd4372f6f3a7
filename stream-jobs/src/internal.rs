//! The internal address: `/metrics`, `/health/live`, `/health/ready`.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warp::Filter;
use warp::http::{Response, StatusCode};

use crate::metrics::Metrics;

/// Takes the address; port 0 takes any free one.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("internal_address {address} cannot be used: choose another by --internal-address"))
}

/// Answers until `shutdown`.
pub(crate) async fn serve(listener: TcpListener, metrics: Metrics, shutdown: CancellationToken) {
    let text = metrics.clone();
    let metrics_route = warp::path!("metrics")
        .map(move || Response::builder().header("content-type", "text/plain; version=0.0.4").body(text.render()));
    let live = warp::path!("health" / "live").map(|| answer(StatusCode::OK, &serde_json::json!({"status": "live"})));
    let ready = warp::path!("health" / "ready").map(move || {
        let reasons = metrics.not_ready();
        if reasons.is_empty() {
            answer(StatusCode::OK, &serde_json::json!({"status": "ready"}))
        } else {
            answer(StatusCode::SERVICE_UNAVAILABLE, &serde_json::json!({"status": "not ready", "reasons": reasons}))
        }
    });
    let routes = warp::get().and(metrics_route.or(live).or(ready));
    warp::serve(routes).incoming(listener).graceful(async move { shutdown.cancelled().await }).run().await;
}

fn answer(status: StatusCode, body: &serde_json::Value) -> impl warp::Reply + use<> {
    warp::reply::with_status(warp::reply::json(body), status)
}
