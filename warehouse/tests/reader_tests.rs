//! The tables are open: other engines must find in them what we find, whatever column they filter by.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::path::PathBuf;
use std::process::Command;

use schemas::ingest::EventType;
use support::{Landing, MINUTE, NOON, SECOND, Tab};
use warehouse::compact::compact;

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

fn run(python: &PathBuf, landing: &Landing, what: &str) {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/readers.py");
    let done = Command::new(python).arg("-B").arg(script).arg(what).arg(landing.path()).output().unwrap();
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
