//! Configuration: a TOML file, then `STREAM_JOBS_…` variables, then flags. Every mistake is found before anything
//! connects.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use landing::Store;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use serde::{Deserialize, Serialize};
use settings::{Layers, Mistakes, Wrong, is_secret, without_password};

/// Prefix of the environment variables: `flush_rows_max` is `STREAM_JOBS_FLUSH_ROWS_MAX`.
pub const ENVIRONMENT_PREFIX: &str = "STREAM_JOBS_";

/// How the consumer group shares partitions. Cooperative-sticky is not offered: librdkafka may commit offsets of lost
/// partitions with it (its issue 4059).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupProtocol {
    /// The broker's own assignment (KIP-848) where it offers it, else classic.
    Auto,
    /// Eager rebalance, which every broker knows.
    Classic,
    /// KIP-848 or nothing.
    Consumer,
}

/// Settings of `stream-jobs run`; `Default` gives what the documentation says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `host:port` of Kafka, several separated by commas.
    pub brokers: String,
    /// Topic of the events.
    pub topic: String,
    /// Topic of the recordings; empty: they are left to another process.
    pub replay_topic: String,
    pub dead_letter_topic: String,
    /// Consumer group; its workers share the partitions.
    pub group: String,
    pub group_protocol: GroupProtocol,
    /// Base address of the registry's Confluent API.
    pub registry: String,
    /// `file:///folder` or `s3://bucket/prefix`.
    pub store: String,
    /// Address of `/metrics` and `/health`.
    pub internal_address: SocketAddr,
    /// Longest time that a record waits for its link.
    pub flush_interval_ms: u64,
    /// Rows of one partition after which it is flushed.
    pub flush_rows_max: u64,
    /// Memory of all partitions of a topic together at which the largest is flushed.
    pub flush_bytes_max: usize,
    /// Time for the last flush when partitions are taken away or the process ends.
    pub revoke_deadline_ms: u64,
    /// How long the self checks at start go on trying.
    pub startup_timeout_ms: u64,
    /// Links between two snapshots of the state.
    pub snapshot_every_links: u64,
    /// Age after which a file that no link names is removed; 0 removes none.
    pub orphan_grace_s: u64,
    /// Query keys whose values are kept in URLs, beside those of campaigns.
    pub query_keys_kept: Vec<String>,
    /// Domains of our own: a referrer of theirs, or of the page's own registrable domain, is internal.
    pub own_domains: Vec<String>,
    /// Options for librdkafka, as it names them.
    pub kafka: BTreeMap<String, String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".into(),
            topic: schemas::topics::EVENTS.into(),
            replay_topic: schemas::topics::REPLAY.into(),
            dead_letter_topic: schemas::topics::DEAD_LETTER.into(),
            group: "stream-jobs".into(),
            group_protocol: GroupProtocol::Auto,
            registry: "http://127.0.0.1:8085".into(),
            store: String::new(),
            internal_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8082)),
            flush_interval_ms: 5_000,
            flush_rows_max: 2_000_000,
            flush_bytes_max: 64 * 1024 * 1024,
            revoke_deadline_ms: 10_000,
            startup_timeout_ms: 30_000,
            snapshot_every_links: 64,
            orphan_grace_s: 24 * 60 * 60,
            query_keys_kept: Vec::new(),
            own_domains: Vec::new(),
            kafka: BTreeMap::new(),
        }
    }
}

/// Flags that stand above file and environment.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// TOML file with the settings below, under their names with underscores
    #[arg(long, env = "STREAM_JOBS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Kafka, as host:port, several separated by commas [default: 127.0.0.1:9092]
    #[arg(long)]
    pub brokers: Option<String>,
    /// Topic of the events [default: telemetry.events]
    #[arg(long)]
    pub topic: Option<String>,
    /// Topic of the recordings; "" leaves them to another process [default: telemetry.replay]
    #[arg(long)]
    pub replay_topic: Option<String>,
    /// Consumer group whose workers share the partitions [default: stream-jobs]
    #[arg(long)]
    pub group: Option<String>,
    /// classic, consumer (KIP-848) or auto [default: auto]
    #[arg(long, value_name = "PROTOCOL")]
    pub group_protocol: Option<String>,
    /// Schema registry, base of its Confluent API [default: http://127.0.0.1:8085]
    #[arg(long, value_name = "URL")]
    pub registry: Option<String>,
    /// Where landing/ lies: file:///folder or s3://bucket/prefix (with AWS_… variables)
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Address of /metrics and /health [default: 127.0.0.1:8082]
    #[arg(long, value_name = "ADDRESS")]
    pub internal_address: Option<String>,
    /// Longest time in milliseconds that a record waits for its link [default: 5000]
    #[arg(long, value_name = "MS")]
    pub flush_interval_ms: Option<String>,
    /// Domains of our own, separated by commas: referrers from there are internal [default: the page's registrable domain]
    #[arg(long, value_name = "DOMAINS", value_delimiter = ',')]
    pub own_domains: Vec<String>,
}

