//! The loop: takes records and group events, and decides when to decode, when to flush, when to wait.
//!
//! It owns all control flow and calls pure structs ([`PartitionWork`]) and bounded I/O. Nothing here holds a lock or
//! spawns a task, so dropping the future at any await is like a SIGKILL: the chain decides what was done.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use chrono::Utc;
use futures::future::{BoxFuture, join_all};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use rdkafka::Message;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaErrorCode;
use thiserror::Error;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use crate::chain::{Chain, CommitError, LoadError};
use crate::config::Config;
use crate::dead_letters::DeadLetters;
use crate::decode::PackageDecoder;
use crate::group::{Group, GroupEvent};
use crate::landing::{self, FlushError};
use crate::metrics::Metrics;
use crate::orphans;
use crate::partition::{Committing, PartitionWork, Phase};
use crate::registry::Registry;
use crate::retry::Backoff;
use crate::store::Store;
use crate::transform::Transform;
use crate::transform::url::AllowedQueryKeys;

/// Records are decoded together once so many bytes wait …
const PROCESS_BYTES: usize = 1024 * 1024;
/// … or the first has waited so long: small batches cost more per event than large ones.
const PROCESS_WAIT: Duration = Duration::from_millis(100);
/// Most records taken before the loop looks at anything else.
const TAKE_RECORDS_MAX: usize = 4096;
/// One attempt to write a link or to read a chain; then the loop serves the group and tries again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Waits between attempts.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_LONGEST: Duration = Duration::from_secs(10);
/// How often a stopped partition looks whether an operator has written into its chain.
const STOPPED_RECHECK: Duration = Duration::from_secs(15);
/// Orphans are looked for so long after a partition was taken, and then so often.
const FIRST_CLEANING: Duration = Duration::from_secs(10 * 60);
const CLEANING_INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);
/// The loop turns at least so often.
const IDLE_TURN: Duration = Duration::from_secs(1);

/// The broker does not offer the group protocol that was asked for.
#[derive(Debug, Error)]
#[error("the broker does not offer the group protocol \"consumer\" (KIP-848): set group_protocol = \"classic\"")]
pub struct GroupProtocolUnsupported;

/// Everything that the loop works with.
pub struct Parts {
    pub group: Group,
    pub group_events: UnboundedReceiver<GroupEvent>,
    pub store: Store,
    pub registry: Registry,
    pub dead_letters: DeadLetters,
    pub metrics: Metrics,
}

/// Reads, lands and commits until `shutdown`; then flushes once more, within the configured deadline.
pub async fn run(config: &Config, parts: Parts, shutdown: CancellationToken) -> Result<()> {
    let consumer = parts.group.consumer.clone();
    parts.group.join()?;
    let mut worker = Worker::new(config, parts, shutdown.clone());
    while !shutdown.is_cancelled() {
        let wait = worker.until_next_turn();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(event) = worker.parts.group_events.recv() => worker.follow_group(event).await?,
            record = consumer.recv() => {
                worker.take(record)?;
                for _ in 1..TAKE_RECORDS_MAX {
                    let Some(record) = consumer.recv().now_or_never() else { break };
                    worker.take(record)?;
                }
            }
            Some(cleaned) = worker.cleaning.next() => worker.after_cleaning(cleaned),
            () = tokio::time::sleep(wait) => {}
        }
        worker.clean_due();
        worker.process_due().await?;
        worker.flush_due().await?;
        worker.load_due().await;
    }
    worker.flush_all(worker.config.revoke_deadline()).await
}

/// A partition's work with what the loop keeps beside it.
struct Slot {
    work: PartitionWork,
    chain: Chain,
    backoff: Backoff,
    /// Nothing is tried before.
    not_before: Instant,
    /// Told librdkafka not to fetch.
    paused: bool,
    /// Kafka said that an offset is not there: land what is buffered, then read the chain again.
    doubtful: bool,
    /// When orphans are looked for next.
    clean_at: Instant,
}

