//! Configuration: TOML file, then environment, then flags. All mistakes are told at once, before anything connects.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use crate::engine::Resources;
use crate::limits::{MEMORY_BYTES_MAX, SPILL_BYTES_MAX, SQL_MEMORY_BYTES_MIN};
use crate::sql::Settings;

/// Default of `--listen`.
const LISTEN: &str = "127.0.0.1:8090";
/// Shortest time between two compactions.
const COMPACT_EVERY_MIN: Duration = Duration::from_secs(1);
/// More workers than any machine has cores for are a slip of the finger.
const SQL_WORKERS_LARGEST: usize = 1_000;
/// So many open requests are another's denial of service, not a queue.
const SQL_QUEUE_LARGEST: usize = 100_000;

/// Takes landed events into curated Delta tables, and answers SQL over both.
#[derive(Debug, Parser)]
#[command(
    name = "warehouse",
    version,
    after_help = "Examples:\n  warehouse --store file:///srv/telemetry sql \"select type, count(*) as n from events group by 1\"\n  \
                  warehouse --store s3://bucket/prefix compact --every 5m\n  WAREHOUSE_STORE=file:///srv/telemetry warehouse serve\n\n\
                  Tables: events, pointer, sessions, page_views, ledger. Each shows what was compacted and what has just landed.\n\
                  Any number of these commands may run beside each other, and beside `standalone`, on one store."
)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Options {
    /// Where landing/ and warehouse/ lie: file:///folder or s3://bucket/prefix (S3 is configured by AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL, AWS_ALLOW_HTTP)
    #[arg(long, env = "WAREHOUSE_STORE", global = true, value_name = "URL")]
    pub store: Option<String>,
    /// TOML file; its keys are these flags with underscores: store, memory_bytes_max, spill_bytes_max, query_time,
    /// sql_memory_bytes_max, sql_workers_max, sql_queue_max, listen, token, compact_every
    #[arg(long, env = "WAREHOUSE_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Memory of compaction [default: 1 GiB]
    #[arg(long, env = "WAREHOUSE_MEMORY_BYTES_MAX", global = true, value_name = "BYTES")]
    pub memory_bytes_max: Option<usize>,
    /// Disk for what does not fit, for compaction and for each statement [default: 16 GiB]
    #[arg(long, env = "WAREHOUSE_SPILL_BYTES_MAX", global = true, value_name = "BYTES")]
    pub spill_bytes_max: Option<u64>,
    /// A statement that takes longer is ended [default: 30s]
    #[arg(long, env = "WAREHOUSE_QUERY_TIME", global = true, value_name = "DURATION")]
    pub query_time: Option<String>,
    /// Memory of one statement, which runs in a process of its own; one that needs more is ended [default: 1 GiB]
    #[arg(long, env = "WAREHOUSE_SQL_MEMORY_BYTES_MAX", global = true, value_name = "BYTES")]
    pub sql_memory_bytes_max: Option<usize>,
    /// Print the configuration and end; secrets are hidden
    #[arg(long, global = true)]
    pub print_config: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Take what has landed into the tables: once, or again and again
    Compact {
        /// Time between two compactions, such as 5m; without it, compact once
        #[arg(long, env = "WAREHOUSE_COMPACT_EVERY", value_name = "DURATION")]
        every: Option<String>,
    },
    /// Answer one read-only statement
    Sql {
        /// The statement; - reads it from standard input
        sql: String,
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Serve the SQL API and the studio's page over HTTP
    Serve {
        /// Address to listen on; any but loopback needs a token [default: 127.0.0.1:8090]
        #[arg(long, env = "WAREHOUSE_LISTEN", value_name = "ADDRESS")]
        listen: Option<String>,
        /// Secret that callers send as Authorization: Bearer
        #[arg(long, env = "WAREHOUSE_TOKEN", value_name = "SECRET", hide_env_values = true)]
        token: Option<String>,
        /// Compact as well, this often
        #[arg(long, env = "WAREHOUSE_COMPACT_EVERY", value_name = "DURATION")]
        compact_every: Option<String>,
        /// Statements that run at the same time, each with its own memory; half of them long ones [default: 6]
        #[arg(long, env = "WAREHOUSE_SQL_WORKERS_MAX", value_name = "NUMBER")]
        sql_workers_max: Option<usize>,
        /// Statements that wait for one of these to end; one more is answered 429 [default: 32]
        #[arg(long, env = "WAREHOUSE_SQL_QUEUE_MAX", value_name = "NUMBER")]
        sql_queue_max: Option<usize>,
    },
    /// Check that every offset landed once, was compacted once, and that all tables agree; exit code 1 if not, or if the
    /// store holds nothing to check
    Verify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Csv,
    Json,
    Arrow,
}

/// The file's keys.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    store: Option<String>,
    memory_bytes_max: Option<usize>,
    spill_bytes_max: Option<u64>,
    query_time: Option<String>,
    sql_memory_bytes_max: Option<usize>,
    sql_workers_max: Option<usize>,
    sql_queue_max: Option<usize>,
    listen: Option<String>,
    token: Option<String>,
    compact_every: Option<String>,
}

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    pub store: String,
    /// Of compaction.
    pub resources: Resources,
    pub sql: Settings,
    pub listen: SocketAddr,
    pub token: Option<String>,
    pub compact_every: Option<Duration>,
}

