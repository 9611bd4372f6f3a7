//! What may be typed: the commands with their flags, and what `--help` teaches of them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use settings::Logs;

use crate::access::command::TokenCommand;
use crate::providers::Provider;
use crate::sql::Form;
use crate::views::By;

const IMPORT_HELP: &str = "\
Examples:
  warehouse --store file:///srv/telemetry import ga4 --site shop events_20261120-*.json.gz
  warehouse --store file:///srv/telemetry import adobe --site shop feed/hit_data.tsv

All files of one import are one commit. It replaces the days that they hold, of this site: give all files of a day together. The
same import twice gives the same table, and one that ends early changes nothing. A row that cannot be read is rejected: named by
file and line, counted, and kept below warehouse/_rejected/ of the store. Hits that Adobe excludes from its reports are left out.";

/// Takes landed events into curated Delta tables, and answers SQL over both.
#[derive(Debug, Parser)]
#[command(
    name = "warehouse",
    version,
    after_help = "Examples:\n  warehouse --store file:///srv/telemetry sql \"select type, count(*) as n from events group by 1\"\n  \
                  warehouse --store s3://bucket/prefix compact --every 5m\n  WAREHOUSE_STORE=file:///srv/telemetry warehouse serve\n\n\
                  Tables: events, pointer, sessions, page_views, clicks, hovers, fields, requests, effects, ledger; ga4_events and adobe_hits, if they were imported; and the views friction, channels, campaigns, telemetry_with_ga4 and telemetry_with_adobe. Each shows what was compacted and what has just landed.\n\
                  Any number of these commands may run beside each other, and beside `standalone`, on one store."
)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(flatten)]
    pub logs: Logs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Options {
    /// Where landing/ and warehouse/ lie: file:///folder or s3://bucket/prefix (S3 is configured by AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL, AWS_ALLOW_HTTP)
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,
    /// TOML file; its keys are these flags with underscores: store, engine, shard, memory_bytes_max, spill_bytes_max, query_time,
    /// sql_memory_bytes_max, sql_workers_max, sql_queue_max, listen, token, access, postgres_listen, postgres_certificate,
    /// postgres_key, flight_listen, flight_certificate, flight_key, reports, compact_every, site, retention, landing_kept, removed_kept, readers_wait. Each can be set by the
    /// environment too (WAREHOUSE_QUERY_TIME for query_time); flags win over it, and it wins over the file
    #[arg(long, env = "WAREHOUSE_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Memory of compaction, maintenance, erasure and verification, beyond which they use disk; the files in work come on top
    /// [default: 1 GiB, of verify 128 MiB]
    #[arg(long, global = true, value_name = "BYTES")]
    pub memory_bytes_max: Option<String>,
    /// Disk for what does not fit, for compaction and for each statement [default: 16 GiB]
    #[arg(long, global = true, value_name = "BYTES")]
    pub spill_bytes_max: Option<String>,
    /// A statement that takes longer is ended [default: 30s]
    #[arg(long, global = true, value_name = "DURATION")]
    pub query_time: Option<String>,
    /// Memory of one statement, which runs in a process of its own; one that needs more is ended [default: 1 GiB]
    #[arg(long, global = true, value_name = "BYTES")]
    pub sql_memory_bytes_max: Option<String>,
    /// Where compact, sql, report, friction and coverage are computed: ballista://HOST:PORT, the scheduler of a cluster, which takes
    /// the program warehouse-cluster (docs/cluster.md) [default: here]
    #[arg(long, global = true, value_name = "URL")]
    pub engine: Option<String>,
    /// Print the configuration and end; secrets are hidden
    #[arg(long, global = true)]
    pub print_config: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Take what has landed into the tables: once, or again and again
    #[command(after_help = COMPACT_HELP)]
    Compact {
        /// Time between two compactions, such as 5m; without it, compact once
        #[arg(long, value_name = "DURATION")]
        every: Option<String>,
        /// Take one part of Kafka's partitions only, such as 1/2, while another process takes 2/2; without it, take all
        #[arg(long, value_name = "NUMBER/PARTS")]
        shard: Option<String>,
    },
    /// Answer one read-only statement; without one, statement after statement from a prompt, or from a pipe
    #[command(after_help = SQL_HELP)]
    Sql {
        /// The statement; - reads it from standard input
        #[arg(allow_hyphen_values = true)]
        sql: Option<String>,
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Answer a named report: a question that somebody asks again and again, with values of one's own. Without a name, list them all
    #[command(after_help = REPORT_HELP)]
    Report {
        /// Which one
        name: Option<String>,
        /// Value of one of its parameters
        #[arg(long, value_name = "NAME=VALUE")]
        param: Vec<String>,
        /// Folder of reports of your own, beside the built-in ones
        #[arg(long, value_name = "FOLDER")]
        reports: Option<String>,
        /// Tell what it says, and its parameters
        #[arg(long)]
        explain: bool,
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Count where customers give up: rage, dead, slow and error clicks, a shaken pointer, scrolling up and down, quick back, trouble
    /// with fields. The findings themselves are the view `friction`
    Friction {
        /// Judge by another threshold as well, and show both side by side, such as rage_click.gap_ms=700
        #[arg(long, value_name = "SIGNAL.THRESHOLD=NUMBER")]
        set: Vec<String>,
        /// Count bots as well
        #[arg(long)]
        bots: bool,
        /// Tell what each signal means, and its thresholds
        #[arg(long)]
        explain: bool,
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Take another provider's export into a table beside ours, so that both can be asked together (views telemetry_with_ga4 and
    /// telemetry_with_adobe)
    #[command(after_long_help = IMPORT_HELP)]
    Import {
        #[arg(value_enum)]
        provider: Provider,
        /// GA4: BigQuery's export as lines of JSON, CSV or Parquet. Adobe: hit_data.tsv, with column_headers.tsv and the look-ups
        /// beside it or given as well. Each may be compressed with gzip
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Site of ours that the export is about [default: the setting `site`]
        #[arg(long, value_name = "SITE")]
        site: Option<String>,
        /// GA4: the files are intraday exports, which the daily ones replace; files named events_intraday_… are anyway
        #[arg(long)]
        intraday: bool,
    },
    /// Tell how many sessions we and another provider saw both, and how many only one of us
    Coverage {
        #[arg(value_enum)]
        provider: Provider,
        #[arg(long, value_enum, default_value = "all")]
        by: By,
        /// Count bots as well
        #[arg(long)]
        bots: bool,
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Write a session's replay into a folder that a browser opens without a server, for a ticket: the page as it was recorded, the
    /// pointer, what happened, and what is missing. Nothing in it runs, and nothing is loaded from elsewhere
    #[command(
        after_help = "Examples:\n  warehouse --store URL replay 7f1c5a3e-0b51-5c1e-9d0a-2f6d3f1f8a11 --out ticket-4711\n  \
                      xdg-open ticket-4711/index.html\n  zip -r ticket-4711.zip ticket-4711\n\n\
                      The id stands in the column session_id of every table:\n  \
                      warehouse --store URL sql \"select session_id, page_url, chunks from replay_page_views where chunks > 0 order by first_at desc limit 5\"\n\n\
                      The folder holds what the visitor saw, masked as it was recorded: keep it as long as the ticket. `warehouse erase`\n\
                      does not reach it. More in docs/replay.md."
    )]
    Replay {
        /// The session's id
        session_id: String,
        /// Folder to write; it must not be there yet
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Serve SQL, reports, recordings and the studio's page over HTTP
    Serve {
        /// Address to listen on; any but loopback needs a token [default: 127.0.0.1:8090]
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
        /// Secret that callers send as Authorization: Bearer
        #[arg(long, value_name = "SECRET")]
        token: Option<String>,
        /// File of further tokens, each with its sites and role, made by `warehouse token new`; read again when it changes
        #[arg(long, value_name = "FILE")]
        access: Option<String>,
        /// Speak PostgreSQL's protocol too, for psql, Grafana, Metabase, DBeaver and drivers, at this address, such as
        /// 127.0.0.1:5433. The password is a token, the user and the database any names
        #[arg(long, value_name = "ADDRESS")]
        postgres_listen: Option<String>,
        /// Certificate for it, in PEM; any address but loopback needs one
        #[arg(long, value_name = "FILE")]
        postgres_certificate: Option<String>,
        /// Key of the certificate, in PEM
        #[arg(long, value_name = "FILE")]
        postgres_key: Option<String>,
        /// Speak Flight SQL too, for ADBC, JDBC and whatever works on columns, at this address, such as 127.0.0.1:32010. The token is
        /// sent as Authorization: Bearer, or as the password of any user
        #[arg(long, value_name = "ADDRESS")]
        flight_listen: Option<String>,
        /// Certificate for it, in PEM; any address but loopback needs one
        #[arg(long, value_name = "FILE")]
        flight_certificate: Option<String>,
        /// Key of the certificate, in PEM
        #[arg(long, value_name = "FILE")]
        flight_key: Option<String>,
        /// Folder of reports of your own, beside the built-in ones; read once, when it starts
        #[arg(long, value_name = "FOLDER")]
        reports: Option<String>,
        /// Compact as well, this often
        #[arg(long, value_name = "DURATION")]
        compact_every: Option<String>,
        /// Statements that run at the same time, each with its own memory; half of them long ones [default: 6]
        #[arg(long, value_name = "NUMBER")]
        sql_workers_max: Option<String>,
        /// Statements that wait for one of these to end; one more is answered 429 [default: 32]
        #[arg(long, value_name = "NUMBER")]
        sql_queue_max: Option<String>,
    },
    /// Tell what of the store is not needed, and remove it with --apply: landing files that every table has taken in, rows that
    /// have expired, files of older versions, files that nothing names; files of days that are over are written again in order.
    /// Afterwards `verify` proves as much as before
    #[command(after_help = "Examples:\n  warehouse --store URL maintain                     what it would do\n  \
                            warehouse --store URL maintain --apply --retention '*/*=400d' --retention '*/pointer=30d'\n  \
                            warehouse --store URL maintain --apply --every 6h\n\nMore in docs/keeping.md.")]
    Maintain {
        /// Do it
        #[arg(long)]
        apply: bool,
        /// Time between two runs, such as 6h; without it, run once
        #[arg(long, value_name = "DURATION", requires = "apply")]
        every: Option<String>,
        /// Remove sessions of a site from a table when they began longer ago, such as shop/pointer=30d, */*=400d or
        /// shop/sessions=forever; the last rule that fits counts, at least 10d. Recordings and imported days go by their own
        /// day, at least 1d; only a rule that names replay_chunks is about recordings, and their assets stay a week longer
        /// [default: */replay_chunks=30d]
        #[arg(long, value_name = "SITE/TABLE=DURATION")]
        retention: Vec<String>,
        /// Landing files stay so long after they were written, compacted or not [default: 7d]
        #[arg(long, value_name = "DURATION")]
        landing_kept: Option<String>,
        /// Files of older versions of a table stay so long [default: 7d]
        #[arg(long, value_name = "DURATION")]
        removed_kept: Option<String>,
        /// Statements that are running get so long to end before files are removed [default: 1m]
        #[arg(long, value_name = "DURATION")]
        readers_wait: Option<String>,
    },
    /// Erase a visitor from all tables, recordings and imported exports included, from their older versions, their logs and the
    /// landing zone, and report what a search finds afterwards, which inflates recordings; exit code 1 when something is
    /// left. What is killed is finished by running it again
    #[command(
        after_help = "Kafka is not reached: what it holds of the visitor goes by its retention, and comes back into the tables if \
                            it has not landed yet. First stop the visitor's tabs (the SDK's forget()), and run it again when Kafka's \
                            retention is over. More in docs/keeping.md."
    )]
    Erase {
        /// The site's id
        #[arg(long, value_name = "ID")]
        site: String,
        /// The visitor's id, as in visitor_id
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        visitor: String,
        /// Statements that are running get so long to end before files are removed [default: 1m]
        #[arg(long, value_name = "DURATION")]
        readers_wait: Option<String>,
    },
    /// Make, list and take out the tokens that `serve` lets in, each with the sites that it may see
    #[command(after_help = TOKEN_HELP)]
    Token {
        /// File that keeps their hashes
        #[arg(long, global = true, value_name = "FILE")]
        access: Option<String>,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Check that every offset landed once, was compacted once, and that all tables agree; exit code 1 if not, or if the
    /// store holds nothing to check
    Verify,
}

impl Command {
    /// Whether Ctrl-C is for what it does at the moment, and not for itself.
    pub fn takes_interrupts(&self) -> bool {
        matches!(self, Self::Sql { sql: None, .. })
    }

    /// Whether a cluster can do it: one statement, or one compaction of everything. Friction is a union of signals, which none takes.
    pub fn is_for_a_cluster(&self) -> bool {
        match self {
            Self::Compact { every, shard } => every.is_none() && shard.is_none(),
            Self::Sql { sql, .. } => sql.is_some(),
            Self::Coverage { .. } => true,
            Self::Report { explain, .. } => !explain && self.needs_store(),
            _ => false,
        }
    }

    pub(super) fn needs_store(&self) -> bool {
        !matches!(self, Self::Token { .. } | Self::Report { name: None, .. } | Self::Report { explain: true, .. })
    }
}

const COMPACT_HELP: &str = "\
Examples:
  warehouse --store s3://bucket/prefix compact --every 1m
  warehouse --store s3://bucket/prefix compact --every 1m --shard 1/2      on one machine
  warehouse --store s3://bucket/prefix compact --every 1m --shard 2/2      on another

Part N of M takes the partitions whose number leaves N-1 when divided by M; M should not be more than there are partitions. The processes
do not know of each other: each commits only what is right beside what the others have committed. Whoever starts too many, two with
the same part, or parts of different numbers (while 2 become 3) loses time and never a row: rounds are made void by others and read
again. What is in a part that nobody takes waits in the landing zone, where queries see it, more slowly. `maintain`, `erase`, `serve
--compact-every` and `standalone` take all partitions, and may run beside. More in docs/scale.md.";
const SQL_HELP: &str = r"Examples:
  warehouse --store file:///srv/telemetry sql 'select type, count(*) as n from events group by 1'
  warehouse --store file:///srv/telemetry sql                          a prompt: \? helps, \d lists tables and views
  warehouse --store file:///srv/telemetry sql --format csv < questions.sql

Statements of a prompt or a pipe end with ; and may have several lines. At a prompt Tab completes, Up goes back in what was typed before
(kept in $XDG_STATE_HOME/customer-telemetry/sql_history, or below ~/.local/state) and Ctrl-C stops a statement. A pipe ends at the first
statement that fails, with its line on standard error and exit code 1.";

const REPORT_HELP: &str = "\
Examples:
  warehouse --store file:///srv/telemetry report                                   every report, with its parameters
  warehouse --store file:///srv/telemetry report rage_clicks --param site=shop --param 'from=28 days ago'
  warehouse --store file:///srv/telemetry report session_in_order --param session=… --format csv

A report of your own is a file NAME.sql in a folder that --reports names. Its first lines say what it tells, then its parameters:
  -- How often which button was pressed.
  -- $site text = null: only this site
  -- $from date = 7 days ago: from this day on, in UTC
  -- $rows integer(1..1000) = 50: so many buttons
  select element_path, count(*) as times from clicks
  where ($site is null or site_id = $site) and event_date >= $from
  group by 1 order by 2 desc limit $rows
Types are text, text(a|b|c), integer, integer(1..9), number, boolean, date and time. A parameter without a default must be given, one
with null may be left out. Values are bound, and never part of the statement. `serve` answers the same at /api/v1/reports/NAME.";

const TOKEN_HELP: &str = "Examples:\n  warehouse token --access access.toml new grafana --site shop\n  warehouse token --access access.toml new ops --role admin\n  \
                          warehouse token --access access.toml remove grafana\n  warehouse --store s3://bucket/prefix serve --access access.toml --listen 0.0.0.0:8090\n\n\
                          A token of some sites finds no row of any other, whatever the statement says. Callers send it as\nAuthorization: Bearer TOKEN.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Csv,
    Json,
    /// An object for each row, on a line of its own
    Jsonl,
    /// An Arrow IPC stream
    Arrow,
    Parquet,
}

impl Format {
    /// In which form it is asked of a worker.
    pub(crate) fn form(self) -> Form {
        match self {
            Self::Csv => Form::Csv,
            Self::Json => Form::Json,
            Self::Jsonl => Form::JsonLines,
            Self::Parquet => Form::Parquet,
            Self::Table | Self::Arrow => Form::Arrow,
        }
    }
}
