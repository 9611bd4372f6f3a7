//! One statement on one worker, for the command line.

use std::future::pending;

use super::child::Worker;
use super::protocol::Order;
use super::relay::{Outcome, Reply, nobody_waits, pieces, relay, tell_end};
use super::{Question, Settings};
use crate::query::Failure;

/// Asks one statement; comes back when its answer begins.
pub async fn once(settings: &Settings, question: &Question) -> Result<Reply, Failure> {
    let order = Order::from(&question.ask(settings)?);
    let mut worker = Worker::start(settings).await?;
    let time = settings.time;
    let (sender, receiver) = pieces();
    tokio::spawn(async move {
        // No other statement could use the worker: it ends with whoever asked.
        let outcome = tokio::select! {
            biased;
            outcome = relay(&mut worker, &order, time, &sender, pending()) => outcome,
            () = sender.closed() => Outcome::Ended(nobody_waits()),
        };
        worker.end().await;
        let end = match outcome {
            Outcome::Answered { end, .. } => end,
            Outcome::Ended(failure) => Err(failure),
            Outcome::GaveWay => Err(Failure::ours("the answer never began")),
        };
        tell_end(end, &sender).await;
    });
    Reply::begin(receiver).await
}