impl Config {
    /// Puts file, environment and flags together; all mistakes, one a line.
    pub fn new(cli: &Cli) -> Result<Self, String> {
        let mut mistakes = Vec::new();
        let options = cli.options.clone();
        let file = read(&options, &mut mistakes);
        let (mut listen, mut token, mut compact_every) =
            (file.listen.clone(), file.token.clone(), file.compact_every.clone());
        match &cli.command {
            Some(Command::Serve { listen: given, token: secret, compact_every: every, .. }) => {
                listen = given.clone().or(listen);
                token = secret.clone().or(token);
                compact_every = every.clone().or(compact_every);
            }
            Some(Command::Compact { every }) => compact_every.clone_from(every),
            _ => {}
        }
        let store = options.store.clone().or(file.store.clone()).unwrap_or_default();
        if store.is_empty() {
            mistakes.push(
                "store: not given; write --store file:///folder or s3://bucket/prefix, or set WAREHOUSE_STORE".into(),
            );
        }
        let mut duration = |name: &str, text: Option<String>, least: Duration| {
            let parsed = humantime::parse_duration(text.as_deref()?);
            match parsed {
                Ok(duration) if duration >= least => return Some(duration),
                Ok(_) => mistakes.push(format!("{name}: {:?} is less than {least:?}", text.unwrap_or_default())),
                Err(error) => mistakes
                    .push(format!("{name}: {:?} is no duration such as 30s or 5m: {error}", text.unwrap_or_default())),
            }
            None
        };
        let query_time =
            duration("query_time", options.query_time.clone().or(file.query_time.clone()), Duration::from_millis(1));
        let compact_every = duration("compact_every", compact_every, COMPACT_EVERY_MIN);
        let listen = listen.unwrap_or_else(|| LISTEN.to_owned());
        let address = listen.parse().map_err(|_| format!("listen: {listen:?} is no address such as {LISTEN}"));
        let resources = Resources {
            memory_bytes_max: options.memory_bytes_max.or(file.memory_bytes_max).unwrap_or(MEMORY_BYTES_MAX),
            spill_bytes_max: options.spill_bytes_max.or(file.spill_bytes_max).unwrap_or(SPILL_BYTES_MAX),
        };
        let sql = settings(cli, &file, &store, query_time, &mut mistakes);
        match address {
            Ok(listen) if mistakes.is_empty() => Ok(Self { store, resources, sql, listen, token, compact_every }),
            address => {
                mistakes.extend(address.err());
                Err(mistakes.join("\n"))
            }
        }
    }

