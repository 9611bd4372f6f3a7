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
