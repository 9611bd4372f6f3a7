//! How the window and the connections are shared out among keys and addresses.

use crate::config::Limits;
use crate::places::{Amount, Caps};
use std::time::Duration;

/// The bounded local buffer: how many requests, and how many bytes of them, the process holds at a time. A request
/// enters before its body is read and leaves when Kafka has reported on its last record, so the memory of bodies being
/// read, of records waiting in librdkafka and of everything between them has one cap.
pub(crate) fn window(limits: &Limits, sites: usize) -> Caps {
    let whole = Amount { count: limits.window_requests_max, bytes: limits.window_bytes_max };
    let least = Amount { count: 1, bytes: limits.batch_bytes_max() };
    // Where there is one site there is nobody to share with.
    let key_percent = if sites > 1 { limits.key_share_percent } else { 100 };
    Caps {
        whole,
        key: whole.share(key_percent, least),
        address: whole.share(limits.address_share_percent, least),
        patience: patience(limits),
    }
}

/// Connections have no bytes, and at first no key.
pub(crate) fn connections(limits: &Limits) -> Caps {
    let whole = Amount { count: limits.connections_max, bytes: 0 };
    let address = whole.share(limits.address_share_percent, Amount { count: 1, bytes: 0 });
    Caps { whole, key: whole, address, patience: patience(limits) }
}

fn patience(limits: &Limits) -> Duration {
    Duration::from_millis(limits.patience_ms)
}
