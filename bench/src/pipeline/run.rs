//! One run: fresh parts, our processes, all batches through them, compaction, and the books.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

use super::limits;
use super::parts::Parts;
use super::ports::free_port;
use super::server::Server;
use super::usage::{CpuSeconds, cpu_of, cpu_of_ended_children, peak_mib};
use crate::load::{self, Encoding, Pace, Tally, Target};
use crate::post::events_bar;
use crate::traffic::Batch;

const WRITE_KEY: &str = "bench-write-key";
const PARTITIONS: i32 = 4;
/// Without a newly landed event for this long something is stuck.
const LANDING_SILENCE_MAX: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// What the collector sets its producer to (`collector/src/producer.rs`); the plain producer gets the same.
const PRODUCER_OPTIONS: [(&str, &str); 5] = [
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("compression.codec", "zstd"),
    ("linger.ms", "20"),
    ("partitioner", "murmur2_random"),
];

/// Where the programs lie, and how to post.
#[derive(Clone, Debug)]
pub struct Setting {
    pub parts: PathBuf,
    pub bin: PathBuf,
    pub warehouse_bin: PathBuf,
    pub connections: usize,
    pub encoding: Encoding,
    /// The first batches warm the broker's compiler up and are not measured; they stand in the tables all the same.
    pub warm_up_batches: usize,
}

/// What one process used in the measured part.
#[derive(Clone, Debug, Serialize)]
pub struct Used {
    pub name: &'static str,
    pub cpu: CpuSeconds,
    pub peak_mib: Option<f64>,
    /// Events that the CPU time was spent on.
    pub events: u64,
}

