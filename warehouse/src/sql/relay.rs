//! One statement on one worker: from the question to the last byte, or to whatever ends it.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep_until};

use super::child::Worker;
use super::protocol::{End, Frame, Head, Kind, Order};
use crate::limits::PIECES_AHEAD_MAX;
use crate::query::Failure;

/// What the one who asked hears, in order: `Head`, any number of `Data`, `End`; or `End` alone.
#[derive(Debug)]
pub enum Piece {
    Head(Head),
    Data(Bytes),
    End(Result<(), Failure>),
}

/// An answer on its way.
#[derive(Debug)]
pub struct Reply {
    /// Length of the whole, when it is known.
    pub bytes: Option<u64>,
    /// Media type, where whoever asked cannot know it.
    pub kind: Option<String>,
    first: Option<Piece>,
    pieces: Receiver<Piece>,
}

/// The channel of one answer. When the receiver is dropped, the asker has gone.
pub(super) fn pieces() -> (Sender<Piece>, Receiver<Piece>) {
    channel(PIECES_AHEAD_MAX)
}

impl Reply {
    /// Waits for the first bytes of the answer, or until it is known not to come. The first bytes, not only the head: sent
    /// apart, the second packet of a small answer would wait for the acknowledgement of the first (RFC 896).
    pub async fn begin(mut pieces: Receiver<Piece>) -> Result<Self, Failure> {
        match pieces.recv().await {
            Some(Piece::Head(head)) => {
                Ok(Self { bytes: head.bytes, kind: head.kind, first: pieces.recv().await, pieces })
            }
            Some(Piece::End(Err(failure))) => Err(failure),
            _ => Err(Failure::ours("the answer never began")),
        }
    }

    /// The next bytes, none at the end. After an error, what came before is no answer.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let piece = match self.first.take() {
            Some(piece) => Some(piece),
            None => self.pieces.recv().await,
        };
        match piece {
            Some(Piece::Data(bytes)) => Ok(Some(bytes)),
            Some(Piece::End(end)) => end.map(|()| None),
            Some(Piece::Head(_)) | None => Err(Failure::ours("the answer broke off")),
        }
    }
}

/// The last bytes of an answer. They are kept back until the worker has said that this is the end: a listener that knows
/// the length goes away with them.
pub(super) type Last = Option<Bytes>;

/// Tells how an answer ends.
pub(super) async fn tell_end(end: Result<Last, Failure>, listener: &Sender<Piece>) {
    let end = match end {
        Ok(Some(bytes)) => listener.send(Piece::Data(bytes)).await.map_err(|_| Failure::ours("nobody listens")),
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    // The asker may have gone.
    let _ = listener.send(Piece::End(end)).await;
}

/// What came of a statement, and of its worker.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The worker is ready for the next statement, unless it asks to be replaced.
    Answered { end: Result<Last, Failure>, retire: bool },
    /// The worker has ended, or must.
    Ended(Failure),
    /// It is to give way before it has begun to answer: it may run again.
    GaveWay,
}

/// Puts the statement to the worker and passes the answer on, up to its last bytes. When `must_give_way` comes before the
/// answer begins, that is the end of it.
pub(super) async fn relay(
    worker: &mut Worker,
    order: &Order,
    time: Duration,
    listener: &Sender<Piece>,
    must_give_way: impl Future<Output = ()>,
) -> Outcome {
    let late = Instant::now() + time;
    tokio::pin!(must_give_way);
    let first = tokio::select! {
        biased;
        first = begin_answer(worker, order) => first,
        () = sleep_until(late) => return too_long(time),
        () = &mut must_give_way => return Outcome::GaveWay,
    };
    let first = match first {
        Ok(Some(frame)) => frame,
        Ok(None) | Err(_) => return Outcome::Ended(worker.died().await.failure(order.cpu_seconds_max)),
    };
    tokio::select! {
        biased;
        outcome = pass_on(worker, order, first, listener) => outcome,
        () = sleep_until(late) => too_long(time),
        () = async { must_give_way.await; pending().await } => unreachable!("what begins to answer goes on"),
    }
}

/// What a statement comes to whose asker has gone; told to nobody.
pub(super) fn nobody_waits() -> Failure {
    Failure::ours("nobody waits for the answer")
}

fn too_long(time: Duration) -> Outcome {
    let seconds = time.as_secs_f64();
    Outcome::Ended(Failure::too_costly(format!(
        "the statement took longer than {seconds} s (query_time), its answer included; ask for less, name a site and \
         a date, or give it longer with --query-time"
    )))
}

async fn begin_answer(worker: &mut Worker, order: &Order) -> io::Result<Option<Frame>> {
    worker.send(&order.frame).await?;
    worker.receive().await
}

async fn pass_on(worker: &mut Worker, order: &Order, first: Frame, listener: &Sender<Piece>) -> Outcome {
    let mut next = Ok(Some(first));
    let mut last = None;
    loop {
        let piece = match next {
            Ok(Some(frame)) if frame.kind == Kind::End => match frame.message::<End>() {
                Ok(End { failure: None, retire }) => return Outcome::Answered { end: Ok(last), retire },
                Ok(End { failure: Some(failure), retire }) => {
                    // Up to the last whole row: the reason may be told behind it.
                    if let Some(last) = last.take() {
                        let _ = listener.send(Piece::Data(last)).await;
                    }
                    return Outcome::Answered { end: Err(failure), retire };
                }
                Err(_) => break,
            },
            Ok(Some(frame)) if frame.kind == Kind::Head => match frame.message() {
                Ok(head) => Some(Piece::Head(head)),
                Err(_) => break,
            },
            Ok(Some(frame)) if frame.kind == Kind::Data => last.replace(frame.body).map(Piece::Data),
            _ => break,
        };
        if let Some(piece) = piece {
            // Where nobody listens, the worker still comes to its end, unless the caller ends it.
            let _ = listener.send(piece).await;
        }
        next = worker.receive().await;
    }
    Outcome::Ended(worker.died().await.failure(order.cpu_seconds_max))
}
