//! The internal address: metrics and health, for operators only.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::path::FullPath;

use crate::answer::{Answer, Refusal, text};
use crate::edge::Edge;
use crate::routes::{live, ready};

/// All requests to the internal address.
pub fn internal(edge: Arc<Edge>) -> BoxedFilter<(Answer,)> {
    warp::get()
        .and(warp::path::full())
        .map(move |path: FullPath| match path.as_str() {
            "/metrics" => metrics(&edge),
            "/health/live" => live(),
            "/health/ready" => ready(&edge),
            other => Refusal::NotFound { path: other.to_owned() }.answer(),
        })
        .boxed()
}

fn metrics(edge: &Edge) -> Answer {
    let metrics = &edge.metrics;
    metrics.window_bytes.set(i64::try_from(edge.window.bytes()).unwrap_or(i64::MAX));
    metrics.window_requests.set(i64::try_from(edge.window.requests()).unwrap_or(i64::MAX));
    metrics.kafka_reachable.set(i64::from(edge.health.kafka_reachable()));
    text(StatusCode::OK, "text/plain; version=0.0.4", metrics.text())
}
