//! `maintain`: what is not needed goes, and `verify` proves as much as before.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use support::keep::{files, keeping, verified};
use support::{Event, HOUR, Landing, MINUTE, NOON, SECOND, Tab, curated_files, everything, number, rows};
use warehouse::Lake;
use warehouse::compact::compact;
use warehouse::keep::{Keeping, Retention, apply, plan};
use warehouse::tables::{self, EVENTS};
use warehouse::verify::verify;

const DAY: i64 = 24 * HOUR;

fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

/// Does everything that is to be done at a time; gives what was told.
async fn maintain(lake: &Arc<Lake>, keeping: &Keeping, now: i64) -> Vec<String> {
    let plan = plan(lake, keeping, at(now)).await.unwrap();
    let mut told = Vec::new();
    apply(lake, keeping, &plan, |line| told.push(line)).await.unwrap();
    told
}

fn visit(tab: &mut Tab, from: i64) -> Vec<Event> {
    let kinds =
        ["page_view", "pointer", "click", "effect", "element_leave", "focus", "request", "scroll", "page_leave"];
    let events = kinds.into_iter().zip(0..).map(|(kind, step)| tab.event(kind, from + step * SECOND));
    events.map(|event| if event.kind == "focus" { event.with(&[("element_tag", "input")]) } else { event }).collect()
}

/// Some visits of two visitors on several days, compacted; a repeat in it that the stream job did not mark.
async fn store() -> Landing {
    let mut landing = Landing::new();
    let (mut one, mut two) = (Tab::new("v1", "t1"), Tab::new("v2", "t2"));
    let first = visit(&mut one, NOON);
    landing.land(&first);
    landing.land(&visit(&mut two, NOON + MINUTE));
    landing.land(&[vec![first[3].clone()], visit(&mut one, NOON + DAY)].concat());
    landing.land_nothing();
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    landing.land(&visit(&mut two, NOON + DAY - HOUR));
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    landing
}

fn landing_files(landing: &Landing) -> Vec<PathBuf> {
    files(&landing.path().join("landing/data"))
}

#[tokio::test]
async fn without_leave_nothing_is_changed() {
    let landing = store().await;
    let before = files(landing.path());
    let lines = plan(&landing.lake(), &keeping(), at(NOON + 30 * DAY)).await.unwrap().lines();
    for part in
        ["landing: 5 links with 37 rows into the books", "landing: remove 4 files", "table events: write 2 files"]
    {
        assert!(lines.iter().any(|line| line.starts_with(part)), "{part} is not in {lines:#?}");
    }
    assert_eq!(files(landing.path()), before);
}

#[tokio::test]
async fn what_landed_goes_when_it_is_compacted_and_the_proof_stays() {
    let mut landing = store().await;
    let lake = landing.lake();
    let before = everything(&lake).await;
    maintain(&lake, &keeping(), NOON + 2 * DAY).await;
    assert_eq!(landing_files(&landing), Vec::<PathBuf>::new());
    assert_eq!(everything(&landing.lake()).await, before);
    verified(&landing.lake()).await;
    assert!(plan(&landing.lake(), &keeping(), at(NOON + 2 * DAY)).await.unwrap().is_empty(), "nothing is left to do");

    // The store goes on, late events included.
    let mut tab = Tab::new("v1", "t9");
    landing.land(&visit(&mut tab, NOON + 2 * MINUTE));
    compact(&lake, |_, _| {}).await.unwrap();
    verified(&landing.lake()).await;
    maintain(&lake, &keeping(), NOON + 2 * DAY).await;
    assert_eq!(number(&landing.lake(), "select count(*) from events").await, 45);
    verified(&landing.lake()).await;
}