/// Everything that one run measured.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    pub processes: Vec<Used>,
    pub limits: Vec<Used>,
    /// Seconds from the first post to the last answer, and to the last landed event.
    pub posted_s: f64,
    pub landed_s: f64,
    pub compacted_s: f64,
    pub answer_median_ms: f32,
    pub answer_p99_ms: f32,
    pub retries: u64,
    pub records: u64,
    /// Bytes of all events, warm-up included: bodies, Kafka's log, landing's data files, curated tables.
    pub bytes: [(&'static str, u64); 4],
}

/// `batches` hold plain JSON; what is posted is encoded as `setting` says.
pub async fn run(setting: &Setting, batches: &[Batch], folder: &Path) -> Result<Run> {
    let events: u64 = batches.iter().map(|batch| u64::from(batch.events)).sum();
    let (warm_up, measured) = batches.split_at(setting.warm_up_batches);
    let measured_events: u64 = measured.iter().map(|batch| u64::from(batch.events)).sum();
    let parts_folder = folder.join("parts");
    let parts = Parts::start(&setting.parts, &parts_folder)?;
    let (collector, target) = start_collector(setting, &parts, folder).await?;
    let stream = start_stream_jobs(setting, &parts, folder).await?;

    if !warm_up.is_empty() {
        post(&target, setting, warm_up, "warming up").await?;
        wait_landed(&stream, events - measured_events).await?;
    }
    let meters = [
        ("collector", collector.pid()),
        ("kafka", parts.pid("kafka")?),
        ("stream-jobs", stream.pid()),
        ("s3 server", parts.pid("s3")?),
        ("load generator", std::process::id()),
    ];
    let before = meters.map(|(_, pid)| cpu_of(pid));
    let began = Instant::now();
    let tally = post(&target, setting, measured, "posting").await?;
    let posted_s = began.elapsed().as_secs_f64();
    wait_landed(&stream, events).await?;
    let landed_s = began.elapsed().as_secs_f64();
    let mut processes = Vec::new();
    for ((name, pid), before) in meters.into_iter().zip(before) {
        processes.push(Used { name, cpu: cpu_of(pid)? - before?, peak_mib: peak_mib(pid), events: measured_events });
    }
    stream.stop()?;
    collector.stop()?;

    let compacting = Instant::now();
    let compaction = compact(setting, &parts)?;
    let compacted_s = compacting.elapsed().as_secs_f64();
    processes.insert(3, Used { events, ..compaction });
    check_books(setting, &parts, events)?;
    let (limits, records) = measure_limits(&parts, batches, events).await?;
    Ok(Run {
        processes,
        limits,
        posted_s,
        landed_s,
        compacted_s,
        answer_median_ms: tally.quantile_ms(0.5),
        answer_p99_ms: tally.quantile_ms(0.99),
        retries: tally.no_answer + tally.by_status.iter().filter(|(status, _)| **status != 200).map(|(_, count)| count).sum::<u64>(),
        records,
        bytes: [
            ("JSON bodies", batches.iter().map(|batch| batch.body.len() as u64).sum()),
            ("Kafka log", kafka_bytes(&parts_folder)?),
            ("landing", folder_bytes(&parts_folder.join("s3/data/telemetry/lake/landing/data"))?),
            ("curated", folder_bytes(&parts_folder.join("s3/data/telemetry/lake/warehouse"))?),
        ],
    })
}

async fn start_collector(setting: &Setting, parts: &Parts, folder: &Path) -> Result<(Server, Target)> {
    let (public, internal) = (free_port()?, free_port()?);
    // Rates off: all of this traffic comes from one address with one key.
    let config = format!(
        "listen = \"127.0.0.1:{public}\"\ninternal_listen = \"127.0.0.1:{internal}\"\n\n[[sites]]\nsite_id = \"shop\"\nwrite_key = \"{WRITE_KEY}\"\n\n\
         [rates]\nkey_requests_per_s = 0\naddress_requests_per_s = 0\n\n[kafka]\nbootstrap = \"{}\"\ncreate_topics_partitions = {PARTITIONS}\n\n\
         [registry]\nurl = \"{}\"\n",
        parts.at.kafka_bootstrap, parts.at.registry_url
    );
    let file = folder.join("collector.toml");
    fs::write(&file, config).with_context(|| format!("{} cannot be written", file.display()))?;
    let mut command = Command::new(setting.bin.join("collector"));
    command.arg("--config").arg(&file);
    let server = Server::start("collector", command, format!("127.0.0.1:{internal}"), folder).await?;
    Ok((server, Target::new(&format!("http://127.0.0.1:{public}"), WRITE_KEY, setting.encoding)?))
}

async fn start_stream_jobs(setting: &Setting, parts: &Parts, folder: &Path) -> Result<Server> {
    let internal = format!("127.0.0.1:{}", free_port()?);
    let mut command = Command::new(setting.bin.join("stream-jobs"));
    command
        .args(["run", "--brokers", &parts.at.kafka_bootstrap, "--registry", &parts.at.registry_url])
        .args(["--store", &parts.store_url(), "--internal-address", &internal])
        .envs(parts.store_environment());
    Server::start("stream-jobs", command, internal, folder).await
}

async fn post(target: &Target, setting: &Setting, batches: &[Batch], what: &'static str) -> Result<Tally> {
    let events: u64 = batches.iter().map(|batch| u64::from(batch.events)).sum();
    let progress = events_bar(events, what);
    let bodies = batches.iter().map(|batch| setting.encoding.encode(batch.clone()).expect("compressing into memory does not fail"));
    let tally = load::post_all(target, setting.connections, Pace::Fast, bodies, &progress).await?;
    progress.finish_and_clear();
    ensure!(tally.accepted == events && !tally.refused(), "the collector did not take all {events} events:\n{tally}");
    Ok(tally)
}

/// Until every event stands in a link of the landing zone, by the stream job's own count (`verify` checks it later).
async fn wait_landed(stream: &Server, events: u64) -> Result<()> {
    let progress = events_bar(events, "landing");
    let (mut landed, mut moved) = (0, Instant::now());
    while landed < events {
        tokio::time::sleep(POLL_INTERVAL).await;
        let now = stream.metric("stream_jobs_events_total").await? as u64;
        if now > landed {
            (landed, moved) = (now, Instant::now());
            progress.set_position(landed);
        } else if moved.elapsed() > LANDING_SILENCE_MAX {
            bail!("{landed} of {events} events are landed, and none more since {LANDING_SILENCE_MAX:?}");
        }
    }
    progress.finish_and_clear();
    Ok(())
}

fn warehouse(setting: &Setting, parts: &Parts, arguments: &[&str]) -> Command {
    let mut command = Command::new(setting.warehouse_bin.join("warehouse"));
    command.args(["--store", &parts.store_url()]).args(arguments).envs(parts.store_environment());
    command
}

/// Runs one compaction to its end; its CPU time is read when it has been waited for, its memory while it runs.
fn compact(setting: &Setting, parts: &Parts) -> Result<Used> {
    let spinner = ProgressBar::new_spinner().with_message("compacting");
    spinner.enable_steady_tick(POLL_INTERVAL);
    let before = cpu_of_ended_children()?;
    let mut child = warehouse(setting, parts, &["compact"]).stdin(Stdio::null()).spawn().context("warehouse cannot be started; name its folder with --warehouse-bin")?;
    let mut peak = None;
    let status = loop {
        peak = peak_mib(child.id()).or(peak);
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    spinner.finish_and_clear();
    ensure!(status.success(), "warehouse compact ended with {status}; its reason stands above");
    Ok(Used { name: "compaction", cpu: cpu_of_ended_children()? - before, peak_mib: peak, events: 0 })
}

/// Exactly once, by two independent ways: `verify`, and the number of rows.
fn check_books(setting: &Setting, parts: &Parts, events: u64) -> Result<()> {
    let verified = output(warehouse(setting, parts, &["verify"]))?;
    ensure!(verified.status.success(), "warehouse verify found something wrong:\n{}{}", text(&verified.stdout), text(&verified.stderr));
    let counted = output(warehouse(setting, parts, &["--query-time", "5m", "sql", "--format", "csv", "select count(*) as n from events"]))?;
    let rows = text(&counted.stdout).lines().last().and_then(|line| line.trim().parse::<u64>().ok());
    ensure!(rows == Some(events), "{events} events were answered 200, and `events` has {rows:?}:\n{}{}", text(&counted.stdout), text(&counted.stderr));
    Ok(())
}

fn output(mut command: Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| format!("{command:?} cannot be started"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The limits, and how many records the topic has.
async fn measure_limits(parts: &Parts, batches: &[Batch], events: u64) -> Result<(Vec<Used>, u64)> {
    let spinner = ProgressBar::new_spinner().with_message("measuring the limits");
    spinner.enable_steady_tick(POLL_INTERVAL);
    let bootstrap = &parts.at.kafka_bootstrap;
    let records = tokio::task::block_in_place(|| limits::read(bootstrap, schemas::topics::EVENTS))?;
    let read_events = (events as f64 * records.part()) as u64;
    let broker = parts.pid("kafka")?;
    let broker_before = cpu_of(broker)?;
    let producing = limits::produce(bootstrap, &records, &PRODUCER_OPTIONS).await?;
    let broker_cpu = cpu_of(broker)? - broker_before;
    let (syntax, contract) = tokio::task::block_in_place(|| limits::parse(batches))?;
    spinner.finish_and_clear();
    let used = |name, cpu, events| Used { name, cpu, peak_mib: None, events };
    let limits = vec![
        used("rdkafka produce alone", producing, read_events),
        used("kafka, under that", broker_cpu, read_events),
        used("rdkafka consume alone", records.reading, read_events),
        used("serde_json, syntax alone", syntax, events),
        used("schemas::ingest::parse alone", contract, events),
    ];
    Ok((limits, records.count_in_topic))
}

fn kafka_bytes(parts_folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(parts_folder.join("kafka/data"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(schemas::topics::EVENTS) {
            bytes += folder_bytes_where(&entry.path(), |name| name.ends_with(".log"))?;
        }
    }
    Ok(bytes)
}

fn folder_bytes(folder: &Path) -> Result<u64> {
    folder_bytes_where(folder, |name| name.ends_with(".parquet"))
}

fn folder_bytes_where(folder: &Path, wanted: fn(&str) -> bool) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            bytes += folder_bytes_where(&entry.path(), wanted)?;
        } else if wanted(&entry.file_name().to_string_lossy()) {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}
