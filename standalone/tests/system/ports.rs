//! Free loopback ports for our own processes.

use std::net::{Ipv4Addr, TcpListener};

use rand::Rng;

/// Below the range that the system hands out to outgoing connections (32768 on Linux), so that nothing takes a chosen
/// port between its choice and its use.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
const TRIES_MAX: usize = 200;

/// A port on which nothing listens now.
pub(crate) fn free_port() -> u16 {
    let mut random = rand::rng();
    (0..TRIES_MAX)
        .map(|_| random.random_range(RANGE))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port among twelve thousand")
}
