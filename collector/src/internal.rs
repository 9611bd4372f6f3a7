//! The internal address: metrics and health, for operators only.

use std::sync::Arc;

use prometheus::IntGauge;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::path::FullPath;

use crate::edge::Edge;
use crate::http::answer::{Answer, Refusal, text};
use crate::routes::{READ, live, ready};

/// All requests to the internal address.
pub(crate) fn internal(edge: Arc<Edge>) -> BoxedFilter<(Answer,)> {
    warp::method()
        .and(warp::path::full())
        .map(move |method: Method, path: FullPath| match (path.as_str(), method) {
            ("/metrics", Method::GET | Method::HEAD) => metrics(&edge),
            ("/health/live", Method::GET | Method::HEAD) => live(),
            ("/health/ready", Method::GET | Method::HEAD) => ready(&edge),
            ("/metrics" | "/health/live" | "/health/ready", _) => Refusal::MethodNotAllowed { allow: READ }.answer(),
            (other, _) => Refusal::NotFound { path: other.to_owned() }.answer(),
        })
        .boxed()
}

fn metrics(edge: &Edge) -> Answer {
    let metrics = &edge.metrics;
    let set = |gauge: &IntGauge, value: usize| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    let window = edge.window.taken();
    set(&metrics.window_bytes, window.bytes);
    set(&metrics.window_requests, window.count);
    set(&metrics.connections, edge.connections.taken().count);
    metrics.kafka_reachable.set(i64::from(edge.health.kafka_reachable()));
    text(StatusCode::OK, "text/plain; version=0.0.4", metrics.text())
}
