//! Free loopback ports.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};

/// Above 32767 Linux hands ports to outgoing connections, so a free one may be gone a moment later.
const PORT_MIN: u16 = 20_000;
const PORT_MAX: u16 = 31_999;
/// Far from one another for two processes, and a prime, so that all ports are tried.
const STEP: u32 = 4_099;

/// A port that nobody listens on now. Whoever starts a server there finds out if that changes.
pub(super) fn free_port() -> Result<u16> {
    let count = u32::from(PORT_MAX - PORT_MIN) + 1;
    let start = std::process::id().wrapping_mul(STEP);
    for attempt in 0..count {
        let offset = start.wrapping_add(attempt.wrapping_mul(STEP)) % count;
        let port = PORT_MIN + u16::try_from(offset).expect("less than the number of ports");
        if !TAKEN.lock().expect("nobody panics holding it").contains(&port)
            && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        {
            TAKEN.lock().expect("nobody panics holding it").push(port);
            return Ok(port);
        }
    }
    bail!("no port from {PORT_MIN} to {PORT_MAX} is free")
}

/// Ports given out by this process, whose servers may not listen yet.
static TAKEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