/// Orphans removed of one partition.
type Cleaned = (i32, Result<u64, LoadError>);

impl Slot {
    fn new(work: PartitionWork, chain: Chain) -> Self {
        let backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        let now = Instant::now();
        Self { work, chain, backoff, not_before: now, paused: false, doubtful: false, clean_at: now + FIRST_CLEANING }
    }

    fn partition(&self) -> i32 {
        self.work.partition
    }

    fn failed(&mut self) {
        self.not_before = Instant::now() + self.backoff.pause();
    }

    fn succeeded(&mut self) {
        self.backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        self.not_before = Instant::now();
    }

    /// Begins again: what was not landed is forgotten, the chain says where to read.
    fn reload(&mut self) {
        self.work = PartitionWork::new(&self.work.topic, self.work.partition);
        self.doubtful = false;
    }
}

struct Worker<'a> {
    config: &'a Config,
    parts: Parts,
    slots: BTreeMap<i32, Slot>,
    decoder: PackageDecoder,
    transform: Transform,
    /// Runs beside the loop, without a task of its own: it ends with the loop.
    cleaning: FuturesUnordered<BoxFuture<'static, Cleaned>>,
    shutdown: CancellationToken,
}

impl<'a> Worker<'a> {
    fn new(config: &'a Config, parts: Parts, shutdown: CancellationToken) -> Self {
        let transform = Transform::new(AllowedQueryKeys::new(config.query_keys_kept.clone()));
        Self {
            config,
            parts,
            slots: BTreeMap::new(),
            decoder: PackageDecoder::default(),
            transform,
            cleaning: FuturesUnordered::new(),
            shutdown,
        }
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
            let cleaning = async move { (chain.partition, orphans::remove(&chain, grace, Utc::now()).await) };
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
        let next = self.slots.values().filter_map(|slot| match slot.work.phase {
            Phase::Consuming => {
                let process = slot.work.waiting_since().map(|since| since + PROCESS_WAIT);
                let flush = slot.work.opened_at().map(|since| since + self.config.flush_interval());
                process.into_iter().chain(flush).min().map(|due| due.max(slot.not_before))
            }
            Phase::Loading | Phase::Committing(_) | Phase::Stopped(_) => Some(slot.not_before),
        });
        next.min().map_or(IDLE_TURN, |due| due.saturating_duration_since(now).min(IDLE_TURN))
    }

