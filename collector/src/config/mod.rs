//! What can be configured, with defaults. `load` reads it, `check` finds the mistakes.

mod check;
mod load;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use load::{ENVIRONMENT_PREFIX, from_toml, layers, load};

/// Configuration of a collector.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Address for browsers: events, SDK files, health.
    pub listen: SocketAddr,
    /// Address for operators: metrics, health. Keep it off the internet.
    pub internal_listen: SocketAddr,
    /// What a 200 stands for.
    pub ack: Ack,
    /// How long a request waits for Kafka's acknowledgement before it is answered 503.
    pub ack_timeout_ms: u64,
    /// Where records go.
    pub sink: SinkKind,
    /// Proxies that are believed whom they forward for, as networks (`10.0.0.0/8`).
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they say it.
    pub forwarded_by: ForwardedBy,
    pub sites: Vec<Site>,
    pub paths: Paths,
    pub limits: Limits,
    pub rates: Rates,
    pub kafka: Kafka,
    pub registry: Registry,
}

/// What an answer promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ack {
    /// 200 when every accepted event is in Kafka with acks=all.
    Kafka,
    /// 202 as soon as the batch is in the bounded buffer: a crash loses what is buffered.
    Memory,
}

/// The header in which the proxies name the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedBy {
    /// `X-Forwarded-For`, and `Forwarded` where a request has no such line.
    Either,
    /// Nothing but `X-Forwarded-For`.
    XForwardedFor,
    /// Nothing but `Forwarded` (RFC 7239).
    Forwarded,
}

/// Where records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkKind {
    Kafka,
    /// Nowhere, for benchmarks of the edge alone; answers say `"durability":"none"`.
    Null,
}

/// A web site that sends events.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Site {
    pub site_id: String,
    /// Public identifier, good for sending events only.
    pub write_key: String,
    /// Origins whose pages may send (`https://shop.example`), compared exactly.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
}

/// Paths on the public address; change them when an ad blocker knows the defaults.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Paths {
    pub events: String,
    /// Frames of recordings; questions about their assets lie below it, at `/have`.
    pub replay: String,
    /// Folder of the SDK's files.
    pub sdk: String,
}

/// Limits of the edge; each pushes back when it is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Connections at a time; one more is answered 503 and closed.
    pub connections_max: usize,
    /// Request line and headers.
    pub header_bytes_max: usize,
    /// Until the headers of a (next) request are there; closes idle connections too.
    pub header_timeout_ms: u64,
    /// Body as sent.
    pub body_bytes_max: usize,
    /// Until the whole body is there.
    pub body_timeout_ms: u64,
    /// Until the peer has read what it is answered; after that the connection is closed.
    pub write_timeout_ms: u64,
    /// Body after decompression.
    pub inflated_bytes_max: usize,
    /// Inflated bytes per byte sent, for bodies that inflate to more than 256 KiB.
    pub inflate_ratio_max: usize,
    /// Memory of all requests that are being read or wait for Kafka.
    pub window_bytes_max: usize,
    /// Requests that are being read or wait for Kafka.
    pub window_requests_max: usize,
    /// What one address (IPv6: one /64) may have of the window and of the connections.
    pub address_share_percent: usize,
    /// What one key may have of the window where there are several.
    pub key_share_percent: usize,
    /// When there is no room: how long a body may be on its way, or a connection without a request, before another gets
    /// its place.
    pub patience_ms: u64,
    /// Longest record; a batch that would be longer becomes several.
    pub record_bytes_max: usize,
    /// How long open requests may take after a stop signal.
    pub drain_timeout_ms: u64,
}

/// Token buckets, in requests; 0 switches one off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    pub key_requests_per_s: u32,
    pub key_requests_burst: u32,
    pub address_requests_per_s: u32,
    pub address_requests_burst: u32,
}

/// Kafka.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Kafka {
    /// `host:port`, several separated by commas.
    pub bootstrap: String,
    pub events_topic: String,
    pub replay_topic: String,
    pub dead_letter_topic: String,
    /// Create missing topics with this many partitions and one replica (development); 0 leaves that to an operator.
    pub create_topics_partitions: i32,
    /// How long to wait for the broker at start before giving up.
    pub startup_timeout_ms: u64,
    /// Passed to librdkafka as they are, over the collector's own (`"sasl.mechanism" = "SCRAM-SHA-512"`).
    pub options: BTreeMap<String, String>,
}

/// Schema registry (Confluent's API).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Registry {
    pub url: String,
    /// Basic authentication; empty for none.
    pub username: String,
    pub password: String,
    /// How long to wait for the registry at start before giving up.
    pub startup_timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8080)),
            internal_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            ack: Ack::Kafka,
            ack_timeout_ms: 10_000,
            sink: SinkKind::Kafka,
            trusted_proxies: Vec::new(),
            forwarded_by: ForwardedBy::Either,
            sites: Vec::new(),
            paths: Paths::default(),
            limits: Limits::default(),
            rates: Rates::default(),
            kafka: Kafka::default(),
            registry: Registry::default(),
        }
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self { events: "/v1/events".into(), replay: "/v1/replay".into(), sdk: "/sdk".into() }
    }
}

/// The figures of TRUST.md where it has one.
impl Default for Limits {
    fn default() -> Self {
        Self {
            // Beside the 10,000 idle ones of TRUST.md others are still served.
            connections_max: 16_384,
            header_bytes_max: 16 * 1024,
            header_timeout_ms: 10_000,
            body_bytes_max: 1024 * 1024,
            body_timeout_ms: 10_000,
            write_timeout_ms: 10_000,
            inflated_bytes_max: 8 * 1024 * 1024,
            inflate_ratio_max: 100,
            window_bytes_max: 128 * 1024 * 1024,
            window_requests_max: 20_000,
            // Four greedy addresses, or two greedy keys, are needed to take everything.
            address_share_percent: 25,
            key_share_percent: 50,
            // The SDK's longest body, 48 KiB, takes less on a line of 0.5 Mbit/s.
            patience_ms: 1_000,
            // Kafka's own default for one record is 1 MiB, its head included.
            record_bytes_max: 768 * 1024,
            drain_timeout_ms: 9_000,
        }
    }
}

impl Limits {
    /// What the largest legal batch takes of the window: inflated, and beside it as sent or as records.
    pub fn batch_bytes_max(&self) -> usize {
        self.inflated_bytes_max.saturating_mul(2)
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            key_requests_per_s: 20_000,
            key_requests_burst: 40_000,
            address_requests_per_s: 5_000,
            address_requests_burst: 10_000,
        }
    }
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            bootstrap: "127.0.0.1:9092".into(),
            events_topic: schemas::topics::EVENTS.into(),
            replay_topic: schemas::topics::REPLAY.into(),
            dead_letter_topic: schemas::topics::DEAD_LETTER.into(),
            create_topics_partitions: 0,
            startup_timeout_ms: 60_000,
            options: BTreeMap::new(),
        }
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8085".into(),
            username: String::new(),
            password: String::new(),
            startup_timeout_ms: 60_000,
        }
    }
}

impl Config {
    /// The configuration as TOML with keys and passwords hidden.
    pub fn print(&self) -> String {
        settings::hidden(self)
    }
}
