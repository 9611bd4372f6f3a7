//! The bounded local buffer: how many requests, and how many bytes of them, the process holds at a time.
//!
//! A request enters before its body is read and leaves when Kafka has reported on its last record, so the memory of
//! bodies being read, of records waiting in librdkafka and of everything between them has one cap.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The window of one process.
#[derive(Debug)]
pub struct Window {
    bytes_max: usize,
    requests_max: usize,
    bytes: AtomicUsize,
    requests: AtomicUsize,
}

/// One request's share; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    window: Arc<Window>,
    bytes: usize,
}

impl Window {
    pub fn new(bytes_max: usize, requests_max: usize) -> Arc<Self> {
        Arc::new(Self { bytes_max, requests_max, bytes: AtomicUsize::new(0), requests: AtomicUsize::new(0) })
    }

    /// Lets a request in, as yet without bytes; `None` when there are too many.
    pub fn enter(self: &Arc<Self>) -> Option<Permit> {
        reserve(&self.requests, 1, self.requests_max).then(|| Permit { window: Arc::clone(self), bytes: 0 })
    }

    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Permit {
    /// Asks for `more` bytes; `false`, and nothing changed, when the window has no room for them.
    #[must_use]
    pub fn grow(&mut self, more: usize) -> bool {
        let granted = reserve(&self.window.bytes, more, self.window.bytes_max);
        if granted {
            self.bytes += more;
        }
        granted
    }

    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.bytes -= surplus;
        self.window.bytes.fetch_sub(surplus, Ordering::Relaxed);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shrink_to(0);
        self.window.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Adds `more` to `taken` unless that exceeds `max`.
fn reserve(taken: &AtomicUsize, more: usize, max: usize) -> bool {
    taken
        .try_update(Ordering::Relaxed, Ordering::Relaxed, |now| now.checked_add(more).filter(|then| *then <= max))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_refuses_and_recovers() {
        let window = Window::new(100, 2);
        let mut first = window.enter().expect("room");
        let mut second = window.enter().expect("room");
        assert!(window.enter().is_none());
        assert!(first.grow(60));
        assert!(!second.grow(41));
        assert!(second.grow(40));
        first.shrink_to(10);
        assert_eq!(window.bytes(), 50);
        drop((first, second));
        assert_eq!((window.bytes(), window.requests()), (0, 0));
    }
}
