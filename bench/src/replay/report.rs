//! The section of `RESULTS.md`.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::ReplayArguments;
use super::life::Life;
use super::picture::Pictures;
use super::reading::Reading;
use super::store::Made;
use crate::pipeline::machine::Machine;
use crate::times::quantile_ms;

/// Of 95 % of the answers.
const INDEX_GOAL_MS: f64 = 100.0;
const PICTURE_GOAL_MS: f64 = 1_000.0;
const SEEK_GOAL_MS: f64 = 500.0;
/// A payload is written when it is taken in, and once more with others of its day.
const WRITTEN_GOAL: u32 = 2;

/// Everything that was measured.
pub(super) struct Measured {
    pub made: Made,
    pub life: Life,
    pub reading: Reading,
    /// None where no browser was wanted.
    pub pictures: Option<Pictures>,
    pub sites: usize,
    pub days: usize,
    pub sessions: usize,
    pub distinct: usize,
}

pub(super) fn section(arguments: &ReplayArguments, bin: &Path, measured: &Measured) -> String {
    let machine = Machine::look(&arguments.parts);
    let ReplayArguments { page_views, seed, waiting, .. } = arguments;
    let command = format!("`bench replay --page-views {page_views} --seed {seed} --waiting {waiting}`");
    let mut out = machine.heading("Replay", &command, bin);
    let Measured { made, sites, days, sessions, distinct, pictures, .. } = measured;
    let browser = pictures.as_ref().map_or("none", |pictures| pictures.browser.as_str());
    let _ = write!(
        out,
        "- versions: {}; {browser}\n\
         - store: {} page views in {sessions} sessions of {sites} sites on {days} days, each recorded; {} events, {} frames of recordings, {:.2} GB; \
         {distinct} distinct recordings; posted, landed, compacted after each day, days that are over put in order, verified, in {:.0} s; the last {} frames are landed and wait for a compaction\n\n",
        machine.parts.join(", "),
        page_views,
        made.events,
        made.frames,
        gigabytes(made.body_bytes),
        made.took.as_secs_f64(),
        made.waiting
    );
    reading(&mut out, measured);
    collector(&mut out, made);
    life(&mut out, &measured.life, made.landed_bytes);
    out
}

fn reading(out: &mut String, Measured { reading, pictures, .. }: &Measured) {
    let _ = write!(
        out,
        "### Reading\n\nWith a token, one request after the other; {} page views, each of another session where there are enough.\n\n\
         | what | median ms | p95 ms | p99 ms | goal, p95 | | kB an answer |\n|---|--:|--:|--:|---|---|--:|\n",
        reading.index.whole.len()
    );
    let mut row = |what: &str, times: &[Duration], goal_ms: Option<f64>, bytes: Option<u64>| {
        let p95 = quantile_ms(times, 0.95);
        let goal = goal_ms.map_or("–".into(), |goal| format!("≤ {goal:.0} ms"));
        let mark = goal_ms.map_or("", |goal| if p95 <= goal { "✓" } else { "✗" });
        let size = bytes.map_or("–".into(), |bytes| format!("{:.1}", bytes as f64 / 1e3 / times.len() as f64));
        let (median, p99) = (quantile_ms(times, 0.5), quantile_ms(times, 0.99));
        let _ = writeln!(out, "| {what} | {median:.1} | {p95:.1} | {p99:.1} | {goal} | {mark} | {size} |");
    };
    row("index of a session", &reading.index.whole, Some(INDEX_GOAL_MS), Some(reading.index.bytes));
    row("first frames, first byte", &reading.first.first_byte, None, None);
    row("first frames, whole", &reading.first.whole, None, Some(reading.first.bytes));
    row("frames at any time, first byte", &reading.seek.first_byte, None, None);
    row("frames at any time, whole", &reading.seek.whole, Some(SEEK_GOAL_MS), Some(reading.seek.bytes));
    if let Some(pictures) = pictures {
        row("first picture in the browser, from navigation", &pictures.first, Some(PICTURE_GOAL_MS), None);
        row("another time in the browser", &pictures.seek, Some(SEEK_GOAL_MS), None);
    }
    if let Some(Pictures { first, .. }) = pictures {
        let _ = write!(
            out,
            "\nIn the browser {} sessions, each in a fresh profile: nothing is in its cache.\n",
            first.len()
        );
    }
    out.push('\n');
}

fn collector(out: &mut String, made: &Made) {
    let ours = made.collector.total() / made.frames as f64 * 1e6;
    let plain = made.plain.total() / made.plain_frames as f64 * 1e6;
    let per_gb = made.collector.total() / gigabytes(made.body_bytes);
    let plain_per_gb = made.plain.total() / gigabytes(made.plain_bytes);
    let _ = write!(
        out,
        "### Collector\n\n| process | CPU-seconds per million frames | CPU-seconds per GB |\n|---|--:|--:|\n\
         | collector, `POST /v1/replay` | {ours:.2} | {per_gb:.2} |\n\
         | rdkafka alone, the same records to the same broker | {plain:.2} | {plain_per_gb:.2} |\n\n\
         Ratio {:.2}. One frame a request, {:.1} kB on average; 99 % answered within {:.0} ms at full load, on the worst day.\n\n",
        ours / plain,
        made.body_bytes as f64 / 1e3 / made.frames as f64,
        made.answer_p99_ms
    );
}

fn life(out: &mut String, life: &Life, landed_bytes: u64) {
    let share = |count: u64| 100.0 * count as f64 / life.payloads() as f64;
    let times: Vec<String> = life
        .times
        .iter()
        .map(|(times, count)| {
            format!("{:.1} % {}", share(*count), if *times == 1 { "once".into() } else { format!("{times} times") })
        })
        .collect();
    let mark = if life.most() <= WRITTEN_GOAL { "✓" } else { "✗" };
    let _ = write!(
        out,
        "### Compaction\n\n\
         - bytes written / bytes kept in `replay_chunks`: {:.2} ({:.3} GB in {} files / {:.3} GB in {}); from Kafka on, landing included: {:.2}\n\
         - payloads that compaction wrote: {} (goal ≤ {WRITTEN_GOAL} times each: {mark})\n",
        life.amplification(),
        gigabytes(life.written),
        life.files_written,
        gigabytes(life.kept),
        life.files_kept,
        life.amplification_with(landed_bytes),
        times.join(", ")
    );
}

fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}
