//! The tables are open: other engines must find in them what we find, whatever column they filter by.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use schemas::ingest::EventType;
use serde_json::{Value, json};
use support::exports::{write_feed, write_json};
use support::keep::files;
use support::recordings::{Recordings, recorder};
use support::visits::{Visit, visits};
use support::{Landing, MINUTE, NOON, SECOND, SITE, Tab};
use tempfile::tempdir;
use warehouse::compact::compact;
use warehouse::providers::{Order, Provider, import};

/// Python of the environment that `infra/dev/setup.sh` makes, if the real parts are wanted.
fn readers_wanted() -> Option<PathBuf> {
    if std::env::var("CT_REAL_PARTS").as_deref() != Ok("1") {
        eprintln!(
            "reader_tests: NOT RUN. It needs Python's deltalake and duckdb: install them with `infra/dev/setup.sh`, then \
             run `make test`, or this test alone with CT_REAL_PARTS=1"
        );
        return None;
    }
    Some(testkit::readers::python())
}

/// Sites, days, visitors and every type of event; rows in every table and several files of each, with nulls in most columns.
async fn filled() -> Landing {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let mut tabs: Vec<Tab> = (0..5).map(|tab| Tab::new(&format!("v{}", tab % 3), &format!("t{tab}"))).collect();
    for round in 0..4 {
        let mut events = Vec::new();
        for tab in &mut tabs {
            events.extend(EventType::ALL.iter().zip(0..).map(|(kind, step)| {
                let mut event = tab.event(kind.name(), NOON + round * 11 * 60 * MINUTE + step * SECOND);
                match kind {
                    // A hover.
                    EventType::ElementLeave => event.numbers.push(("duration_ms".into(), 300.0)),
                    // Of a field.
                    EventType::Focus => event.texts.push(("element_tag".into(), "input".into())),
                    _ => {}
                }
                event.context = (round % 2 == 1).then(|| format!(" of {round} ümlaut 🦊").into());
                event
            }));
        }
        landing.land(&events);
        compact(&lake, |_, _| {}).await.unwrap();
    }
    landing
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn run(python: &PathBuf, landing: &Landing, what: &str) {
    let done = Command::new(python).arg("-B").arg(script("readers.py")).arg(what).arg(landing.path()).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{text}");
    println!("{text}");
}

#[tokio::test]
async fn other_engines_find_the_same_rows_by_every_column() {
    let Some(python) = readers_wanted() else { return };
    run(&python, &filled().await, "matrix");
}

#[tokio::test]
async fn other_engines_may_checkpoint_clean_and_rewrite_the_tables() {
    let Some(python) = readers_wanted() else { return };
    let mut landing = filled().await;
    run(&python, &landing, "maintain");
    landing.land(&[Tab::new("v9", "t9").event("click", NOON)]);
    let summary = compact(&landing.lake(), |_, _| {}).await.unwrap();
    assert_eq!((summary.links, summary.events), (1, 1), "only what is new");
    let report = warehouse::verify::verify(&landing.lake(), |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    run(&python, &landing, "matrix");
}

/// Python with the engines whose download is too large for `make test`, if they are wanted.
fn engines_wanted() -> Option<PathBuf> {
    if std::env::var("CT_ENGINES").as_deref() != Ok("1") {
        eprintln!("reader_tests: NOT RUN. `make engines` fetches ClickHouse and Spark, 640 MB, and runs it");
        return None;
    }
    Some(testkit::readers::engines().expect("run infra/dev/setup.sh --engines"))
}

/// Rows in every table that there is, recordings and other providers' included.
async fn filled_whole() -> Landing {
    let landing = filled().await;
    let lake = landing.lake();
    let (mut first, mut second) = (recorder(1), recorder(2));
    let style_sheet = first.style_sheet("p{color:red}");
    let bodies = [style_sheet, first.snapshot(30), second.snapshot(30), first.mutations(4)];
    Recordings::of(landing.path()).land(&bodies);
    compact(&lake, |_, _| {}).await.unwrap();
    let (exports, visits) = (tempdir().unwrap(), visits(9));
    let ga4: Vec<Value> = visits.iter().flat_map(Visit::ga4).collect();
    let ga4 = write_json(&exports.path().join("ga4.json"), &ga4);
    let adobe = write_feed(exports.path(), &visits.iter().map(Visit::adobe).collect::<String>());
    for (provider, file) in [(Provider::Ga4, ga4), (Provider::Adobe, adobe)] {
        let order = Order { provider, files: vec![file], site_id: SITE.into(), intraday: false };
        import(&lake, order, |_, _| {}).await.unwrap();
    }
    landing
}

fn compare(python: &PathBuf, landing: &Landing, more: &[&str]) -> Output {
    let mut command = Command::new(python);
    command.arg("-B").arg(script("engines")).arg("--store").arg(landing.path());
    command.arg("--warehouse").arg(env!("CARGO_BIN_EXE_warehouse")).args(more);
    // It takes minutes, and tells how far it is.
    command.stderr(Stdio::inherit()).output().unwrap()
}

#[tokio::test]
async fn large_engines_read_what_our_sql_says() {
    let Some(python) = engines_wanted() else { return };
    let done = compare(&python, &filled_whole().await, &[]);
    let text = String::from_utf8_lossy(&done.stdout);
    println!("{text}");
    assert!(done.status.success(), "its reason stands above");
    for table in warehouse::tables::every() {
        for engine in ["clickhouse", "spark"] {
            let line = text.lines().find(|line| line.split_whitespace().take(2).eq([table.name, engine]));
            let rows = line.and_then(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
            assert!(rows > Some(0), "{} by {engine}: {line:?}", table.name);
        }
    }
}

#[tokio::test]
async fn large_engines_that_are_led_past_rows_are_told() {
    let Some(python) = engines_wanted() else { return };
    let landing = filled().await;
    // A log that says of each file that its visitors are others, so that no filter on them reads it.
    for path in files(&landing.path().join("warehouse/clicks/_delta_log")) {
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.lines().map(misleading).collect::<String>()).unwrap();
    }
    let done = compare(&python, &landing, &["--engine", "clickhouse", "--table", "clicks"]);
    let text = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{text}");
    assert!(text.contains("DIFFERS clicks, rows where visitor_id = 'v"), "{text}");
}

/// A line of the log with other least and greatest visitors.
fn misleading(line: &str) -> String {
    let mut action: Value = serde_json::from_str(line).unwrap();
    if let Some(text) = action["add"]["stats"].as_str() {
        let mut statistics: Value = serde_json::from_str(text).unwrap();
        statistics["minValues"]["visitor_id"] = json!("a");
        statistics["maxValues"]["visitor_id"] = json!("b");
        action["add"]["stats"] = json!(statistics.to_string());
    }
    format!("{action}\n")
}