impl Config {
    /// Reads the file that `flags` name, `environment`, and the flags.
    pub fn load(flags: &Flags, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Wrong> {
        let (config, mut mistakes) = Self::read(flags, environment);
        if config.topic == config.replay_topic {
            mistakes.at("replay_topic", format!(" = {:?}: the same as topic", config.replay_topic));
        }
        mistakes.none(config)
    }

    /// The same for a command that is about one topic, whichever it is.
    pub fn load_for_topic(
        flags: &Flags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Wrong> {
        let (config, mistakes) = Self::read(flags, environment);
        mistakes.none(config)
    }

    fn read(flags: &Flags, environment: impl IntoIterator<Item = (String, String)>) -> (Self, Mistakes) {
        let mut layers = Layers::new("kafka");
        if let Some(file) = &flags.config {
            layers.file(file);
        }
        layers.environment(ENVIRONMENT_PREFIX, environment);
        flags.add_to(&mut layers);
        let (config, mut mistakes) = layers.read::<Self>();
        config.check(&mut mistakes);
        (config, mistakes)
    }

    /// The settings as TOML, secrets hidden.
    pub fn printed(&self) -> String {
        settings::hidden(self)
    }

    /// The same settings for the topic of the recordings, in a group of its own; `None` where that is left to others.
    ///
    /// In one group a change of either topic would stop both.
    pub(crate) fn of_replay(&self) -> Option<Self> {
        let group = format!("{}-replay", self.group);
        (!self.replay_topic.is_empty()).then(|| Self { topic: self.replay_topic.clone(), group, ..self.clone() })
    }

    pub fn flush_interval(&self) -> Duration {
        Duration::from_millis(self.flush_interval_ms)
    }

    pub fn revoke_deadline(&self) -> Duration {
        Duration::from_millis(self.revoke_deadline_ms)
    }

    pub fn startup_timeout(&self) -> Duration {
        Duration::from_millis(self.startup_timeout_ms)
    }
}

impl Flags {
    fn add_to(&self, layers: &mut Layers) {
        let texts = [
            ("brokers", &self.brokers),
            ("topic", &self.topic),
            ("replay_topic", &self.replay_topic),
            ("group", &self.group),
            ("group_protocol", &self.group_protocol),
            ("registry", &self.registry),
            ("store", &self.store),
            ("internal_address", &self.internal_address),
            ("flush_interval_ms", &self.flush_interval_ms),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                layers.flag(&format!("--{}", key.replace('_', "-")), key, value);
            }
        }
        if !self.own_domains.is_empty() {
            layers.list("--own-domains", "own_domains", &self.own_domains);
        }
    }
}

impl Config {
    fn check(&self, mistakes: &mut Mistakes) {
        if self.store.is_empty() {
            mistakes.at("store", " is missing: give --store file:///folder or s3://bucket/prefix");
        } else if !Store::is_address(&self.store) {
            let shown = without_password(&self.store);
            mistakes.at("store", format!(" = {shown:?}: write file:///folder or s3://bucket/prefix"));
        }
        for (name, value) in [("brokers", &self.brokers), ("topic", &self.topic), ("group", &self.group)] {
            if value.is_empty() {
                mistakes.at(name, " is empty");
            }
        }
        if !self.registry.starts_with("http://") && !self.registry.starts_with("https://") {
            let shown = without_password(&self.registry);
            mistakes.at("registry", format!(" = {shown:?} is no address; write http://host:port"));
        }
        let numbers = [
            ("flush_interval_ms", self.flush_interval_ms),
            ("flush_rows_max", self.flush_rows_max),
            ("flush_bytes_max", self.flush_bytes_max as u64),
            ("snapshot_every_links", self.snapshot_every_links),
        ];
        for (name, _) in numbers.iter().filter(|(_, value)| *value == 0) {
            mistakes.at(name, " = 0: give at least 1");
        }
        for domain in &self.own_domains {
            if domain.is_empty()
                || domain.contains(|other: char| !other.is_alphanumeric() && !matches!(other, '.' | '-'))
            {
                mistakes.at("own_domains", format!(": {domain:?} is no domain; write shop.example"));
            }
        }
        let strategy = "partition.assignment.strategy";
        if let Some(value) = self.kafka.get(strategy).filter(|value| value.contains("cooperative")) {
            mistakes.at(
                &format!("kafka.{strategy}"),
                format!(" = {value:?}: cooperative-sticky is not safe here, use group_protocol"),
            );
        }
        // Asks librdkafka, which connects to nothing; but it tells values, and loads plugins.
        let shown = self.kafka.clone().into_iter().filter(|(option, _)| !is_secret(option));
        let client: ClientConfig = shown.collect();
        if let Err(KafkaError::ClientConfig(_, reason, option, _)) = client.create_native_config() {
            mistakes.at(&format!("kafka.{option}"), format!(": {reason}"));
        }
    }
}

#[cfg(test)]
mod tests;
