//! The store, as the product makes it: posted to a collector, landed by a stream job, compacted after each day, put in order at
//! the end; the last of it is only landed. What the collector spends on recordings is measured meanwhile, and what producing the same records alone costs.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use schemas::topics::REPLAY;
use url::Url;

use super::bodies::{of_events, of_frames};
use super::life::landed;
use super::recordings::Recordings;
use super::visits::{View, batches, events};
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
const CONNECTIONS: usize = 64;
const SPINNER_INTERVAL: Duration = Duration::from_millis(200);

/// Where things lie.
pub(super) struct Places<'a> {
    pub bin: &'a Path,
    pub parts: &'a Path,
    pub folder: &'a Path,
}

/// What is in the store.
pub(super) struct Contents<'a> {
    pub sites: &'a [Site],
    pub days: &'a [Vec<View>],
    pub recordings: &'a Recordings,
    /// Part of the last day that is landed and not compacted.
    pub waiting: f64,
}

/// What was made, and what it took.
pub(super) struct Made {
    pub lake: PathBuf,
    pub events: u64,
    /// Chunks and assets.
    pub frames: u64,
    /// Of these, those that are landed and not compacted; and the bytes of the landing files of the others.
    pub waiting: u64,
    pub landed_bytes: u64,
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
pub(super) async fn make(places: &Places<'_>, contents: &Contents<'_>) -> Result<Made> {
    let Contents { sites, days, recordings, waiting } = *contents;
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
        waiting: 0,
        landed_bytes: 0,
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
        let is_last = number + 1 == days.len();
        let compacted = if is_last { 1.0 - waiting } else { 1.0 };
        made.post((&day, views, recordings), 0.0..compacted, (&target, &collector, &stream)).await?;
        warehouse(places.bin, &lake, &["compact"], &format!("{day}: compacting"))?;
        if is_last {
            made.landed_bytes = landed(&lake)?;
            let before = made.frames;
            made.post((&day, views, recordings), compacted..1.0, (&target, &collector, &stream)).await?;
            made.waiting = made.frames - before;
        }
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
    /// Posts a part of what a day's page views send, in the order of its time, and waits until it is landed.
    async fn post(
        &mut self,
        (day, views, recordings): (&str, &[View], &Recordings),
        part: Range<f64>,
        (target, collector, stream): (&Target, &Server, &Server),
    ) -> Result<()> {
        let length_ms = |view: &View| recordings.all[view.recording].length_ms;
        let count = views.iter().map(|view| batches(length_ms(view))).sum();
        let progress = bar(views.iter().map(|view| events(length_ms(view))).sum(), format!("{day}: events"), "events");
        let (events, _) = post(target, cut(of_events(views, recordings), count, &part), &progress).await?;
        self.events += events;

        let count = views.iter().map(|view| recordings.all[view.recording].chunks.len() as u64).sum();
        let progress = bar(count, format!("{day}: recordings"), "frames");
        let target = target.clone().of_frames();
        let before = cpu_of(collector.pid())?;
        let (frames, tally) = post(&target, cut(of_frames(views, recordings), count, &part), &progress).await?;
        self.collector = self.collector + (cpu_of(collector.pid())? - before);
        self.frames += frames;
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

/// A part of `count` bodies.
fn cut(bodies: impl Iterator<Item = Batch>, count: u64, part: &Range<f64>) -> impl Iterator<Item = Batch> {
    let place = |part: f64| (count as f64 * part) as usize;
    bodies.take(place(part.end)).skip(place(part.start))
}

/// Posts all of it, and sees that each was taken; how many events or frames that was.
async fn post(
    target: &Target,
    batches: impl Iterator<Item = Batch>,
    progress: &ProgressBar,
) -> Result<(u64, load::Tally)> {
    let mut count = 0;
    let batches = batches.inspect(|batch| count += u64::from(batch.events));
    let tally = load::post_all(target, CONNECTIONS, Pace::Fast, batches, progress).await?;
    progress.finish_and_clear();
    ensure!(tally.accepted == count && !tally.refused(), "the collector did not take all {count}:\n{tally}");
    Ok((count, tally))
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
