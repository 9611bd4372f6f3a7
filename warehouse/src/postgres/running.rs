//! How a statement is cancelled: over another connection, by the numbers that the first one was given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::Notify;

/// Every open session.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashMap<Key, Arc<Notify>>>);

/// A session's number and its secret. Who knows them may end its statement, and nothing else.
pub(super) type Key = (u32, u32);

/// A session that can be told to cancel what it does.
#[derive(Debug)]
pub(super) struct Cancellable {
    pub(super) key: Key,
    cancelled: Arc<Notify>,
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
        let cancelled = Arc::new(Notify::new());
        self.sessions().insert(key, cancelled.clone());
        Ok(Cancellable { key, cancelled, running: self.clone() })
    }

    /// Cancels what a session does, if it does something. Nobody is told whether there is such a session.
    pub(super) fn cancel(&self, key: Key) {
        if let Some(session) = self.sessions().get(&key) {
            session.notify_waiters();
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cancellable {
    /// Comes back when somebody cancels what is done meanwhile.
    pub(super) async fn cancelled(&self) {
        self.cancelled.notified().await;
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        self.running.sessions().remove(&self.key);
    }
}
