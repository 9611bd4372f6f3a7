//! Stores that others left: nothing at all, one of an earlier build, one whose log another engine has cleaned.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use chrono::Utc;
use landing::Progress;
use serde_json::{Value, json};
use support::keep::keeping;
use support::{Event, Landing, NOON, SECOND, Tab, everything, number, rows};
use warehouse::Lake;
use warehouse::compact::{Rounds, compact};
use warehouse::keep::{apply, erase, plan};
use warehouse::limits::CHECKPOINT_COMMITS;
use warehouse::tables::EVENTS;
use warehouse::verify::verify;

async fn assert_sound(lake: &Lake) {
    let report = verify(lake, |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}

/// Everything that lies in the folder.
fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn nothing_is_not_well_and_reading_it_makes_nothing() {
    let landing = Landing::new();
    let lake = landing.lake();
    let refused = verify(&lake, |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains(&landing.url()) && refused.contains("nothing lies in it"), "{refused}");
    assert!(refused.contains(&format!("ls {}", landing.path().display())), "{refused}");
    for (table, rows) in everything(&lake).await {
        assert!(rows.is_empty(), "{table}");
    }
    lake.least_progress().await.unwrap();
    assert!(is_empty(landing.path()), "reading made something");
}

#[tokio::test]
async fn what_is_missing_of_a_store_is_said() {
    let mut landing = Landing::new();
    landing.land(&[Tab::new("v1", "t1").event("click", NOON)]);
    let report = verify(&landing.lake(), |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.notes.iter().any(|note| note.contains("there is no table yet")), "{:?}", report.notes);
    assert!(!landing.path().join("warehouse").exists(), "verify made something");

    compact(&landing.lake(), |_, _| {}).await.unwrap();
    std::fs::rename(landing.path().join("landing"), landing.path().join("elsewhere")).unwrap();
    let report = verify(&landing.lake(), |_| {}).await.unwrap();
    assert!(report.problems.iter().any(|problem| problem.starts_with("landing/: nothing")), "{:?}", report.problems);
    std::fs::rename(landing.path().join("elsewhere"), landing.path().join("landing")).unwrap();
    std::fs::remove_dir_all(landing.path().join("warehouse/events")).unwrap();
    let report = verify(&landing.lake(), |_| {}).await.unwrap();
    assert!(report.problems.iter().any(|problem| problem.contains("table events: missing")), "{:?}", report.problems);
}

/// Stores that earlier builds wrote: `make_store.py` makes one of the build at hand, before it changes what stores hold.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn store_1() -> Landing {
    unpacked(&fixtures().join("store-1"))
}

/// A fixture, in a temporary folder.
fn unpacked(fixture: &Path) -> Landing {
    let folder = tempfile::tempdir().unwrap();
    let archive = fixture.join("store.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(folder.path()).arg("--strip-components=1");
    assert!(tar.status().unwrap().success(), "tar could not unpack the fixture");
    Landing::of(folder)
}

/// What the build that made the fixture answered: for each table its rows, and for each column
/// [not null, distinct, least, greatest] as text.
async fn assert_as_it_was(lake: &Arc<Lake>, fixture: &Path) {
    let answers: Value = serde_json::from_slice(&std::fs::read(fixture.join("answers.json")).unwrap()).unwrap();
    for (table, wanted) in answers.as_object().unwrap() {
        let columns = wanted["columns"].as_object().unwrap();
        let of_each = columns.keys().map(|name| {
            format!("count({name}), count(distinct cast({name} as varchar)), min(cast({name} as varchar)), max(cast({name} as varchar))")
        });
        let of_each: Vec<String> = of_each.collect();
        let found = rows(lake, &format!("select count(*), {} from {table}", of_each.join(", "))).await;
        assert_eq!(found[0][0], wanted["rows"], "{table}");
        let found = found[0].as_array().unwrap()[1..].chunks(4);
        for ((name, wanted), found) in columns.iter().zip(found) {
            assert_eq!(&Value::Array(found.to_vec()), wanted, "{table}.{name}");
        }
    }
}

fn last_commits(landing: &Landing, table: &str) -> String {
    let log = landing.path().join("warehouse").join(table).join("_delta_log");
    let mut commits: Vec<_> = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).collect();
    commits.sort();
    commits.iter().rev().take(2).map(|commit| std::fs::read_to_string(commit).unwrap()).collect()
}