    /// Takes one record, or notes what librdkafka has to say.
    fn take(&mut self, record: Result<BorrowedMessage<'_>, KafkaError>) -> Result<()> {
        match record {
            Ok(record) => {
                if let Some(slot) = self.slots.get_mut(&record.partition()) {
                    slot.work.push(record.offset(), record.payload(), Instant::now());
                }
            }
            Err(KafkaError::MessageConsumptionFatal(
                RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion,
            )) => return Err(GroupProtocolUnsupported.into()),
            Err(KafkaError::MessageConsumptionFatal(code)) => {
                return Err(anyhow!("the Kafka consumer cannot go on: {code}"));
            }
            Err(KafkaError::MessageConsumption(
                RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange,
            )) => {
                tracing::warn!("Kafka does not have an offset that was asked for: every partition is checked");
                self.slots.values_mut().for_each(|slot| slot.doubtful = true);
            }
            Err(error) => tracing::warn!(%error, "Kafka; librdkafka tries again by itself"),
        }
        Ok(())
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
        for id in self.decoder.missing_ids(slot.work.frames()) {
            match self.parts.registry.schema(id).await {
                Ok(schema) => {
                    tracing::info!(id, known = schema.is_some(), "asked the registry for a schema");
                    self.decoder.learn(id, schema);
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
        slot.work.process(&mut self.decoder, &mut self.transform)?;
        self.decoder.forget_refused();
        if slot.paused && slot.work.consumes() {
            slot.succeeded();
            resume(&self.parts.group, slot);
        }
        let label = partition.to_string();
        self.parts.metrics.buffer_bytes.with_label_values(&[&label]).set(slot.work.bytes_buffered() as i64);
        self.parts.metrics.visitors.with_label_values(&[&label]).set(slot.work.visitors_total() as i64);
        Ok(())
    }

    /// Seals what is due by size or age and writes every sealed link whose time has come.
    async fn flush_due(&mut self) -> Result<()> {
        let now = Instant::now();
        let interval = self.config.flush_interval();
        let largest = self.largest_when_memory_is_full();
        let due: Vec<i32> = self
            .slots
            .values()
            .filter(|slot| slot.not_before <= now && slot.work.consumes())
            .filter(|slot| {
                let old = slot.work.opened_at().is_some_and(|since| since + interval <= now);
                let full = slot.work.rows_buffered() >= self.config.flush_rows_max || largest == Some(slot.partition());
                old || full || slot.doubtful
            })
            .map(Slot::partition)
            .collect();
        for partition in due {
            self.seal(partition).await?;
        }
        self.commit_sealed(|slot| slot.not_before <= now).await;
        Ok(())
    }

    /// The partition to flush when all of them together hold as much memory as they may.
    fn largest_when_memory_is_full(&self) -> Option<i32> {
        let total: usize = self.slots.values().map(|slot| slot.work.bytes_buffered()).sum();
        if total < self.config.flush_bytes_max {
            return None;
        }
        let consuming = self.slots.values().filter(|slot| slot.work.consumes());
        consuming.max_by_key(|slot| slot.work.bytes_buffered()).map(Slot::partition)
    }

    /// Processes what waits and makes a link of it.
    async fn seal(&mut self, partition: i32) -> Result<()> {
        self.process(partition).await?;
        let Some(slot) = self.slots.get_mut(&partition) else { return Ok(()) };
        if slot.work.frames().is_empty() {
            slot.work.seal(SystemTime::now(), self.config.snapshot_every_links)?;
        }
        if slot.doubtful && slot.work.is_clean() {
            pause(&self.parts.group, slot);
            slot.reload();
            slot.failed();
        }
        Ok(())
    }

    /// Writes the sealed links of the slots that `chosen` names, all at the same time.
    async fn commit_sealed(&mut self, chosen: impl Fn(&Slot) -> bool) {
        let parts = &self.parts;
        let shutdown = &self.shutdown;
        let attempts = self.slots.values_mut().filter(|slot| chosen(slot)).filter_map(|slot| {
            let Phase::Committing(committing) = &mut slot.work.phase else { return None };
            let chain = slot.chain.clone();
            Some(async move {
                let began = Instant::now();
                let outcome = attempt(shutdown, write_link(parts, &chain, committing)).await;
                (chain.partition, began.elapsed(), outcome)
            })
        });
        let outcomes = join_all(attempts).await;
        for (partition, elapsed, outcome) in outcomes {
            self.after_commit(partition, elapsed, outcome);
        }
    }

    fn after_commit(&mut self, partition: i32, elapsed: Duration, outcome: Result<()>) {
        let Some(slot) = self.slots.get_mut(&partition) else { return };
        let metrics = &self.parts.metrics;
        let subject = format!("partition {partition}");
        match outcome {
            Ok(()) => {
                if let Phase::Committing(committing) = &slot.work.phase {
                    count(metrics, committing);
                }
                metrics.flush_seconds.observe(elapsed.as_secs_f64());
                metrics.set_not_ready(&subject, None);
                slot.work.landed();
                metrics.buffer_bytes.with_label_values(&[&partition.to_string()]).set(slot.work.bytes_buffered() as i64);
                self.parts.group.commit(partition, slot.work.committed());
                slot.succeeded();
                resume(&self.parts.group, slot);
            }
            Err(error) if is_fenced(&error) => {
                tracing::warn!(%error, "what this worker had buffered is thrown away; the chain is read again");
                metrics.fenced.inc();
                metrics.flush_failures.with_label_values(&["fenced"]).inc();
                pause(&self.parts.group, slot);
                slot.reload();
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), partition, "the link is not written yet; reading pauses");
                metrics.flush_failures.with_label_values(&["store"]).inc();
                metrics.set_not_ready(&subject, Some(format!("{error:#}")));
                slot.failed();
                pause(&self.parts.group, slot);
            }
        }
    }

    /// Lands everything that was read, within a deadline. What does not get done is read again by whoever comes next.
    async fn flush_all(&mut self, deadline: Duration) -> Result<()> {
        let partitions: Vec<i32> = self.slots.keys().copied().collect();
        self.flush_partitions(&partitions, deadline).await
    }

    async fn flush_partitions(&mut self, partitions: &[i32], deadline: Duration) -> Result<()> {
        // The shutdown that brought us here must not cut this last attempt short: the deadline does.
        let shutdown = std::mem::replace(&mut self.shutdown, CancellationToken::new());
        let flushed = tokio::time::timeout(deadline, async {
            self.commit_sealed(|slot| partitions.contains(&slot.partition())).await;
            for partition in partitions {
                self.seal(*partition).await?;
            }
            self.commit_sealed(|slot| partitions.contains(&slot.partition())).await;
            Ok(())
        })
        .await;
        self.shutdown = shutdown;
        flushed.unwrap_or_else(|_| {
            tracing::warn!(?deadline, "the last flush did not end in time; its records will be read again");
            Ok(())
        })
    }

    async fn follow_group(&mut self, event: GroupEvent) -> Result<()> {
        match event {
            GroupEvent::Assigned(partitions) => self.take_partitions(&partitions).await,
            GroupEvent::Revoked(partitions) => self.give_back_partitions(&partitions).await,
        }
    }

    async fn take_partitions(&mut self, partitions: &[i32]) -> Result<()> {
        tracing::info!(?partitions, "assigned");
        for partition in partitions {
            let chain = Chain::new(self.parts.store.objects.clone(), self.parts.store.root.clone(), &self.config.topic, *partition);
            self.slots.insert(*partition, Slot::new(PartitionWork::new(&self.config.topic, *partition), chain));
        }
        self.load_partitions(partitions).await;
        let positions: Vec<_> = partitions
            .iter()
            .map(|partition| (*partition, self.slots[partition].work.consumes().then(|| self.slots[partition].work.position())))
            .collect();
        self.parts.group.take(&positions).context("the partitions cannot be taken")?;
        for slot in self.slots.values_mut().filter(|slot| partitions.contains(&slot.partition()) && !slot.work.consumes()) {
            pause(&self.parts.group, slot);
        }
        Ok(())
    }

    async fn give_back_partitions(&mut self, partitions: &[i32]) -> Result<()> {
        let lost = self.parts.group.assignment_lost();
        tracing::info!(?partitions, lost, "revoked");
        if !lost {
            self.flush_partitions(partitions, self.config.revoke_deadline()).await?;
        }
        for partition in partitions {
            self.slots.remove(partition);
            self.parts.metrics.forget_partition(*partition);
        }
        self.parts.group.give_back(partitions).context("the partitions cannot be given back")
    }

    /// Reads the chains whose time has come, and lets their partitions go on.
    async fn load_due(&mut self) {
        let now = Instant::now();
        let due: Vec<i32> = self
            .slots
            .values()
            .filter(|slot| slot.not_before <= now && matches!(slot.work.phase, Phase::Loading | Phase::Stopped(_)))
            .map(Slot::partition)
            .collect();
        self.load_partitions(&due).await;
        for partition in due {
            let Some(slot) = self.slots.get_mut(&partition).filter(|slot| slot.work.consumes()) else { continue };
            match self.parts.group.seek(partition, slot.work.position()).await {
                Ok(()) => resume(&self.parts.group, slot),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "trying again");
                    slot.reload();
                    slot.failed();
                }
            }
        }
    }

    /// Reads the chains of these partitions, all at the same time.
    async fn load_partitions(&mut self, partitions: &[i32]) {
        let parts = &self.parts;
        let shutdown = &self.shutdown;
        let loads = self.slots.values_mut().filter(|slot| partitions.contains(&slot.partition())).map(|slot| async move {
            let fresh = PartitionWork::new(&slot.work.topic, slot.work.partition);
            match attempt(shutdown, load(parts, &slot.chain, fresh)).await {
                Ok(work) => {
                    slot.work = work;
                    slot.succeeded();
                    report_phase(&parts.metrics, slot);
                }
                Err(error) => {
                    let subject = format!("partition {}", slot.partition());
                    tracing::warn!(error = format!("{error:#}"), subject, "its chain cannot be read yet");
                    parts.metrics.flush_failures.with_label_values(&["load"]).inc();
                    parts.metrics.set_not_ready(&subject, Some(format!("{error:#}")));
                    slot.failed();
                }
            }
        });
        join_all(loads).await;
    }
}

