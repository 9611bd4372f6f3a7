//! Recordings through the whole system: what was answered 200 is in SQL once, also when the process is killed in between and
//! everything is sent again, and `verify` agrees.

mod system;

use std::time::Duration;

use serde_json::json;
use system::{Run, Standalone, Warehouse, eventually, now_ms, post_bytes};
use testkit::recorder::Recorder;

const VISITORS: u64 = 6;
const ROUNDS: usize = 4;
const VISIBLE_WAIT: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn recordings_that_were_answered_are_in_sql_once_after_a_kill() {
    let run = Run::new("replay");
    let data_dir = run.folder().join("data");
    let mut recorders: Vec<_> = (1..=VISITORS).map(|number| Recorder::new(number, now_ms())).collect();
    let mut sent: Vec<Vec<u8>> = recorders.iter_mut().map(|recorder| recorder.style_sheet("p{color:red}")).collect();
    let assets = 1;
    sent.extend(recorders.iter_mut().map(|recorder| recorder.snapshot_in_parts(2_000, 2).concat()));

    let standalone = Standalone::start(&run, &data_dir);
    let missing = ask(&standalone, &recorders[0]);
    assert_eq!(missing.len(), 1, "nobody has sent it yet");
    sent.iter().for_each(|body| taken(&standalone, body));
    assert_eq!(ask(&standalone, &recorders[0]), Vec::<String>::new(), "one visitor sent it for all");
    visible(&standalone.warehouse(), 2 * VISITORS as i64, assets);
    standalone.kill();

    let standalone = Standalone::start(&run, &data_dir);
    for _ in 0..ROUNDS {
        let more: Vec<_> = recorders.iter_mut().map(|recorder| recorder.mutations(20)).collect();
        more.iter().for_each(|body| taken(&standalone, body));
        sent.extend(more);
    }
    // The browsers never heard of the first answers.
    sent.iter().for_each(|body| taken(&standalone, body));
    let warehouse = standalone.warehouse();
    let chunks = (2 + ROUNDS as i64) * VISITORS as i64;
    visible(&warehouse, chunks, assets);
    warehouse.compact();
    visible(&warehouse, chunks, assets);
    let whole = "select count(*) from replay_page_views where chunks_lost = 0 and snapshots = 1";
    assert_eq!(warehouse.number(whole), Ok(VISITORS as i64));
    warehouse.verify();
    let (status, _) = standalone.terminate(STOP_WITHIN);
    assert!(status.success(), "SIGTERM ends it with 0, not {status}");
}

fn taken(standalone: &Standalone, body: &[u8]) {
    let url = format!("{}/v1/replay", standalone.address("collector_url"));
    let answer = post_bytes(&url, &standalone.address("write_key"), "application/octet-stream", body);
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["rejected"], json!([]));
}

/// Which of a recorder's style sheets the collector wants.
fn ask(standalone: &Standalone, recorder: &Recorder) -> Vec<String> {
    let url = format!("{}/v1/replay/have", standalone.address("collector_url"));
    let question = json!({"sha256": recorder.assets()}).to_string();
    let answer = post_bytes(&url, &standalone.address("write_key"), "application/json", question.as_bytes());
    let answer = answer.expect("an answer").json();
    serde_json::from_value(answer["missing"].clone()).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

fn visible(warehouse: &Warehouse, chunks: i64, assets: i64) {
    eventually(&format!("{chunks} frames of chunks and {assets} assets in SQL"), VISIBLE_WAIT, || {
        let found = (
            warehouse.number("select count(*) from replay_chunks")?,
            warehouse.number("select count(distinct sha256) from replay_assets")?,
        );
        if found == (chunks, assets) { Ok(()) } else { Err(format!("{found:?}")) }
    });
}
