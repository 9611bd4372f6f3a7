//! The loop: takes records and group events, and decides when to decode, when to flush, when to wait.
//!
//! It owns all control flow and calls pure structs ([`partition::PartitionWork`]) and bounded I/O. Nothing here holds a lock or
//! spawns a task, so dropping the future at any await is like a SIGKILL: the chain decides what was done.

mod assignment;
mod flush;
pub(crate) mod partition;
mod slot;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use chrono::Utc;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use landing::{LoadError, Store, orphans};
use rdkafka::Message;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaErrorCode;
use thiserror::Error;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::content::Content;
use crate::kafka::dead_letters::DeadLetters;
use crate::kafka::frames::Origin;
use crate::kafka::group::{Group, GroupEvent};
use crate::kafka::registry::Registry;
use crate::metrics::Metrics;
use slot::{Slot, pause, resume};

/// Records are decoded together once so many bytes wait …
const PROCESS_BYTES: usize = 1024 * 1024;
/// … or the first has waited so long: small batches cost more per event than large ones.
const PROCESS_WAIT: Duration = Duration::from_millis(100);
/// Most that is taken before the loop looks at anything else.
const TAKE_RECORDS_MAX: usize = 4096;
const TAKE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// One attempt to write a link or to read a chain; then the loop serves the group and tries again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// How often orphans are looked for.
const CLEANING_INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);
/// The loop turns at least so often.
const IDLE_TURN: Duration = Duration::from_secs(1);

/// Why the loop ended before it was told to.
#[derive(Debug, Error)]
pub(crate) enum RunError {
    #[error("the broker does not offer the group protocol \"consumer\" (KIP-848): set group_protocol = \"classic\"")]
    GroupProtocolUnsupported,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Everything that the loop works with.
pub(crate) struct Parts {
    pub group: Group,
    pub group_events: UnboundedReceiver<GroupEvent>,
    pub store: Store,
    pub registry: Registry,
    pub dead_letters: Arc<DeadLetters>,
    pub metrics: Metrics,
    /// What the topic's records hold.
    pub content: Content,
}

/// Reads, lands and commits until `shutdown`; then flushes once more, within the configured deadline.
pub(crate) async fn run(config: &Config, parts: Parts, shutdown: CancellationToken) -> Result<(), RunError> {
    let consumer = parts.group.consumer.clone();
    parts.group.join()?;
    let mut worker = Worker::new(config, parts, shutdown.clone());
    while !shutdown.is_cancelled() {
        let wait = worker.until_next_turn();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(event) = worker.parts.group_events.recv() => worker.follow_group(event).await?,
            Some(cleaned) = worker.cleaning.next() => worker.after_cleaning(cleaned),
            record = consumer.recv() => {
                let (mut records, mut bytes) = (1, worker.take(record)?);
                while records < TAKE_RECORDS_MAX && bytes < TAKE_BYTES_MAX {
                    let Some(record) = consumer.recv().now_or_never() else { break };
                    bytes += worker.take(record)?;
                    records += 1;
                }
            }
            () = tokio::time::sleep(wait) => {}
        }
        worker.clean_due();
        worker.process_due().await?;
        worker.flush_due().await?;
        worker.load_due().await;
    }
    Ok(worker.flush_all(worker.config.revoke_deadline()).await?)
}

/// Orphans removed of one partition.
type Cleaned = (i32, Result<u64, LoadError>);

struct Worker<'a> {
    config: &'a Config,
    parts: Parts,
    slots: BTreeMap<i32, Slot>,
    /// Runs beside the loop, without a task of its own: it ends with the loop.
    cleaning: FuturesUnordered<BoxFuture<'static, Cleaned>>,
    shutdown: CancellationToken,
}

impl<'a> Worker<'a> {
    fn new(config: &'a Config, parts: Parts, shutdown: CancellationToken) -> Self {
        Self { config, parts, slots: BTreeMap::new(), cleaning: FuturesUnordered::new(), shutdown }
    }

    /// Begins to look for orphans where it is time to.
    fn clean_due(&mut self) {
        let now = Instant::now();
        if self.config.orphan_grace_s == 0 {
            return;
        }
        for slot in self.slots.values_mut().filter(|slot| slot.clean_at <= now) {
            slot.clean_at = now + CLEANING_INTERVAL;
            let (chain, grace) = (slot.chain.clone(), Duration::from_secs(self.config.orphan_grace_s));
            let cleaning = async move { (chain.partition(), orphans::remove(&chain, grace, Utc::now()).await) };
            self.cleaning.push(cleaning.boxed());
        }
    }

    fn after_cleaning(&self, (partition, removed): Cleaned) {
        match removed {
            Ok(0) => {}
            Ok(removed) => {
                tracing::info!(partition, removed, "files that no link names are removed");
                self.parts.metrics.orphans_removed.inc_by(removed);
            }
            Err(error) => tracing::warn!(%error, partition, "orphans are looked for later"),
        }
    }

