//! Keeps an eye on Kafka from a thread of its own: librdkafka's questions block.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use backon::{ConstantBuilder, Retryable};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

use crate::kafka::producer::KafkaSink;

/// With the silence that `health.rs` allows, a lost broker is noticed within 5 s, and a slow one, whose answer takes as long
/// as a probe waits, is not taken for lost.
const PROBE_INTERVAL_MS: u64 = 1_500;
/// A broker with a round trip of 1 s is slow and not lost.
const PROBE_TIMEOUT_MS: u64 = 2_000;
/// Between two attempts at start.
const STARTUP_RETRY_MS: u64 = 250;

/// Probes the broker and replaces a dead producer until `stop`; `ended` tells of the thread's end, also in a panic.
pub(crate) fn watch(
    sink: Arc<KafkaSink>,
    stop: CancellationToken,
    ended: DropGuard,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name("kafka-watch".into()).spawn(move || {
        let _ended = ended;
        let mut reachable = true;
        while !stop.is_cancelled() {
            sink.rebuild_if_dead();
            match sink.probe(Duration::from_millis(PROBE_TIMEOUT_MS)) {
                Ok(()) if !reachable => {
                    info!(bootstrap = sink.settings.bootstrap, "kafka is back");
                    reachable = true;
                }
                Err(error) if reachable => {
                    warn!(bootstrap = sink.settings.bootstrap, %error, "kafka does not answer");
                    reachable = false;
                }
                _ => {}
            }
            thread::sleep(Duration::from_millis(PROBE_INTERVAL_MS));
        }
    })
}

/// Waits for the broker and makes sure that the topics are there.
pub(crate) async fn check_topics(sink: &Arc<KafkaSink>) -> anyhow::Result<()> {
    let kafka = &sink.settings;
    let deadline = Instant::now() + Duration::from_millis(kafka.startup_timeout_ms);
    if kafka.create_topics_partitions > 0 {
        create_topics(sink, deadline).await?;
    }
    for topic in [&kafka.events_topic, &kafka.replay_topic, &kafka.dead_letter_topic] {
        (|| check_topic(sink, topic)).retry(every()).when(|_| Instant::now() < deadline).await?;
    }
    Ok(())
}

async fn check_topic(sink: &Arc<KafkaSink>, topic: &str) -> anyhow::Result<()> {
    let (asked, name) = (Arc::clone(sink), topic.to_owned());
    let metadata = tokio::task::spawn_blocking(move || asked.metadata(&name, Duration::from_millis(PROBE_TIMEOUT_MS)))
        .await
        .context("the thread that asks Kafka ended")?
        .with_context(|| format!("broker unreachable: kafka.bootstrap = {:?}", sink.settings.bootstrap))?;
    match metadata.topics().iter().find(|known| known.name() == topic) {
        Some(known) if known.error().is_none() && !known.partitions().is_empty() => Ok(()),
        _ => bail!(
            "topic missing: {topic} on {}; create it, or set kafka.create_topics_partitions for a development broker",
            sink.settings.bootstrap
        ),
    }
}

async fn create_topics(sink: &Arc<KafkaSink>, deadline: Instant) -> anyhow::Result<()> {
    let kafka = &sink.settings;
    let admin: AdminClient<DefaultClientContext> = sink.client_config().create().context("kafka.options")?;
    let topics: Vec<_> = [&kafka.events_topic, &kafka.replay_topic, &kafka.dead_letter_topic]
        .into_iter()
        .map(|topic| NewTopic::new(topic, kafka.create_topics_partitions, TopicReplication::Fixed(1)))
        .collect();
    let options = AdminOptions::new().request_timeout(Some(Duration::from_millis(PROBE_TIMEOUT_MS)));
    let results = (|| admin.create_topics(&topics, &options))
        .retry(every())
        .when(|_| Instant::now() < deadline)
        .notify(|error, _| warn!(%error, "kafka: trying again"))
        .await
        .with_context(|| format!("broker unreachable: kafka.bootstrap = {:?}", kafka.bootstrap))?;
    for result in results {
        match result {
            Ok(topic) => info!(topic, "topic created"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => bail!("topic missing: {topic}, and the broker does not create it: {code}"),
        }
    }
    Ok(())
}

/// At start, until there is no more time.
fn every() -> ConstantBuilder {
    ConstantBuilder::new().with_delay(Duration::from_millis(STARTUP_RETRY_MS)).without_max_times()
}
