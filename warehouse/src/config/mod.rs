//! Configuration: TOML file, then environment, then flags. All mistakes are told at once, before anything connects.

mod command;

pub use command::{Cli, Command, Format, Options};

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use landing::Store;
use serde::{Deserialize, Serialize};
use settings::{Layers, Mistakes, Wrong, without_password};

use crate::access::check_address;
use crate::elsewhere::Engine;
use crate::engine::Resources;
use crate::keep::{Keeping, Retention};
use crate::limits::{MEMORY_BYTES_MAX, SPILL_BYTES_MAX, SQL_MEMORY_BYTES_MIN, VERIFY_MEMORY_BYTES_MAX};
use crate::listen::Listen;
use crate::reports::Reports;
use crate::shard::Shard;
use crate::sql::Settings;

/// Prefix of the environment variables: `query_time` is `WAREHOUSE_QUERY_TIME`.
pub const ENVIRONMENT_PREFIX: &str = "WAREHOUSE_";
/// Shortest time of a statement.
const QUERY_TIME_MIN: Duration = Duration::from_millis(1);
/// Shortest time between two compactions.
const COMPACT_EVERY_MIN: Duration = Duration::from_secs(1);
/// More workers than any machine has cores for are a slip of the finger.
const SQL_WORKERS_LARGEST: usize = 1_000;
/// So many open requests are another's denial of service, not a queue.
const SQL_QUEUE_LARGEST: usize = 100_000;

/// What can be set, with the defaults.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
struct Given {
    store: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<Engine>,
    memory_bytes_max: usize,
    spill_bytes_max: u64,
    #[serde(with = "duration")]
    query_time: Duration,
    sql_memory_bytes_max: usize,
    sql_workers_max: usize,
    sql_queue_max: usize,
    listen: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postgres_listen: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postgres_certificate: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postgres_key: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flight_listen: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flight_certificate: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flight_key: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reports: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compact_every: Option<Every>,
    shard: Shard,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    retention: Vec<String>,
    #[serde(with = "duration")]
    landing_kept: Duration,
    #[serde(with = "duration")]
    removed_kept: Duration,
    #[serde(with = "duration")]
    readers_wait: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintain_every: Option<Every>,
}

/// Time between two compactions.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Every(#[serde(with = "duration")] Duration);

impl Default for Given {
    fn default() -> Self {
        let (sql, keeping) = (Settings::new(""), Keeping::default());
        Self {
            store: String::new(),
            engine: None,
            memory_bytes_max: MEMORY_BYTES_MAX,
            spill_bytes_max: SPILL_BYTES_MAX,
            query_time: sql.time,
            sql_memory_bytes_max: sql.memory_bytes_max,
            sql_workers_max: sql.workers_max,
            sql_queue_max: sql.queue_max,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)),
            token: None,
            access: None,
            postgres_listen: None,
            postgres_certificate: None,
            postgres_key: None,
            flight_listen: None,
            flight_certificate: None,
            flight_key: None,
            reports: None,
            compact_every: None,
            shard: Shard::ALL,
            site: None,
            retention: Vec::new(),
            landing_kept: keeping.landing,
            removed_kept: keeping.removed,
            readers_wait: keeping.readers_wait,
            maintain_every: None,
        }
    }
}

/// Durations as people write them, such as 30s or 5m.
mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&humantime::format_duration(*duration))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        let parsed = humantime::parse_duration(&text);
        parsed.map_err(|error| de::Error::custom(format!("no duration such as 30s or 5m: {error}")))
    }
}

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    given: Given,
    pub store: String,
    /// The cluster that computes what it can; none for this process.
    pub engine: Option<Engine>,
    /// Of compaction.
    pub resources: Resources,
    pub sql: Settings,
    pub listen: SocketAddr,
    pub token: Option<String>,
    /// File of further tokens.
    pub access: Option<PathBuf>,
    /// Where PostgreSQL's protocol is spoken.
    pub postgres: Option<Listen>,
    /// Where Flight SQL is spoken.
    pub flight: Option<Listen>,
    pub compact_every: Option<Duration>,
    /// The part of the partitions that `compact` takes.
    pub shard: Shard,
    /// The site that an import is about.
    pub site: Option<String>,
    pub keeping: Keeping,
    pub maintain_every: Option<Duration>,
}

