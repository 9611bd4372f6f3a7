//! Which of the sessions may go on. A visitor's events are all in one partition, and partitions may be hours apart.

use std::collections::HashMap;
use std::sync::Arc;

use schemas::session::GAP_US_MAX;

use super::{EventKey, Origin};
use crate::merge::open::Open;
use crate::merge::visitors::{Key, Stretch};

/// Finds them while sessions are computed.
pub(super) struct Opening {
    /// Of each partition the newest event.
    newest: HashMap<i64, i64>,
    /// When the open session of a visitor began.
    starts: HashMap<Key, i64>,
}

impl Opening {
    /// `events` in the order in which they landed, or nearly so.
    pub(super) fn new(events: &[EventKey]) -> Self {
        let mut newest = HashMap::new();
        for run in events.chunk_by(|one, next| partition_of(one) == partition_of(next)) {
            if let (Some(partition), Some(at)) = (partition_of(&run[0]), run.iter().map(|event| event.at).max()) {
                let known = newest.entry(partition).or_insert(at);
                *known = at.max(*known);
            }
        }
        Self { newest, starts: HashMap::new() }
    }

    /// One visitor's events and sessions, both in their order.
    pub(super) fn take(&mut self, events: &[EventKey], sessions: &[Stretch]) {
        let newest = events.iter().rev().find_map(partition_of).and_then(|partition| self.newest.get(&partition));
        if let (Some(newest), Some(last)) = (newest, sessions.last())
            && last.end >= newest - GAP_US_MAX
        {
            self.starts.insert(events[0].visitor, last.start);
        }
    }

    pub(super) fn end(self) -> Open {
        let newest = self.newest.into_values().max().unwrap_or_default();
        Open { starts: Arc::new(self.starts), newest }
    }
}

fn partition_of(event: &EventKey) -> Option<i64> {
    match event.origin {
        Origin::Landed { partition, .. } => Some(partition),
        Origin::Elsewhere | Origin::Curated { .. } => None,
    }
}
