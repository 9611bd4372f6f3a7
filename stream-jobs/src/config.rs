//! Configuration: a TOML file, then `STREAM_JOBS_…` variables, then flags. Every mistake is found before anything
//! connects.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use toml::{Table, Value};

/// Prefix of the environment variables: `flush_rows_max` is `STREAM_JOBS_FLUSH_ROWS_MAX`.
const ENVIRONMENT_PREFIX: &str = "STREAM_JOBS_";

/// How the consumer group shares partitions. Cooperative-sticky is not offered: librdkafka may commit offsets of lost
/// partitions with it (its issue 4059).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// `host:port` of Kafka, several separated by commas.
    pub brokers: String,
    /// Topic of the events.
    pub topic: String,
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
    /// Memory of all partitions together at which the largest is flushed.
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

/// Everything that is wrong with the settings.
#[derive(Debug, Error)]
#[error("the configuration has {} mistake{}:\n{}", .0.len(), if .0.len() == 1 { "" } else { "s" }, .0.join("\n"))]
pub struct Mistakes(pub Vec<String>);

impl Config {
    /// Reads the file that `flags` name, `environment`, and the flags.
    pub fn load(flags: &Flags, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Mistakes> {
        let mut reader = Reader::default();
        reader.add_file(flags);
        reader.add_environment(environment);
        reader.add_flags(flags);
        let config = reader.read();
        reader.check(&config);
        if reader.mistakes.is_empty() { Ok(config) } else { Err(Mistakes(reader.mistakes)) }
    }

    /// The settings as TOML, secrets hidden.
    pub fn printed(&self) -> String {
        let mut shown = self.clone();
        for (key, value) in &mut shown.kafka {
            if ["password", "secret", "key", "oauthbearer.config"].iter().any(|part| key.contains(part)) {
                *value = "(hidden)".into();
            }
        }
        for address in [&mut shown.registry, &mut shown.store] {
            *address = without_password(address);
        }
        toml::to_string(&shown).expect("the settings are made of text, numbers and lists, which TOML holds")
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

fn without_password(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(mut url) if url.password().is_some() => {
            // Only an address that cannot have a password refuses one.
            let _ = url.set_password(Some("(hidden)"));
            url.to_string()
        }
        _ => address.to_owned(),
    }
}

/// One setting's value and where it comes from.
struct Given {
    value: Value,
    origin: String,
    /// From the environment or a flag: text that may stand for a number or a list.
    is_text: bool,
}

#[derive(Default)]
struct Reader {
    given: BTreeMap<String, Given>,
    mistakes: Vec<String>,
}

impl Reader {
    fn add_file(&mut self, flags: &Flags) {
        let Some(file) = &flags.config else { return };
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => return self.mistakes.push(format!("{} cannot be read: {error}", file.display())),
        };
        match text.parse::<Table>() {
            Ok(table) => {
                for (key, value) in table {
                    self.given.insert(key, Given { value, origin: file.display().to_string(), is_text: false });
                }
            }
            Err(error) => self.mistakes.push(format!("{} is no TOML: {error}", file.display())),
        }
    }

    fn add_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in environment {
            let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            if key == "CONFIG" || key == "LOG" {
                continue;
            }
            self.given
                .insert(key.to_lowercase(), Given { value: Value::String(value), origin: name.clone(), is_text: true });
        }
    }

    fn add_flags(&mut self, flags: &Flags) {
        let all = [
            ("brokers", &flags.brokers),
            ("topic", &flags.topic),
            ("group", &flags.group),
            ("group_protocol", &flags.group_protocol),
            ("registry", &flags.registry),
            ("store", &flags.store),
            ("internal_address", &flags.internal_address),
            ("flush_interval_ms", &flags.flush_interval_ms),
        ];
        for (key, value) in all {
            if let Some(value) = value {
                let origin = format!("--{}", key.replace('_', "-"));
                self.given.insert(key.into(), Given { value: Value::String(value.clone()), origin, is_text: true });
            }
        }
        if !flags.own_domains.is_empty() {
            let value = Value::Array(flags.own_domains.iter().cloned().map(Value::String).collect());
            let origin = "--own-domains".to_owned();
            self.given.insert("own_domains".into(), Given { value, origin, is_text: false });
        }
    }

    fn read(&mut self) -> Config {
        let default = Config::default();
        let config = Config {
            brokers: self.take("brokers", default.brokers),
            topic: self.take("topic", default.topic),
            dead_letter_topic: self.take("dead_letter_topic", default.dead_letter_topic),
            group: self.take("group", default.group),
            group_protocol: self.take("group_protocol", default.group_protocol),
            registry: self.take("registry", default.registry),
            store: self.take("store", default.store),
            internal_address: self.take("internal_address", default.internal_address),
            flush_interval_ms: self.take("flush_interval_ms", default.flush_interval_ms),
            flush_rows_max: self.take("flush_rows_max", default.flush_rows_max),
            flush_bytes_max: self.take("flush_bytes_max", default.flush_bytes_max),
            revoke_deadline_ms: self.take("revoke_deadline_ms", default.revoke_deadline_ms),
            startup_timeout_ms: self.take("startup_timeout_ms", default.startup_timeout_ms),
            snapshot_every_links: self.take("snapshot_every_links", default.snapshot_every_links),
            orphan_grace_s: self.take("orphan_grace_s", default.orphan_grace_s),
            query_keys_kept: self.take("query_keys_kept", default.query_keys_kept),
            own_domains: self.take("own_domains", default.own_domains),
            kafka: self.take("kafka", default.kafka),
        };
        for (key, given) in &self.given {
            self.mistakes.push(format!("{}: there is no setting {key}", given.origin));
        }
        config
    }

