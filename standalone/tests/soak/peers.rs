//! Peers that speak HTTP badly, each kind from an address of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, timeout};

use super::attacks::Attacker;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const SLOW_BODIES: usize = 140;
const SLOW_FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// One byte in so long; the bodies last longer than any time-out.
const SLOW_BYTE: Duration = Duration::from_secs(1);
const SLOW_LASTS: Duration = Duration::from_secs(20);
const UNREAD: usize = 300;
const UNREAD_FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const UNREAD_LASTS: Duration = Duration::from_secs(30);
/// Few requests with long answers, and little room for them: what is tried is to stay, not to flood.
const UNREAD_BUFFER_BYTES: u32 = 4_096;
const UNREAD_WRITES: usize = 10;
const CONNECT_FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

/// Many bodies at once, each a byte at a time.
pub(crate) fn slow_bodies(attacker: &mut Attacker) -> String {
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 900000\r\n\r\n{{",
        attacker.target.write_key
    );
    runtime().block_on(async {
        let mut open = connections(attacker, SLOW_FROM, SLOW_BODIES).await;
        for stream in &mut open {
            // one that is refused is closed already
            let _ = stream.write_all(head.as_bytes()).await;
        }
        let until = Instant::now() + SLOW_LASTS;
        let opened = open.len();
        while Instant::now() < until && !attacker.stopping() && !open.is_empty() {
            let mut left = Vec::new();
            for mut stream in open {
                if stream.write_all(b" ").await.is_ok() {
                    left.push(stream);
                }
            }
            open = left;
            sleep(SLOW_BYTE).await;
        }
        lasted(opened, open.len(), attacker.stopping())
    })
}

/// Many requests in a row on each connection, whose answers nobody reads.
pub(crate) fn never_read(attacker: &mut Attacker) -> String {
    let requests = "GET /sdk/telemetry.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20);
    runtime().block_on(async {
        let mut open = connections(attacker, UNREAD_FROM, UNREAD).await;
        let opened = open.len();
        let until = Instant::now() + UNREAD_LASTS;
        let mut writes = 0;
        while Instant::now() < until && !attacker.stopping() && !open.is_empty() {
            // as much as the peer takes; after that an empty line, to see whether it has closed
            let piece = if writes < UNREAD_WRITES { requests.as_bytes() } else { b"\n" };
            writes += 1;
            open.retain(|stream| match stream.try_write(piece) {
                Ok(_) => true,
                Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            });
            sleep(Duration::from_millis(500)).await;
        }
        lasted(opened, open.len(), attacker.stopping())
    })
}

/// A request that is meant for a proxy.
pub(crate) fn connect(attacker: &mut Attacker) -> String {
    runtime().block_on(async {
        let Some(mut stream) = open(attacker, CONNECT_FROM).await else { return "no connection".to_owned() };
        let mut answer = [0; 12];
        let asked = async {
            stream.write_all(b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n").await?;
            stream.read_exact(&mut answer).await
        };
        match timeout(CONNECT_WITHIN, asked).await {
            Ok(Ok(_)) => String::from_utf8_lossy(&answer[9..]).into_owned(),
            _ => "no answer".to_owned(),
        }
    })
}

fn lasted(opened: usize, left: usize, stopped: bool) -> String {
    match left {
        _ if stopped => "stopped".to_owned(),
        0 => "all closed by the collector".to_owned(),
        _ if left < opened => "some closed by the collector".to_owned(),
        _ => "all left open".to_owned(),
    }
}

async fn connections(attacker: &Attacker, from: Ipv4Addr, count: usize) -> Vec<TcpStream> {
    let mut open_ones = Vec::new();
    for _ in 0..count {
        open_ones.extend(open(attacker, from).await);
    }
    open_ones
}

async fn open(attacker: &Attacker, from: Ipv4Addr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_recv_buffer_size(UNREAD_BUFFER_BYTES).ok()?;
    socket.bind(SocketAddr::from((from, 0))).ok()?;
    let address = attacker.target.collector().parse().ok()?;
    timeout(CONNECT_WITHIN, socket.connect(address)).await.ok()?.ok()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime without threads of its own")
}
