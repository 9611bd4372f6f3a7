//! Self checks at start: each thing that the process needs, with one clear line when it is missing.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use object_store::{Error as StoreError, ObjectStoreExt, PutMode, PutPayload};
use rdkafka::consumer::Consumer;
use uuid::Uuid;

use crate::config::Config;
use crate::consumer::Parts;
use crate::retry::Backoff;
use crate::store::Store;

/// One question to Kafka.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks until all is there or the time is over; then fails with everything that is still wrong.
pub async fn run(config: &Config, parts: &Parts) -> Result<()> {
    let deadline = Instant::now() + config.startup_timeout();
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        let (kafka, registry, store) = futures::join!(
            check_kafka(config, parts),
            check_registry(config, parts),
            check_store(config, &parts.store)
        );
        let problems: Vec<String> = [kafka, registry, store].into_iter().filter_map(Result::err).collect();
        if problems.is_empty() {
            return Ok(());
        }
        let wait = backoff.pause();
        if Instant::now() + wait >= deadline {
            bail!("{}", problems.join("\n"));
        }
        tracing::info!("not there yet: {}", problems.join("; "));
        tokio::time::sleep(wait).await;
    }
}

async fn check_kafka(config: &Config, parts: &Parts) -> Result<(), String> {
    for topic in [&config.topic, &config.dead_letter_topic] {
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
async fn check_store(config: &Config, store: &Store) -> Result<(), String> {
    let path = store.root.clone().join("landing").join("checks").join(Uuid::now_v7().to_string());
    let create = || store.objects.put_opts(&path, PutPayload::from_static(b"create-only"), PutMode::Create.into());
    if let Err(error) = create().await {
        return Err(format!("the store {} cannot be written: {error}", config.store));
    }
    let second = create().await;
    // What stays behind is one small object; the next start does not care.
    let _ = store.objects.delete(&path).await;
    match second {
        Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(()),
        Err(error) => Err(format!("the store {} cannot be written: {error}", config.store)),
        Ok(_) => Err(format!(
            "the store {} lets the same key be created twice: it does not honour create-only PUTs (If-None-Match: *), \
             without which two workers could land the same records; use a store that does",
            config.store
        )),
    }
}