    fn take<T: DeserializeOwned>(&mut self, key: &str, default: T) -> T {
        let Some(Given { value, origin, is_text }) = self.given.remove(key) else { return default };
        let shown = if key == "kafka" { "(not shown)".to_owned() } else { value.to_string() };
        let first = T::deserialize(value.clone());
        let parsed = match (first, is_text) {
            (Err(_), true) => value
                .as_str()
                .and_then(|text| format!("value = {text}").parse::<Table>().ok())
                .and_then(|mut table| table.remove("value"))
                .map_or_else(|| T::deserialize(value), T::deserialize),
            (first, _) => first,
        };
        parsed.unwrap_or_else(|error| {
            self.mistakes.push(format!("{origin}: {key} = {shown}: {}", error.message().trim()));
            default
        })
    }

    fn check(&mut self, config: &Config) {
        let mut wrong = |mistake: String| self.mistakes.push(mistake);
        if config.store.is_empty() {
            wrong("store is missing: give --store file:///folder or s3://bucket/prefix".into());
        }
        for (name, value) in [("brokers", &config.brokers), ("topic", &config.topic), ("group", &config.group)] {
            if value.is_empty() {
                wrong(format!("{name} is empty"));
            }
        }
        if !config.registry.starts_with("http://") && !config.registry.starts_with("https://") {
            wrong(format!("registry = {:?} is no address; write http://host:port", without_password(&config.registry)));
        }
        let numbers = [
            ("flush_interval_ms", config.flush_interval_ms),
            ("flush_rows_max", config.flush_rows_max),
            ("flush_bytes_max", config.flush_bytes_max as u64),
            ("snapshot_every_links", config.snapshot_every_links),
        ];
        for (name, _) in numbers.iter().filter(|(_, value)| *value == 0) {
            wrong(format!("{name} = 0: give at least 1"));
        }
        for domain in &config.own_domains {
            if domain.is_empty()
                || domain.contains(|other: char| !other.is_alphanumeric() && !matches!(other, '.' | '-'))
            {
                wrong(format!("own_domains: {domain:?} is no domain; write shop.example"));
            }
        }
        if let Some(strategy) = config.kafka.get("partition.assignment.strategy")
            && strategy.contains("cooperative")
        {
            wrong(format!(
                "kafka: partition.assignment.strategy = {strategy:?}: cooperative-sticky is not safe here, use group_protocol"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)], flags: &Flags) -> Result<Config, Mistakes> {
        Config::load(flags, environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn file_then_environment_then_flags() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "store = \"file:///a\"\ntopic = \"a\"\ngroup = \"a\"\nflush_interval_ms = 7\n[kafka]\n\"sasl.password\" = \"hush\"\n",
        )
        .unwrap();
        let own_domains = vec!["pay.example".into()];
        let flags =
            Flags { config: Some(file.path().into()), group: Some("c".into()), own_domains, ..Flags::default() };
        let environment = [
            ("STREAM_JOBS_TOPIC", "b"),
            ("STREAM_JOBS_GROUP", "b"),
            ("STREAM_JOBS_QUERY_KEYS_KEPT", "[\"q\"]"),
            ("STREAM_JOBS_OWN_DOMAINS", "[\"b.example\"]"),
        ];
        let config = load(&environment, &flags).unwrap();
        assert_eq!((config.topic.as_str(), config.group.as_str(), config.flush_interval_ms), ("b", "c", 7));
        assert_eq!(config.query_keys_kept, ["q"]);
        assert_eq!(config.own_domains, ["pay.example"]);
        assert!(!config.printed().contains("hush"), "{}", config.printed());
        assert!(config.printed().contains("flush_interval_ms = 7"));
    }

    #[test]
    fn all_mistakes_at_once() {
        let environment = [
            ("STREAM_JOBS_FLUSH_ROWS_MAX", "many"),
            ("STREAM_JOBS_NO_SUCH", "1"),
            ("STREAM_JOBS_REGISTRY", "x"),
            ("STREAM_JOBS_OWN_DOMAINS", "[\"https://a.example/\"]"),
        ];
        let flags = Flags { group_protocol: Some("cooperative".into()), ..Flags::default() };
        let text = load(&environment, &flags).unwrap_err().to_string();
        for part in [
            "STREAM_JOBS_FLUSH_ROWS_MAX",
            "there is no setting no_such",
            "store is missing",
            "registry",
            "--group-protocol",
            "https://a.example/",
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }

    #[test]
    fn the_printed_configuration_can_be_read_again() {
        let config = Config { store: "file:///a".into(), ..Config::default() };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config.printed()).unwrap();
        let flags = Flags { config: Some(file.path().into()), ..Flags::default() };
        assert_eq!(load(&[], &flags).unwrap(), config);
    }
}
