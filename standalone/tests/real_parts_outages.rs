//! The broker or the object store is away under load: the edge says so, memory stays bounded, and when it is back
//! everything that was answered 200 is in SQL once.

mod system;

use std::time::{Duration, Instant};

use system::{Outcome, Parts, Pipeline, PipelineOptions, Poster, PosterOptions, Process, Run, Warehouse, eventually};

/// The smallest that the collector takes: the load fills it in a moment.
const WINDOW_BYTES: u64 = 16 << 20;
/// What the collector may take over its memory before the outage: the window three times (bodies, records, the
/// producer's queue), and what the allocator and 64 connections keep.
const COLLECTOR_GROWTH_BYTES_MAX: u64 = 3 * WINDOW_BYTES + (64 << 20);
/// TRUST.md's promise for a broker that is down.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);
/// The collector's default `ack_timeout_ms`, and what a loaded machine adds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(13);
const NOT_READY_WITHIN: Duration = Duration::from_secs(5);
const RECOVERED_WITHIN: Duration = Duration::from_secs(15);
/// How long the broker stays away once the window is full.
const OUTAGE: Duration = Duration::from_secs(20);
const LANDED_WAIT: Duration = Duration::from_secs(90);
/// Batches answered before and during an outage: it then falls into a running load.
const BATCHES: usize = 100;
const LOAD_WAIT: Duration = Duration::from_secs(60);

#[test]
fn without_kafka_the_collector_refuses_stays_small_and_recovers_with_nothing_lost() {
    if !system::real_parts_wanted("real_parts_outages, Kafka") {
        return;
    }
    let run = Run::new("kafka-outage");
    let parts = Parts::start(&run);
    let options = PipelineOptions { window_bytes: Some(WINDOW_BYTES), ..Default::default() };
    let mut pipeline = Pipeline::start(&run, &parts, &options);
    let collector = pipeline.collector_url(0);
    let poster = Poster::start(&load(&pipeline, 11));
    answered(&poster, BATCHES);
    let memory_before = pipeline.collector(0).memory_bytes();

    let stopping = Instant::now();
    parts.stop("kafka");
    // 64 batches of half a megabyte at most: all of them together do not fit in the window
    let heavy_load = PosterOptions { visitors: 64, batch_events_max: 70, text_bytes: 7_000, ..load(&pipeline, 13) };
    let heavy = Poster::start(&heavy_load);
    let (_, took) =
        eventually("/health/ready answers 503", NOT_READY_WITHIN, || status(&collector, "/health/ready", 503));
    println!("not ready {took:?} after the broker was gone");
    let memory = watch_memory(pipeline.collector(0), OUTAGE);
    assert_eq!(status(&collector, "/health/live", 200), Ok(()), "alive, only not ready");
    refused_in_time(&poster, &heavy, stopping);
    assert!(
        memory < memory_before + COLLECTOR_GROWTH_BYTES_MAX,
        "the collector grew from {memory_before} to {memory} bytes while Kafka was away; {COLLECTOR_GROWTH_BYTES_MAX} more are allowed"
    );

    let answered_before = poster.answered_200();
    parts.restart("kafka");
    let (_, took) = eventually("ready again", RECOVERED_WITHIN, || status(&collector, "/health/ready", 200));
    println!("ready {took:?} after the broker answered");
    eventually("batches are answered 200 again", RECOVERED_WITHIN, || more_than(&poster, answered_before));
    let mut outcome = heavy.finish();
    answered(&poster, answered_before + BATCHES);
    outcome.extend(poster.finish());
    everything_is_there_once(&pipeline.warehouse(), &outcome);
    pipeline.everything_runs();
}

