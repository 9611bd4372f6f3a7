//! How a statement is cancelled: over another connection, by the numbers that the first one was given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Every open session.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashMap<Key, Current>>);

/// Of what a session does now. A session that does nothing has one too, which nobody looks at any more.
type Current = Arc<Mutex<CancellationToken>>;

/// A session's number and its secret. Who knows them may end its statement, and nothing else.
pub(super) type Key = (u32, u32);

/// A session that can be told to cancel what it does.
#[derive(Debug)]
pub(super) struct Cancellable {
    pub(super) key: Key,
    current: Current,
    running: Arc<Running>,
}

impl Running {
    /// A new session.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(super) fn session(self: &Arc<Self>) -> std::io::Result<Cancellable> {
        let mut random = [0; 8];
        OsRng.try_fill_bytes(&mut random).map_err(std::io::Error::other)?;
        let [a, b, c, d, secret @ ..] = random;
        // Some clients take it for a signed number and wonder at negative ones.
        let key = (u32::from_be_bytes([a, b, c, d]) >> 1, u32::from_be_bytes(secret));
        let current = Current::default();
        self.sessions().insert(key, current.clone());
        Ok(Cancellable { key, current, running: self.clone() })
    }

    /// Cancels what a session does, if it does something. Nobody is told whether there is such a session.
    pub(super) fn cancel(&self, key: Key) {
        if let Some(session) = self.sessions().get(&key) {
            locked(session).cancel();
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Key, Current>> {
        locked(&self.0)
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cancellable {
    /// Something else is done from here on: who cancelled what was done before meant that.
    pub(super) fn begin(&self) {
        *locked(&self.current) = CancellationToken::new();
    }

    /// Comes back when somebody cancels what is done, or has done so: also while nobody waited.
    pub(super) fn cancelled(&self) -> WaitForCancellationFutureOwned {
        locked(&self.current).clone().cancelled_owned()
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        self.running.sessions().remove(&self.key);
    }
}
