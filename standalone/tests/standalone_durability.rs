//! What `standalone` promises for its data folder: SIGKILL loses nothing, a stop is clean, one owner at a time, and a
//! broker whose log dies comes back with all that it had.

mod system;

use std::time::Duration;

use system::{Outcome, Poster, PosterOptions, Run, Standalone, Warehouse, eventually, kill_broker_log};

const KILLS: usize = 3;
const BATCHES_BETWEEN_KILLS: usize = 40;
const LOG_DEATHS: usize = 2;
const BATCHES_BETWEEN_DEATHS: usize = 20;
const LOAD_WAIT: Duration = Duration::from_secs(60);
const LANDED_WAIT: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn killed_in_mid_load_it_has_everything_once_after_the_restart() {
    let run = Run::new("killed");
    let data_dir = run.folder().join("data");
    let mut total = Outcome::default();
    for round in 0..KILLS {
        let standalone = Standalone::start(&run, &data_dir);
        let poster = Poster::start(&load(&standalone, round as u64));
        answered(&poster, BATCHES_BETWEEN_KILLS);
        standalone.kill();
        // the poster's visitors leave: a batch without an answer may have arrived, once
        total.extend(poster.abandon());
    }
    let standalone = Standalone::start(&run, &data_dir);
    everything_is_there_once(&standalone.warehouse(), &total);
}

#[test]
fn stopped_under_load_it_ends_with_0_and_has_everything_once_after_the_restart() {
    let run = Run::new("stopped");
    let data_dir = run.folder().join("data");
    let standalone = Standalone::start(&run, &data_dir);
    let poster = Poster::start(&load(&standalone, 99));
    answered(&poster, BATCHES_BETWEEN_KILLS);
    let (status, took) = standalone.terminate(STOP_WITHIN);
    assert!(status.success(), "SIGTERM ends it with 0, not {status}");
    println!("stopped under load in {took:?}");
    assert!(!data_dir.join("standalone.json").exists(), "standalone.json names a process that has ended");
    let outcome = poster.abandon();
    let standalone = Standalone::start(&run, &data_dir);
    everything_is_there_once(&standalone.warehouse(), &outcome);
}

#[test]
fn a_broker_whose_log_dies_under_load_is_there_again_and_has_everything_once() {
    let run = Run::new("log-dies");
    let data_dir = run.folder().join("data");
    let mut standalone = Standalone::start(&run, &data_dir);
    let poster = Poster::start(&load(&standalone, 7));
    for death in 1..=LOG_DEATHS {
        answered(&poster, poster.answered_200() + BATCHES_BETWEEN_DEATHS);
        // it may be answered, or not: what counts is what the log says below
        let _ = kill_broker_log(&standalone.address("kafka_bootstrap"));
        let told = || std::fs::read_to_string(run.log("standalone")).unwrap_or_default();
        eventually("the log is open again", LOAD_WAIT, || match told().matches("log is open again").count() {
            times if times >= death => Ok(()),
            times => Err(format!("{times} times, and it was killed {death} times")),
        });
    }
    answered(&poster, poster.answered_200() + BATCHES_BETWEEN_DEATHS);
    let outcome = poster.finish();
    standalone.process().expect_running();
    everything_is_there_once(&standalone.warehouse(), &outcome);
}

#[test]
fn a_second_owner_is_refused_and_the_first_goes_on() {
    let run = Run::new("second");
    let data_dir = run.folder().join("data");
    let mut first = Standalone::start(&run, &data_dir);
    let said = Standalone::refused(&run, &data_dir);
    assert!(said.contains(&data_dir.display().to_string()), "the refusal names the folder: {said}");
    assert!(said.contains("--data-dir"), "the refusal says what to do: {said}");
    first.process().expect_running();
    let poster = Poster::start(&load(&first, 5));
    answered(&poster, 5);
    let outcome = poster.finish();
    everything_is_there_once(&first.warehouse(), &outcome);
}

fn load(standalone: &Standalone, seed: u64) -> PosterOptions {
    PosterOptions {
        collector_url: standalone.address("collector_url"),
        write_key: standalone.address("write_key"),
        seed,
        visitors: 4,
        pause: Duration::from_millis(10),
        batch_events_max: 30,
        text_bytes: 0,
        give_up_one_in: 0,
    }
}

fn answered(poster: &Poster, batches: usize) {
    poster.wait_answered(batches, LOAD_WAIT);
}

fn everything_is_there_once(warehouse: &Warehouse, outcome: &Outcome) {
    outcome.wait_until_landed(warehouse, LANDED_WAIT);
    warehouse.compact();
    outcome.expect_in_sql_once(warehouse);
    warehouse.verify();
}