#[test]
fn without_the_object_store_the_stream_jobs_wait_and_land_everything_when_it_is_back() {
    if !system::real_parts_wanted("real_parts_outages, object store") {
        return;
    }
    let run = Run::new("store-outage");
    let parts = Parts::start(&run);
    let mut pipeline = Pipeline::start(&run, &parts, &PipelineOptions { stream_jobs: 2, ..Default::default() });
    let warehouse = pipeline.warehouse();
    let poster = Poster::start(&load(&pipeline, 12));
    answered(&poster, BATCHES);
    eventually("the first events in SQL", LOAD_WAIT, || match warehouse.number("select count(*) from events")? {
        0 => Err("none".to_owned()),
        events => Ok(events),
    });

    parts.kill("s3");
    let answered_before = poster.answered_200();
    let memory = watch_memory(pipeline.stream_job(0), OUTAGE);
    answered(&poster, answered_before + BATCHES);
    println!("a stream job held {memory} bytes at most while the store was away");
    pipeline.everything_runs();

    parts.restart("s3");
    answered(&poster, poster.answered_200() + BATCHES);
    let outcome = poster.finish();
    everything_is_there_once(&warehouse, &outcome);
    pipeline.everything_runs();
}

fn load(pipeline: &Pipeline, seed: u64) -> PosterOptions {
    PosterOptions {
        collector_url: pipeline.collector_url(0),
        write_key: pipeline.write_key().to_owned(),
        seed,
        visitors: 8,
        pause: Duration::from_millis(20),
        batch_events_max: 30,
        text_bytes: 0,
        give_up_one_in: 10,
    }
}

fn answered(poster: &Poster, batches: usize) {
    poster.wait_answered(batches, LOAD_WAIT);
}

fn more_than(poster: &Poster, batches: usize) -> Result<(), String> {
    let now = poster.answered_200();
    if now > batches { Ok(()) } else { Err(format!("{now} batches answered 200")) }
}

fn status(url: &str, path: &str, wanted: u16) -> Result<(), String> {
    let answer = system::get(&format!("{url}{path}"))?;
    if answer.status == wanted { Ok(()) } else { Err(format!("{path}: {} {}", answer.status, answer.body)) }
}

/// The most that the process held, looked at all through the time.
fn watch_memory(process: &Process, time: Duration) -> u64 {
    let (began, mut most) = (Instant::now(), 0);
    while began.elapsed() < time {
        most = most.max(process.memory_bytes());
        std::thread::sleep(Duration::from_millis(100));
    }
    most
}

/// Once the window is full a request is refused within the promised time and told when to come again: those that wait
/// longer are the ones in the window, and at no moment are they more than it holds.
fn refused_in_time(poster: &Poster, heavy: &Poster, since: Instant) {
    let all = [poster.replies(), heavy.replies()].concat();
    let replies: Vec<_> = all.into_iter().filter(|reply| reply.sent > since && reply.status != Some(200)).collect();
    let others: Vec<_> = replies.iter().filter(|reply| reply.status != Some(503)).collect();
    assert!(others.is_empty(), "without Kafka only 503 is an answer, not {:?}", others.first());
    assert!(replies.iter().all(|reply| reply.retry_after), "every 503 carries Retry-After");

    let (waited, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.took > REFUSED_WITHIN);
    assert!(
        !refused.is_empty(),
        "the load did not fill the window: {} requests waited, none was refused at once",
        waited.len()
    );
    let waiting_at = |moment: Instant| -> u64 {
        let waiting = waited.iter().filter(|reply| reply.sent <= moment && moment < reply.sent + reply.took);
        waiting.map(|reply| reply.bytes as u64).sum()
    };
    let most: u64 = waited.iter().map(|reply| waiting_at(reply.sent)).max().unwrap_or(0);
    println!(
        "{} requests waited, {most} bytes of them at a time; {} were refused at once",
        waited.len(),
        refused.len()
    );
    assert!(most <= WINDOW_BYTES, "requests of {most} bytes waited at a time; the window holds {WINDOW_BYTES}");
    let longest = waited.iter().map(|reply| reply.took).max().unwrap_or_default();
    assert!(longest <= ANSWERED_WITHIN, "a request waited {longest:?} for its answer");
}

fn everything_is_there_once(warehouse: &Warehouse, outcome: &Outcome) {
    outcome.wait_until_landed(warehouse, LANDED_WAIT);
    warehouse.compact();
    outcome.expect_in_sql_once(warehouse);
    warehouse.verify();
}
