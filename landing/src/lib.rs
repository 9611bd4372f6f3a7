//! The landing zone as its writers and its readers share it: the store behind `--store URL`, the chain of links of each
//! partition, the rule that a chain has no hole, and how far a reader has come.
//!
//! ```text
//! stream job   Store::open ▸ Chain::load_tail ▸ Chain::upload ▸ Chain::commit      one partition, one writer at a time
//! warehouse    Store::open ▸ Chains::links_after(progress) ▸ check_continues       all partitions of a topic
//! ```
//!
//! What a link says and what its key is stands in [`schemas::landing`]. Knows nothing of Arrow, of Kafka, of Delta.
#![forbid(unsafe_code)]

mod chain;
pub mod orphans;
mod progress;
mod reader;
mod rule;
mod store;

pub use chain::{Chain, CommitError, LINK_BYTES_MAX, LoadError};
pub use progress::{Position, Progress, TopicPartition};
pub use reader::Chains;
pub use rule::{LinkError, check_chain, check_continues};
pub use store::{Contents, Staged, Store, StoreError};