/// Says loudly when a partition needs an operator.
fn report_phase(metrics: &Metrics, slot: &mut Slot) {
    let partition = slot.partition();
    let stopped = match &slot.work.phase {
        Phase::Stopped(problem) => {
            tracing::error!("{problem}");
            slot.not_before = Instant::now() + STOPPED_RECHECK;
            Some(problem.clone())
        }
        _ => None,
    };
    metrics.stopped.with_label_values(&[&partition.to_string()]).set(i64::from(stopped.is_some()));
    metrics.set_not_ready(&format!("partition {partition}"), stopped);
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

/// Delivers the dead letters, then writes the files and the link. Each step may be repeated.
async fn write_link(parts: &Parts, chain: &Chain, committing: &mut Committing) -> Result<()> {
    let source = (chain.topic.as_str(), chain.partition);
    parts.dead_letters.send(&parts.registry, source, &committing.rejected).await?;
    for rejected in committing.rejected.drain(..) {
        parts.metrics.rejected.with_label_values(&[rejected.reason.code]).inc();
    }
    Ok(landing::flush(chain, &committing.pending).await?)
}

fn is_fenced(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(FlushError::Commit(CommitError::Fenced { .. })))
}

/// Reads the chain's end and what Kafka has. The tail comes first: a watermark read before it could be older.
async fn load(parts: &Parts, chain: &Chain, mut work: PartitionWork) -> Result<PartitionWork> {
    let committed = parts.group.committed(chain.partition).await.unwrap_or_default();
    let tail = chain.load_tail(committed).await?;
    let sessions = match &tail {
        Some(tail) => chain.load_sessions(tail).await?,
        None => crate::sessionize::Sessions::default(),
    };
    let kafka = parts.group.offsets(chain.partition, committed).await?;
    work.loaded(tail, sessions, kafka);
    Ok(work)
}

fn count(metrics: &Metrics, committing: &Committing) {
    let counts = &committing.pending.link.counts;
    metrics.links.inc();
    metrics.records.inc_by(counts.records);
    metrics.events.inc_by(counts.events);
    metrics.late.inc_by(counts.late);
    metrics.duplicates.inc_by(counts.duplicates);
}

fn pause(group: &Group, slot: &mut Slot) {
    if slot.paused {
        return;
    }
    match group.pause(slot.partition()) {
        Ok(()) => slot.paused = true,
        Err(error) => tracing::warn!(error = format!("{error:#}"), partition = slot.partition(), "cannot pause"),
    }
}

fn resume(group: &Group, slot: &mut Slot) {
    if !slot.paused {
        return;
    }
    match group.resume(slot.partition()) {
        Ok(()) => slot.paused = false,
        Err(error) => tracing::warn!(error = format!("{error:#}"), partition = slot.partition(), "cannot resume"),
    }
}
