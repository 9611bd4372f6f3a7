//! Self checks at start: each thing that the process needs, with one clear line when it is missing.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use backon::{BackoffBuilder, ExponentialBuilder};
use rdkafka::consumer::Consumer;

use crate::config::Config;
use crate::consumer::Parts;

/// One question to Kafka.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);
/// Waits between two rounds of questions.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_LONGEST: Duration = Duration::from_secs(2);

/// Asks until all is there or the time is over; then fails with everything that is still wrong.
pub(crate) async fn run(config: &Config, parts: &Parts) -> Result<()> {
    let deadline = Instant::now() + config.startup_timeout();
    let mut waits = ExponentialBuilder::new()
        .with_min_delay(WAIT_FIRST)
        .with_max_delay(WAIT_LONGEST)
        .without_max_times()
        .with_jitter()
        .build();
    loop {
        let (kafka, registry, store) =
            futures::join!(check_kafka(config, parts), check_registry(config, parts), check_store(parts));
        let problems: Vec<String> = [kafka, registry, store].into_iter().filter_map(Result::err).collect();
        if problems.is_empty() {
            return Ok(());
        }
        let wait = waits.next().filter(|wait| Instant::now() + *wait < deadline);
        let Some(wait) = wait else { bail!("{}", problems.join("\n")) };
        tracing::info!("not there yet: {}", problems.join("; "));
        tokio::time::sleep(wait).await;
    }
}

async fn check_kafka(config: &Config, parts: &Parts) -> Result<(), String> {
    for topic in [&config.topic, &config.replay_topic, &config.dead_letter_topic] {
        if topic.is_empty() {
            continue;
        }
        let (consumer, name) = (parts.group.consumer.clone(), topic.clone());
        let answer = tokio::task::spawn_blocking(move || consumer.fetch_metadata(Some(&name), METADATA_TIMEOUT)).await;
        let metadata = match answer {
            Ok(Ok(metadata)) => metadata,
            Ok(Err(error)) => return Err(format!("Kafka at {} cannot be reached: {error}", config.brokers)),
            Err(error) => return Err(format!("Kafka at {} cannot be asked: {error}", config.brokers)),
        };
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        if !found.is_some_and(|found| found.error().is_none() && !found.partitions().is_empty()) {
            return Err(format!("the topic {topic} does not exist in Kafka at {}: create it first", config.brokers));
        }
    }
    Ok(())
}

async fn check_registry(config: &Config, parts: &Parts) -> Result<(), String> {
    let registered = parts.dead_letters.register(&parts.registry).await;
    registered
        .map(|_| ())
        .map_err(|error| format!("{error} (it was asked to register the schema of {})", config.dead_letter_topic))
}

/// Proves that a second create of the same key is refused: the chain rests on it.
async fn check_store(parts: &Parts) -> Result<(), String> {
    parts.store.prove_create_only("landing/checks").await.map_err(|error| error.to_string())
}
