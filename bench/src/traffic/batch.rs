//! One batch as it goes over the wire, and how many events of each type it holds.

use bytes::Bytes;
use schemas::ingest::EventType;
use uuid::Uuid;

/// The body of one request.
#[derive(Clone, Debug)]
pub struct Batch {
    /// JSON on one line, or frames of recordings.
    pub body: Bytes,
    pub user_agent: &'static str,
    pub visitor_id: Uuid,
    /// Place of its site among those of the target.
    pub site: usize,
    /// True time of sending, epoch milliseconds. Batches come in this order.
    pub sent_ms: f64,
    /// Events, or frames.
    pub events: u32,
    pub counts: TypeCounts,
    /// Sent long after its events.
    pub late: bool,
    /// The same bytes went out before: its events must not count again.
    pub repeat: bool,
}

/// Events by type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeCounts([u64; EventType::ALL.len()]);

impl Default for TypeCounts {
    fn default() -> Self {
        Self([0; EventType::ALL.len()])
    }
}

impl TypeCounts {
    pub fn add(&mut self, kind: EventType) {
        self.0[kind as usize] += 1;
    }

    pub fn add_all(&mut self, other: &TypeCounts) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    pub fn get(&self, kind: EventType) -> u64 {
        self.0[kind as usize]
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The types that occur, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (EventType, u64)> {
        EventType::ALL.iter().copied().zip(self.0).filter(|(_, count)| *count > 0)
    }
}
