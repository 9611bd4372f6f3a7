//! Rounds of compaction over what a stranger can send: nothing, forged numbers, others' tabs, rows that are large.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::datatypes::{DataType, Field};
use schemas::landing::event_fields;
use serde_json::{Value, json};
use support::{Event, Landing, MINUTE, NOON, SECOND, Tab, everything, number, rows};
use tokio_util::sync::CancellationToken;
use warehouse::compact::{compact, every};
use warehouse::tables::EVENTS;
use warehouse::verify::verify;
use warehouse::{Lake, Resources};

/// Largest number that the ingest contract takes.
const LARGEST: i64 = (1 << 53) - 1;

async fn assert_sound(lake: &Lake) {
    let report = verify(lake, |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}

/// Compacts; the tables say the same before and after.
async fn compact_unchanged(lake: &Arc<Lake>) {
    let before = everything(lake).await;
    compact(lake, |_, _| {}).await.unwrap();
    assert_eq!(everything(lake).await, before);
    assert_sound(lake).await;
}

async fn answer(lake: &Arc<Lake>, sql: &str) -> Value {
    Value::Array(rows(lake, sql).await)
}

#[tokio::test]
async fn links_without_rows_are_taken_in() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    landing.land_nothing();
    compact_unchanged(&lake).await;
    let mut tab = Tab::new("v1", "t1");
    let events: Vec<Event> = ["page_view", "pointer"].map(|kind| tab.event(kind, NOON)).into();
    landing.land(&events);
    compact_unchanged(&lake).await;
    landing.land_nothing();
    compact_unchanged(&lake).await;
    landing.land(&[]);
    landing.land(&events.iter().cloned().map(Event::repeated).collect::<Vec<_>>());
    compact_unchanged(&lake).await;
    assert_eq!(compact(&lake, |_, _| {}).await.unwrap().links, 0, "all of them count as done");
    assert_eq!(answer(&lake, "select events_received, duplicates from ledger").await, json!([[2, 2]]));
}

#[tokio::test]
async fn forged_numbers_are_bounded_and_said_to_be() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let forged = |tab: usize, seq: i64, batch: i64| {
        Tab::new("v1", &format!("t{tab}")).event("click", NOON).with_seq(seq).in_batch(batch)
    };
    landing.land(&(0..1_100).map(|tab| forged(tab, LARGEST, LARGEST)).collect::<Vec<_>>());
    landing.land(&[forged(2_000, i64::MAX, 0), forged(2_001, i64::MIN, i64::MAX), forged(2_002, 0, LARGEST)]);
    landing.land(&[forged(2_000, -7, i64::MIN), forged(2_000, 5, 3)]);
    compact_unchanged(&lake).await;
    let books = "select events, events_expected = events + events_lost, \
                 events_lost between 1100 * 1000 and 1200 * 8641000, completeness between 0 and 1, losses_bounded from sessions";
    assert_eq!(answer(&lake, books).await, json!([[1105, true, true, true, true]]));
    let wrong = "select count(*) from ledger where events_lost < 0 or batches_lost < 0 or batches_received < 0 \
                 or batches_expected <> batches_received + batches_lost or not losses_bounded and tab_id < 't2'";
    assert_eq!(number(&lake, wrong).await, 0);
}

/// Of each type an event for each number that it may have, as large, as small and as little as the ingest contract takes.
#[tokio::test]
async fn no_number_of_a_stranger_stops_a_table() {
    let mut landing = Landing::new();
    let lake = landing.lake();
    let own = ["seq", "batch_seq", "kafka_partition", "kafka_offset", "clock_error_ms"];
    let numbers: Vec<Field> = event_fields()
        .into_iter()
        .filter(|field| matches!(field.data_type(), DataType::Float64 | DataType::Int64))
        .filter(|field| !own.contains(&field.name().as_str()))
        .collect();
    let mut tab = Tab::new("v1", "t1");
    let mut events = Vec::new();
    for kind in schemas::ingest::EventType::ALL {
        for number in &numbers {
            for value in [f64::MAX, -1e308, 1e16, 5e-324] {
                let whole = *number.data_type() == DataType::Int64;
                let value = if whole { value.clamp(-(LARGEST as f64), LARGEST as f64) } else { value };
                let at = NOON + events.len() as i64 * SECOND / 100;
                events.push(tab.event(kind.name(), at).with_numbers(&[(number.name(), value)]));
            }
        }
    }
    for events in events.chunks(1_000) {
        landing.land(events);
    }
    compact_unchanged(&lake).await;
    assert_eq!(number(&lake, "select count(*) from events").await, events.len() as i64);
    for view in ["friction", "channels", "campaigns"] {
        rows(&lake, &format!("select * from {view}")).await;
    }
}

