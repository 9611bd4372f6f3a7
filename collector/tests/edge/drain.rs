//! Stopping under load.

use std::time::{Duration, Instant};

use schemas::topics;

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_open_request_is_answered_before_the_end() {
    let rig = Rig::start(|_| ()).await;
    assert_eq!(rig.post(batch(&[click(0)])).await.status, 200);
    rig.silence_kafka();
    let at = rig.at.public;
    let posts: Vec<_> = (1..9)
        .map(|seq| {
            tokio::spawn(async move {
                let key = format!("Bearer {KEY}");
                call(at, "POST", "/v1/events", &[("authorization", &key)], batch(&[click(seq)]).as_bytes()).await.status
            })
        })
        .collect();
    eventually("8 open requests", async || (rig.metric("collector_window_requests").await == 8).then_some(())).await;
    rig.shutdown.cancel();
    let asked = Instant::now();
    rig.let_kafka_answer();
    for post in posts {
        assert_eq!(post.await.expect("no panic"), 200);
    }
    let (records, Rig { task, cluster: _cluster, .. }) = (rig.records(topics::EVENTS), rig);
    task.await.expect("no panic").expect("a clean stop");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_eq!(records.len(), 9);
    assert!(tokio::net::TcpStream::connect(at).await.is_err(), "nobody listens afterwards");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_even_when_kafka_is_silent() {
    let rig = Rig::start(|config| config.limits.drain_timeout_ms = 1_500).await;
    assert_eq!(rig.post(batch(&[click(0)])).await.status, 200);
    rig.silence_kafka();
    let at = rig.at.public;
    let post = tokio::spawn(async move {
        let key = format!("Bearer {KEY}");
        call(at, "POST", "/v1/events", &[("authorization", &key)], batch(&[click(1)]).as_bytes()).await
    });
    eventually("an open request", async || (rig.metric("collector_window_requests").await == 1).then_some(())).await;
    rig.shutdown.cancel();
    let reply = post.await.expect("no panic");
    assert_eq!((reply.status, reply.code().as_str()), (503, "not_ready"), "told to send it again, elsewhere");
    let Rig { task, cluster: _cluster, .. } = rig;
    tokio::time::timeout(Duration::from_secs(10), task)
        .await
        .expect("an end")
        .expect("no panic")
        .expect("a clean stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_only_buffered_reaches_kafka_before_a_clean_end() {
    let rig = Rig::start(|config| config.ack = collector::Ack::Memory).await;
    rig.silence_kafka();
    for seq in 0..20 {
        assert_eq!(rig.post(batch(&[click(seq)])).await.status, 202);
    }
    rig.shutdown.cancel();
    rig.let_kafka_answer();
    let Rig { task, cluster, .. } = rig;
    task.await.expect("no panic").expect("a clean stop");
    assert_eq!(records(&cluster, topics::EVENTS).len(), 20);
}
