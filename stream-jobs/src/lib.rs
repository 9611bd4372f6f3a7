//! Stream jobs: Kafka partitions to transformed events with sessions in the landing zone, each offset exactly once.
//!
//! The path of a record: [`consumer::run`] → [`PartitionWork::process`] ([`decode`] ▸ [`transform`] ▸ [`assign`] ▸
//! [`append`]) → [`PartitionWork::seal`] → [`landing::flush`]. Exactly once rests on the chain of links
//! ([`::landing::Chain`]) alone: group offsets serve lag metrics.
//!
//! Knows nothing of HTTP ingest, of Delta, of SQL.
//!
//! [`PartitionWork::process`]: consumer::partition::PartitionWork::process
//! [`PartitionWork::seal`]: consumer::partition::PartitionWork::seal
//! [`decode`]: kafka::decode::PackageDecoder::decode
//! [`transform`]: transform::Transform::transform
//! [`assign`]: sessionize::Sessions::assign
//! [`append`]: landing::LandingFile::append
#![forbid(unsafe_code)]

mod checks;
mod config;
mod consumer;
mod content;
mod events;
mod internal;
mod kafka;
mod landing;
mod metrics;
mod replay;
mod resume;
mod run;
mod sessionize;
#[doc(hidden)]
pub mod stages;
mod transform;

pub use config::{Config, ENVIRONMENT_PREFIX, Flags, GroupProtocol};
pub use resume::{Accept, resume};
pub use run::{Bound, bind, on, run};
pub use transform::agent::{Agent, Agents, BotClass};
pub use transform::campaign::Campaign;
pub use transform::referrer::{OwnDomains, Referrer};

#[cfg(test)]
mod testing;
