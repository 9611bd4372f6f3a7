//! The collector: batches of events over HTTP into Kafka, 200 only when they are durable.
//!
//! It knows nothing of what becomes of the events: no Arrow, no landing zone, no SQL.
//!
//! The path of one batch: `accept.rs` → `routes.rs:post_events` → `body.rs` → `digest.rs` → `schemas::ingest` →
//! `records.rs` → `producer.rs` → Kafka.
#![forbid(unsafe_code)]

mod accept;
mod address;
mod answer;
mod body;
mod books;
mod check;
mod client_hints;
pub mod config;
mod cors;
mod digest;
mod edge;
mod forwarded;
mod header_text;
mod health;
mod internal;
mod kafka_watch;
mod load;
mod log_limit;
mod metrics;
mod places;
mod producer;
mod rate_limit;
mod records;
mod registry;
mod routes;
mod run;
mod sdk_files;
mod shares;
mod sink;
mod sites;
mod target;
mod write_timeout;

pub use config::Config;
pub use load::{ENVIRONMENT_PREFIX, from_toml, layers, load};
pub use log_limit::limit_panic_lines;
pub use run::{Addresses, Collector, run};
