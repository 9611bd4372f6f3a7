//! A fetch that finds no record waits for one, as with Kafka.
//!
//! tansu's own reads the log, sleeps for half of the time that the asker would wait, and then answers what it had read:
//! a record waits for the sleep, and an idle system reads its log four times a second.

use std::time::Duration;

use rama::{Context, Service};
use tansu_sans_io::{Body, Frame};
use tokio::sync::watch;
use tokio::time::timeout;

/// Counts produce requests, for those who wait for records.
pub(super) type Appends = watch::Sender<u64>;

/// Requests go to `inner`, one by one.
pub(super) struct WaitingFetch<S> {
    pub inner: S,
    pub appends: Appends,
}

impl<S> Service<(), Frame> for WaitingFetch<S>
where
    S: Service<(), Frame, Response = Frame>,
{
    type Response = Frame;
    type Error = S::Error;

    async fn serve(&self, context: Context<()>, mut request: Frame) -> Result<Frame, S::Error> {
        match &mut request.body {
            Body::FetchRequest(fetch) => {
                let patience = Duration::from_millis(u64::try_from(fetch.max_wait_ms).unwrap_or(0));
                fetch.max_wait_ms = 0;
                let mut appended = self.appends.subscribe();
                let found = self.inner.serve(context.clone(), request.clone()).await?;
                // a sender that is gone appends nothing
                if says_something(&found.body) || !matches!(timeout(patience, appended.changed()).await, Ok(Ok(()))) {
                    return Ok(found);
                }
                self.inner.serve(context, request).await
            }
            Body::ProduceRequest(_) => {
                let answer = self.inner.serve(context, request).await;
                self.appends.send_modify(|appends| *appends += 1);
                answer
            }
            _ => self.inner.serve(context, request).await,
        }
    }
}

/// Whether there is a record in the answer, or an error.
fn says_something(answer: &Body) -> bool {
    let Body::FetchResponse(answer) = answer else { return true };
    let topics = answer.responses.iter().flatten();
    topics.flat_map(|topic| topic.partitions.iter().flatten()).any(|partition| {
        partition.error_code != 0 || partition.records.as_ref().is_some_and(|records| !records.batches.is_empty())
    })
}

#[cfg(test)]
mod tests;