    fn until_next_turn(&self) -> Duration {
        let now = Instant::now();
        let next = self.slots.values().filter_map(|slot| {
            if !slot.work.consumes() {
                return Some(slot.not_before);
            }
            let process = slot.work.waiting_since().map(|since| since + PROCESS_WAIT);
            let flush = slot.work.opened_at().map(|since| since + self.config.flush_interval());
            process.into_iter().chain(flush).min().map(|due| due.max(slot.not_before))
        });
        next.min().map_or(IDLE_TURN, |due| due.saturating_duration_since(now).min(IDLE_TURN))
    }

    /// Takes one record and gives its length, or notes what librdkafka has to say.
    fn take(&mut self, record: Result<BorrowedMessage<'_>, KafkaError>) -> Result<usize, RunError> {
        match record {
            Ok(record) => {
                let payload = record.payload();
                if let Some(slot) = self.slots.get_mut(&record.partition()) {
                    let origin = Origin { offset: record.offset(), timestamp_ms: record.timestamp().to_millis() };
                    slot.work.push(origin, payload, Instant::now());
                }
                return Ok(payload.map_or(0, <[u8]>::len));
            }
            Err(KafkaError::MessageConsumptionFatal(
                RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion,
            )) => return Err(RunError::GroupProtocolUnsupported),
            Err(KafkaError::MessageConsumptionFatal(code)) => {
                return Err(anyhow!("the Kafka consumer cannot go on: {code}").into());
            }
            Err(KafkaError::MessageConsumption(
                RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange,
            )) => {
                tracing::warn!("Kafka does not have an offset that was asked for: every partition is checked");
                self.slots.values_mut().for_each(|slot| slot.doubtful = true);
            }
            Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AllBrokersDown)) => {
                let reason = "no broker can be reached".to_owned();
                if self.parts.metrics.set_not_ready("kafka", Some(reason)) {
                    tracing::warn!("no Kafka broker can be reached; librdkafka tries again by itself");
                }
            }
            Err(error) => tracing::debug!(%error, "Kafka; librdkafka tries again by itself"),
        }
        Ok(0)
    }

    /// Decodes what waits long enough.
    async fn process_due(&mut self) -> Result<()> {
        let now = Instant::now();
        let due: Vec<i32> = self
            .slots
            .values()
            .filter(|slot| slot.work.consumes() && slot.not_before <= now)
            .filter(|slot| {
                slot.work.frames().bytes_total() >= PROCESS_BYTES
                    || slot.work.frames().len() >= TAKE_RECORDS_MAX
                    || slot.work.waiting_since().is_some_and(|since| since + PROCESS_WAIT <= now)
            })
            .map(Slot::partition)
            .collect();
        for partition in due {
            self.process(partition).await?;
        }
        Ok(())
    }

    /// Decodes all that waits of a partition. A registry that is down pauses it.
    async fn process(&mut self, partition: i32) -> Result<()> {
        let Some(slot) = self.slots.get_mut(&partition) else { return Ok(()) };
        if slot.work.frames().is_empty() {
            return Ok(());
        }
        for id in self.parts.content.decoder().missing_ids(slot.work.frames()) {
            match self.parts.registry.schema(id).await {
                Ok(schema) => {
                    tracing::info!(id, known = schema.is_some(), "asked the registry for a schema");
                    self.parts.content.decoder().learn(id, schema);
                }
                Err(error) => {
                    tracing::warn!(%error, partition, "records wait for their schema");
                    self.parts.metrics.flush_failures.with_label_values(&["registry"]).inc();
                    self.parts.metrics.set_not_ready("registry", Some(error.to_string()));
                    slot.failed();
                    pause(&self.parts.group, slot);
                    return Ok(());
                }
            }
        }
        self.parts.metrics.set_not_ready("registry", None);
        slot.work.process(&mut self.parts.content)?;
        self.parts.content.decoder().forget_refused();
        if slot.is_paused() && slot.work.consumes() {
            slot.succeeded();
            resume(&self.parts.group, slot);
        }
        let label = partition.to_string();
        self.parts.metrics.buffer_bytes.with_label_values(&[&label]).set(slot.work.bytes_buffered() as i64);
        self.parts.metrics.visitors.with_label_values(&[&label]).set(slot.work.visitors_total() as i64);
        Ok(())
    }
}

/// Bounds an attempt in time, and ends it when the process is to end.
async fn attempt<T>(shutdown: &CancellationToken, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        outcome = tokio::time::timeout(ATTEMPT_TIMEOUT, work) => {
            outcome.unwrap_or_else(|_| Err(anyhow!("no answer within {} s", ATTEMPT_TIMEOUT.as_secs())))
        }
        () = shutdown.cancelled() => Err(anyhow!("the process is ending")),
    }
}

#[cfg(test)]
mod tests;
