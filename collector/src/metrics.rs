//! What operators see. The books balance, of events and of replay frames: received = produced + rejected + refused.

use std::time::Duration;

use prometheus::{Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// The counters of one collector, in a registry of their own so that several live in one process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub requests: IntCounterVec,
    pub replay_requests: IntCounterVec,
    pub events: Tally,
    pub frames: Tally,
    pub assets_known: IntGauge,
    pub dead_letters: IntCounter,
    pub body_bytes: IntCounter,
    pub inflated_bytes: IntCounter,
    pub record_bytes: IntCounter,
    pub window_bytes: IntGauge,
    pub window_requests: IntGauge,
    pub connections: IntGauge,
    pub connections_refused: IntCounterVec,
    pub places_lost: IntCounterVec,
    pub write_timeouts: IntCounterVec,
    pub panics: IntCounter,
    pub kafka_reachable: IntGauge,
    pub producers_rebuilt: IntCounter,
    pub delivery_seconds: Histogram,
}

/// What became of one kind of thing that senders send.
#[derive(Debug)]
pub(crate) struct Tally {
    pub received: IntCounter,
    pub produced: IntCounter,
    /// By code.
    pub rejected: IntCounterVec,
    pub refused: IntCounter,
}

/// Buckets around the linger of 20 ms, up to the default acknowledgement timeout.
const DELIVERY_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Metrics {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        Self {
            requests: counters(&registry, "collector_requests_total", "Requests for events, by answer.", "status"),
            replay_requests: counters(
                &registry,
                "collector_replay_requests_total",
                "Requests for replay frames and questions about assets, by answer.",
                "status",
            ),
            events: Tally {
                received: counter(
                    &registry,
                    "collector_events_received_total",
                    "Events of all batches that were read.",
                ),
                produced: counter(&registry, "collector_events_produced_total", "Events answered as taken."),
                rejected: counters(
                    &registry,
                    "collector_events_rejected_total",
                    "Bad events, each in the dead-letter topic with its reason.",
                    "code",
                ),
                refused: counter(
                    &registry,
                    "collector_events_refused_total",
                    "Events of batches that were read and are not taken: answered 503 or 500, or the client left before its answer. It has \
                     them still.",
                ),
            },
            frames: Tally {
                received: counter(
                    &registry,
                    "collector_replay_frames_received_total",
                    "Replay frames of all bodies that were read.",
                ),
                produced: counter(
                    &registry,
                    "collector_replay_frames_produced_total",
                    "Replay frames answered as taken.",
                ),
                rejected: counters(
                    &registry,
                    "collector_replay_frames_rejected_total",
                    "Bad replay frames, each header in the dead-letter topic with its reason.",
                    "code",
                ),
                refused: counter(
                    &registry,
                    "collector_replay_frames_refused_total",
                    "Replay frames that were read and are not taken: answered 503 or 500, or the client left before its answer. It has them \
                     still.",
                ),
            },
            assets_known: gauge(
                &registry,
                "collector_replay_assets_known",
                "Assets that were made durable within the last day, as far as they are remembered.",
            ),
            dead_letters: counter(&registry, "collector_dead_letters_total", "Dead letters produced."),
            body_bytes: counter(&registry, "collector_body_bytes_total", "Bytes of bodies as sent."),
            inflated_bytes: counter(
                &registry,
                "collector_inflated_bytes_total",
                "Bytes of bodies after decompression.",
            ),
            record_bytes: counter(&registry, "collector_record_bytes_total", "Bytes of records handed to Kafka."),
            window_bytes: gauge(&registry, "collector_window_bytes", "Memory of requests in the window."),
            window_requests: gauge(&registry, "collector_window_requests", "Requests in the window."),
            connections: gauge(&registry, "collector_connections", "Open connections on the public address."),
            connections_refused: counters(
                &registry,
                "collector_connections_refused_total",
                "Connections refused since there were too many.",
                "listener",
            ),
            places_lost: counters(
                &registry,
                "collector_places_lost_total",
                "Slow bodies and idle connections whose place another got.",
                "of",
            ),
            write_timeouts: counters(
                &registry,
                "collector_write_timeouts_total",
                "Connections closed since their peer did not read.",
                "listener",
            ),
            panics: counter(&registry, "collector_panics_total", "Requests answered 500 after a panic: a bug."),
            kafka_reachable: gauge(&registry, "collector_kafka_reachable", "1 when Kafka answers, else 0."),
            producers_rebuilt: counter(
                &registry,
                "collector_producers_rebuilt_total",
                "Producers replaced after a fatal error.",
            ),
            delivery_seconds: delivery(&registry),
            registry,
        }
    }

    /// Everything in Prometheus' text format.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).expect("memory takes every write");
        text
    }

    pub(crate) fn delivered_after(&self, duration: Duration) {
        self.delivery_seconds.observe(duration.as_secs_f64());
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Names and help texts are fixed above, so making and registering them cannot fail.
const FIXED: &str = "metric names are valid and registered once";

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    let made = IntCounter::new(name, help).expect(FIXED);
    registry.register(Box::new(made.clone())).expect(FIXED);
    made
}

fn counters(registry: &Registry, name: &str, help: &str, label: &str) -> IntCounterVec {
    let made = IntCounterVec::new(Opts::new(name, help), &[label]).expect(FIXED);
    registry.register(Box::new(made.clone())).expect(FIXED);
    made
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    let made = IntGauge::new(name, help).expect(FIXED);
    registry.register(Box::new(made.clone())).expect(FIXED);
    made
}

fn delivery(registry: &Registry) -> Histogram {
    let options =
        HistogramOpts::new("collector_delivery_seconds", "From handing records to Kafka to its acknowledgement.")
            .buckets(DELIVERY_SECONDS.to_vec());
    let made = Histogram::with_opts(options).expect(FIXED);
    registry.register(Box::new(made.clone())).expect(FIXED);
    made
}