#[tokio::test]
async fn what_every_table_does_not_have_yet_stays() {
    let mut landing = store().await;
    let mut tab = Tab::new("v3", "t3");
    landing.land(&visit(&mut tab, NOON));
    let lake = landing.lake();
    let mut goal = landing::Progress::default();
    goal.advance(lake.chains.all().await.unwrap()[&0].last().unwrap());
    warehouse::compact::Rounds::new(&lake, goal).next(&tables::EVENTS).await.unwrap();
    maintain(&lake, &keeping(), NOON).await;
    assert_eq!(landing_files(&landing).len(), 1, "only events has it");
    compact(&lake, |_, _| {}).await.unwrap();
    verified(&landing.lake()).await;
    let young = Keeping { landing: Duration::from_secs(1), ..keeping() };
    let lines = plan(&landing.lake(), &young, at(0)).await.unwrap().lines();
    assert!(!lines.iter().any(|line| line.starts_with("landing")), "it is young: {lines:?}");
}

/// The newest file of the books.
fn books(landing: &Landing) -> PathBuf {
    files(&landing.path().join("warehouse/_books")).pop().unwrap()
}

#[tokio::test]
async fn damage_is_found_where_no_landing_file_is_left() {
    let landing = store().await;
    maintain(&landing.lake(), &keeping(), NOON + 2 * DAY).await;
    let path = books(&landing);
    let sound = std::fs::read_to_string(&path).unwrap();
    let book: Value = serde_json::from_str(&sound).unwrap();
    assert_eq!(book["events"].as_array().unwrap().len(), 2, "two days: {book}");
    let mut one_less = book.clone();
    one_less["events"][0]["events"] = json!(book["events"][0]["events"].as_u64().unwrap() - 1);
    let mut another = book.clone();
    another["events"][1]["sum"] = json!("0".repeat(32));
    let mut none = book.clone();
    none["events"].as_array_mut().unwrap().pop();
    for (changed, words) in [
        (one_less, ["partition 0 on 2026-11-20", "18 events, not 17"]),
        (another, ["partition 0 on 2026-11-21", "but others than these"]),
        (none, ["table events: 18 events", "in no landing file of the chain"]),
    ] {
        std::fs::write(&path, changed.to_string()).unwrap();
        let problems = verify(&landing.lake(), |_| {}).await.unwrap().problems;
        assert!(
            problems.iter().any(|line| words.iter().all(|word| line.contains(word))),
            "{words:?} not in {problems:#?}"
        );
    }
    std::fs::write(&path, &sound).unwrap();
    verified(&landing.lake()).await;
    std::fs::remove_file(&path).unwrap();
    let told = format!("{:#}", verify(&landing.lake(), |_| {}).await.unwrap_err());
    assert!(told.contains("the books of the table events cannot be read"), "{told}");
}

#[tokio::test]
async fn a_table_that_came_into_being_later_is_made_of_events() {
    let landing = store().await;
    let before = everything(&landing.lake()).await;
    maintain(&landing.lake(), &keeping(), NOON + 2 * DAY).await;
    for table in ["clicks", "sessions", "page_views", "effects"] {
        std::fs::remove_dir_all(landing.path().join("warehouse").join(table)).unwrap();
    }
    assert_eq!(everything(&landing.lake()).await, before, "in the live view");
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    assert_eq!(everything(&landing.lake()).await, before);
    verified(&landing.lake()).await;

    std::fs::remove_dir_all(landing.path().join("warehouse/pointer")).unwrap();
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    let problems = verify(&landing.lake(), |_| {}).await.unwrap().problems;
    assert!(
        problems.iter().any(|line| line.contains("table pointer: 0 trails, but 4")),
        "trails stood only there: {problems:?}"
    );
}

fn retention(rules: &[&str]) -> Keeping {
    let rules: Vec<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
    Keeping { retention: Retention::parse(&rules).unwrap(), ..keeping() }
}

