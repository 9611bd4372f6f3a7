//! A partition's work with what the loop keeps beside it: its chain, its next attempt, whether it is paused.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use landing::Chain;

use super::partition::PartitionWork;
use crate::kafka::group::Group;

/// Waits between attempts.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_LONGEST: Duration = Duration::from_secs(10);
/// Orphans are looked for so long after a partition was taken.
const FIRST_CLEANING: Duration = Duration::from_secs(10 * 60);

/// One partition, as the loop sees it.
pub(super) struct Slot {
    pub work: PartitionWork,
    pub chain: Chain,
    waits: ExponentialBackoff,
    /// Nothing is tried before.
    pub not_before: Instant,
    /// Whether librdkafka was told to fetch. `None`: not in this assignment, and it keeps what it was told in an earlier
    /// one.
    fetches: Option<bool>,
    /// Kafka said that an offset is not there: land what is buffered, then read the chain again.
    pub doubtful: bool,
    /// When orphans are looked for next.
    pub clean_at: Instant,
}

impl Slot {
    pub(super) fn new(work: PartitionWork, chain: Chain) -> Self {
        let now = Instant::now();
        Self {
            work,
            chain,
            waits: waits(),
            not_before: now,
            fetches: None,
            doubtful: false,
            clean_at: now + FIRST_CLEANING,
        }
    }

    pub(super) fn partition(&self) -> i32 {
        self.work.partition
    }

    pub(super) fn is_paused(&self) -> bool {
        self.fetches == Some(false)
    }

    pub(super) fn failed(&mut self) {
        self.not_before = Instant::now() + self.waits.next().unwrap_or(RETRY_LONGEST);
    }

    pub(super) fn succeeded(&mut self) {
        self.waits = waits();
        self.not_before = Instant::now();
    }

    /// Begins again: what was not landed is forgotten, the chain says where to read.
    pub(super) fn reload(&mut self) {
        self.work = PartitionWork::new(&self.work.topic, self.work.partition);
        self.doubtful = false;
    }
}

/// Growing, with jitter, so that many workers do not come back at the same moment.
fn waits() -> ExponentialBackoff {
    let growing = ExponentialBuilder::new().with_min_delay(RETRY_FIRST).with_max_delay(RETRY_LONGEST);
    growing.without_max_times().with_jitter().build()
}

/// Tells librdkafka; trying again is harmless.
pub(super) fn pause(group: &Group, slot: &mut Slot) {
    if slot.is_paused() {
        return;
    }
    match group.pause(slot.partition()) {
        Ok(()) => slot.fetches = Some(false),
        Err(error) => tracing::warn!(error = format!("{error:#}"), partition = slot.partition(), "cannot pause"),
    }
}

/// Tells librdkafka; trying again is harmless.
pub(super) fn resume(group: &Group, slot: &mut Slot) {
    if slot.fetches == Some(true) {
        return;
    }
    match group.resume(slot.partition()) {
        Ok(()) => slot.fetches = Some(true),
        Err(error) => tracing::warn!(error = format!("{error:#}"), partition = slot.partition(), "cannot resume"),
    }
}
