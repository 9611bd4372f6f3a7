//! Posts batches to a collector like many browsers: several connections, each visitor's batches one after the other.

mod connection;
mod encoding;
mod tally;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::iter::Peekable;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use tokio::task::JoinSet;
use uuid::Uuid;

pub use connection::{Answer, Connection, Site, Target};
pub use encoding::Encoding;
pub use tally::Tally;

use crate::traffic::Batch;

/// Batches read ahead of the answers: enough to find work for every connection, few enough to keep visitors together
/// in time (the stream job's watermark follows the newest).
const AHEAD_BATCHES_PER_CONNECTION: usize = 2;
/// Attempts without any answer in a row before the collector counts as gone.
const FAILURES_IN_A_ROW_MAX: u32 = 200;
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// When batches go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As soon as a connection is free.
    Fast,
    /// At their own time of sending.
    Live,
}

/// Posts all batches; 429, 503 and connection errors send the same batch again, as the SDK does.
pub async fn post_all(
    target: &Target,
    connections: usize,
    pace: Pace,
    batches: impl Iterator<Item = Batch>,
    progress: &ProgressBar,
) -> Result<Tally> {
    let mut load = Load {
        source: batches.peekable(),
        pace,
        idle: (0..connections.max(1)).map(|_| Connection::new(target.clone())).collect(),
        ahead_max: connections.max(1) * AHEAD_BATCHES_PER_CONNECTION,
        ready: VecDeque::new(),
        waiting: HashMap::new(),
        ahead: 0,
        under_way: JoinSet::new(),
        tally: Tally::default(),
        failures_in_a_row: 0,
    };
    load.run(progress).await?;
    Ok(load.tally)
}

struct Load<I: Iterator<Item = Batch>> {
    source: Peekable<I>,
    pace: Pace,
    idle: Vec<Connection>,
    ahead_max: usize,
    /// Batches whose visitor has nothing under way.
    ready: VecDeque<Batch>,
    /// Visitors with a batch under way or ready, and what waits behind it.
    waiting: HashMap<Uuid, VecDeque<Batch>>,
    /// Batches taken from the source and not answered.
    ahead: usize,
    under_way: JoinSet<Done>,
    tally: Tally,
    failures_in_a_row: u32,
}

struct Done {
    connection: Connection,
    batch: Batch,
    answer: Result<Answer>,
}

impl<I: Iterator<Item = Batch>> Load<I> {
    async fn run(&mut self, progress: &ProgressBar) -> Result<()> {
        loop {
            let due = self.take_due();
            self.start();
            tokio::select! {
                Some(done) = self.under_way.join_next() => {
                    progress.inc(self.settle(done?)?);
                }
                () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => {}
                else => return Ok(()),
            }
        }
    }

    /// Sends on as many free connections as there are batches.
    fn start(&mut self) {
        let count = self.idle.len().min(self.ready.len());
        let connections = self.idle.drain(self.idle.len() - count..);
        for (connection, batch) in connections.zip(self.ready.drain(..count)) {
            self.under_way.spawn(send(connection, batch));
        }
    }

    /// Takes what is due from the source; returns how long until the next batch is, if that is what to wait for.
    fn take_due(&mut self) -> Option<Duration> {
        while self.ahead < self.ahead_max {
            let next = self.source.peek()?;
            let early_ms = if self.pace == Pace::Live { next.sent_ms - now_ms() } else { 0.0 };
            if early_ms > 0.0 {
                return Some(Duration::from_secs_f64(early_ms / 1_000.0));
            }
            let batch = self.source.next()?;
            self.ahead += 1;
            match self.waiting.get_mut(&batch.visitor_id) {
                Some(behind) => behind.push_back(batch),
                None => {
                    self.waiting.insert(batch.visitor_id, VecDeque::new());
                    self.ready.push_back(batch);
                }
            }
        }
        None
    }

    /// Counts an answer and lets the visitor's next batch go; returns the events that are done with.
    fn settle(&mut self, done: Done) -> Result<u64> {
        let Done { connection, batch, answer } = done;
        self.idle.push(connection);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.tally.no_answer += 1;
                self.failures_in_a_row += 1;
                if self.failures_in_a_row > FAILURES_IN_A_ROW_MAX {
                    bail!("the collector is gone: {error:#}");
                }
                self.ready.push_front(batch);
                return Ok(0);
            }
        };
        self.failures_in_a_row = 0;
        self.tally.add(&batch, &answer);
        if answer.retry_after.is_some() {
            self.ready.push_front(batch);
            return Ok(0);
        }
        self.ahead -= 1;
        let behind = self.waiting.get_mut(&batch.visitor_id).and_then(VecDeque::pop_front);
        match behind {
            Some(next) => self.ready.push_back(next),
            None => drop(self.waiting.remove(&batch.visitor_id)),
        }
        Ok(u64::from(batch.events))
    }
}

/// Posts, and waits where the collector asks to, so that the connection does not go on with another batch meanwhile.
async fn send(mut connection: Connection, batch: Batch) -> Done {
    let answer = connection.post(&batch).await;
    match &answer {
        Ok(Answer { retry_after: Some(wait), .. }) => tokio::time::sleep(*wait).await,
        Ok(_) => {}
        Err(_) => tokio::time::sleep(FAILURE_PAUSE).await,
    }
    Done { connection, batch, answer }
}

/// Epoch milliseconds.
pub fn now_ms() -> f64 {
    schemas::time::epoch_ms(SystemTime::now())
}
