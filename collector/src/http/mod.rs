//! HTTP as it comes and goes: connections and their limits, bodies, addresses, answers. Knows nothing of events.

pub mod accept;
pub mod address;
pub mod answer;
pub mod body;
pub mod client_hints;
pub mod forwarded;
pub mod header_text;
pub mod sdk_files;
pub mod target;
mod write_timeout;

use std::net::IpAddr;

/// The peer of a connection, as the accept loop notes it on each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);
