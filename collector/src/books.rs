//! Accounts for every event of a batch, or frame of a body, that was read, also when its request ends half-way: received =
//! produced + rejected + refused.

use std::sync::Arc;

use crate::metrics::{Metrics, Tally};

/// What one request brought. Unless [`Books::settle`] is called it is counted as refused: the sender has it still.
pub(crate) struct Books {
    metrics: Arc<Metrics>,
    tally: fn(&Metrics) -> &Tally,
    accepted: usize,
    /// The codes by which some were rejected.
    rejects: Vec<&'static str>,
    settled: bool,
}

impl Books {
    pub(crate) fn new(
        metrics: &Arc<Metrics>,
        tally: fn(&Metrics) -> &Tally,
        accepted: usize,
        rejects: Vec<&'static str>,
    ) -> Self {
        tally(metrics).received.inc_by((accepted + rejects.len()) as u64);
        Self { metrics: Arc::clone(metrics), tally, accepted, rejects, settled: false }
    }

    /// What was accepted is durable, or buffered when that is all that was promised; the rejects are in the dead letters.
    pub(crate) fn settle(&mut self) {
        self.settled = true;
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        let tally = (self.tally)(&self.metrics);
        if !self.settled {
            tally.refused.inc_by((self.accepted + self.rejects.len()) as u64);
            return;
        }
        tally.produced.inc_by(self.accepted as u64);
        self.metrics.dead_letters.inc_by(self.rejects.len() as u64);
        for code in &self.rejects {
            tally.rejected.with_label_values(&[code]).inc();
        }
    }
}
