//! HTTP as it comes and goes: connections and their limits, bodies, addresses, answers. Knows nothing of events.

pub(crate) mod accept;
pub(crate) mod address;
pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod client_hints;
pub(crate) mod forwarded;
pub(crate) mod header_text;
pub(crate) mod inflate;
pub(crate) mod request;
pub(crate) mod sdk_files;
pub(crate) mod target;
mod write_timeout;

use std::net::IpAddr;

/// The peer of a connection, as the accept loop notes it on each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub IpAddr);