#[tokio::test]
async fn a_store_of_an_earlier_build_is_read_and_goes_on() {
    let mut landing = store_1();
    let lake = landing.lake();
    assert_as_it_was(&lake, &fixtures().join("store-1")).await;
    assert_sound(&lake).await;
    assert_eq!(number(&lake, "select count(*) from ledger where losses_bounded is null").await, 3, "an added column");

    // A landing file may lack columns too: those that came into being after it was written.
    let day = 24 * 3_600 * SECOND;
    let mut tab = Tab::new("v1", "t1");
    let events = [tab.event("page_view", NOON + 6 * day), tab.event("click", NOON + 6 * day + SECOND)];
    landing.land_without(&events, &["custom", "utm_content", "geo_city"]);
    let before = everything(&lake).await;
    let summary = compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!((summary.links, summary.events), (1, 2));
    assert_eq!(everything(&lake).await, before);
    assert_sound(&landing.lake()).await;
    let added = "select losses_bounded, count(*) from ledger group by 1 order by 1 nulls first";
    assert_eq!(Value::Array(rows(&landing.lake(), added).await), json!([[null, 3], [false, 1]]));
    for (table, column) in [("ledger", Some("losses_bounded")), ("sessions", Some("losses_bounded")), ("events", None)]
    {
        let commits = last_commits(&landing, table);
        assert!(commits.contains("delta.dataSkippingStatsColumns"), "{table}");
        assert!(column.is_none_or(|column| commits.contains(column)), "{table}");
    }
}

#[tokio::test]
async fn every_earlier_store_is_read_verified_and_kept() {
    let mut met = 0;
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let fixture = entry.unwrap().path();
        if !fixture.is_dir() {
            continue;
        }
        met += 1;
        let mut landing = unpacked(&fixture);
        assert_as_it_was(&landing.lake(), &fixture).await;
        assert_sound(&landing.lake()).await;
        landing.land(&[Tab::new("v1", "t1").event("click", NOON)]);
        compact(&landing.lake(), |_, _| {}).await.unwrap();
        let before = everything(&landing.lake()).await;
        let todo = plan(&landing.lake(), &keeping(), Utc::now()).await.unwrap();
        apply(&landing.lake(), &keeping(), &todo, |_| {}).await.unwrap();
        assert_eq!(everything(&landing.lake()).await, before, "{}", fixture.display());
        assert_sound(&landing.lake()).await;
        let visitor =
            rows(&landing.lake(), "select site_id, visitor_id from sessions order by events desc limit 1").await;
        let of = |place: usize| visitor[0][place].as_str().unwrap().to_owned();
        let erased = erase(&landing.lake(), &keeping(), (&of(0), &of(1)), |_| {}).await.unwrap();
        assert!(erased.removed[0].rows > 1 && erased.left.is_nothing(), "{}: {erased:?}", fixture.display());
        assert_sound(&landing.lake()).await;
    }
    assert!(met >= 2, "{met}");
}

/// Columns of `events` that came into being after the store of `fixtures/store-1` was written.
fn columns_since_store_1() -> Vec<String> {
    let answers: Value = serde_json::from_str(include_str!("fixtures/store-1/answers.json")).unwrap();
    let before = answers["events"]["columns"].as_object().unwrap();
    EVENTS.columns().into_iter().filter(|name| !before.contains_key(name)).collect()
}

