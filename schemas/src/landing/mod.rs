//! The landing zone: object keys, the links of the chain, and the columns of the Parquet files.
//!
//! ```text
//! landing/data/<topic>/p=<P>/dt=<ingest date>/<uuid>.parquet     invisible until a link names it
//! landing/state/<topic>/p=<P>/<end offset>.<writer>.<kind>       state of open sessions, named by a link
//! landing/commits/<topic>/<P>/<start offset, 20 digits>.json     the link: the only commit point, created once
//! ```

mod columns;
mod keys;
mod link;
mod replay_columns;

pub use columns::{TRAIL_COLUMNS, event_fields};
pub use keys::{commits_prefix, data_key, data_prefix, link_key, link_start, state_key, state_prefix};
pub use link::{DataFile, Link, LinkCounts, StateKind};
pub use replay_columns::{PAYLOAD, replay_fields};
