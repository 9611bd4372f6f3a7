//! Whether the process may be sent events. Live it is as long as it answers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Longest silence of Kafka before the process is not ready (TRUST.md asks for 5 s at most).
const KAFKA_SILENCE_MS_MAX: u64 = 4_000;

/// Shared between the routes, the Kafka probe and the shutdown.
#[derive(Debug)]
pub(crate) struct Health {
    began: Instant,
    /// Schemas registered, topics there.
    started: AtomicBool,
    stopping: AtomicBool,
    /// Milliseconds after `began` at which Kafka last answered; 0 for never.
    kafka_answered_ms: AtomicU64,
    /// There is no Kafka to wait for.
    without_kafka: bool,
}

impl Health {
    pub(crate) fn new(without_kafka: bool) -> Self {
        Self {
            began: Instant::now(),
            started: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            kafka_answered_ms: AtomicU64::new(0),
            without_kafka,
        }
    }

    pub(crate) fn set_started(&self) {
        self.started.store(true, Ordering::Release);
    }

    pub(crate) fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn kafka_answered(&self) {
        self.kafka_answered_ms.store(self.now_ms().max(1), Ordering::Relaxed);
    }

    /// Whether Kafka is known to be there.
    pub(crate) fn kafka_reachable(&self) -> bool {
        let answered_ms = self.kafka_answered_ms.load(Ordering::Relaxed);
        self.without_kafka || (answered_ms > 0 && self.now_ms().saturating_sub(answered_ms) <= KAFKA_SILENCE_MS_MAX)
    }

    /// Why the process is not ready, or `None` when it is.
    pub(crate) fn not_ready(&self) -> Option<&'static str> {
        if self.stopping.load(Ordering::Acquire) {
            Some("stopping")
        } else if !self.started.load(Ordering::Acquire) {
            Some("starting")
        } else if !self.kafka_reachable() {
            Some("kafka unreachable")
        } else {
            None
        }
    }

    /// Whether events can be taken: a stopping process still answers the requests that it has.
    pub(crate) fn takes_events(&self) -> bool {
        self.started.load(Ordering::Acquire) && self.kafka_reachable()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
