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
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use tansu_sans_io::fetch_response::{FetchableTopicResponse, PartitionData};
    use tansu_sans_io::record::deflated;
    use tansu_sans_io::{FetchRequest, FetchResponse, Header, ProduceRequest, ProduceResponse};
    use tokio::time::Instant;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(2);

    /// A log of as many records as were produced; remembers how long each fetch was told to wait.
    #[derive(Default)]
    struct Log {
        records: Mutex<usize>,
        waits_ms: Mutex<Vec<i32>>,
    }

    impl Service<(), Frame> for Log {
        type Response = Frame;
        type Error = Infallible;

        async fn serve(&self, _: Context<()>, request: Frame) -> Result<Frame, Infallible> {
            let body = match request.body {
                Body::FetchRequest(fetch) => {
                    self.waits_ms.lock().unwrap().push(fetch.max_wait_ms);
                    let records = (*self.records.lock().unwrap() > 0)
                        .then(|| deflated::Frame { batches: vec![deflated::Batch::default()] });
                    let partition = PartitionData::default().records(records);
                    let topic = FetchableTopicResponse::default().partitions(Some(vec![partition]));
                    FetchResponse::default().responses(Some(vec![topic])).into()
                }
                _ => {
                    *self.records.lock().unwrap() += 1;
                    ProduceResponse::default().into()
                }
            };
            Ok(frame(body))
        }
    }

    fn frame(body: Body) -> Frame {
        Frame { size: 0, header: Header::Response { correlation_id: 1 }, body }
    }

    async fn fetch(broker: &WaitingFetch<Log>) -> (bool, Duration) {
        let began = Instant::now();
        let request = FetchRequest::default().max_wait_ms(PATIENCE.as_millis() as i32);
        let answer = broker.serve(Context::default(), frame(request.into())).await.unwrap();
        (says_something(&answer.body), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_fetch_ends_with_the_next_record_or_with_its_time() {
        let broker = WaitingFetch { inner: Log::default(), appends: Appends::default() };
        assert_eq!(fetch(&broker).await, (false, PATIENCE));
        let produce = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            broker.serve(Context::default(), frame(ProduceRequest::default().into())).await.unwrap();
        };
        let (fetched, ()) = tokio::join!(fetch(&broker), produce);
        assert_eq!(fetched, (true, Duration::from_millis(300)));
        assert_eq!(fetch(&broker).await, (true, Duration::ZERO), "what is there is answered at once");
        assert_eq!(*broker.inner.waits_ms.lock().unwrap(), [0; 4], "tansu itself never sleeps");
    }
}
