//! Against a small server in the same process.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use schemas::ingest;
use tokio::net::TcpListener;

use super::*;
use crate::traffic::{Profile, Traffic};

/// (tab, batch_seq) of the batches that were taken, in the order of their arrival.
type Taken = Arc<Mutex<Vec<(Uuid, i64)>>>;

/// Answers every third request 503 and takes the others.
async fn serve(taken: Taken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(Mutex::new(0u32));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (taken, requests) = (taken.clone(), requests.clone());
            let service = service_fn(move |request| answer(request, taken.clone(), requests.clone()));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    format!("http://{address}")
}

async fn answer(
    request: Request<Incoming>,
    taken: Taken,
    requests: Arc<Mutex<u32>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.headers()["authorization"], "Bearer k");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let number = {
        let mut number = requests.lock().unwrap();
        *number += 1;
        *number
    };
    if number % 3 == 0 {
        let response = Response::builder().status(503).header("retry-after", "0");
        return Ok(response.body(Full::from("{\"code\":\"window_full\"}")).unwrap());
    }
    let batch = ingest::parse(&body).unwrap();
    taken.lock().unwrap().push((batch.header.tab_id.0, batch.header.batch_seq.0));
    Ok(Response::new(Full::from(format!("{{\"accepted\":{},\"rejected\":[]}}", batch.events.len()))))
}

#[tokio::test]
async fn every_batch_arrives_once_and_a_tabs_batches_in_order() {
    let taken = Taken::default();
    let target = Target::new(&serve(taken.clone()).await, "k", Encoding::Identity).unwrap();
    let batches: Vec<_> = Traffic::new(4, Profile::plain(1.8e12, 5_000)).collect();
    let count = batches.len();
    let tally = post_all(&target, 16, Pace::Fast, batches.into_iter(), &ProgressBar::hidden()).await.unwrap();
    assert_eq!((tally.accepted, tally.rejected, tally.refused()), (5_000, 0, false));
    assert_eq!((tally.counts.total(), tally.by_status[&200]), (5_000, count as u64));
    assert!(tally.by_status[&503] > 0 && tally.complaints.is_empty());

    let mut tabs: HashMap<Uuid, i64> = HashMap::new();
    let taken = taken.lock().unwrap();
    assert_eq!(taken.len(), count);
    for (tab, batch_seq) in taken.iter() {
        let expected = tabs.entry(*tab).or_default();
        assert_eq!(batch_seq, expected, "tab {tab}");
        *expected += 1;
    }
}
