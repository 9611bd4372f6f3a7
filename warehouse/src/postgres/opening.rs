//! How a connection begins: TLS if the client asks for it, then start-up with the password, which is a token. A user who is called
//! as a token proves to know it ([`scram`]); every other one sends it. Or the wish to cancel what another connection does.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Postgres;
use super::message::{Body, garbled, read_body, secret};
use super::{scram, tell};
use crate::access::Right;
use crate::format::postgres::message;
use crate::limits::POSTGRES_OPENING_BYTES_MAX;

/// Numbers in the place of a version, with which other requests begin.
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSSAPI: u32 = 80_877_104;
const MAJOR: u32 = 3;
/// Encryptions that a client may ask for, one after the other, before it gives up.
const ENCRYPTIONS: usize = 2;
const CLEARTEXT_PASSWORD: u32 = 3;

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

/// A client that was let in.
pub(super) struct Opened {
    pub stream: Box<dyn Stream>,
    pub right: Right,
    /// Settings that it begins with.
    pub settings: HashMap<String, String>,
}

/// Lets a client in; none when it was refused, or wanted to cancel.
pub(super) async fn open(
    shared: &Postgres,
    mut stream: TcpStream,
    peer: SocketAddr,
    has_place: bool,
) -> io::Result<Option<Opened>> {
    for _ in 0..=ENCRYPTIONS {
        let (code, rest) = request(&mut stream).await?;
        match (code, &shared.tls) {
            (TLS, Some(tls)) => {
                stream.write_all(b"S").await?;
                let mut stream = tls.accept(stream).await?;
                let request = request(&mut stream).await?;
                return start(shared, Box::new(stream), request, true, has_place).await;
            }
            (TLS | GSSAPI, _) => stream.write_all(b"N").await?,
            _ => {
                // Nobody listens between two ends of one machine.
                let secret = shared.tls.is_none() || peer.ip().is_loopback();
                return start(shared, Box::new(stream), (code, rest), secret, has_place).await;
            }
        }
    }
    Err(garbled("one request for encryption after the other"))
}

async fn request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(u32, Vec<u8>)> {
    let length = stream.read_u32().await?;
    let body = read_body(stream, length, POSTGRES_OPENING_BYTES_MAX).await?;
    let mut body = Body(&body);
    Ok((body.number()?, body.0.to_vec()))
}

async fn start(
    shared: &Postgres,
    mut stream: Box<dyn Stream>,
    (code, rest): (u32, Vec<u8>),
    secret: bool,
    has_place: bool,
) -> io::Result<Option<Opened>> {
    let mut body = Body(&rest);
    if code == CANCEL {
        shared.running.cancel((body.number()?, body.number()?));
        return Ok(None);
    }
    let refusal = match code >> 16 {
        MAJOR if !has_place => Some(("53300", "too many connections are open; close some, or use a pool")),
        MAJOR if shared.access.is_asked_for() && !secret => {
            Some(("28000", "a token is not sent in the clear: connect with sslmode=require"))
        }
        MAJOR => None,
        _ => Some(("08P01", "this server speaks protocol 3")),
    };
    if let Some((state, text)) = refusal {
        stream.write_all(&tell::fatal(state, text)).await?;
        return Ok(None);
    }
    let settings = settings(&mut body)?;
    negotiate(&mut stream, code, &settings).await?;
    let user = settings.get("user").map_or("", String::as_str);
    let (right, text) = match shared.access.verifier(user) {
        Some((verifier, right)) => {
            let text =
                format!("the password is not the token called {user}; with it, or as another user, a token lets in");
            (scram::is_proven(&mut stream, &verifier).await?.then_some(right), text)
        }
        None => {
            let given = if shared.access.is_asked_for() { Some(password(&mut stream).await?) } else { None };
            let text = "the password is no token of this server; `warehouse token new` makes one".to_owned();
            (shared.access.right(given.as_deref()), text)
        }
    };
    let Some(right) = right else {
        stream.write_all(&tell::fatal("28P01", &text)).await?;
        return Ok(None);
    };
    stream.write_all(&message(b'R', &0_u32.to_be_bytes())).await?;
    Ok(Some(Opened { stream, right, settings }))
}

/// Name and value, until an empty name.
fn settings(body: &mut Body) -> io::Result<HashMap<String, String>> {
    let mut settings = HashMap::new();
    loop {
        let name = body.text()?;
        if name.is_empty() {
            return Ok(settings);
        }
        settings.insert(name, body.text()?);
    }
}

/// Tells a client that wants a later minor version, or options of it, that there is 3.0 only.
async fn negotiate(stream: &mut Box<dyn Stream>, code: u32, settings: &HashMap<String, String>) -> io::Result<()> {
    let unknown: Vec<&String> = settings.keys().filter(|name| name.starts_with("_pq_.")).collect();
    if code & 0xffff == 0 && unknown.is_empty() {
        return Ok(());
    }
    let mut body = [0_u32.to_be_bytes(), (unknown.len() as u32).to_be_bytes()].concat();
    for name in unknown {
        body.extend_from_slice(name.as_bytes());
        body.push(0);
    }
    stream.write_all(&message(b'v', &body)).await
}

async fn password(stream: &mut Box<dyn Stream>) -> io::Result<String> {
    stream.write_all(&message(b'R', &CLEARTEXT_PASSWORD.to_be_bytes())).await?;
    Body(&secret(stream).await?).text()
}