#[tokio::test]
async fn every_answered_event_is_a_row_or_a_repeat() {
    let numbers = |visitor: &str, from: i64, to: i64| -> Vec<Event> {
        let mut tab = Tab::new(visitor, "t1");
        (from..=to)
            .map(|seq| tab.event(if seq % 2 == 0 { "click" } else { "pointer" }, NOON + seq * SECOND).with_seq(seq))
            .collect()
    };
    let sent = [
        numbers("v1", 0, 14),
        numbers("v2", 5, 14),
        numbers("v2", 5, 9).into_iter().map(Event::repeated).collect(),
        numbers("v3", 10, 19),
        numbers("v1", 0, 3),
    ];
    let total: usize = sent.iter().map(Vec::len).sum();
    // Bit i of `cuts`: a compaction after the i-th link.
    for cuts in [0b00000, 0b11111, 0b01010] {
        let mut landing = Landing::new();
        let lake = landing.lake();
        for (place, events) in sent.iter().enumerate() {
            landing.land(events);
            if cuts >> place & 1 == 1 {
                compact(&lake, |_, _| {}).await.unwrap();
            }
        }
        compact_unchanged(&lake).await;
        let events = number(&lake, "select count(*) from events").await;
        let repeats = number(&lake, "select sum(duplicates) from ledger").await;
        assert_eq!((events, events + repeats), (20, total as i64), "{cuts:b}");
    }
}

/// Batches of heartbeats whose ten context texts of 8 kB are shared by all of their events: small to send, 80 kB a row.
fn large_rows(batches: i64, events: i64) -> Vec<Event> {
    let mut all = Vec::new();
    for batch in 0..batches {
        let context: Arc<str> = format!("{batch:0>8000}").into();
        let mut tab = Tab::new(&format!("v{}", batch % 7), &format!("t{batch}"));
        let of_batch = (0..events).map(|step| tab.event("heartbeat", NOON + batch * MINUTE + step * 1_000).in_batch(0));
        all.extend(of_batch.map(|event| Event { context: Some(context.clone()), ..event }));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_much_larger_than_their_file_fit_in_little_memory() {
    let mut landing = Landing::new();
    let events = large_rows(12, 500);
    for events in events.chunks(3_000) {
        let link = landing.land(events);
        assert!(link.files[0].bytes < 1_000_000, "{} bytes", link.files[0].bytes);
    }
    let lake = landing.lake_with(Resources { memory_bytes_max: 96 << 20, ..Resources::default() });
    let live = "select count(*), count(distinct page_title), max(length(entry_page)) from events e \
                join (select session_id, entry_page from sessions) s on e.session_id = s.session_id";
    let before = answer(&lake, live).await;
    assert_eq!(before, json!([[6000, 12, 6]]));
    compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!(answer(&lake, live).await, before);
    // Again on top of it: the curated files are as large.
    landing.land(&[Tab::new("v1", "late").event("click", NOON - 20 * MINUTE)]);
    compact(&lake, |_, _| {}).await.unwrap();
    assert_sound(&landing.lake()).await;
}

/// 80 kB a row and nothing shared: one batch of them is more than the memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_does_not_fit_is_taken_in_parts() {
    let mut landing = Landing::new();
    let mut tab = Tab::new("v1", "t1");
    let events = (0..800).map(|step| {
        let context = Some(format!("{step:0>8000}").into());
        Event { context, ..tab.event("pointer", NOON + step * SECOND) }
    });
    landing.land(&events.collect::<Vec<_>>());
    let lake = landing.lake_with(Resources { memory_bytes_max: 32 << 20, ..Resources::default() });
    compact(&lake, |_, _| {}).await.unwrap();
    assert!(lake.shares.of(&EVENTS).links_max < usize::MAX, "it fitted as it was");
    assert_eq!(number(&lake, "select count(distinct page_title) from events").await, 800);
    assert_sound(&landing.lake()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_a_compaction_at_once() {
    let mut landing = Landing::new();
    landing.land(&large_rows(20, 1_000));
    let (lake, shutdown) = (landing.lake(), CancellationToken::new());
    let running = tokio::spawn(every(lake, Duration::from_secs(3_600), shutdown.clone()));
    // The table is made when the round begins.
    let begun = landing.path().join("warehouse/events/_delta_log/00000000000000000000.json");
    while !begun.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let asked = Instant::now();
    shutdown.cancel();
    running.await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}
