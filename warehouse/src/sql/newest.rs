//! A semaphore that serves the newest comer first: under a rush, those who came last are answered soon, instead of
//! everybody late. It is fair only together with another queue for those that it leaves waiting.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

#[derive(Debug)]
pub(super) struct NewestFirst {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// The newest is the last. Some may have gone.
    waiting: Vec<oneshot::Sender<Permit>>,
}

/// One of the places, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit(Option<Arc<NewestFirst>>);

impl NewestFirst {
    pub(super) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { free: places, waiting: Vec::new() }) })
    }

    pub(super) async fn acquire(self: &Arc<Self>) -> Permit {
        let turn = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Permit(Some(self.clone()));
            }
            state.waiting.retain(|waiter| !waiter.is_closed());
            let (sender, receiver) = oneshot::channel();
            state.waiting.push(sender);
            receiver
        };
        match turn.await {
            Ok(permit) => permit,
            // The sender lives as long as this does.
            Err(_) => pending().await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(self: &Arc<Self>) {
        loop {
            let newest = {
                let mut state = self.state();
                match state.waiting.pop() {
                    Some(newest) => newest,
                    None => {
                        state.free += 1;
                        return;
                    }
                }
            };
            match newest.send(Permit(Some(self.clone()))) {
                Ok(()) => return,
                // It has gone: the place is for the one before it, and this permit for nothing.
                Err(mut permit) => drop(permit.0.take()),
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(places) = self.0.take() {
            places.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_newest_that_still_waits_is_next() {
        let places = NewestFirst::new(1);
        let held = places.acquire().await;
        let mut first = Box::pin(places.acquire());
        let mut second = Box::pin(places.acquire());
        let mut third = Box::pin(places.acquire());
        for waiting in [&mut first, &mut second, &mut third] {
            assert!(waiting.now_or_never().is_none());
        }
        drop(third);
        drop(held);
        assert!((&mut first).now_or_never().is_none());
        let held = second.now_or_never().expect("the newest has its turn");
        drop(held);
        drop(first.now_or_never().expect("nobody else waits"));
        assert!(places.acquire().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_turn_that_nobody_takes_is_passed_on() {
        let places = NewestFirst::new(1);
        let held = places.acquire().await;
        let mut waiting = Box::pin(places.acquire());
        assert!((&mut waiting).now_or_never().is_none());
        drop(held);
        drop(waiting);
        assert!(places.acquire().now_or_never().is_some());
    }
}
