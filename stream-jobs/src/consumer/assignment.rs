//! Taking partitions, giving them back, and reading their chains in between.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::join_all;
use landing::{Chain, LoadError};
use schemas::landing::Link;

use super::partition::PartitionWork;
use super::slot::{Slot, pause, resume};
use super::{Parts, Worker, attempt};
use crate::kafka::group::GroupEvent;
use crate::metrics::Metrics;
use crate::sessionize::Sessions;

/// How often a stopped partition looks whether an operator has written into its chain.
const STOPPED_RECHECK: Duration = Duration::from_secs(15);

impl Worker<'_> {
    pub(super) async fn follow_group(&mut self, event: GroupEvent) -> Result<()> {
        match event {
            GroupEvent::Assigned(partitions) => self.take_partitions(&partitions).await,
            GroupEvent::Revoked(partitions) => self.give_back_partitions(&partitions).await,
        }
    }

    async fn take_partitions(&mut self, partitions: &[i32]) -> Result<()> {
        tracing::info!(?partitions, "assigned");
        for partition in partitions {
            let chain = Chain::new(self.parts.store.objects().clone(), &self.config.topic, *partition);
            self.slots.insert(*partition, Slot::new(PartitionWork::new(&self.config.topic, *partition), chain));
        }
        self.load_partitions(partitions).await;
        let positions: Vec<_> = partitions
            .iter()
            .map(|partition| {
                (*partition, self.slots[partition].work.consumes().then(|| self.slots[partition].work.position()))
            })
            .collect();
        self.parts.group.take(&positions).context("the partitions cannot be taken")?;
        for slot in self.slots.values_mut().filter(|slot| partitions.contains(&slot.partition())) {
            let tell = if slot.work.consumes() { resume } else { pause };
            tell(&self.parts.group, slot);
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
    pub(super) async fn load_due(&mut self) {
        let now = Instant::now();
        let due: Vec<i32> = self
            .slots
            .values()
            .filter(|slot| slot.not_before <= now && slot.work.awaits_chain())
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
        let loads =
            self.slots.values_mut().filter(|slot| partitions.contains(&slot.partition())).map(|slot| async move {
                let fresh = PartitionWork::new(&slot.work.topic, slot.work.partition);
                match attempt(shutdown, load(parts, &slot.chain, fresh)).await {
                    Ok(work) => {
                        slot.work = work;
                        slot.succeeded();
                        report_phase(&parts.metrics, slot);
                    }
                    Err(_) if shutdown.is_cancelled() => {}
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
    let stopped = slot.work.stopped().map(str::to_owned);
    if let Some(problem) = &stopped {
        tracing::error!("{problem}");
        slot.not_before = Instant::now() + STOPPED_RECHECK;
    }
    metrics.stopped.with_label_values(&[&partition.to_string()]).set(i64::from(stopped.is_some()));
    metrics.set_not_ready(&format!("partition {partition}"), stopped);
}

/// Reads the chain's end and what Kafka has. The tail comes first: a watermark read before it could be older.
async fn load(parts: &Parts, chain: &Chain, mut work: PartitionWork) -> Result<PartitionWork> {
    let committed = parts.group.committed(chain.partition()).await.unwrap_or_default();
    let tail = chain.load_tail(committed).await?;
    let sessions = match &tail {
        Some(tail) => load_sessions(chain, tail).await?,
        None => Sessions::default(),
    };
    let kafka = parts.group.offsets(chain.partition(), committed).await?;
    work.loaded(tail, sessions, kafka);
    Ok(work)
}

/// The sessions after the chain's last link.
async fn load_sessions(chain: &Chain, tail: &Link) -> Result<Sessions, LoadError> {
    let files = chain.read_files(&tail.state).await?;
    Sessions::restore(files.iter().map(|file| &file[..]))
        .map_err(|error| LoadError::Damaged { key: tail.state.join(", "), message: format!("{error:#}") })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use schemas::landing::{StateKind, state_key};
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn the_state_is_read_back_and_a_missing_file_is_named() {
        let chain = Chain::new(Arc::new(InMemory::new()), "t", 4);
        let writer = Uuid::now_v7();
        let mut sessions = Sessions::default();
        let keys =
            [(StateKind::Snapshot, 9), (StateKind::Delta, 19)].map(|(kind, end)| state_key("t", 4, end, writer, kind));
        chain.upload(&keys[0], sessions.take_snapshot().unwrap().into()).await.unwrap();
        let tail = Link { state: keys.to_vec(), ..testkit::link::link("t", 4, 1, 10..=19) };
        let error = load_sessions(&chain, &tail).await.unwrap_err();
        assert!(matches!(&error, LoadError::Damaged { key, .. } if *key == keys[1]), "{error}");
        chain.upload(&keys[1], sessions.take_delta().unwrap().into()).await.unwrap();
        assert_eq!(load_sessions(&chain, &tail).await.unwrap().watermark(), None);
    }
}
