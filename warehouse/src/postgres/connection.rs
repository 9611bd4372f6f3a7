//! One connection, from its first byte to its last.

use std::io;
use std::net::SocketAddr;

use tokio::io::{BufReader, ReadHalf};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::message::Message;
use super::opening::{Opened, Stream, open};
use super::out::Out;
use super::session::Session;
use super::{Postgres, tell};
use crate::limits::{POSTGRES_MESSAGES_AHEAD_MAX, POSTGRES_OPENING_MAX};

/// Serves a connection to its end.
pub(super) async fn serve(shared: &Postgres, stream: TcpStream, peer: SocketAddr, has_place: bool) {
    let ended = match timeout(POSTGRES_OPENING_MAX, open(shared, stream, peer, has_place)).await {
        Ok(Ok(Some(opened))) => talk(shared, opened).await,
        Ok(Ok(None)) => Ok(()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::other("it did not open in time")),
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, "a connection of PostgreSQL's protocol ended: {error}");
    }
}

async fn talk(shared: &Postgres, opened: Opened) -> io::Result<()> {
    let Opened { stream, right, settings } = opened;
    let (input, output) = tokio::io::split(stream);
    let cancellable = shared.running.session()?;
    let gone = CancellationToken::new();
    let (sender, mut messages) = channel(POSTGRES_MESSAGES_AHEAD_MAX);
    let _reader = AbortOnDropHandle::new(tokio::spawn(read(input, sender, gone.clone())));
    let mut session = Session::new(shared, right, Out::new(output), cancellable, gone);
    session.greet(&settings).await?;
    while let Some(message) = messages.recv().await {
        let goes_on = match message {
            Ok(message) => session.take(message).await?,
            Err(error) => {
                session.out.push(&tell::fatal("08P01", &error.to_string())).await?;
                false
            }
        };
        if !goes_on {
            break;
        }
    }
    session.out.flush().await
}

/// Reads ahead, so that a client that goes away is noticed while its statement runs.
async fn read(input: ReadHalf<Box<dyn Stream>>, messages: Sender<io::Result<Message>>, gone: CancellationToken) {
    let mut input = BufReader::new(input);
    loop {
        let read = Message::read(&mut input).await.transpose();
        let Some(message) = read else { break };
        let is_last = message.is_err();
        if messages.send(message).await.is_err() || is_last {
            break;
        }
    }
    gone.cancel();
}
