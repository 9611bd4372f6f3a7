//! One connection of HTTP: 1.1, or 2 where the client begins with it.
//!
//! Warp's own server waits for ever: a client that sends nothing, or half a head, or does not read, would hold its connection, and
//! enough of them every descriptor of the process. Here the client has a time for whatever is its [`Turn`]; the body of a request
//! has one of its own ([`super::body`]).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::http::{Request, Response};
use warp::reply;

use crate::limits::{HTTP_BUFFER_BYTES, HTTP_CONNECTIONS_MAX, HTTP_REFUSAL_MAX, HTTP_REQUEST_MAX, HTTP_WRITE_MAX};

/// What answers every request.
pub(super) type Routes = BoxedFilter<(reply::Response,)>;

/// Serves a connection to its end. From `shutdown` on, requests that are being answered are the last ones.
pub(super) async fn serve(
    routes: Routes,
    stream: TcpStream,
    peer: SocketAddr,
    has_place: bool,
    shutdown: CancellationToken,
) {
    if !has_place {
        tracing::warn!(%peer, "a connection was refused: {HTTP_CONNECTIONS_MAX} are open");
        let _ = timeout(HTTP_REFUSAL_MAX, refuse(stream)).await;
        return;
    }
    if let Some(why) = talk(routes, stream, shutdown).await {
        tracing::debug!(%peer, "a connection ended: {why}");
    }
}

/// Tells the client to come back, without waiting for its request.
async fn refuse(mut stream: TcpStream) -> std::io::Result<()> {
    let message = format!("{HTTP_CONNECTIONS_MAX} connections are open, which is the most; ask again in a moment");
    let body = json!({"code": "too_many_connections", "message": message}).to_string();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncache-control: no-store\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await?;
    stream.shutdown().await
}

/// Comes back at the end of the connection, with the reason if there is one.
pub(super) async fn talk(
    routes: Routes,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    shutdown: CancellationToken,
) -> Option<String> {
    let turn = Arc::new(Turn::new());
    let service = {
        let turn = turn.clone();
        let routes = TowerToHyperService::new(warp::service(routes));
        service_fn(move |request| answer(routes.clone(), request, Asked::on(turn.clone())))
    };
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().max_buf_size(HTTP_BUFFER_BYTES);
    http.http2().max_send_buf_size(HTTP_BUFFER_BYTES);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let served = async {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = shutdown.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    };
    tokio::select! {
        ended = served => ended.err().map(|error| error.to_string()),
        () = turn.missed() => Some("the client neither asks nor reads".to_owned()),
    }
}

async fn answer(
    routes: impl Service<Request<Incoming>, Response = reply::Response, Error = Infallible>,
    request: Request<Incoming>,
    asked: Asked,
) -> Result<Response<Answer<impl Body<Data = bytes::Bytes, Error = warp::Error>>>, Infallible> {
    let response = routes.call(request).await?;
    Ok(response.map(|body| Answer { body, asked }))
}

/// Whose turn it is on a connection: ours while we are at the answer of a request, the client's otherwise.
struct Turn(Mutex<Whose>);

struct Whose {
    /// Requests that are not answered to the end.
    open: usize,
    /// Those of them that wait for us; the others have a piece that the client is to take.
    ours: usize,
    /// When the client did something, or was left with something to do.
    since: Instant,
}

impl Turn {
    fn new() -> Self {
        Self(Mutex::new(Whose { open: 0, ours: 0, since: Instant::now() }))
    }

    fn whose(&self) -> MutexGuard<'_, Whose> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Comes back when the client let its time go by.
    async fn missed(&self) {
        // No time that begins meanwhile is shorter.
        while let Some(left) = self.left() {
            sleep(left.min(HTTP_REQUEST_MAX)).await;
        }
    }

    /// What the client has left of its time: all of it while the turn is ours, none when it is over.
    fn left(&self) -> Option<Duration> {
        let whose = self.whose();
        let max = if whose.open == 0 { HTTP_REQUEST_MAX } else { HTTP_WRITE_MAX };
        let waited = if whose.ours > 0 { Duration::ZERO } else { whose.since.elapsed() };
        max.checked_sub(waited).filter(|left| !left.is_zero())
    }
}

/// A request, from its head to the end of its answer.
struct Asked {
    turn: Arc<Turn>,
    is_ours: bool,
}

impl Asked {
    fn on(turn: Arc<Turn>) -> Self {
        turn.whose().open += 1;
        let mut asked = Self { turn, is_ours: false };
        asked.hand_to_us(true);
        asked
    }

    fn hand_to_us(&mut self, is_ours: bool) {
        let mut whose = self.turn.whose();
        whose.ours = whose.ours + usize::from(is_ours) - usize::from(self.is_ours);
        whose.since = Instant::now();
        self.is_ours = is_ours;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.hand_to_us(false);
        self.turn.whose().open -= 1;
    }
}

/// The body of an answer. It is asked for the next piece when there is room for it, that is when the client has taken others.
struct Answer<B> {
    body: B,
    asked: Asked,
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let piece = Pin::new(&mut self.body).poll_frame(context);
        self.asked.hand_to_us(piece.is_pending());
        piece
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