#[tokio::test]
async fn rows_go_with_their_session_when_their_time_is_over() {
    let mut landing = store().await;
    // A session over midnight, begun on the last day that goes.
    let mut night = Tab::new("v4", "t4");
    let events = [(0, "page_view"), (1, "click"), (2, "pointer")]
        .map(|(half, kind)| night.event(kind, NOON + 11 * HOUR + 50 * MINUTE + half * 20 * MINUTE));
    landing.land(&events);
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    let later = format!("where session_started_at >= timestamp '{}'", "2026-11-21T00:00:00Z");
    let mut expected = Vec::new();
    for table in tables::ALL {
        let sql = format!("select * from {} {later} order by {}", table.name, table.sort_order);
        expected.push(rows(&landing.lake(), &sql).await);
    }
    let keeping = retention(&["*/*=20d"]);
    let told = maintain(&landing.lake(), &keeping, NOON + 21 * DAY).await;
    assert!(told.iter().any(|line| line.starts_with("table events: 21 rows removed")), "{told:#?}");
    let lake = landing.lake();
    for (table, expected) in tables::ALL.iter().zip(expected) {
        let sql = format!("select * from {} order by {}", table.name, table.sort_order);
        assert_eq!(rows(&lake, &sql).await, expected, "{table:?}");
    }
    verified(&lake).await;
    maintain(&lake, &keeping, NOON + 21 * DAY).await;
    assert_eq!(plan(&lake, &keeping, at(NOON + 21 * DAY)).await.unwrap().lines(), Vec::<String>::new());
    landing.land(&visit(&mut Tab::new("v5", "t5"), NOON + 21 * DAY));
    compact(&lake, |_, _| {}).await.unwrap();
    maintain(&lake, &keeping, NOON + 60 * DAY).await;
    assert_eq!(number(&lake, "select count(*) from events").await, 0);
    verified(&landing.lake()).await;
}

#[tokio::test]
async fn each_table_keeps_its_own_time_and_the_books_agree() {
    let landing = store().await;
    let count = async |table: &str| number(&landing.lake(), &format!("select count(*) from {table}")).await;
    let before = (count("sessions").await, count("ledger").await, count("clicks").await);
    maintain(&landing.lake(), &retention(&["*/pointer=10d", "*/ledger=10d"]), NOON + 11 * DAY).await;
    assert_eq!((count("events").await, count("pointer").await), (36, 2));
    verified(&landing.lake()).await;
    let rules = ["*/*=10d", "*/sessions=forever", "*/clicks=11d"];
    maintain(&landing.lake(), &retention(&rules), NOON + 12 * DAY).await;
    assert_eq!((count("events").await, count("pointer").await, count("ledger").await), (0, 0, 0));
    assert_eq!((count("sessions").await, count("clicks").await), (before.0, before.2 - 2), "{before:?}");
    verified(&landing.lake()).await;
}

#[tokio::test]
async fn files_that_nothing_needs_go_and_others_stay() {
    let landing = store().await;
    let lake = landing.lake();
    let before = everything(&lake).await;
    let stray = curated_files(&landing, "events")[0].with_file_name("ct-killed.parquet");
    std::fs::write(&stray, "half").unwrap();
    let orphan = landing_files(&landing)[0].with_file_name("killed.parquet");
    std::fs::write(&orphan, "half").unwrap();
    let old = std::time::SystemTime::now() - Duration::from_secs(25 * 3_600);
    std::fs::File::options().write(true).open(&orphan).unwrap().set_modified(old).unwrap();
    let young = orphan.with_file_name("uploading.parquet");
    std::fs::write(&young, "half").unwrap();
    let now = Utc::now().timestamp_micros();
    maintain(&lake, &Keeping { landing: Duration::from_secs(u64::from(u32::MAX)), ..keeping() }, now).await;
    assert!(stray.exists(), "a process whose commit may still come may have written it");
    assert!(!orphan.exists() && young.exists());

    // A commit after it: whoever wrote it has lost.
    maintain(&lake, &keeping(), Utc::now().timestamp_micros()).await;
    maintain(&lake, &keeping(), Utc::now().timestamp_micros()).await;
    assert!(!stray.exists());
    for table in tables::ALL {
        let named = lake.table(table).newest().await.unwrap().files.len();
        assert_eq!(curated_files(&landing, table.name).len(), named, "{table:?}");
    }
    assert_eq!(everything(&landing.lake()).await, before);
    verified(&landing.lake()).await;
}

