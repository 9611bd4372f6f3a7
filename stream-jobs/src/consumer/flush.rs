//! Sealing links when they are due and writing them, again and again while the store fails.

use std::time::{Duration, Instant, SystemTime};

use ::landing::{Chain, CommitError};
use anyhow::Result;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::partition::Committing;
use super::slot::{Slot, pause, resume};
use super::{Parts, Worker, attempt};
use crate::landing::{self, FlushError};
use crate::metrics::Metrics;

impl Worker<'_> {
    /// Seals what is due by size or age and writes every sealed link whose time has come.
    pub(super) async fn flush_due(&mut self) -> Result<()> {
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
            let chain = slot.chain.clone();
            let committing = slot.work.committing_mut()?;
            Some(async move {
                let began = Instant::now();
                let outcome = attempt(shutdown, write_link(parts, &chain, committing)).await;
                (chain.partition(), began.elapsed(), outcome)
            })
        });
        let outcomes = join_all(attempts).await;
        for (partition, elapsed, outcome) in outcomes {
            self.after_commit(partition, elapsed, outcome);
        }
    }

    fn after_commit(&mut self, partition: i32, elapsed: Duration, outcome: Result<Written>) {
        let Some(slot) = self.slots.get_mut(&partition) else { return };
        let metrics = &self.parts.metrics;
        let subject = format!("partition {partition}");
        match outcome {
            Ok(Written::Landed) => {
                if let Some(committing) = slot.work.committing() {
                    count(metrics, committing);
                }
                metrics.flush_seconds.observe(elapsed.as_secs_f64());
                metrics.set_not_ready(&subject, None);
                slot.work.landed();
                metrics
                    .buffer_bytes
                    .with_label_values(&[&partition.to_string()])
                    .set(slot.work.bytes_buffered() as i64);
                self.parts.group.commit(partition, slot.work.committed());
                slot.succeeded();
                resume(&self.parts.group, slot);
            }
            Ok(Written::Fenced(fenced)) => {
                tracing::warn!(%fenced, "what this worker had buffered is thrown away; the chain is read again");
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
    pub(super) async fn flush_all(&mut self, deadline: Duration) -> Result<()> {
        let partitions: Vec<i32> = self.slots.keys().copied().collect();
        self.flush_partitions(&partitions, deadline).await
    }

    pub(super) async fn flush_partitions(&mut self, partitions: &[i32], deadline: Duration) -> Result<()> {
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
}

/// What became of a link.
enum Written {
    Landed,
    /// Another writer's link stands in its place.
    Fenced(CommitError),
}

/// Delivers the dead letters, then writes the files and the link. Each step may be repeated.
async fn write_link(parts: &Parts, chain: &Chain, committing: &mut Committing) -> Result<Written> {
    let source = (chain.topic(), chain.partition());
    parts.dead_letters.send(&parts.registry, source, &committing.rejected).await?;
    for rejected in committing.rejected.drain(..) {
        parts.metrics.rejected.with_label_values(&[rejected.reason.code]).inc();
    }
    match landing::flush(chain, &committing.pending).await {
        Ok(()) => Ok(Written::Landed),
        Err(FlushError::Commit(fenced @ CommitError::Fenced { .. })) => Ok(Written::Fenced(fenced)),
        Err(error) => Err(error.into()),
    }
}

fn count(metrics: &Metrics, committing: &Committing) {
    let counts = &committing.pending.link.counts;
    metrics.links.inc();
    metrics.records.inc_by(counts.records);
    metrics.events.inc_by(counts.events);
    metrics.late.inc_by(counts.late);
    metrics.duplicates.inc_by(counts.duplicates);
}