impl Config {
    /// Puts file, `environment` and flags together.
    pub fn new(cli: &Cli, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Wrong> {
        let mut layers = Layers::new("");
        if let Some(file) = &cli.options.config {
            layers.file(file);
        }
        layers.environment(ENVIRONMENT_PREFIX, environment);
        if let Some(Command::Maintain { retention, .. }) = &cli.command
            && !retention.is_empty()
        {
            layers.list("--retention", "retention", retention);
        }
        for (flag, key, value) in cli.flags() {
            if let Some(value) = value {
                layers.flag(flag, key, value);
            }
        }
        let (mut given, mut mistakes) = layers.read::<Given>();
        // In the file it is for `serve`: `compact` without --every compacts once.
        let from_file = cli.options.config.as_ref().map(|file| file.display().to_string());
        if matches!(cli.command, Some(Command::Compact { .. }))
            && mistakes.origin("compact_every") == from_file.as_deref()
        {
            given.compact_every = None;
        }
        if matches!(cli.command, Some(Command::Verify)) && mistakes.origin("memory_bytes_max").is_none() {
            given.memory_bytes_max = VERIFY_MEMORY_BYTES_MAX;
        }
        if cli.command.as_ref().is_none_or(Command::needs_store) {
            given.check_store(&mut mistakes);
        }
        given.check(&mut mistakes);
        // As for --every of `maintain`.
        if mistakes.origin("maintain_every") == from_file.as_deref() {
            given.maintain_every = None;
        }
        if matches!(cli.command, Some(Command::Serve { .. }))
            && let Err(error) = check_address(given.listen, given.token.as_deref(), given.access.is_some())
        {
            mistakes.at("token", format!(": {error}"));
        }
        // Set once for everything it is for the commands that know it; a flag is for this one.
        let elsewhere = cli.command.as_ref().is_some_and(Command::is_for_a_cluster);
        if !elsewhere && cli.command.is_some() && mistakes.origin("engine") == Some("--engine") {
            let what = ": a cluster takes one statement (sql, report, coverage) or `compact` without --every and \
                        --shard; leave --engine out for everything else";
            mistakes.at("engine", what);
        }
        if matches!(cli.command, Some(Command::Import { .. })) && given.site.is_none() {
            let what =
                ": not given; write --site, or set WAREHOUSE_SITE: the site_id that the collector gives to its events";
            mistakes.at("site", what);
        }
        if matches!(cli.command, Some(Command::Serve { .. })) {
            given.check_listeners(&mut mistakes);
        }
        let config = Self::from(mistakes.none(given)?);
        Ok(Self { engine: config.engine.filter(|_| elsewhere), ..config })
    }

    /// The reports that there are.
    ///
    /// # Errors
    /// When the folder of further ones cannot be read, or holds files that are none.
    pub fn reports(&self) -> anyhow::Result<Reports> {
        self.given.reports.as_deref().map_or_else(|| Ok(Reports::default()), Reports::with_folder)
    }

    /// As TOML, secrets hidden.
    pub fn print(&self) -> String {
        settings::hidden(&self.given)
    }
}

impl Cli {
    /// Flag, setting and what was given.
    fn flags(&self) -> Vec<(&str, &str, Option<&String>)> {
        let options = &self.options;
        let mut flags = vec![
            ("--store", "store", options.store.as_ref()),
            ("--engine", "engine", options.engine.as_ref()),
            ("--memory-bytes-max", "memory_bytes_max", options.memory_bytes_max.as_ref()),
            ("--spill-bytes-max", "spill_bytes_max", options.spill_bytes_max.as_ref()),
            ("--query-time", "query_time", options.query_time.as_ref()),
            ("--sql-memory-bytes-max", "sql_memory_bytes_max", options.sql_memory_bytes_max.as_ref()),
        ];
        match &self.command {
            Some(Command::Serve {
                listen,
                token,
                access,
                postgres_listen,
                postgres_certificate,
                postgres_key,
                flight_listen,
                flight_certificate,
                flight_key,
                reports,
                compact_every,
                sql_workers_max,
                sql_queue_max,
            }) => flags.extend([
                ("--listen", "listen", listen.as_ref()),
                ("--token", "token", token.as_ref()),
                ("--access", "access", access.as_ref()),
                ("--postgres-listen", "postgres_listen", postgres_listen.as_ref()),
                ("--postgres-certificate", "postgres_certificate", postgres_certificate.as_ref()),
                ("--postgres-key", "postgres_key", postgres_key.as_ref()),
                ("--flight-listen", "flight_listen", flight_listen.as_ref()),
                ("--flight-certificate", "flight_certificate", flight_certificate.as_ref()),
                ("--flight-key", "flight_key", flight_key.as_ref()),
                ("--reports", "reports", reports.as_ref()),
                ("--compact-every", "compact_every", compact_every.as_ref()),
                ("--sql-workers-max", "sql_workers_max", sql_workers_max.as_ref()),
                ("--sql-queue-max", "sql_queue_max", sql_queue_max.as_ref()),
            ]),
            Some(Command::Report { reports, .. }) => flags.push(("--reports", "reports", reports.as_ref())),
            Some(Command::Import { site, .. }) => flags.push(("--site", "site", site.as_ref())),
            Some(Command::Token { access, .. }) => flags.push(("--access", "access", access.as_ref())),
            Some(Command::Compact { every, shard }) => {
                flags.extend([("--every", "compact_every", every.as_ref()), ("--shard", "shard", shard.as_ref())]);
            }
            Some(Command::Maintain { every, landing_kept, removed_kept, readers_wait, .. }) => flags.extend([
                ("--every", "maintain_every", every.as_ref()),
                ("--landing-kept", "landing_kept", landing_kept.as_ref()),
                ("--removed-kept", "removed_kept", removed_kept.as_ref()),
                ("--readers-wait", "readers_wait", readers_wait.as_ref()),
            ]),
            Some(Command::Erase { readers_wait, .. }) => {
                flags.push(("--readers-wait", "readers_wait", readers_wait.as_ref()));
            }
            _ => {}
        }
        flags
    }
}

impl Given {
    fn check_listeners(&self, mistakes: &mut Mistakes) {
        let postgres = (self.postgres_listen, self.postgres_certificate.is_some(), self.postgres_key.is_some());
        let flight = (self.flight_listen, self.flight_certificate.is_some(), self.flight_key.is_some());
        for (name, (address, has_certificate, has_key)) in [("postgres", postgres), ("flight", flight)] {
            if let Some(address) = address {
                self.check_listener(mistakes, name, address, (has_certificate, has_key));
            }
        }
    }

