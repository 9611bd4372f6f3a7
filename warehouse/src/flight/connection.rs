//! One connection: HTTP/2, within TLS or without. Whoever has no right is told so before what it sends is read.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::net::SocketAddr;
use std::sync::Arc;

use arrow_flight::flight_service_server::FlightServiceServer;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codegen::Service as _;
use tonic::codegen::http::{Request, Response};

use super::Flight;
use super::caller::Caller;
use super::service::Service;
use crate::limits::{
    FLIGHT_CALLS_MAX, FLIGHT_HEADERS_BYTES_MAX, FLIGHT_OPENING_MAX, FLIGHT_PING_EVERY, FLIGHT_REQUEST_BYTES_MAX,
};

/// Serves a connection to its end.
pub(super) async fn serve(shared: Arc<Flight>, stream: TcpStream, peer: SocketAddr, has_place: bool) {
    if !has_place {
        tracing::warn!(%peer, "a connection of Flight SQL was closed: too many are open");
        return;
    }
    let Some(tls) = shared.tls.clone() else { return talk(shared, stream, peer).await };
    match timeout(FLIGHT_OPENING_MAX, tls.accept(stream)).await {
        Ok(Ok(stream)) => talk(shared, stream, peer).await,
        Ok(Err(error)) => tracing::debug!(%peer, "no TLS for Flight SQL: {error}"),
        Err(_) => tracing::debug!(%peer, "TLS did not begin in time"),
    }
}

async fn talk(shared: Arc<Flight>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: SocketAddr) {
    let (opened, leave) = (CancellationToken::new(), CancellationToken::new());
    let server = FlightServiceServer::new(Service { shared: shared.clone(), leave: leave.clone() })
        .max_decoding_message_size(FLIGHT_REQUEST_BYTES_MAX);
    let calls = {
        let opened = opened.clone();
        service_fn(move |request| call(&shared, &server, &opened, request))
    };
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(FLIGHT_PING_EVERY)
        .keep_alive_timeout(FLIGHT_PING_EVERY)
        .max_concurrent_streams(FLIGHT_CALLS_MAX)
        .max_header_list_size(FLIGHT_HEADERS_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), calls);
    let why = tokio::select! {
        ended = connection => ended.err().map(|error| error.to_string()),
        () = leave.cancelled() => Some("the client does not read".to_owned()),
        () = too_late(&opened) => Some("it did not open in time".to_owned()),
    };
    if let Some(why) = why {
        tracing::debug!(%peer, "a connection of Flight SQL ended: {why}");
    }
}

/// Comes back when nobody with a right has called in time.
async fn too_late(opened: &CancellationToken) {
    if timeout(FLIGHT_OPENING_MAX, opened.cancelled()).await.is_ok() {
        pending().await
    }
}

fn call(
    shared: &Flight,
    server: &FlightServiceServer<Service>,
    opened: &CancellationToken,
    mut request: Request<Incoming>,
) -> BoxFuture<'static, Result<Response<Body>, Infallible>> {
    match Caller::of(&shared.access, request.headers()) {
        Ok(caller) => {
            opened.cancel();
            request.extensions_mut().insert(caller);
            server.clone().call(request)
        }
        Err(status) => ready(Ok(status.into_http())).boxed(),
    }
}
