//! The body of a request, in time and within its length.

use std::pin::Pin;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tokio::time::timeout;
use warp::http::StatusCode;
use warp::reply::Response;

use super::reply::{error, too_large};
use crate::limits::{BODY_BYTES_MAX, HTTP_BODY_MAX, HTTP_REFUSAL_MAX};

/// A body as it comes.
pub(super) struct Body(Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>);

impl Body {
    pub(super) fn new(pieces: impl Stream<Item = Result<impl Buf, warp::Error>> + Send + 'static) -> Self {
        Self(Box::pin(pieces.map(|piece| piece.map(|mut piece| piece.copy_to_bytes(piece.remaining())))))
    }

    /// All of it, or the answer to a client that does not send it.
    pub(super) async fn whole(mut self) -> Result<Bytes, Response> {
        match timeout(HTTP_BODY_MAX, self.collect()).await {
            Ok(collected) => collected,
            Err(_) => {
                let text = format!("the body was not there after {} s; ask again", HTTP_BODY_MAX.as_secs());
                Err(error(StatusCode::REQUEST_TIMEOUT, "slow_body", &text))
            }
        }
    }

    /// Throws away what is on its way to a request that is refused anyhow: a client that sends first and reads afterwards would
    /// else see a broken connection in place of the answer.
    pub(super) async fn leave(mut self) {
        let _ = timeout(HTTP_REFUSAL_MAX, async { while let Some(Ok(_)) = self.0.next().await {} }).await;
    }

    async fn collect(&mut self) -> Result<Bytes, Response> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.0.next().await {
            let broken = |_| error(StatusCode::BAD_REQUEST, "broken_body", "the connection broke within the body");
            body.put(piece.map_err(broken)?);
            if body.len() as u64 > BODY_BYTES_MAX {
                return Err(too_large());
            }
        }
        Ok(body.freeze())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::stream::{iter, pending, repeat_with};
    use tokio::time::{Instant, sleep};

    use super::*;

    async fn status(body: Body) -> StatusCode {
        body.whole().await.unwrap_err().status()
    }

    fn piece(bytes: usize) -> Result<Bytes, warp::Error> {
        Ok(vec![b'x'; bytes].into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_comes_in_time_or_not_at_all() {
        let begun = Instant::now();
        assert_eq!(Body::new(iter([piece(3), piece(2)])).whole().await.unwrap(), "xxxxx");
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let begins = || iter([piece(3)]).chain(pending());
        assert_eq!(status(Body::new(begins())).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(begun.elapsed().as_secs(), HTTP_BODY_MAX.as_secs());
        Body::new(begins()).leave().await;
        assert_eq!(begun.elapsed().as_secs(), (HTTP_BODY_MAX + HTTP_REFUSAL_MAX).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_gains_no_time() {
        let begun = Instant::now();
        let trickle = repeat_with(|| piece(1)).then(|piece| async {
            sleep(Duration::from_secs(1)).await;
            piece
        });
        assert_eq!(status(Body::new(trickle)).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(begun.elapsed().as_secs(), HTTP_BODY_MAX.as_secs());
    }

    #[tokio::test]
    async fn more_than_was_announced_is_refused() {
        assert_eq!(status(Body::new(repeat_with(|| piece(1 << 10)))).await, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
