//! The store, as the product makes it: posted to a collector, landed by a stream job, compacted after each day, put in order at
//! the end. What the collector spends on recordings is measured meanwhile, and what producing the same records alone costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use schemas::topics::REPLAY;
use url::Url;

use super::bodies::{of_events, of_frames};
use super::recordings::Recordings;
use super::visits::View;
use crate::load::{self, Encoding, Pace, Site, Target};
use crate::pipeline::limits;
use crate::pipeline::parts::Parts;
use crate::pipeline::processes::{PARTITIONS, start_collector, start_stream_jobs, wait_landed};
use crate::pipeline::server::Server;
use crate::pipeline::usage::{CpuSeconds, cpu_of};
use crate::post::bar;
use crate::traffic::Batch;

const EVENTS_LANDED: &str = "stream_jobs_events_total";
const FRAMES_LANDED: &str = "stream_jobs_replay_events_total";
/// Records of recordings that are produced again, alone: half a gigabyte stands for all.
const SAMPLE_BYTES_MAX: usize = 512 << 20;
const SPINNER_INTERVAL: Duration = Duration::from_millis(200);

/// Where things lie.
pub(super) struct Places<'a> {
    pub bin: &'a Path,
    pub parts: &'a Path,
    pub folder: &'a Path,
}

/// What was made, and what it took.
pub(super) struct Made {
    pub lake: PathBuf,
    pub events: u64,
    /// Chunks and assets.
    pub frames: u64,
    pub body_bytes: u64,
    /// Of the collector, on recordings alone.
    pub collector: CpuSeconds,
    /// Of a plain producer, and of the broker meanwhile, on `plain_frames` records of `plain_bytes`.
    pub plain: CpuSeconds,
    pub plain_frames: u64,
    pub plain_bytes: u64,
    pub answer_p99_ms: f32,
    pub took: Duration,
}

/// Posts, lands and compacts day after day.
pub(super) async fn make(
    places: &Places<'_>,
    sites: &[Site],
    days: &[Vec<View>],
    recordings: &Recordings,
) -> Result<Made> {
    let began = Instant::now();
    let parts_folder = places.folder.join("parts");
    let lake = parts_folder.join("s3/data/telemetry/lake");
    let parts = Parts::start(places.parts, &parts_folder)?;
    let (collector, url) = start_collector(places.bin, &parts, places.folder, sites).await?;
    let stream = start_stream_jobs(places.bin, &parts, places.folder).await?;
    let target = Target::new(&url, "", Encoding::Identity)?.of_sites(sites);
    let mut made = Made {
        lake: lake.clone(),
        events: 0,
        frames: 0,
        body_bytes: 0,
        collector: CpuSeconds::default(),
        plain: CpuSeconds::default(),
        plain_frames: 0,
        plain_bytes: 0,
        answer_p99_ms: 0.0,
        took: Duration::ZERO,
    };
    for (number, views) in days.iter().enumerate() {
        let day = format!("day {} of {}", number + 1, days.len());
        made.day(&day, (&target, &collector, &stream), (views, recordings)).await?;
        warehouse(places.bin, &lake, &["compact"], &format!("{day}: compacting"))?;
    }
    stream.stop()?;
    collector.stop()?;
    made.produce_alone(&parts).await?;
    drop(parts);
    // Nobody asks the broker again, and its log is as large as all recordings.
    let log = parts_folder.join("kafka/data");
    fs::remove_dir_all(&log).with_context(|| format!("{} cannot be removed", log.display()))?;
    warehouse(places.bin, &lake, &["maintain", "--apply"], "putting days that are over in order")?;
    warehouse(places.bin, &lake, &["verify"], "verifying")?;
    made.took = began.elapsed();
    Ok(made)
}

impl Made {
    async fn day(
        &mut self,
        day: &str,
        (target, collector, stream): (&Target, &Server, &Server),
        (views, recordings): (&[View], &Recordings),
    ) -> Result<()> {
        let events: u64 = of_events(views, recordings).map(|batch| u64::from(batch.events)).sum();
        let progress = bar(events, format!("{day}: events"), "events");
        post(target, of_events(views, recordings), events, &progress).await?;
        self.events += events;

        let frames = views.iter().map(|view| recordings.all[view.recording].chunks.len() as u64).sum::<u64>();
        let progress = bar(frames, format!("{day}: recordings"), "frames");
        let before = cpu_of(collector.pid())?;
        let frames_target = target.clone().of_frames();
        let sites = views.iter().map(|view| view.site).collect::<std::collections::HashSet<_>>().len() as u64;
        let tally = post(&frames_target, of_frames(views, recordings), frames + sites, &progress).await?;
        self.collector = self.collector + (cpu_of(collector.pid())? - before);
        self.frames += frames + sites;
        self.body_bytes += tally.body_bytes;
        self.answer_p99_ms = self.answer_p99_ms.max(tally.quantile_ms(0.99));

        let landing = |rows, of| bar(rows, format!("{day}: landing"), of);
        wait_landed(stream, EVENTS_LANDED, self.events, &landing(self.events, "events")).await?;
        wait_landed(stream, FRAMES_LANDED, self.frames, &landing(self.frames, "frames")).await
    }

    /// The very records that the collector made, to the same broker by a producer with the same settings.
    async fn produce_alone(&mut self, parts: &Parts) -> Result<()> {
        let spinner = spinner("producing the same records alone");
        let bootstrap = &parts.at.kafka_bootstrap;
        let records = tokio::task::block_in_place(|| limits::read(bootstrap, REPLAY, SAMPLE_BYTES_MAX))?;
        ensure!(records.partitions == PARTITIONS, "the topic {REPLAY} has {} partitions", records.partitions);
        limits::create_topic(bootstrap, &records).await?;
        self.plain = tokio::task::block_in_place(|| limits::produce(bootstrap, &records, &limits::PRODUCER_OPTIONS))?;
        (self.plain_frames, self.plain_bytes) = (records.count(), records.bytes());
        spinner.finish_and_clear();
        Ok(())
    }
}

/// Posts all of it, each taken once.
async fn post(
    target: &Target,
    batches: impl Iterator<Item = Batch>,
    count: u64,
    progress: &ProgressBar,
) -> Result<load::Tally> {
    const CONNECTIONS: usize = 64;
    let tally = load::post_all(target, CONNECTIONS, Pace::Fast, batches, progress).await?;
    progress.finish_and_clear();
    ensure!(tally.accepted == count && !tally.refused(), "the collector did not take all {count}:\n{tally}");
    Ok(tally)
}

/// Runs a command of `warehouse` on the store to its end.
pub(super) fn warehouse(bin: &Path, lake: &Path, arguments: &[&str], what: &str) -> Result<String> {
    let spinner = spinner(what);
    let store = Url::from_directory_path(lake).ok().context("the store has no address")?;
    let mut command = Command::new(bin.join("warehouse"));
    command.args(["--store", store.as_str()]).args(arguments).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    spinner.finish_and_clear();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(
        output.status.success(),
        "warehouse {} ended with {}:\n{}{}",
        arguments.join(" "),
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    Ok(text(&output.stdout))
}

fn spinner(what: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
    spinner.enable_steady_tick(SPINNER_INTERVAL);
    spinner
}
