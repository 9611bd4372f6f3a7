//! Loopback ports for `--free-ports`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use rand::Rng;

/// Below the range that the system hands out to outgoing connections (32768 on Linux), so that nothing takes a chosen
/// port between its choice and its use; above the well-known ones.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
const TRIES_MAX: usize = 200;

/// A port on which nothing listens now. Several processes may ask at once: they choose at random.
pub fn free() -> Result<u16> {
    let mut random = rand::rng();
    (0..TRIES_MAX)
        .map(|_| random.random_range(RANGE))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .with_context(|| format!("no free loopback port between {} and {}", RANGE.start, RANGE.end))
}

/// The loopback address of the wanted port; of a free one where the user wants any.
pub fn loopback(wanted: Option<u16>, default: u16, any: bool) -> Result<SocketAddr> {
    let port = match wanted {
        Some(port) => port,
        None if any => free()?,
        None => default,
    };
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_port_wins_over_a_free_one() {
        assert_eq!(loopback(Some(81), 80, true).unwrap().port(), 81);
        assert_eq!(loopback(None, 80, false).unwrap().port(), 80);
        assert!(RANGE.contains(&loopback(None, 80, true).unwrap().port()));
    }
}