    /// As TOML, secrets hidden.
    pub fn print(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "store = {:?}", without_password(&self.store));
        let _ = writeln!(text, "memory_bytes_max = {}", self.resources.memory_bytes_max);
        let _ = writeln!(text, "spill_bytes_max = {}", self.resources.spill_bytes_max);
        let _ = writeln!(text, "query_time = \"{}\"", humantime::format_duration(self.sql.time));
        let _ = writeln!(text, "sql_memory_bytes_max = {}", self.sql.memory_bytes_max);
        let _ = writeln!(text, "sql_workers_max = {}", self.sql.workers_max);
        let _ = writeln!(text, "sql_queue_max = {}", self.sql.queue_max);
        let _ = writeln!(text, "listen = \"{}\"", self.listen);
        if self.token.is_some() {
            let _ = writeln!(text, "token = \"(hidden)\"");
        }
        if let Some(every) = self.compact_every {
            let _ = writeln!(text, "compact_every = \"{}\"", humantime::format_duration(every));
        }
        text
    }
}

/// How statements are worked on.
fn settings(cli: &Cli, file: &File, store: &str, time: Option<Duration>, mistakes: &mut Vec<String>) -> Settings {
    let (workers, queue) = match &cli.command {
        Some(Command::Serve { sql_workers_max, sql_queue_max, .. }) => (*sql_workers_max, *sql_queue_max),
        _ => (None, None),
    };
    let defaults = Settings::new(store);
    let made = Settings {
        workers_max: workers.or(file.sql_workers_max).unwrap_or(defaults.workers_max),
        queue_max: queue.or(file.sql_queue_max).unwrap_or(defaults.queue_max),
        memory_bytes_max: cli
            .options
            .sql_memory_bytes_max
            .or(file.sql_memory_bytes_max)
            .unwrap_or(defaults.memory_bytes_max),
        spill_bytes_max: cli.options.spill_bytes_max.or(file.spill_bytes_max).unwrap_or(defaults.spill_bytes_max),
        time: time.unwrap_or(defaults.time),
        ..defaults
    };
    if !(1..=SQL_WORKERS_LARGEST).contains(&made.workers_max) {
        mistakes.push(format!("sql_workers_max: {} is not from 1 to {SQL_WORKERS_LARGEST}", made.workers_max));
    }
    if made.queue_max > SQL_QUEUE_LARGEST {
        mistakes.push(format!("sql_queue_max: {} is more than {SQL_QUEUE_LARGEST}", made.queue_max));
    }
    if made.memory_bytes_max < SQL_MEMORY_BYTES_MIN {
        let given = made.memory_bytes_max;
        mistakes.push(format!("sql_memory_bytes_max: {given} is less than {SQL_MEMORY_BYTES_MIN}"));
    }
    made
}

fn read(options: &Options, mistakes: &mut Vec<String>) -> File {
    let Some(path) = &options.config else { return File::default() };
    let parsed = match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    parsed.unwrap_or_else(|error| {
        mistakes.push(format!("config: {}: {}", path.display(), error.trim()));
        File::default()
    })
}

fn without_password(store: &str) -> String {
    let Ok(mut url) = url::Url::parse(store) else { return store.to_owned() };
    if url.password().is_some() {
        let _ = url.set_password(Some("(hidden)"));
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Result<Config, String> {
        Config::new(&Cli::try_parse_from([&["warehouse"], arguments].concat()).unwrap())
    }

    #[test]
    fn all_mistakes_come_at_once() {
        let mistakes =
            config(&["--query-time", "soon", "serve", "--listen", "here", "--sql-workers-max", "0"]).unwrap_err();
        let starts: Vec<_> = mistakes.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(starts, ["store", "query_time", "sql_workers_max", "listen"], "{mistakes}");
    }

    #[test]
    fn flags_win_over_the_file_and_secrets_stay_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warehouse.toml");
        std::fs::write(&path, "store = \"file:///a\"\ntoken = \"secret\"\nquery_time = \"5s\"\n").unwrap();
        let path = path.to_str().unwrap();
        let made = config(&["--config", path, "--query-time", "7s", "serve"]).unwrap();
        assert_eq!((made.store.as_str(), made.sql.time), ("file:///a", Duration::from_secs(7)));
        let printed = made.print();
        assert!(printed.contains("(hidden)") && !printed.contains("secret"), "{printed}");
        std::fs::write(path, "stor = \"file:///a\"\n").unwrap();
        assert!(config(&["--config", path, "verify"]).unwrap_err().contains("stor"));
    }
}
