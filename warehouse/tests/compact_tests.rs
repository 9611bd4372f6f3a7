//! Compaction, and the live view beside it, over a landing zone in a temporary folder.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use landing::Progress;
use support::keep::keeping;
use support::{Event, HOUR, Landing, MINUTE, NOON, SECOND, SITE, Tab, everything, number, rows};
use warehouse::Resources;
use warehouse::compact::{Rounds, Summary, compact};
use warehouse::keep::erase;
use warehouse::limits::CHECKPOINT_COMMITS;
use warehouse::tables::{self, EVENTS};
use warehouse::verify::verify;

async fn assert_sound(lake: &warehouse::Lake) {
    let report = verify(lake, |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}

/// One commit each, when nothing changes twice.
fn tables() -> u64 {
    tables::ALL.len() as u64
}

fn visit(tab: &mut Tab, from: i64) -> Vec<Event> {
    ["page_view", "pointer", "click", "scroll", "pointer", "page_leave"]
        .into_iter()
        .zip(0..)
        .map(|(kind, step)| tab.event(kind, from + step * SECOND))
        .collect()
}

#[tokio::test]
async fn an_empty_store_answers_and_verifies() {
    let landing = Landing::new();
    let lake = landing.lake();
    for (table, rows) in everything(&lake).await {
        assert!(rows.is_empty(), "{table}");
    }
    assert_eq!(compact(&lake, |_, _| {}).await.unwrap(), Summary::default());
    assert_sound(&lake).await;
}

#[tokio::test]
async fn the_view_is_the_same_before_and_after_a_compaction() {
    let mut landing = Landing::new();
    let (mut tab, mut other) = (Tab::new("v1", "t1"), Tab::new("v2", "t2"));
    landing.land(&visit(&mut tab, NOON));
    tab.lose();
    landing.land(&visit(&mut tab, NOON + MINUTE));
    landing.land(&[visit(&mut other, NOON), visit(&mut tab, NOON + 2 * HOUR)].concat());
    let lake = landing.lake();

    let before = everything(&lake).await;
    let summary = compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!((summary.links, summary.events, summary.sessions_corrected, summary.commits), (3, 24, 0, tables()));
    assert_eq!(everything(&lake).await, before);
    assert_eq!(everything(&landing.lake()).await, before, "another process sees the same");
    assert_eq!(number(&lake, "select count(*) from sessions").await, 3);
    assert_eq!(number(&lake, "select count(*) from pointer").await, 8);
    let ledger =
        rows(&lake, "select events_expected, events_received, events_lost, first_gap_seq from ledger order by 1").await;
    assert_eq!(serde_json::json!(ledger), serde_json::json!([[6, 6, 0, null], [6, 6, 0, null], [13, 12, 1, 6]]));
    let batches =
        "select tab_id, batches_expected, batches_received, batches_lost from ledger order by 1, session_started_at";
    let batches = rows(&lake, batches).await;
    assert_eq!(serde_json::json!(batches), serde_json::json!([["t1", 2, 2, 0], ["t1", 1, 1, 0], ["t2", 3, 3, 0]]));
    assert_eq!(compact(&lake, |_, _| {}).await.unwrap(), Summary::default(), "nothing is left to do");
    assert_sound(&lake).await;
}

/// Wide rows: a batch of them is many times the share that each operator of a plan would get of little memory, if the
/// plan had as many parts and operators as it likes.
#[tokio::test]
async fn a_round_fits_in_little_memory() {
    const LITTLE: usize = 128 << 20;
    const ROWS: i64 = 12_000;
    let mut landing = Landing::new();
    let wide = "x".repeat(250);
    let mut tabs: Vec<Tab> =
        (0..50).map(|tab| Tab::new(&format!("v{tab}-{wide}"), &format!("t{tab}-{wide}"))).collect();
    for link in 0..3 {
        let events: Vec<Event> = (0..ROWS / 3)
            .map(|step| tabs[step as usize % 50].event("click", NOON + (link * ROWS + step) * 1_000))
            .collect();
        landing.land(&events);
    }
    let lake = landing.lake_with(Resources { memory_bytes_max: LITTLE, ..Resources::default() });
    let summary = compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!((summary.links, summary.events, summary.commits), (3, ROWS as u64, tables()));
    assert_sound(&landing.lake()).await;
}

#[tokio::test]
async fn a_session_ends_after_a_day_across_compactions() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let mut tab = Tab::new("v1", "t1");
    for step in 0..80 {
        landing.land(&[tab.event("click", NOON + step * 20 * MINUTE)]);
        if step % 9 == 0 {
            compact(&lake, |_, _| {}).await.unwrap();
        }
    }
    compact(&lake, |_, _| {}).await.unwrap();
    let sessions = rows(&lake, "select events from sessions order by started_at").await;
    assert_eq!(
        serde_json::json!(sessions),
        serde_json::json!([[73], [7]]),
        "24 h hold 72 steps of 20 min and their ends"
    );
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_compaction_that_dies_between_tables_is_finished_by_the_next() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let mut tab = Tab::new("v1", "t1");
    let mut expected = Vec::new();
    for (step, table) in tables::ALL.iter().enumerate() {
        let link = landing.land(&visit(&mut tab, NOON + step as i64 * 40 * MINUTE));
        let mut goal = Progress::default();
        goal.advance(&link);
        let mut rounds = Rounds::new(&lake, goal);
        rounds.next(&EVENTS).await.unwrap();
        if *table != &EVENTS {
            rounds.next(table).await.unwrap();
        }
        // The killed process is gone; whoever comes next sees whole tables.
        let fresh = landing.lake();
        expected = everything(&fresh).await;
        assert_eq!(number(&fresh, "select sum(events) from sessions").await, 6 * (step as i64 + 1));
        assert_sound(&fresh).await;
    }
    let fresh = landing.lake();
    compact(&fresh, |_, _| {}).await.unwrap();
    assert_eq!(everything(&fresh).await, expected);
    assert_sound(&fresh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compactions_at_the_same_time_take_every_link_once() {
    let mut landing = Landing::new();
    let mut tabs: Vec<Tab> = (0..4).map(|index| Tab::new(&format!("v{index}"), &format!("t{index}"))).collect();
    for round in 0..3 {
        for tab in &mut tabs {
            landing.land(&visit(tab, NOON + round * 20 * MINUTE));
        }
        let lakes = [landing.lake(), landing.lake(), landing.lake()];
        let all = lakes.map(|lake| tokio::spawn(async move { compact(&lake, |_, _| {}).await }));
        for one in all {
            one.await.unwrap().unwrap();
        }
    }
    let lake = landing.lake();
    assert_eq!(number(&lake, "select count(*) from events").await, 4 * 3 * 6);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_fresh_process_reads_a_table_from_its_checkpoint() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let mut tab = Tab::new("v1", "t1");
    let commits = i64::from(CHECKPOINT_COMMITS) + 3;
    for step in 0..commits {
        let mut goal = Progress::default();
        goal.advance(&landing.land(&[tab.event("click", NOON + step * SECOND)]));
        Rounds::new(&lake, goal).next(&EVENTS).await.unwrap();
    }
    assert!(landing.path().join("warehouse/events/_delta_log/_last_checkpoint").exists());
    let fresh = landing.lake();
    assert_eq!(number(&fresh, "select count(*) from events").await, commits);
    let summary = compact(&fresh, |_, _| {}).await.unwrap();
    assert_eq!((summary.events, summary.commits), (0, tables() - 1), "events is whole, the other tables catch up");
    assert_sound(&fresh).await;
}

#[tokio::test]
async fn small_files_are_merged() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let mut tab = Tab::new("v1", "t1");
    for step in 0..40 {
        landing.land(&[tab.event("click", NOON + step * SECOND)]);
        let link = landing.land(&[tab.event("scroll", NOON + step * SECOND)]);
        let mut goal = Progress::default();
        goal.advance(&link);
        let mut rounds = Rounds::new(&lake, goal);
        while rounds.next(&EVENTS).await.unwrap().is_some() {}
    }
    let version = lake.table(&EVENTS).newest().await.unwrap();
    assert!(version.files.len() <= 20, "{} files", version.files.len());
    compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!(number(&lake, "select count(*) from events").await, 80);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn what_is_over_is_not_written_again_with_what_goes_on() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let clicks = tables::named("clicks").unwrap();
    let files = async || lake.table(clicks).newest().await.unwrap().files.clone();
    let (mut over, mut going) = (Tab::new("v1", "t1"), Tab::new("v2", "t2"));
    landing.land(&[visit(&mut over, NOON), visit(&mut going, NOON + HOUR)].concat());
    compact(&lake, |_, _| {}).await.unwrap();
    let first = files().await;
    let (closed, open): (Vec<_>, Vec<_>) = first.iter().partition(|file| !file.is_open());
    assert_eq!((closed.len(), open.len()), (1, 1), "{first:?}");
    let until = NOON + HOUR + 5 * SECOND + 30 * MINUTE;
    assert!(open[0].path.contains(&format!("ct-open-{until}-p0-")), "{open:?}");
    for step in 1..=3 {
        landing.land(&[going.event("click", NOON + HOUR + step * 20 * MINUTE)]);
        compact(&lake, |_, _| {}).await.unwrap();
        let paths: Vec<_> = files().await.into_iter().map(|file| file.path).collect();
        assert!(paths.contains(&closed[0].path), "written again: {paths:?}");
        assert!(!paths.contains(&open[0].path) && paths.len() == 2, "{paths:?}");
    }
    assert_eq!(number(&lake, "select count(*) from clicks where visitor_id = 'v2'").await, 4);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn files_of_sessions_that_have_ended_are_merged() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    for step in 0..56 {
        landing.land(&visit(&mut Tab::new(&format!("v{step}"), &format!("t{step}")), NOON + step * MINUTE));
        compact(&lake, |_, _| {}).await.unwrap();
    }
    let version = lake.table(tables::named("clicks").unwrap()).newest().await.unwrap();
    let open = version.files.iter().filter(|file| file.is_open()).count();
    // Those of the last half hour may go on; one more round may have waited for the others.
    assert!((30..48).contains(&open) && version.files.len() < 50, "{open} of {} files", version.files.len());
    assert_eq!(number(&lake, "select count(*) from clicks").await, 56);
    assert_sound(&lake).await;
}

/// An event is its tab and number for ever: what was sent again with another time, long after the stream job has forgotten the
/// tab, is a repeat, whoever sends it.
#[tokio::test]
async fn an_event_that_comes_again_much_later_stands_once() {
    const LATER: [i64; 2] = [9 * 24 * HOUR, 400 * 24 * HOUR];
    let mut landing = Landing::new();
    let lake = landing.lake();
    let mut tab = Tab::new("v1", "t1");
    landing.land(&[tab.event("click", NOON), tab.event("click", NOON + SECOND)]);
    compact(&lake, |_, _| {}).await.unwrap();
    for later in LATER {
        let again = |visitor: &str| Tab::new(visitor, "t1").event("click", NOON + later).with_seq(0);
        let own = Tab::new("v2", &format!("own after {later}")).event("click", NOON + later);
        landing.land(&[again("v1"), again("v2"), own, tab.event("pointer", NOON + later)]);
        let before = everything(&lake).await;
        compact(&lake, |_, _| {}).await.unwrap();
        assert_eq!(everything(&lake).await, before);
        assert_eq!(number(&lake, "select count(*) from events where tab_id = 't1' and seq = 0").await, 1);
        assert_sound(&lake).await;
    }
    let repeats = rows(&lake, "select visitor_id, tab_id, duplicates from ledger where duplicates > 0").await;
    assert_eq!(serde_json::json!(repeats), serde_json::json!([["v1", "t1", 4]]));
    assert_eq!(number(&lake, "select count(*) from clicks").await, 4);
    erase(&lake, &keeping(), (SITE, "v1"), |_| {}).await.unwrap();
    assert_eq!(number(&lake, "select count(*) from events").await, 2);
    assert_sound(&lake).await;
}

/// What came before the first event that lands is not held event by event: a visitor may have any number of them.
#[tokio::test(flavor = "multi_thread")]
async fn the_past_of_a_visitor_takes_no_memory() {
    const LINKS: i64 = 8;
    const ROWS: i64 = 40_000;
    let mut landing = Landing::new();
    let lake = landing.lake_with(Resources { memory_bytes_max: 32 << 20, ..Resources::default() });
    let mut tab = Tab::new("v1", "t1");
    for link in 0..LINKS {
        let events = (0..ROWS).map(|step| tab.event("scroll", NOON + (link * ROWS + step) * SECOND));
        let mut goal = Progress::default();
        goal.advance(&landing.land(&events.collect::<Vec<_>>()));
        let mut rounds = Rounds::new(&lake, goal);
        while rounds.next(&EVENTS).await.unwrap().is_some() {}
    }
    let lake = landing.lake();
    assert_eq!(number(&lake, "select count(*) from events").await, LINKS * ROWS);
    // 24 hours of a second between each.
    assert_eq!(number(&lake, "select count(distinct session_id) from events").await, 4);
}
