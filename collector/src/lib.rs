//! The collector: batches of events over HTTP into Kafka, 200 only when they are durable.
//!
//! It knows nothing of what becomes of the events: no Arrow, no landing zone, no SQL.
//!
//! The path of one batch: `http/accept` → [`routes::route`] → [`routes::post_events`] → `http/body` →
//! [`digest::digest`] → [`schemas::ingest`] → `kafka/records` → `kafka/producer` → Kafka.
#![forbid(unsafe_code)]

mod admission;
mod books;
mod config;
mod cors;
mod digest;
mod edge;
mod health;
mod http;
mod internal;
mod kafka;
mod known_assets;
mod log_limit;
mod metrics;
mod places;
mod rate_limit;
mod replay;
mod routes;
mod run;
mod sites;

pub use config::{Ack, Config, ENVIRONMENT_PREFIX, ForwardedBy, Limits, SinkKind, Site, from_toml, layers, load};
pub use log_limit::limit_panic_lines;
pub use run::{Addresses, Collector, run};
