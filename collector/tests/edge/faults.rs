//! What happens when Kafka or the registry is not there.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rdkafka::mocking::MockCluster;
use rdkafka::types::RDKafkaRespErr;
use schemas::topics;
use tokio_util::sync::CancellationToken;

use super::support::*;

fn one() -> String {
    batch(&[click(0)])
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_down_is_503_and_not_ready_until_it_is_back() {
    let rig = Rig::start(|config| config.ack_timeout_ms = 2_000).await;
    assert_eq!(rig.post(one()).await.status, 200);
    rig.cluster.broker_down(1).expect("the mock obeys");
    let fell = Instant::now();
    let first = rig.post(one()).await;
    assert_eq!(first.status, 503, "{}", first.text());
    assert!(first.header("retry-after").is_some());
    eventually("not ready", async || (rig.get("/health/ready").await.status == 503).then_some(())).await;
    assert!(fell.elapsed() < Duration::from_secs(8), "not ready after {:?}", fell.elapsed());
    assert_eq!(rig.get("/health/live").await.status, 200);
    let asked = Instant::now();
    assert_eq!(rig.post(one()).await.code(), "not_ready");
    assert!(asked.elapsed() < Duration::from_secs(1), "nobody waits for a broker that is known to be away");

    rig.cluster.broker_up(1).expect("the mock obeys");
    let returned = Instant::now();
    eventually("a batch taken again", async || (rig.post(one()).await.status == 200).then_some(())).await;
    assert!(returned.elapsed() < Duration::from_secs(15), "back after {:?}", returned.elapsed());
    assert_eq!(rig.get("/health/ready").await.status, 200);
    eventually("an empty window", async || (rig.metric("collector_window_bytes").await == 0).then_some(())).await;
    let (received, produced, refused) = (
        rig.metric("collector_events_received_total").await,
        rig.metric("collector_events_produced_total").await,
        rig.metric("collector_events_refused_total").await,
    );
    assert_eq!(received, produced + refused);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_window_refuses_at_once_and_empties() {
    let rig = Rig::start(|config| {
        config.limits.window_requests_max = 2;
        config.limits.address_share_percent = 100;
    })
    .await;
    rig.silence_kafka();
    let mut posts: FuturesUnordered<_> = (0..6).map(|_| rig.post(one())).collect();
    for reply in posts.by_ref().take(4).collect::<Vec<_>>().await {
        assert_eq!((reply.status, reply.code().as_str()), (503, "window_full"));
    }
    rig.let_kafka_answer();
    assert!(posts.all(async |reply| reply.status == 200).await);
    assert_eq!(rig.post(one()).await.status, 200);
    assert_eq!(rig.metric("collector_window_requests").await, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_broker_is_503_after_the_timeout() {
    let rig = Rig::start(|config| config.ack_timeout_ms = 400).await;
    assert_eq!(rig.post(one()).await.status, 200);
    rig.silence_kafka();
    let asked = Instant::now();
    let reply = rig.post(one()).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "not_durable"), "{}", reply.text());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    rig.let_kafka_answer();
    eventually("a batch taken again", async || (rig.post(one()).await.status == 200).then_some(())).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retriable_errors_are_not_seen_and_permanent_ones_are_503() {
    let rig = Rig::start(|_| ()).await;
    use RDKafkaRespErr::{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED};
    let produce = rdkafka::types::RDKafkaApiKey::Produce;
    rig.cluster.request_errors(produce, &[RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 2]);
    assert_eq!(rig.post(one()).await.status, 200);
    rig.cluster.request_errors(produce, &[RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]);
    let reply = rig.post(one()).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "not_durable"), "{}", reply.text());
    eventually("a batch taken again", async || (rig.post(one()).await.status == 200).then_some(())).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fatal_error_replaces_the_producer() {
    let rig = Rig::start(|_| ()).await;
    assert_eq!(rig.post(one()).await.status, 200);
    let produce = rdkafka::types::RDKafkaApiKey::Produce;
    let fatal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    rig.cluster.request_errors(produce, &[fatal]);
    let failed = Instant::now();
    let reply = rig.post(one()).await;
    rig.cluster.clear_request_errors(produce);
    eventually("a batch taken again", async || (rig.post(one()).await.status == 200).then_some(())).await;
    assert!(failed.elapsed() < Duration::from_secs(10), "{:?}", failed.elapsed());
    assert_eq!(reply.status, 503, "{}", reply.text());
    let rebuilt = async || (rig.metric("collector_producers_rebuilt_total").await == 1).then_some(());
    eventually("the new producer counted", rebuilt).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_may_be_late_and_may_go_once_the_ids_are_known() {
    let cluster: Cluster = MockCluster::new(1).expect("a mock cluster");
    for topic in [topics::EVENTS, topics::DEAD_LETTER] {
        cluster.create_topic(topic, 1, 1).expect("a topic");
    }
    let registry = Registry::start(&[]).await;
    registry.answer_with(503);
    let collector =
        collector::Collector::bind(config(cluster.bootstrap_servers(), registry.url())).await.expect("ports");
    let at = collector.addresses();
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(collector.serve(|_| (), shutdown.clone()));
    let ready = async || call(at.public, "GET", "/health/ready", &[], b"").await.status;
    assert_eq!(ready().await, 503);
    assert_eq!(call(at.public, "GET", "/health/live", &[], b"").await.status, 200);
    let key = format!("Bearer {KEY}");
    let reply = call(at.public, "POST", "/v1/events", &[("authorization", &key)], one().as_bytes()).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "not_ready"));
    registry.answer_with(200);
    eventually("ready", async || (ready().await == 200).then_some(())).await;
    registry.answer_with(503);
    let reply = call(at.public, "POST", "/v1/events", &[("authorization", &key)], one().as_bytes()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    shutdown.cancel();
    task.await.expect("no panic").expect("a clean stop");
}

/// Runs a collector that must refuse to start, and gives its reason.
async fn refusal_to_start(change: impl FnOnce(&Cluster, &Registry, &mut collector::Config)) -> String {
    let cluster: Cluster = MockCluster::new(1).expect("a mock cluster");
    let registry = Registry::start(&[]).await;
    let mut config = config(cluster.bootstrap_servers(), registry.url());
    change(&cluster, &registry, &mut config);
    let ended = collector::run(config, CancellationToken::new(), |_| panic!("it is not ready")).await;
    format!("{:#}", ended.expect_err("a refusal to start"))
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_to_start_name_the_thing_and_the_way_out() {
    let told = refusal_to_start(|_, registry, _| registry.answer_with(409)).await;
    for part in ["schema incompatible", "telemetry.events-value", "registered-schema", "\"name\": \"Package\""] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    let told = refusal_to_start(|_, registry, config| {
        registry.answer_with(503);
        config.registry.startup_timeout_ms = 300;
    })
    .await;
    assert!(told.contains("registry unreachable: http://127.0.0.1:"), "{told}");
    let told = refusal_to_start(|cluster, _, config| {
        config.kafka.startup_timeout_ms = 300;
        let missing = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        cluster.topic_error(topics::EVENTS, missing).expect("the mock obeys");
    })
    .await;
    assert!(told.contains("topic missing: telemetry.events"), "{told}");
    let told = refusal_to_start(|cluster, _, config| {
        config.kafka.startup_timeout_ms = 300;
        cluster.broker_down(1).expect("the mock obeys");
    })
    .await;
    assert!(told.contains("broker unreachable: kafka.bootstrap = \"127.0.0.1:"), "{told}");
}
