//! What a newcomer sees: `standalone` on a folder, a minute of clicking in the shop, SQL answers; and nothing that was
//! typed, or that a recorded page holds and nobody may know, stands in any file.

#[path = "system/parquet_text.rs"]
mod parquet_text;
#[path = "system/payload_text.rs"]
mod payload_text;
mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use parquet_text::search_store;
use serde_json::Value;
use system::{Process, Run, Standalone, Visit, VisitOptions, Visitor, Warehouse, eventually, now_ms, post_bytes};
use testkit::recorder::Recorder;

/// The promise of the first minute.
const VISIT_SECONDS: u64 = 60;
const TYPES_MIN: usize = 12;
const CLICK_TO_SQL_MAX: Duration = Duration::from_secs(10);
const CANARY: &str = "Zanzibarkanarienvogel";
const VISIBLE_WAIT: Duration = Duration::from_secs(30);
/// Chromium starts and acts for some seconds.
const PRIVATE_VISIT_WAIT: Duration = Duration::from_secs(120);
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn a_minute_in_the_shop_is_in_sql_and_nothing_typed_is_kept() {
    if !system::real_parts_wanted("standalone_demo") {
        return;
    }
    let run = Run::new("demo");
    let data_dir = run.folder().join("data");
    let mut standalone = Standalone::start(&run, &data_dir);
    let warehouse = standalone.warehouse();
    let shop_url = standalone.address("shop_url");

    let visit = Visit::start(
        &run,
        &VisitOptions { shop_url, seconds: VISIT_SECONDS, visitors: 1, seed: 7, canary: CANARY.into() },
    );
    clicks_are_in_sql_soon(&warehouse);
    let visitors = visit.finish();
    standalone.process().expect_running();

    let total: i64 = visitors.iter().flat_map(|visitor| &visitor.tabs).flat_map(|tab| tab.captured.values()).sum();
    eventually(&format!("{total} events in SQL"), VISIBLE_WAIT, || {
        match warehouse.number("select count(*) from events")? {
            events if events == total => Ok(()),
            events => Err(format!("{events} events")),
        }
    });
    many_types(&warehouse);
    pointer_samples_are_whole(&warehouse, &visitors);
    let posted = post_by_example(&standalone);
    eventually("the example's events in SQL", VISIBLE_WAIT, || {
        match warehouse.number("select count(*) from events")? {
            events if events == total + posted => Ok(()),
            events => Err(format!("{events} events")),
        }
    });
    warehouse.compact();
    warehouse.verify();
    examples_read(&data_dir.join("store"), total + posted);
    pointer_samples_are_whole(&warehouse, &visitors);
    key_classes_are_no_characters(&warehouse);
    Standalone::refused(&run, &data_dir);

    let (status, took) = standalone.terminate(STOP_WITHIN);
    assert!(status.success(), "SIGTERM ends it with 0, not {status}");
    println!("stopped in {took:?}");
    nothing_typed_is_kept(&data_dir);
}

#[test]
fn what_a_recorded_page_keeps_private_is_in_no_file() {
    if !system::real_parts_wanted("standalone_demo") {
        return;
    }
    let run = Run::new("private");
    let data_dir = run.folder().join("data");
    let standalone = Standalone::start(&run, &data_dir);
    let warehouse = standalone.warehouse();
    let in_parts = post_in_parts(&standalone);
    let words = private_visit(&run, &standalone.address("shop_url"), &warehouse);
    warehouse.compact();
    warehouse.verify();
    let (status, _) = standalone.terminate(STOP_WITHIN);
    assert!(status.success(), "SIGTERM ends it with 0, not {status}");

    // The search finds what is there, in the landing zone and in the tables.
    let plain = words["plain"].as_array().expect("plain words").iter().filter_map(Value::as_str);
    let mut searched = Vec::new();
    for word in plain.chain([in_parts.as_str()]) {
        let found = search_store(&data_dir.join("store"), word);
        for zone in ["/landing/", "/warehouse/"] {
            let here = |place: &String| place.contains(zone) && place.contains("the payload of");
            assert!(found.places.iter().any(here), "the search cannot find {word} below {zone}: {found:#?}");
        }
        searched.push(found);
    }
    assert!(searched.iter().all(|found| found.payloads_in_parts == 2), "{searched:#?}");

    let found = search_store(&data_dir, words["private"].as_str().expect("a word"));
    println!(
        "searched {} files, {} of them Parquet with {} rows, and {} payloads",
        found.files, found.parquet_files, found.rows, found.payloads
    );
    assert!(found.places.is_empty(), "what a page holds that is private is kept: {:#?}", found.places);
}

/// A snapshot that comes in parts; what is in its last part alone.
fn post_in_parts(standalone: &Standalone) -> String {
    const NODES: usize = 2_000;
    let body = Recorder::new(1, now_ms()).snapshot_in_parts(NODES, 2).concat();
    let url = format!("{}/v1/replay", standalone.address("collector_url"));
    let answer = post_bytes(&url, &standalone.address("write_key"), "application/octet-stream", &body);
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    format!("\"id\":{},\"tagName\"", NODES - 1)
}

