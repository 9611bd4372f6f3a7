//! The running parts: whether one of them has ended, and their stop, as events flow, within a time.
//!
//! A part ends only when it is told to. One that ends by itself, by an error or a panic, ends the whole process with one
//! line: half a system would answer some and keep others waiting.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::future::{join_all, select_all};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// All parts of a process.
#[derive(Default)]
pub struct Parts(Vec<(Stage, Part)>);

/// When a part is stopped: who sends to others goes before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What people and browsers talk to.
    Outside,
    /// What works off that which they sent.
    Between,
    /// What the others stand on.
    Base,
}

/// A part that runs until it is told to stop.
pub struct Part {
    name: &'static str,
    stop: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Part {
    /// Starts it; the token is cancelled when it is to stop.
    pub fn start<F>(name: &'static str, part: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(part(stop.clone()));
        Self { name, stop, task }
    }

    /// Resolves when the part has ended unasked.
    pub async fn ended(&mut self) -> anyhow::Error {
        match (&mut self.task).await {
            Ok(Ok(())) => anyhow!("{} ended", self.name),
            Ok(Err(error)) => error.context(format!("{} failed", self.name)),
            Err(error) => anyhow::Error::new(error).context(format!("{} failed", self.name)),
        }
    }

    /// Tells it to stop and waits, at most until the deadline: one that hangs is left alone.
    async fn stop(self, deadline: Instant) {
        self.stop.cancel();
        if self.task.is_finished() {
            return;
        }
        match timeout_at(deadline, self.task).await {
            Ok(Ok(Ok(()))) => tracing::info!("{} stopped", self.name),
            Ok(Ok(Err(error))) => tracing::error!("{} stopped with: {error:#}", self.name),
            Ok(Err(error)) => tracing::error!("{} did not stop: {error}", self.name),
            Err(_) => tracing::error!("{} does not stop: the process ends without it", self.name),
        }
    }
}

impl Parts {
    pub fn push(&mut self, stage: Stage, part: Part) {
        self.0.push((stage, part));
    }

    /// Resolves when one of them has ended unasked.
    pub async fn first_end(&mut self) -> anyhow::Error {
        let ends = self.0.iter_mut().map(|(_, part)| Box::pin(part.ended()));
        select_all(ends).await.0
    }

    /// Stops them, one stage after the other.
    pub async fn stop(mut self, within: Duration) {
        let deadline = Instant::now() + within;
        for stage in [Stage::Outside, Stage::Between, Stage::Base] {
            let stopping = self.0.extract_if(.., |(its, _)| *its == stage).map(|(_, part)| part.stop(deadline));
            join_all(stopping.collect::<Vec<_>>()).await;
        }
    }
}

#[cfg(test)]
mod tests;