    /// What would let passwords pass in the clear, or anybody in.
    fn check_listener(&self, mistakes: &mut Mistakes, name: &str, address: SocketAddr, files: (bool, bool)) {
        let [listen, certificate, key] = ["listen", "certificate", "key"].map(|part| format!("{name}_{part}"));
        if let Err(error) = check_address(address, self.token.as_deref(), self.access.is_some()) {
            mistakes.at(&listen, format!(": {error}"));
        }
        match files {
            (true, false) => mistakes.at(&certificate, format!(": its key is missing; name it by --{name}-key")),
            (false, true) => {
                mistakes.at(&key, format!(": its certificate is missing; name it by --{name}-certificate"));
            }
            (false, false) if !address.ip().is_loopback() => {
                let what = format!(
                    " = {address}: others can reach it, and a token is the password there: it needs \
                     --{name}-certificate and --{name}-key, or 127.0.0.1"
                );
                mistakes.at(&listen, what);
            }
            _ => {}
        }
    }

    fn check_store(&self, mistakes: &mut Mistakes) {
        if self.store.is_empty() {
            let what = ": not given; write --store file:///folder or s3://bucket/prefix, or set WAREHOUSE_STORE";
            mistakes.at("store", what);
        } else if !Store::is_address(&self.store) {
            let shown = without_password(&self.store);
            mistakes.at("store", format!(" = {shown:?}: write file:///folder or s3://bucket/prefix"));
        }
    }

    fn check(&self, mistakes: &mut Mistakes) {
        if self.query_time < QUERY_TIME_MIN {
            mistakes.at("query_time", format!(" = {:?}: less than {QUERY_TIME_MIN:?}", self.query_time));
        }
        for (name, every) in [("compact_every", self.compact_every), ("maintain_every", self.maintain_every)] {
            if let Some(Every(every)) = every.filter(|every| every.0 < COMPACT_EVERY_MIN) {
                mistakes.at(name, format!(" = {every:?}: less than {COMPACT_EVERY_MIN:?}"));
            }
        }
        if let Err(error) = Retention::parse(&self.retention) {
            mistakes.at("retention", format!(": {error}"));
        }
        if !(1..=SQL_WORKERS_LARGEST).contains(&self.sql_workers_max) {
            let value = self.sql_workers_max;
            mistakes.at("sql_workers_max", format!(" = {value}: not from 1 to {SQL_WORKERS_LARGEST}"));
        }
        if self.sql_queue_max > SQL_QUEUE_LARGEST {
            mistakes.at("sql_queue_max", format!(" = {}: more than {SQL_QUEUE_LARGEST}", self.sql_queue_max));
        }
        if self.sql_memory_bytes_max < SQL_MEMORY_BYTES_MIN {
            let value = self.sql_memory_bytes_max;
            mistakes.at("sql_memory_bytes_max", format!(" = {value}: less than {SQL_MEMORY_BYTES_MIN}"));
        }
    }
}

impl From<Given> for Config {
    fn from(given: Given) -> Self {
        let sql = Settings {
            workers_max: given.sql_workers_max,
            queue_max: given.sql_queue_max,
            memory_bytes_max: given.sql_memory_bytes_max,
            spill_bytes_max: given.spill_bytes_max,
            time: given.query_time,
            ..Settings::new(&given.store)
        };
        let resources = Resources { memory_bytes_max: given.memory_bytes_max, spill_bytes_max: given.spill_bytes_max };
        Self {
            store: given.store.clone(),
            engine: given.engine.clone(),
            resources,
            sql,
            listen: given.listen,
            token: given.token.clone(),
            access: given.access.clone(),
            postgres: given.postgres_listen.map(|address| Listen {
                address,
                files: given.postgres_certificate.clone().zip(given.postgres_key.clone()),
            }),
            flight: given.flight_listen.map(|address| Listen {
                address,
                files: given.flight_certificate.clone().zip(given.flight_key.clone()),
            }),
            compact_every: given.compact_every.map(|Every(every)| every),
            shard: given.shard,
            site: given.site.clone(),
            keeping: Keeping {
                retention: Retention::parse(&given.retention).unwrap_or_default(),
                landing: given.landing_kept,
                removed: given.removed_kept,
                readers_wait: given.readers_wait,
            },
            maintain_every: given.maintain_every.map(|Every(every)| every),
            given,
        }
    }
}

#[cfg(test)]
mod tests;