#[tokio::test]
async fn columns_that_an_older_store_lacks_are_null_and_come_with_the_next_compaction() {
    let mut landing = store_1();
    let lake = landing.lake();
    let new = columns_since_store_1();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    assert!(
        ["state", "pointer_type", "effect_of_seq", "field_refills"].iter().all(|name| new.contains(name)),
        "{new:?}"
    );
    let filled = format!(
        "select {} from events",
        new.iter().map(|name| format!("count({name})")).collect::<Vec<_>>().join(", ")
    );
    let none = json!(vec![0; new.len()]);
    assert_eq!(rows(&lake, &filled).await, std::slice::from_ref(&none), "of the older table");

    let mut tab = Tab::new("v1", "t1");
    landing.land_without(&[tab.event("click", NOON), tab.event("click", NOON + SECOND)], &new);
    assert_eq!(rows(&lake, &filled).await, [none], "of an older landing file");
    let touch = tab.event("click", NOON + 2 * SECOND).with(&[("pointer_type", "touch")]);
    let effect = tab.event("effect", NOON + 3 * SECOND).with(&[("effect_kind", "dom")]);
    let effect = effect.with_numbers(&[("effect_of_seq", 2.0), ("effect_after_ms", 34.5)]);
    landing.land(&[touch, effect]);

    let mine = "select type, pointer_type, effect_of_seq, effect_kind, effect_after_ms from events \
                where visitor_id = 'v1' order by seq";
    let wanted = json!([
        ["click", null, null, null, null],
        ["click", null, null, null, null],
        ["click", "touch", null, null, null],
        ["effect", null, 2, "dom", 34.5]
    ]);
    let counts = "select effect_count, count(*) from sessions where effect_count is null or visitor_id = 'v1' group by 1 \
                  order by 1 nulls first";
    assert_eq!(Value::Array(rows(&lake, mine).await), wanted, "of the landing tail");
    assert_eq!(rows(&lake, counts).await[1], json!([1, 1]), "the older sessions know nothing of effects");
    let before = everything(&lake).await;
    compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!(everything(&landing.lake()).await, before);
    assert_eq!(Value::Array(rows(&landing.lake(), mine).await), wanted, "of the table");
    assert_sound(&landing.lake()).await;
    let commits = last_commits(&landing, "events");
    assert!(new.iter().all(|name| commits.contains(&format!("\\\"{name}\\\""))), "the log names every new column");
}

#[tokio::test(flavor = "multi_thread")]
async fn compactions_at_the_same_time_extend_an_older_table_once() {
    let mut landing = store_1();
    landing.land(&[Tab::new("v1", "t1").event("click", NOON)]);
    let all = [landing.lake(), landing.lake(), landing.lake()]
        .map(|lake| tokio::spawn(async move { compact(&lake, |_, _| {}).await.unwrap() }));
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(number(&landing.lake(), "select count(*) from events where visitor_id = 'v1'").await, 1);
    assert_sound(&landing.lake()).await;
    let log = landing.path().join("warehouse/ledger/_delta_log");
    let commits = std::fs::read_dir(log).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let extended: Vec<String> =
        commits.filter(|commit| commit.contains("losses_bounded") && commit.contains("metaData")).collect();
    assert_eq!(extended.len(), 1, "{extended:#?}");
}

/// A table with a checkpoint of its newest version of ours (the library writes one when a version is the last of so many), behind it a commit of another engine, and no commit before.
async fn cleaned(landing: &mut Landing, lake: &Arc<Lake>) -> i64 {
    let mut tab = Tab::new("v1", "t1");
    let commits = i64::from(CHECKPOINT_COMMITS) - 1;
    for step in 0..commits {
        let mut goal = Progress::default();
        let event: Event = tab.event("click", NOON + step * SECOND);
        goal.advance(&landing.land(&[event]));
        Rounds::new(lake, goal).next(&EVENTS).await.unwrap();
    }
    let log = landing.path().join("warehouse/events/_delta_log");
    assert!(log.join(format!("{commits:020}.checkpoint.parquet")).exists());
    for version in 0..=commits {
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    let foreign = r#"{"commitInfo":{"timestamp":1795176000000,"operation":"OPTIMIZE"}}"#;
    std::fs::write(log.join(format!("{:020}.json", commits + 1)), format!("{foreign}\n")).unwrap();
    commits
}

#[tokio::test]
async fn a_log_that_another_engine_has_cleaned_is_read_from_its_checkpoint() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let events = cleaned(&mut landing, &lake).await;
    let log = landing.path().join("warehouse/events/_delta_log");
    // Also by who was there before the log was cleaned, and where the pointer to the checkpoint is stale or missing.
    assert_eq!(number(&lake, "select count(*) from events").await, events);
    assert_eq!(number(&landing.lake(), "select count(*) from events").await, events);
    std::fs::remove_file(log.join("_last_checkpoint")).unwrap();
    assert_eq!(number(&landing.lake(), "select count(*) from events").await, events);

    landing.land(&[Tab::new("v2", "t2").event("click", NOON)]);
    let summary = compact(&landing.lake(), |_, _| {}).await.unwrap();
    assert_eq!((summary.links, summary.events), (1, 1), "only what is new");
    assert_eq!(number(&lake, "select count(*) from events").await, events + 1);
    assert_sound(&landing.lake()).await;
}
