//! The accept loop: warp's filters under hyper connections with timeouts, a share of the connections for each address,
//! and a drain.
//!
//! Warp's own server sets no timer, so a client that sends its headers slowly would hold a connection for ever.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::hyper::Request;
use warp::reply::Response;

use crate::config::Limits;
use crate::http::address::{is_trusted, network_of};
use crate::http::answer::{Answer, Refusal};
use crate::log_limit;
use crate::metrics::Metrics;
use crate::places::{Holder, Places};

use crate::http::write_timeout::WriteTimeout;
use crate::http::{Peer, target};

#[cfg(test)]
mod tests;

/// After an accept error (no file handles left) before the next try.
const ACCEPT_RETRY_MS: u64 = 100;
/// For telling a client that there are too many connections.
const REFUSAL_MS_MAX: u64 = 1_000;
/// One connection's buffer for reading; a body comes in pieces of at most this.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// The whole answer to a connection over the cap. Nobody has been asked for a key yet, so any page may read it.
const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    retry-after: 1\r\naccess-control-allow-origin: *\r\naccess-control-expose-headers: retry-after\r\n\
    content-type: application/json\r\nconnection: close\r\ncontent-length: 97\r\n\r\n\
    {\"code\":\"too_many_connections\",\"message\":\"too many connections: send the same batch again later\"}";

/// What one listener needs.
pub(crate) struct Acceptor {
    pub listener: TcpListener,
    pub filter: BoxedFilter<(Answer,)>,
    pub limits: Limits,
    /// The listener, as its counters name it.
    pub name: &'static str,
    /// One for each connection.
    pub places: Arc<Places>,
    /// Proxies: the connections of many senders, so no share of one address.
    pub trusted_proxies: Vec<IpNet>,
    pub metrics: Arc<Metrics>,
}

impl Acceptor {
    /// Accepts until `stop`, then lets open requests finish, at most for the configured drain time.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let http = self.http();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => self.open(stream, peer, &http, &graceful),
                Err(error) => {
                    if let Some(held_back) = log_limit::admit("accept") {
                        warn!(%error, held_back, "accept");
                    }
                    tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                }
            }
        }
        // Whoever is connected already, though not yet accepted, is answered too.
        while let Some(Ok((stream, peer))) = self.listener.accept().now_or_never() {
            self.open(stream, peer, &http, &graceful);
        }
        let drain = Duration::from_millis(self.limits.drain_timeout_ms);
        drop(self);
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            warn!(drain_ms = drain.as_millis(), "connections were still open at the end of the drain");
        }
    }

    fn http(&self) -> http1::Builder {
        let mut http = http1::Builder::new();
        // Hyper's own refusal has no headers of CORS: what fits into the buffer is read, then refused by the router.
        let head_bytes_max = READ_BUFFER_BYTES_MAX.max(self.limits.header_bytes_max);
        http.timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(self.limits.header_timeout_ms))
            .max_header_size(head_bytes_max)
            .max_buf_size(head_bytes_max);
        http
    }

    fn open(&self, stream: TcpStream, peer: SocketAddr, http: &http1::Builder, graceful: &GracefulShutdown) {
        let address = peer.ip().to_canonical();
        let holder = (!is_trusted(address, &self.trusted_proxies)).then(|| Holder::Address(network_of(address)));
        let Ok(place) = self.places.enter([holder, None]) else {
            self.metrics.connections_refused.with_label_values(&[self.name]).inc();
            tokio::spawn(refuse(stream));
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "TCP_NODELAY");
        }
        // Whoever has no request that is being answered stands in the line: idle, slow with a head, or not reading.
        place.stand();
        let place = Arc::new(place);
        let filters = TowerToHyperService::new(warp::service(self.filter.clone()));
        let (held, metrics) = (Arc::clone(&place), Arc::clone(&self.metrics));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(address));
            let (place, filters, metrics) = (Arc::clone(&held), filters.clone(), Arc::clone(&metrics));
            async move {
                // A lost place ends the connection's task, and this with it.
                let _ = place.step_out();
                let answer = AssertUnwindSafe(answer(filters, request)).catch_unwind().await;
                place.stand();
                Ok::<_, Infallible>(answer.unwrap_or_else(|_| {
                    metrics.panics.inc();
                    Refusal::Internal.answer().into_response()
                }))
            }
        });
        let timeout = Duration::from_millis(self.limits.write_timeout_ms);
        let timeouts = self.metrics.write_timeouts.with_label_values(&[self.name]);
        let stream = WriteTimeout::new(stream, timeout, timeouts);
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    debug!(%error, "connection");
                },
                () = place.lost() => debug!(%peer, "an idle connection made room for another"),
            }
        });
    }
}

/// One request to one answer.
async fn answer<F>(filters: F, request: Request<Incoming>) -> Response
where
    F: Service<Request<Incoming>, Response = Response, Error = Infallible>,
{
    match target::refusal(&request) {
        Some(refusal) => refusal.answer().into_response(),
        None => filters.call(request).await.unwrap_or_else(|never| match never {}),
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
