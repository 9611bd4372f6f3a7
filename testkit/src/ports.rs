//! Free loopback ports, for processes that take a port by its number.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// Below the range that the system hands out to outgoing connections (32768 on Linux), so that nothing takes a chosen
/// port between its choice and its use.
const PORT_MIN: u16 = 20_000;
const PORT_MAX: u16 = 31_999;
/// Far from one another for two processes, and a prime, so that all ports are tried.
const STEP: u32 = 4_099;

/// Ports given out by this process, whose servers may not listen yet.
static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());

/// A port that nobody listens on now; `None` when there is none. Whoever starts a server there finds out if that changes.
pub fn free_port() -> Option<u16> {
    let count = u32::from(PORT_MAX - PORT_MIN) + 1;
    let start = std::process::id().wrapping_mul(STEP);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let ports = (0..count).map(|attempt| {
        let offset = start.wrapping_add(attempt.wrapping_mul(STEP)) % count;
        PORT_MIN + u16::try_from(offset).expect("less than the number of ports")
    });
    let is_free = |port: &u16| !given.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let port = ports.into_iter().find(is_free)?;
    given.push(port);
    Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_and_none_that_is_taken() {
        let first = free_port().unwrap();
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port().unwrap())).unwrap();
        let more: Vec<_> = (0..50).map(|_| free_port().unwrap()).collect();
        assert!(!more.contains(&first));
        assert!(more.iter().all(|port| (PORT_MIN..=PORT_MAX).contains(port)));
    }
}
