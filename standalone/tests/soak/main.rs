//! Good traffic, and at the same time everything that a stranger can send to stop it: good events land in time, none is
//! lost or doubled, memory stays under its caps, and a stop is a stop.
//!
//! `make soak` runs it for twenty minutes; `SOAK_SECONDS=75 cargo test --workspace --test soak -- --nocapture` for as long
//! as it takes to see that everything is there.

mod attacks;
mod broker;
mod landed;
mod memory;
mod peers;
mod report;
#[path = "../system/mod.rs"]
mod system;

use std::time::{Duration, Instant};

use attacks::{Attacks, Target};
use landed::landing_seconds;
use memory::MemoryWatch;
use report::Report;
use system::{Outcome, Poster, PosterOptions, Run, Standalone};

/// Seconds that it runs.
const SECONDS_VARIABLE: &str = "SOAK_SECONDS";
const SECONDS_MAX: u64 = 4 * 3_600;

/// The promises.
const LANDED_P99_MAX: f64 = 10.0;
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// A sender that is told to come again is not answered for longer than this.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// The front: the collector's window, librdkafka's queues, compaction's memory and what the allocator keeps.
const MEMORY_BYTES_MAX: u64 = 1_536 << 20;
/// With all child processes.
const MEMORY_BYTES_TOTAL_MAX: u64 = 3_072 << 20;
/// Lines of one cause are limited.
const LOG_BYTES_MAX: u64 = 4 << 20;

const LANDED_WAIT: Duration = Duration::from_secs(120);
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

#[test]
fn everything_at_once_for_a_while() {
    let Some(time) = wanted() else { return };
    let run = Run::new("soak");
    let data_dir = run.folder().join("data");
    let mut system = Standalone::start(&run, &data_dir);
    let memory = MemoryWatch::start(system.process().pid());
    let good = Poster::start(&good_traffic(&system));
    let attacks = Attacks::start(&Target::of(&system));

    let began = Instant::now();
    while began.elapsed() < time && system.process().ended().is_none() {
        std::thread::sleep(LOOK_INTERVAL);
    }
    let mut report = Report::new(time);
    report.check("the process runs", || match system.process().ended() {
        None => Ok("yes".to_owned()),
        Some(status) => Err(format!("it ended with {status} after {:.0} s", began.elapsed().as_secs_f64())),
    });
    let attacked = attacks.stop();
    let replies = good.replies();
    let mut outcome = good.close();
    let problems = std::mem::take(&mut outcome.problems);
    report.check("good batches", || answered(&replies, &problems));
    report.check("longest time without a 200", || within(silence(&replies, began), SILENCE_MAX));
    let good_events = outcome.answered_200.clone();
    outcome.extend(attacked.outcome);
    books(&mut report, &system, &outcome);
    report.check("landed, p99", || {
        let seconds = landing_seconds(&system.warehouse(), &data_dir, &good_events)?;
        let at = |part: f64| seconds.get(((seconds.len() - 1) as f64 * part) as usize).copied().unwrap_or(f64::MAX);
        let text = format!("{:.1} s (p50 {:.1} s, longest {:.1} s)", at(0.99), at(0.5), at(1.0));
        if at(0.99) <= LANDED_P99_MAX { Ok(text) } else { Err(format!("{text}; {LANDED_P99_MAX} s are allowed")) }
    });
    let peak = memory.stop();
    report.check("memory of the process", || below("MiB", peak.process >> 20, MEMORY_BYTES_MAX >> 20));
    report.check("memory with its children", || below("MiB", peak.total >> 20, MEMORY_BYTES_TOTAL_MAX >> 20));
    let log_bytes = std::fs::metadata(run.log("standalone")).map_or(0, |file| file.len());
    report.check("log", || below("KiB", log_bytes >> 10, LOG_BYTES_MAX >> 10));
    report.check("stop", || {
        let (status, took) = system.terminate(STOP_WITHIN);
        if status.success() { within(took, STOP_WITHIN) } else { Err(format!("it ended with {status}")) }
    });
    report.finish(&attacked.tallies);
}

/// How long to run; says how to run it when nobody asked for it.
fn wanted() -> Option<Duration> {
    let Ok(text) = std::env::var(SECONDS_VARIABLE) else {
        eprintln!("soak: NOT RUN. It takes as many seconds as {SECONDS_VARIABLE} says: `make soak` runs it for 1200");
        return None;
    };
    let seconds: u64 = text.parse().unwrap_or_else(|_| panic!("{SECONDS_VARIABLE}={text} is no number of seconds"));
    assert!((1..=SECONDS_MAX).contains(&seconds), "{SECONDS_VARIABLE}: 1 to {SECONDS_MAX} seconds");
    Some(Duration::from_secs(seconds))
}

fn good_traffic(system: &Standalone) -> PosterOptions {
    PosterOptions {
        collector_url: system.address("collector_url"),
        write_key: system.address("write_key"),
        seed: 2_610,
        visitors: 4,
        pause: Duration::from_millis(250),
        batch_events_max: 20,
        text_bytes: 0,
        give_up_one_in: 50,
    }
}

/// Everything that was answered 200 is in SQL once, whoever sent it, and nothing else is; and `verify` agrees.
fn books(report: &mut Report, system: &Standalone, outcome: &Outcome) {
    let warehouse = system.warehouse();
    report.check("all landed after", || {
        let began = Instant::now();
        outcome.wait_until_landed(&warehouse, LANDED_WAIT);
        Ok(format!("{:.1} s more", began.elapsed().as_secs_f64()))
    });
    report.check("compaction beside it", || {
        warehouse.compact();
        Ok("done".to_owned())
    });
    report.check("events lost, doubled, invented", || {
        outcome.expect_in_sql_once(&warehouse);
        Ok(format!("none of {}", outcome.answered_200.len()))
    });
    report.check("verify", || {
        warehouse.verify();
        Ok("all is well".to_owned())
    });
}

/// The share of good batches that were answered at once; an answer that nobody expects is a failure.
fn answered(replies: &[system::Reply], problems: &[String]) -> Result<String, String> {
    let good = replies.iter().filter(|reply| reply.status == Some(200)).count();
    let text = format!("{good} of {} tries answered 200", replies.len());
    match problems.first() {
        Some(problem) => Err(format!("{text}; {} problems, such as {problem}", problems.len())),
        None if good == 0 => Err(text),
        None => Ok(text),
    }
}

/// The longest time in which no good batch was answered 200.
fn silence(replies: &[system::Reply], began: Instant) -> Duration {
    let mut moments: Vec<Instant> = vec![began];
    moments.extend(replies.iter().filter(|reply| reply.status == Some(200)).map(|reply| reply.sent + reply.took));
    moments.extend(replies.iter().map(|reply| reply.sent).max());
    moments.sort_unstable();
    moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(Duration::MAX)
}

fn within(took: Duration, most: Duration) -> Result<String, String> {
    let text = format!("{:.1} s", took.as_secs_f64());
    if took <= most { Ok(text) } else { Err(format!("{text}; {most:?} are allowed")) }
}

fn below(unit: &str, value: u64, most: u64) -> Result<String, String> {
    let text = format!("{value} {unit}");
    if value <= most { Ok(text) } else { Err(format!("{text}; {most} {unit} are allowed")) }
}
