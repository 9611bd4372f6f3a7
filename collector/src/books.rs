//! Accounts for every event of a batch that was read, also when its request ends half-way: received = produced +
//! rejected + refused.

use std::sync::Arc;

use schemas::ingest::EventCode;

use crate::metrics::Metrics;

/// The events of one request. Unless [`Books::settle`] is called they are counted as refused: the sender has them still.
pub(crate) struct Books {
    metrics: Arc<Metrics>,
    accepted: usize,
    rejects: Vec<EventCode>,
    settled: bool,
}

impl Books {
    pub(crate) fn new(metrics: &Arc<Metrics>, accepted: usize, rejects: Vec<EventCode>) -> Self {
        metrics.events_received.inc_by((accepted + rejects.len()) as u64);
        Self { metrics: Arc::clone(metrics), accepted, rejects, settled: false }
    }

    /// The events are durable, or buffered when that is all that was promised; the rejects are in the dead letters.
    pub(crate) fn settle(&mut self) {
        self.settled = true;
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        if !self.settled {
            self.metrics.events_refused.inc_by((self.accepted + self.rejects.len()) as u64);
            return;
        }
        self.metrics.events_produced.inc_by(self.accepted as u64);
        self.metrics.dead_letters.inc_by(self.rejects.len() as u64);
        for code in &self.rejects {
            self.metrics.events_rejected.with_label_values(&[code.name()]).inc();
        }
    }
}
