//! Who may run now: a bounded number of statements at the same time, a bounded queue behind them, and half of the slots
//! such that long statements cannot hold them.
//!
//! Every statement may take any free slot. One that is not answered soon in a slot for short statements gives it back and
//! begins again in the queue for the others, so that a short statement never waits for long ones to end.
//!
//! Where several ask by names of their own, each may have a share of all this only, so that one that asks for everything does not
//! shut out the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Settings;
use super::newest::{self, NewestFirst};
use crate::limits::SQL_ASKER_PART;
use crate::query::Failure;

#[derive(Debug)]
pub(super) struct Slots {
    /// One for each statement that runs or waits.
    tickets: Arc<Semaphore>,
    /// The most of them that one asker may have.
    asker_max: usize,
    held: Arc<Held>,
    long: Arc<Semaphore>,
    /// The newest first, so that who asks in a rush of long statements does not wait until each has had its try.
    short: Arc<NewestFirst>,
    workers_max: usize,
    queue_max: usize,
    /// Longest wait for a slot.
    wait: Duration,
}

/// How many tickets each asker has, of those who have any.
#[derive(Debug, Default)]
struct Held(Mutex<HashMap<String, usize>>);

/// A place in the queue, held as long as the statement runs or waits.
#[derive(Debug)]
pub(super) struct Ticket {
    _place: OwnedSemaphorePermit,
    asker: String,
    held: Arc<Held>,
}

/// The right to run.
#[derive(Debug)]
pub(super) struct Slot {
    _long: Option<OwnedSemaphorePermit>,
    short: Option<newest::Permit>,
}

impl Slot {
    pub(super) fn is_short(&self) -> bool {
        self.short.is_some()
    }
}

impl Slots {
    /// For askers who are one party: any of them may take all there is.
    pub(super) fn of(settings: &Settings) -> Self {
        Self::new(settings.workers_max, settings.queue_max, settings.time)
    }

    /// The same with a share for each name.
    pub(super) fn in_shares(self) -> Self {
        let asker_max = (self.all() / SQL_ASKER_PART).max(1);
        Self { asker_max, ..self }
    }

    fn new(workers_max: usize, queue_max: usize, wait: Duration) -> Self {
        // With a single worker there is none to spare for short statements.
        let short = workers_max / 2;
        Self {
            tickets: Arc::new(Semaphore::new(workers_max + queue_max)),
            asker_max: usize::MAX,
            held: Arc::default(),
            long: Arc::new(Semaphore::new(workers_max - short)),
            short: NewestFirst::new(short),
            workers_max,
            queue_max,
            wait,
        }
    }

    /// Statements that may run or wait.
    fn all(&self) -> usize {
        self.workers_max + self.queue_max
    }

    pub(super) fn ticket(&self, asker: &str) -> Result<Ticket, Failure> {
        let place = self.tickets.clone().try_acquire_owned().map_err(|_| {
            let (workers, queue) = (self.workers_max, self.queue_max);
            Failure::busy(format!("{workers} statements run and {queue} wait already; ask again in a moment"))
        })?;
        let mut held = self.held.all();
        let own = held.get(asker).copied().unwrap_or_default();
        if own >= self.asker_max {
            let all = self.all();
            return Err(Failure::busy(format!(
                "{own} statements of {asker} run or wait already, the most that one token may have of {all} in all; ask again \
                 when one of them has ended"
            )));
        }
        held.insert(asker.to_owned(), own + 1);
        Ok(Ticket { _place: place, asker: asker.to_owned(), held: self.held.clone() })
    }

    /// Waits for any slot.
    pub(super) async fn any(&self) -> Result<Slot, Failure> {
        let slot = async {
            tokio::select! {
                biased;
                slot = self.next_long() => slot,
                permit = self.short.acquire() => Slot { _long: None, short: Some(permit) },
            }
        };
        self.in_time(slot).await
    }

    /// Waits for a slot that it may hold.
    pub(super) async fn long(&self) -> Result<Slot, Failure> {
        self.in_time(self.next_long()).await
    }

    async fn next_long(&self) -> Slot {
        let permit = self.long.clone().acquire_owned().await.expect("nobody closes it");
        Slot { _long: Some(permit), short: None }
    }

    async fn in_time(&self, slot: impl Future<Output = Slot>) -> Result<Slot, Failure> {
        tokio::time::timeout(self.wait, slot).await.map_err(|_| {
            let (workers, seconds) = (self.workers_max, self.wait.as_secs_f64());
            Failure::busy(format!("{workers} statements ran all the time for {seconds} s; ask again later"))
        })
    }

    /// Whether every statement has ended.
    pub(super) async fn at_rest(&self) {
        let all = u32::try_from(self.all()).unwrap_or(u32::MAX);
        let _ = self.tickets.acquire_many(all).await;
    }
}

impl Held {
    fn all(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut held = self.held.all();
        if let Some(own) = held.get_mut(&self.asker) {
            *own -= 1;
            if *own == 0 {
                held.remove(&self.asker);
            }
        }
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
        assert!(!first.is_short() && !second.is_short());
        let third = slots.any().await.unwrap();
        assert!(third.is_short());
        // The third turns out to be long: it waits for the others, and the slot for short ones is free at once.
        drop(third);
        let fourth = slots.any().await.unwrap();
        assert!(fourth.is_short());
        assert_eq!(slots.long().await.unwrap_err().code(), "busy");
        drop(first);
        assert!(!slots.long().await.unwrap().is_short());
    }

    #[tokio::test]
    async fn one_more_than_workers_and_queue_is_refused() {
        let slots = Slots::new(1, 1, WAIT);
        let (_running, waiting) = (slots.ticket("a").unwrap(), slots.ticket("a").unwrap());
        let refused = slots.ticket("b").unwrap_err();
        assert_eq!(refused.code(), "busy");
        assert!(refused.to_string().contains("1 statements run and 1 wait"), "{refused}");
        drop(waiting);
        assert!(slots.ticket("a").is_ok());
        assert!(!slots.any().await.unwrap().is_short());
    }

    #[tokio::test]
    async fn one_asker_leaves_room_for_another() {
        let slots = Slots::new(2, 3, WAIT).in_shares();
        let mut first = vec![slots.ticket("a").unwrap(), slots.ticket("a").unwrap()];
        let refused = slots.ticket("a").unwrap_err();
        assert_eq!(refused.code(), "busy");
        assert!(refused.to_string().contains("2 statements of a run or wait already, the most"), "{refused}");
        let second = [slots.ticket("b").unwrap(), slots.ticket("b").unwrap()];
        first.pop();
        first.push(slots.ticket("a").unwrap());
        drop((first, second));
        assert!(slots.held.all().is_empty());
        slots.at_rest().await;
    }

    #[tokio::test]
    async fn a_share_is_one_statement_at_least() {
        let slots = Slots::new(1, 0, WAIT).in_shares();
        let only = slots.ticket("a").unwrap();
        assert!(slots.ticket("a").unwrap_err().to_string().contains("1 statements run and 0 wait"));
        drop(only);
        assert!(slots.ticket("b").is_ok());
    }
}
