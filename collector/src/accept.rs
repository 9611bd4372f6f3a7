//! The accept loop: warp's filters under hyper connections with timeouts, a cap on connections, and a drain.
//!
//! Warp's own server sets no timer, so a client that sends its headers slowly would hold a connection for ever.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use prometheus::{IntCounter, IntGauge};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use warp::filters::BoxedFilter;
use warp::hyper::Request;

use crate::answer::Answer;
use crate::config::Limits;
use crate::routes::Peer;

/// After an accept error (no file handles left) before the next try.
const ACCEPT_RETRY_MS: u64 = 100;
/// For telling a client that there are too many connections.
const REFUSAL_MS_MAX: u64 = 1_000;
/// One connection's buffer for reading; a body comes in pieces of at most this.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// The whole answer to a connection over the cap.
const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    retry-after: 1\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 97\r\n\r\n\
    {\"code\":\"too_many_connections\",\"message\":\"too many connections: send the same batch again later\"}";

/// What one listener needs.
pub struct Acceptor {
    pub listener: TcpListener,
    pub filter: BoxedFilter<(Answer,)>,
    pub limits: Limits,
    /// Open connections, and those over the cap.
    pub connections: IntGauge,
    pub refused: IntCounter,
}

impl Acceptor {
    /// Accepts until `stop`, then lets open requests finish, at most for the configured drain time.
    pub async fn serve(self, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(self.limits.connections_max.min(Semaphore::MAX_PERMITS)));
        let graceful = GracefulShutdown::new();
        let http = self.http();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => self.open(stream, peer, &http, &permits, &graceful),
                Err(error) => {
                    warn!(%error, "accept");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                }
            }
        }
        // Whoever is connected already, though not yet accepted, is answered too.
        while let Some(Ok((stream, peer))) = self.listener.accept().now_or_never() {
            self.open(stream, peer, &http, &permits, &graceful);
        }
        let drain = Duration::from_millis(self.limits.drain_timeout_ms);
        drop(self);
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            warn!(drain_ms = drain.as_millis(), "connections were still open at the end of the drain");
        }
    }

    fn http(&self) -> http1::Builder {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(self.limits.header_timeout_ms))
            .max_header_size(self.limits.header_bytes_max)
            .max_buf_size(READ_BUFFER_BYTES_MAX.max(self.limits.header_bytes_max));
        http
    }

    fn open(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        http: &http1::Builder,
        permits: &Arc<Semaphore>,
        graceful: &GracefulShutdown,
    ) {
        let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
            self.refused.inc();
            tokio::spawn(refuse(stream));
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "TCP_NODELAY");
        }
        let filters = TowerToHyperService::new(warp::service(self.filter.clone()));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            filters.call(request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        let open = self.connections.clone();
        open.inc();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "connection");
            }
            open.dec();
            drop(permit);
        });
    }
}

/// Tells the client to come back and closes, without waiting for its request.
async fn refuse(mut stream: TcpStream) {
    let told = async {
        stream.write_all(TOO_MANY_CONNECTIONS).await?;
        stream.shutdown().await
    };
    let _ = tokio::time::timeout(Duration::from_millis(REFUSAL_MS_MAX), told).await;
}

#[cfg(test)]
mod tests {
    use super::TOO_MANY_CONNECTIONS;

    #[test]
    fn the_refusal_states_its_length() {
        let text = std::str::from_utf8(TOO_MANY_CONNECTIONS).expect("ASCII");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        assert_eq!(length.parse(), Ok(body.len()));
        serde_json::from_str::<serde_json::Value>(body).expect("JSON");
    }
}
