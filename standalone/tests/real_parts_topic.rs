//! Kafka lost what a stream job had yet to land, or the topic was made anew: the partitions stop and say what to do,
//! nothing is passed over in silence, and with the operator's word they go on.

mod system;

use std::collections::BTreeSet;
use std::time::Duration;

use system::{Outcome, PARTITIONS, Parts, Pipeline, PipelineOptions, Poster, PosterOptions, Run, eventually};

const TOPIC: &str = "telemetry.events";
/// Visitors enough that every partition has some.
const VISITORS: u32 = 24;
const BATCHES: usize = 100;
const LOAD_WAIT: Duration = Duration::from_secs(60);
const LANDED_WAIT: Duration = Duration::from_secs(60);
/// A stopped partition looks every 15 s whether an operator has spoken; members that were killed leave the group first.
const RESUMED_WAIT: Duration = Duration::from_secs(120);

#[test]
fn lost_offsets_and_a_topic_made_anew_stop_the_partitions_until_an_operator_has_spoken() {
    if !system::real_parts_wanted("real_parts_topic") {
        return;
    }
    let run = Run::new("topic");
    let parts = Parts::start(&run);
    let mut pipeline = Pipeline::start(&run, &parts, &PipelineOptions::default());
    let warehouse = pipeline.warehouse();

    let mut kept = posted(&pipeline, 1);
    kept.wait_until_landed(&warehouse, LANDED_WAIT);
    pipeline.kill_stream_job(0);
    let lost = posted(&pipeline, 2);
    parts.empty_topic(TOPIC);
    kept.extend(posted(&pipeline, 3));
    pipeline.start_stream_job(&run, 0);
    let told = obey(&pipeline);
    assert_eq!(told.len() as u32, PARTITIONS, "each partition lost offsets: {told:?}");
    assert!(told.iter().all(|told| told.ends_with("--accept-gap")), "{told:?}");
    kept.wait_until_landed(&warehouse, LANDED_WAIT);

    pipeline.kill_stream_job(0);
    parts.delete_topic(TOPIC);
    parts.create_topic(TOPIC, PARTITIONS);
    kept.extend(posted(&pipeline, 4));
    pipeline.start_stream_job(&run, 0);
    let told = obey(&pipeline);
    assert_eq!(told.len() as u32, PARTITIONS, "each partition counts from 0 again: {told:?}");
    assert!(told.iter().all(|told| told.ends_with("--new-incarnation")), "{told:?}");
    kept.wait_until_landed(&warehouse, LANDED_WAIT);

    warehouse.compact();
    kept.expect_in_sql_once(&warehouse);
    assert!(!lost.answered_200.is_empty());
    warehouse.verify();
    pipeline.everything_runs();
}

/// Posts until enough is answered 200.
fn posted(pipeline: &Pipeline, seed: u64) -> Outcome {
    let poster = Poster::start(&PosterOptions {
        collector_url: pipeline.edge_url().to_owned(),
        write_key: pipeline.write_key().to_owned(),
        seed,
        visitors: VISITORS,
        pause: Duration::from_millis(20),
        batch_events_max: 20,
        text_bytes: 0,
        give_up_one_in: 0,
    });
    poster.wait_answered(BATCHES, LOAD_WAIT);
    poster.finish()
}

/// Runs each command that the stream job tells its operator at `/health/ready`, once, until it is ready; gives them.
fn obey(pipeline: &Pipeline) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    eventually("the stream job is ready, with all that it asked for done", RESUMED_WAIT, || {
        let answer = pipeline.stream_job_health(0)?;
        for command in answer.body.split('`').filter(|text| text.starts_with("stream-jobs resume ")) {
            if told.insert(command.to_owned()) {
                pipeline.obey_stream_job(0, command);
            }
        }
        if answer.status == 200 && !told.is_empty() { Ok(()) } else { Err(answer.body) }
    });
    told
}
