//! One run: fresh parts, our processes, all batches through them, compaction, and the books.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

use super::books;
use super::limits;
use super::parts::Parts;
use super::processes::{start_collector, start_stream_jobs, wait_landed};
use super::usage::{Used, cpu_of, peak_mib};
use super::warehouse;
use crate::load::{self, Encoding, Pace, Site, Tally, Target};
use crate::post::events_bar;
use crate::traffic::Batch;

const WRITE_KEY: &str = "bench-write-key";
/// The stream job's count of what is landed.
const LANDED: &str = "stream_jobs_events_total";
/// The records are kept in memory between reading and producing.
const SAMPLE_BYTES_MAX: usize = 1024 * 1024 * 1024;
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// Where the programs lie, and how to post.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub parts: PathBuf,
    pub bin: PathBuf,
    /// Folder of `warehouse`; without it the run ends when everything is landed.
    pub warehouse_bin: Option<PathBuf>,
    pub connections: usize,
    pub encoding: Encoding,
    /// The first batches warm the broker's compiler up and are not measured; they stand in the tables all the same.
    pub warm_up_batches: usize,
}

/// Everything that one run measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Run {
    pub processes: Vec<Used>,
    pub limits: Vec<Used>,
    /// Seconds from the first post to the last answer, and to the last landed event.
    pub posted_s: f64,
    pub landed_s: f64,
    /// `None` when the run ended with landing.
    pub compacted_s: Option<f64>,
    pub answer_median_ms: f32,
    pub answer_p99_ms: f32,
    pub retries: u64,
    pub records: u64,
    /// Bytes of all events, warm-up included: bodies, Kafka's log, landing's data files, curated tables (0 without compaction).
    pub bytes: Vec<(&'static str, u64)>,
}

/// `batches` hold plain JSON; what is posted is encoded as `setting` says.
pub(super) async fn run(setting: &Setting, batches: &[Batch], folder: &Path) -> Result<Run> {
    let events: u64 = batches.iter().map(|batch| u64::from(batch.events)).sum();
    let (warm_up, measured) = batches.split_at(setting.warm_up_batches);
    let measured_events: u64 = measured.iter().map(|batch| u64::from(batch.events)).sum();
    let parts_folder = folder.join("parts");
    let lake = parts_folder.join("s3/data/telemetry/lake");
    let parts = Parts::start(&setting.parts, &parts_folder)?;
    let site = Site { site_id: "shop".into(), write_key: WRITE_KEY.into() };
    let (collector, url) = start_collector(&setting.bin, &parts, folder, &[site]).await?;
    let target = Target::new(&url, WRITE_KEY, setting.encoding)?;
    let stream = start_stream_jobs(&setting.bin, &parts, folder).await?;
    let landing = |events| events_bar(events, "landing");

    if !warm_up.is_empty() {
        post(&target, setting, warm_up, "warming up").await?;
        wait_landed(&stream, LANDED, events - measured_events, &landing(events)).await?;
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
    wait_landed(&stream, LANDED, events, &landing(events)).await?;
    let landed_s = began.elapsed().as_secs_f64();
    let mut processes = Vec::new();
    for ((name, pid), before) in meters.into_iter().zip(before) {
        processes.push(Used { name, cpu: cpu_of(pid)? - before?, peak_mib: peak_mib(pid), events: measured_events });
    }
    stream.stop()?;
    collector.stop()?;

    books::check_links(&lake, events)?;
    let mut compacted_s = None;
    if let Some(bin) = &setting.warehouse_bin {
        let compacting = Instant::now();
        let compaction = warehouse::compact(bin, &parts)?;
        compacted_s = Some(compacting.elapsed().as_secs_f64());
        processes.insert(3, Used { events, ..compaction });
        warehouse::check(bin, &parts, events)?;
    }
    let (limits, records) = measure_limits(&parts, batches, events).await?;
    Ok(Run {
        processes,
        limits,
        posted_s,
        landed_s,
        compacted_s,
        answer_median_ms: tally.quantile_ms(0.5),
        answer_p99_ms: tally.quantile_ms(0.99),
        retries: tally.no_answer
            + tally.by_status.iter().filter(|(status, _)| **status != 200).map(|(_, count)| count).sum::<u64>(),
        records,
        bytes: vec![
            ("JSON bodies", batches.iter().map(|batch| batch.body.len() as u64).sum()),
            ("Kafka log", books::kafka_bytes(&parts_folder)?),
            ("landing", books::parquet_bytes(&lake.join("landing/data"))?),
            ("curated", books::parquet_bytes(&lake.join("warehouse"))?),
        ],
    })
}

async fn post(target: &Target, setting: &Setting, batches: &[Batch], what: &'static str) -> Result<Tally> {
    let events: u64 = batches.iter().map(|batch| u64::from(batch.events)).sum();
    let progress = events_bar(events, what);
    let bodies = batches
        .iter()
        .map(|batch| setting.encoding.encode(batch.clone()).expect("compressing into memory does not fail"));
    let tally = load::post_all(target, setting.connections, Pace::Fast, bodies, &progress).await?;
    progress.finish_and_clear();
    ensure!(tally.accepted == events && !tally.refused(), "the collector did not take all {events} events:\n{tally}");
    Ok(tally)
}

/// The limits, and how many records the topic has.
async fn measure_limits(parts: &Parts, batches: &[Batch], events: u64) -> Result<(Vec<Used>, u64)> {
    let spinner = ProgressBar::new_spinner().with_message("measuring the limits");
    spinner.enable_steady_tick(POLL_INTERVAL);
    let bootstrap = &parts.at.kafka_bootstrap;
    let records = tokio::task::block_in_place(|| limits::read(bootstrap, schemas::topics::EVENTS, SAMPLE_BYTES_MAX))?;
    let read_events = (events as f64 * records.part()) as u64;
    limits::create_topic(bootstrap, &records).await?;
    let broker = parts.pid("kafka")?;
    let broker_before = cpu_of(broker)?;
    let producing = tokio::task::block_in_place(|| limits::produce(bootstrap, &records, &limits::PRODUCER_OPTIONS))?;
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