/// `web/e2e/private_visit.mjs`, until all of its recording is in SQL; what it says of its words.
fn private_visit(run: &Run, shop_url: &str, warehouse: &Warehouse) -> Value {
    let answer = run.log("private-visit-answer");
    let mut command = Command::new("node");
    command.arg(system::clone_root().join("web/e2e/private_visit.mjs")).args(["--shop", shop_url]);
    let mut visit = Process::start_answering(run, "private-visit", &mut command, &answer);
    eventually("the whole recording in SQL", PRIVATE_VISIT_WAIT, || {
        visit.expect_running();
        let whole = "select count(*) from replay_page_views \
                     where page_url like '%/user%' and ended and chunks > 1 and chunks = chunks_expected";
        match warehouse.number(whole)? {
            1 => Ok(()),
            _ => Err(format!("{:?}", warehouse.try_sql("select * from replay_page_views"))),
        }
    });
    let (status, _) = visit.terminate(STOP_WITHIN);
    let said = std::fs::read_to_string(&answer).expect("it answers");
    assert!(status.success(), "private_visit.mjs ended with {status}: {said}{}", visit.log_tail());
    serde_json::from_str(&said).expect("it answers JSON")
}

/// `examples/post_batch.sh`; how many events it sent.
fn post_by_example(standalone: &Standalone) -> i64 {
    let mut command = Command::new(system::clone_root().join("examples/post_batch.sh"));
    let answer = output(command.args([standalone.address("collector_url"), standalone.address("write_key")]));
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("the collector answers JSON");
    assert_eq!(answer["durability"], "kafka", "{answer}");
    answer["accepted"].as_i64().expect("a number")
}

/// The examples of other engines find every event.
fn examples_read(store: &Path, events: i64) {
    let find = "import duckdb_extension_delta as d, pathlib; print(*pathlib.Path(d.__file__).parent.rglob('*.duckdb_extension'))";
    let extension = output(Command::new(testkit::readers::python()).args(["-c", find]));
    for example in ["read_with_duckdb.py", "read_with_deltalake.py"] {
        let mut command = Command::new(testkit::readers::python());
        command.env("DUCKDB_DELTA_EXTENSION", extension.trim());
        let said = output(command.arg("-B").arg(system::clone_root().join("examples").join(example)).arg(store));
        assert!(said.ends_with(&format!("\n{events} events\n")), "{example} says:\n{said}");
    }
}

fn output(command: &mut Command) -> String {
    let done = command.output().expect("the program is there");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&done.stderr));
    said
}

/// From the moment of the click, by the browser's clock, to the first query that shows it: no longer than promised.
fn clicks_are_in_sql_soon(warehouse: &Warehouse) {
    let newest = "select arrow_cast(max(occurred_at), 'Int64') as at from events where type = 'click'";
    let began = Instant::now();
    let mut seen = BTreeSet::new();
    let mut slowest = Duration::ZERO;
    while seen.len() < 3 {
        assert!(
            began.elapsed() < Duration::from_secs(VISIT_SECONDS),
            "only {} clicks in SQL in {VISIT_SECONDS} s",
            seen.len()
        );
        if let Some(at) = warehouse.sql(newest).first().and_then(|row| row["at"].as_i64()).filter(|at| seen.insert(*at))
        {
            let age = Duration::from_micros(u64::try_from(system::now_us() - at).unwrap_or(0));
            slowest = slowest.max(age);
        }
    }
    println!("a click was in SQL after {slowest:?} at most");
    assert!(slowest <= CLICK_TO_SQL_MAX, "a click took {slowest:?} to be in SQL; {CLICK_TO_SQL_MAX:?} are promised");
}

fn many_types(warehouse: &Warehouse) {
    let types: BTreeMap<String, i64> = warehouse
        .sql("select type, count(*) as n from events group by 1")
        .iter()
        .map(|row| (row["type"].as_str().unwrap_or_default().to_owned(), row["n"].as_i64().unwrap_or(-1)))
        .collect();
    println!("types: {types:?}");
    assert!(types.len() >= TYPES_MIN, "{} types, and {TYPES_MIN} are promised: {types:?}", types.len());
}

fn pointer_samples_are_whole(warehouse: &Warehouse, visitors: &[Visitor]) {
    let dispatched = system::dispatched_samples(visitors);
    assert_eq!(
        warehouse.pointer_samples(),
        dispatched,
        "pointer samples by tab: left in SQL, right as the browser was sent them"
    );
}

/// A class is a word such as `navigation`: a single character would be what was typed.
fn key_classes_are_no_characters(warehouse: &Warehouse) {
    let rows =
        warehouse.sql("select distinct key_class from events where type = 'key' and character_length(key_class) < 2");
    assert!(rows.is_empty(), "keys typed stand in the table: {rows:?}");
}

/// Every file of the folder: landing, curated, links, state, the broker's log.
fn nothing_typed_is_kept(data_dir: &Path) {
    // the search finds what is there: the shop's own texts and the types
    let control = search_store(&data_dir.join("store"), "page_view");
    assert!(control.parquet_files > 2 && control.rows > 0, "too little to search: {control:?}");
    let landing = control.places.iter().any(|place| place.contains("/landing/"));
    let curated = control.places.iter().any(|place| place.contains("/warehouse/"));
    assert!(landing && curated, "the search cannot find a text that is there: {control:?}");

    let found = search_store(data_dir, CANARY);
    println!("searched {} files, {} of them Parquet with {} rows", found.files, found.parquet_files, found.rows);
    assert!(found.places.is_empty(), "what was typed into a field is kept: {:#?}", found.places);
}
