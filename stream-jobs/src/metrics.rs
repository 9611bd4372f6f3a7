//! Prometheus metrics of the process, all named `stream_jobs_…`, and what keeps it from being ready.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Seconds from the last record to the standing link.
const FLUSH_SECONDS_BUCKETS: [f64; 9] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0];

/// Counters and gauges; a clone counts into the same.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub records: IntCounter,
    pub events: IntCounter,
    pub late: IntCounter,
    pub duplicates: IntCounter,
    /// By code.
    pub rejected: IntCounterVec,
    pub links: IntCounter,
    /// By reason: fenced, upload, commit, registry, dead_letter, load.
    pub flush_failures: IntCounterVec,
    pub fenced: IntCounter,
    pub orphans_removed: IntCounter,
    pub flush_seconds: Histogram,
    /// By partition, bytes.
    pub buffer_bytes: IntGaugeVec,
    /// By partition, visitors.
    pub visitors: IntGaugeVec,
    /// By partition, records.
    pub lag: IntGaugeVec,
    /// By partition: 1 when it needs an operator.
    pub stopped: IntGaugeVec,
    /// By subject, which begins with the topic's own words.
    not_ready: Arc<Mutex<BTreeMap<String, String>>>,
    subjects: &'static str,
}

/// Of the topic of events.
impl Default for Metrics {
    fn default() -> Self {
        Self::new(Registry::new(), Arc::default(), "stream_jobs_", "")
    }
}

impl Metrics {
    /// Those of the topic of recordings, whose events are frames, beside these: `stream_jobs_replay_…`.
    pub(crate) fn of_replay(&self) -> Self {
        Self::new(self.registry.clone(), self.not_ready.clone(), "stream_jobs_replay_", "replay ")
    }

    fn new(
        registry: Registry,
        not_ready: Arc<Mutex<BTreeMap<String, String>>>,
        prefix: &str,
        subjects: &'static str,
    ) -> Self {
        let counter = |name: &str, help: &str| registered(&registry, IntCounter::new(format!("{prefix}{name}"), help));
        let counters = |name: &str, help: &str, label: &str| {
            registered(&registry, IntCounterVec::new(Opts::new(format!("{prefix}{name}"), help), &[label]))
        };
        let gauges = |name: &str, help: &str| {
            registered(&registry, IntGaugeVec::new(Opts::new(format!("{prefix}{name}"), help), &["partition"]))
        };
        let flush_seconds = HistogramOpts::new(format!("{prefix}flush_seconds"), "Seconds that a link took to write.")
            .buckets(FLUSH_SECONDS_BUCKETS.to_vec());
        Self {
            records: counter("records_total", "Records that stand in links, rejected ones included."),
            events: counter("events_total", "Rows that stand in links: events, duplicates included, or replay frames."),
            late: counter("late_events_total", "Events below the watermark."),
            duplicates: counter("duplicate_events_total", "Events that were landed before."),
            rejected: counters("rejected_records_total", "Records sent to the dead-letter topic.", "code"),
            links: counter("links_total", "Links added to the chain."),
            flush_failures: counters("flush_failures_total", "Attempts to write a link that failed.", "reason"),
            fenced: counter("fenced_total", "Links refused because another worker owned the partition."),
            orphans_removed: counter("orphans_removed_total", "Files removed that no link names."),
            flush_seconds: registered(&registry, Histogram::with_opts(flush_seconds)),
            buffer_bytes: gauges("buffer_bytes", "Memory of rows that stand in no link yet."),
            visitors: gauges("visitors", "Visitors whose sessions are remembered."),
            lag: gauges("lag_records", "Records in Kafka that were not read yet."),
            stopped: gauges("stopped", "1 when the partition waits for an operator's command."),
            not_ready,
            subjects,
            registry,
        }
    }
}

fn registered<T: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    metric: prometheus::Result<T>,
) -> T {
    let metric = metric.expect("names and labels are constants that Prometheus allows");
    registry.register(Box::new(metric.clone())).expect("every name is registered once");
    metric
}

impl Metrics {
    /// The text that Prometheus reads.
    pub(crate) fn render(&self) -> Vec<u8> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).expect("a vector takes every byte");
        text
    }

    /// Names a reason for not being ready, or takes it back. True when the subject had none before: news for the log.
    pub(crate) fn set_not_ready(&self, subject: &str, reason: Option<String>) -> bool {
        let mut reasons = self.not_ready.lock().unwrap_or_else(PoisonError::into_inner);
        let subject = format!("{}{subject}", self.subjects);
        match reason {
            Some(reason) => reasons.insert(subject, reason).is_none(),
            None => {
                reasons.remove(&subject);
                false
            }
        }
    }

    /// What keeps the process from being ready: subject and reason. Empty: ready.
    pub(crate) fn not_ready(&self) -> BTreeMap<String, String> {
        self.not_ready.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets a partition that another worker owns now.
    pub(crate) fn forget_partition(&self, partition: i32) {
        let label = partition.to_string();
        for gauges in [&self.buffer_bytes, &self.visitors, &self.lag, &self.stopped] {
            // Missing is as good as removed.
            let _ = gauges.remove_label_values(&[&label]);
        }
        self.set_not_ready(&format!("partition {partition}"), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_the_process() {
        let metrics = Metrics::default();
        metrics.rejected.with_label_values(&["bad_magic"]).inc();
        metrics.lag.with_label_values(&["3"]).set(7);
        let text = String::from_utf8(metrics.render()).unwrap();
        assert!(text.contains("stream_jobs_rejected_records_total{code=\"bad_magic\"} 1"), "{text}");
        assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("stream_jobs_")));
        metrics.forget_partition(3);
        assert!(!String::from_utf8(metrics.render()).unwrap().contains("lag_records{"));
    }

    #[test]
    fn ready_when_no_reason_is_left() {
        let metrics = Metrics::default();
        metrics.set_not_ready("store", Some("down".into()));
        assert_eq!(metrics.not_ready()["store"], "down");
        metrics.set_not_ready("store", None);
        assert!(metrics.not_ready().is_empty());
    }
}
