//! Who may run now: a bounded number of statements at the same time, a bounded queue behind them, and one slot that long
//! statements cannot hold.
//!
//! Every statement may take any free slot. One that is not answered soon in the slot for short statements gives it back
//! and begins again in the queue for the others, so that a short statement never waits for long ones to end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::failure::Failure;

#[derive(Debug)]
pub struct Slots {
    /// One for each statement that runs or waits.
    tickets: Arc<Semaphore>,
    long: Arc<Semaphore>,
    short: Arc<Semaphore>,
    workers_max: usize,
    queue_max: usize,
    /// Longest wait for a slot.
    wait: Duration,
}

/// The right to run.
#[derive(Debug)]
pub struct Slot {
    pub is_short: bool,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub fn new(workers_max: usize, queue_max: usize, wait: Duration) -> Self {
        // With a single worker there is none to spare for short statements.
        let short = usize::from(workers_max > 1);
        Self {
            tickets: Arc::new(Semaphore::new(workers_max + queue_max)),
            long: Arc::new(Semaphore::new(workers_max - short)),
            short: Arc::new(Semaphore::new(short)),
            workers_max,
            queue_max,
            wait,
        }
    }

    /// A place in the queue, held as long as the statement runs or waits.
    pub fn ticket(&self) -> Result<OwnedSemaphorePermit, Failure> {
        self.tickets.clone().try_acquire_owned().map_err(|_| {
            let (workers, queue) = (self.workers_max, self.queue_max);
            Failure::busy(format!("{workers} statements run and {queue} wait already; ask again in a moment"))
        })
    }

    /// Waits for any slot.
    pub async fn any(&self) -> Result<Slot, Failure> {
        let slot = async {
            tokio::select! {
                biased;
                permit = self.long.clone().acquire_owned() => (false, permit),
                permit = self.short.clone().acquire_owned() => (true, permit),
            }
        };
        self.in_time(slot).await
    }

    /// Waits for a slot that it may hold.
    pub async fn long(&self) -> Result<Slot, Failure> {
        self.in_time(async { (false, self.long.clone().acquire_owned().await) }).await
    }

    async fn in_time<E>(
        &self,
        slot: impl Future<Output = (bool, Result<OwnedSemaphorePermit, E>)>,
    ) -> Result<Slot, Failure> {
        match tokio::time::timeout(self.wait, slot).await {
            Ok((is_short, Ok(permit))) => Ok(Slot { is_short, _permit: permit }),
            Ok((_, Err(_))) => Err(Failure::stopping()),
            Err(_) => {
                let (workers, seconds) = (self.workers_max, self.wait.as_secs_f64());
                Err(Failure::busy(format!("{workers} statements ran all the time for {seconds} s; ask again later")))
            }
        }
    }

    /// Whether every statement has ended.
    pub async fn at_rest(&self) {
        let all = u32::try_from(self.workers_max + self.queue_max).unwrap_or(u32::MAX);
        let _ = self.tickets.acquire_many(all).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not there at once is not waited for.
    const WAIT: Duration = Duration::ZERO;

    #[tokio::test]
    async fn long_statements_leave_one_slot_for_short_ones() {
        let slots = Slots::new(3, 5, WAIT);
        let (first, second) = (slots.any().await.unwrap(), slots.any().await.unwrap());
        assert!(!first.is_short && !second.is_short);
        let third = slots.any().await.unwrap();
        assert!(third.is_short);
        // The third turns out to be long: it waits for the others, and the slot for short ones is free at once.
        drop(third);
        let fourth = slots.any().await.unwrap();
        assert!(fourth.is_short);
        assert_eq!(slots.long().await.unwrap_err().code(), "busy");
        drop(first);
        assert!(!slots.long().await.unwrap().is_short);
    }

    #[tokio::test]
    async fn one_more_than_workers_and_queue_is_refused() {
        let slots = Slots::new(1, 1, WAIT);
        let (_running, waiting) = (slots.ticket().unwrap(), slots.ticket().unwrap());
        let refused = slots.ticket().unwrap_err();
        assert_eq!(refused.code(), "busy");
        assert!(refused.to_string().contains("1 statements run and 1 wait"), "{refused}");
        drop(waiting);
        assert!(slots.ticket().is_ok());
        assert!(!slots.any().await.unwrap().is_short);
    }
}
