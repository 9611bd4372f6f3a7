//! Everything in one process: an embedded broker, a registry, the collector, a stream job, the warehouse and the demo
//! shop, on one data folder.
//!
//! It has no behaviour of its own: it starts the other crates' parts, in the order in which they need each other, and
//! stops them in the order in which events flow, so that a clean stop leaves nothing behind. When one of them ends by
//! itself the process ends; only the broker's log is opened again.
#![forbid(unsafe_code)]

pub mod broker;
pub mod data_dir;
pub mod listen;
pub mod options;
pub mod parts;
mod pipeline;
pub mod registry;
pub mod shop;
mod system;

pub use system::{run, serve_shop};