#[tokio::test]
async fn files_of_a_day_become_one_in_order() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    for step in 0..3 {
        let tabs = ["a", "b", "c"].map(|visitor| Tab::new(visitor, &format!("{visitor}{step}")));
        let events = tabs.map(|mut tab| visit(&mut tab, NOON + step * 2 * HOUR));
        landing.land(&events.concat());
        compact(&lake, |_, _| {}).await.unwrap();
    }
    assert_eq!(curated_files(&landing, "events").len(), 3);
    let before = everything(&lake).await;
    let today = NOON + HOUR;
    let lines = plan(&lake, &keeping(), at(today)).await.unwrap().lines();
    assert!(!lines.iter().any(|line| line.contains("again")), "the day is not over: {lines:?}");
    maintain(&lake, &keeping(), NOON + DAY).await;
    for table in tables::ALL {
        assert!(lake.table(table).newest().await.unwrap().files.len() <= 1, "{table:?}");
    }
    assert_eq!(everything(&landing.lake()).await, before);
    verified(&landing.lake()).await;
}

/// Rows of 80 kB of which a thousand share their texts: half a gigabyte fills a file that has few bytes.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_full_by_what_their_rows_take_are_put_together_once() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    for step in 0..8 {
        let context: Arc<str> = format!("{step:0>8000}").into();
        let mut tab = Tab::new(&format!("v{}", step % 3), &format!("t{step}"));
        let events = (0..1_000).map(|at| tab.event("heartbeat", NOON + step * MINUTE + at * 1_000).in_batch(0));
        landing.land(&events.map(|event| Event { context: Some(context.clone()), ..event }).collect::<Vec<_>>());
        compact(&lake, |_, _| {}).await.unwrap();
    }
    let before = curated_files(&landing, "events").len();
    maintain(&lake, &keeping(), NOON + DAY).await;
    let files = async || {
        let version = lake.table(&EVENTS).newest().await.unwrap();
        version.files.iter().map(|file| (file.path.clone(), file.bytes)).collect::<Vec<_>>()
    };
    let after = files().await;
    assert!(after.len() > 1 && after.len() < before, "{before} files, then {after:?}");
    assert!(after.iter().all(|(_, bytes)| *bytes < 1 << 20), "{after:?}");
    let again = maintain(&lake, &keeping(), NOON + DAY).await;
    assert!(!again.iter().any(|line| line.contains("written again")), "{again:?}");
    assert_eq!(files().await, after);
    verified(&landing.lake()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_compactions_and_verify_every_row_stays_once() {
    let mut landing = Landing::new();
    let mut tabs: Vec<Tab> = (0..3).map(|index| Tab::new(&format!("v{index}"), &format!("t{index}"))).collect();
    for round in 0..4 {
        for tab in &mut tabs {
            landing.land(&visit(tab, NOON + round * HOUR));
        }
        // Nobody waits for readers here: whoever finds its files gone fails as a whole, and is tried again.
        let maintaining = [landing.lake(), landing.lake()].map(|lake| {
            tokio::spawn(async move {
                let plan = plan(&lake, &keeping(), at(NOON + 2 * DAY)).await?;
                apply(&lake, &keeping(), &plan, |_| {}).await
            })
        });
        let compacting = [landing.lake(), landing.lake()]
            .map(|lake| tokio::spawn(async move { compact(&lake, |_, _| {}).await.map(|_| ()) }));
        for one in maintaining.into_iter().chain(compacting) {
            let _ = one.await.unwrap();
        }
    }
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    assert_eq!(number(&landing.lake(), "select count(*) from events").await, 4 * 3 * 9);
    verified(&landing.lake()).await;
}
