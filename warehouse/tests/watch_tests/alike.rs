//! A session's page views are those of the table, whatever has landed, and nobody else's rows are read for them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use datafusion::parquet::file::metadata::ParquetMetaDataReader;
use serde_json::{Value, json};
use warehouse::Lake;
use warehouse::compact::{Rounds, compact};
use warehouse::tables::EVENTS;

use crate::served::{OTHER, Served, visit};
use crate::support::recordings::recorder;
use crate::support::{Event, HOUR, Landing, MINUTE, NOON, SECOND, SITE, Tab, rows};

/// A page view of two minutes, of which the page has told its title at the second event.
fn page(tab: &mut Tab, site: &str, number: i64, at: i64) -> Vec<Event> {
    let (id, path) = (format!("page {number}"), format!("/boxes/{number}"));
    let url = format!("https://shop.example{path}");
    let own = [("site_id", site), ("page_view_id", id.as_str()), ("page_path", path.as_str())];
    let told = [&own[..], &[("page_url", url.as_str()), ("page_title", id.as_str())]].concat();
    vec![
        tab.event("page_view", at).with(&own),
        tab.event("click", at + SECOND).with(&told),
        tab.event("page_leave", at + 2 * MINUTE).with(&own),
    ]
}

/// Visitors of two sites in two tabs each, three sessions apart from each other.
fn before() -> Vec<Event> {
    let mut events = Vec::new();
    for visitor in 0..4_i64 {
        let site = if visitor == 3 { OTHER } else { SITE };
        for number in 0..2 {
            let mut tab = Tab::new(&format!("v{visitor}"), &format!("t{visitor} {number}"));
            for session in 0..3 {
                let at = NOON + session * 2 * HOUR + visitor * MINUTE + number * 7 * SECOND;
                events.extend(page(&mut tab, site, 10 * session + number, at));
            }
        }
    }
    events
}

/// What lands after them: sessions that go on, that were two, that began earlier than anybody knew, that nobody had seen; what came
/// again; and what others say in a visitor's tab.
fn after() -> Vec<Event> {
    let mut events = Vec::new();
    let tab = |visitor: &str, tab: &str, seq: i64| {
        let mut tab = Tab::new(visitor, tab);
        (0..seq).for_each(|_| tab.lose());
        tab
    };
    // The last session of v0 goes on, in a third tab too.
    events.extend(page(&mut tab("v0", "t0 0", 9), SITE, 20, NOON + 4 * HOUR + 10 * MINUTE));
    events.extend(page(&mut tab("v0", "t0 2", 0), SITE, 22, NOON + 4 * HOUR + 12 * MINUTE));
    // Every quarter of an hour between two sessions of v1: they were one.
    for step in 1..8 {
        let at = NOON + step * 15 * MINUTE;
        events.extend(page(&mut tab("v1", &format!("t1 between {step}"), 0), SITE, 50 + step, at));
    }
    // Ten minutes before the second session of v2: its id is in no row.
    events.extend(page(&mut tab("v2", "t2 early", 0), SITE, 60, NOON + 2 * HOUR - 10 * MINUTE));
    // The other site's visitor, and one of the same name on this one.
    events.extend(page(&mut tab("v3", "t3 0", 9), OTHER, 21, NOON + 4 * HOUR + 20 * MINUTE));
    events.extend(page(&mut tab("v3", "t3 of shop", 0), SITE, 70, NOON));
    // New ones, two sessions.
    let mut new = tab("v4", "t4", 0);
    events.extend(page(&mut new, SITE, 80, NOON));
    events.extend(page(&mut new, SITE, 81, NOON + 3 * HOUR));
    // What stands already, told as repeated and not; and twice in what has landed.
    let known = before();
    events.push(known[3].clone().repeated());
    events.push(known[4].clone());
    events.push(events[0].clone());
    // A stranger who says what v4's and v0's tabs said, before and after them.
    let mut forged = page(&mut tab("stranger", "t4", 0), SITE, 90, NOON + MINUTE);
    events.insert(0, forged.remove(1));
    events.extend(page(&mut tab("stranger", "t0 0", 9), SITE, 91, NOON));
    events.extend(page(&mut tab("stranger", "t0 1", 0), SITE, 92, NOON));
    events
}

const VIEWS: &str = "select session_id, site_id, visitor_id, page_view_id, tab_id, page_url, page_title, \
    arrow_cast(started_at, 'Int64') / 1000.0, arrow_cast(ended_at, 'Int64') / 1000.0 from page_views";

async fn sessions(lake: &Arc<Lake>) -> BTreeSet<String> {
    let found = rows(lake, "select distinct session_id from page_views").await;
    found.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
}

/// Every session's index, compared with the table.
async fn compare(landing: &Landing, gone: &BTreeSet<String>, when: &str) {
    let lake = landing.lake();
    let mut all = rows(&lake, VIEWS).await;
    let served = Served::of(landing, &[]);
    let sorted = |rows: &mut Vec<Value>| rows.sort_by_key(ToString::to_string);
    for session in sessions(&lake).await.union(gone) {
        let path = format!("/api/v1/sessions/{session}/replay");
        let (mut own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| row[0] == session.as_str());
        all = others;
        let reply = served.get(&path, None).await;
        if own.is_empty() {
            assert_eq!(reply.status, 404, "{when}: {session} is no more");
            continue;
        }
        assert_eq!(reply.status, 200, "{when}: {session}: {}", reply.text());
        let index = reply.json();
        let views = index["page_views"].as_array().unwrap().iter().map(|view| {
            json!([
                session,
                index["site_id"],
                index["visitor_id"],
                view["page_view_id"],
                view["tab_id"],
                view["page_url"],
                view["page_title"],
                view["started_at"],
                view["ended_at"]
            ])
        });
        let mut views: Vec<Value> = views.collect();
        sorted(&mut views);
        sorted(&mut own);
        assert_eq!(views, own, "{when}: {session}");
    }
    assert!(all.is_empty(), "{when}: {all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_views_of_each_session_are_those_of_the_table_whatever_has_landed() {
    let mut landing = Landing::new();
    landing.land(&before());
    compare(&landing, &BTreeSet::new(), "landed").await;
    let lake = landing.lake();
    compact(&lake, |_, _| {}).await.unwrap();
    let known = sessions(&lake).await;
    assert_eq!(known.len(), 12);
    compare(&landing, &BTreeSet::new(), "compacted").await;

    let late = after();
    landing.land(&late[..late.len() / 2]);
    let last = Arc::new(landing.land(&late[late.len() / 2..]));
    let now = sessions(&lake).await;
    assert!(known.difference(&now).count() >= 2, "some sessions are others now: {known:?} {now:?}");
    compare(&landing, &known, "landed behind what is compacted").await;

    let goal = lake.table(&EVENTS).newest().await.unwrap().progress.after(&[last]);
    let mut rounds = Rounds::new(&lake, goal);
    while rounds.next(&EVENTS).await.unwrap().is_some() {}
    drop(rounds);
    compare(&landing, &known, "in the midst of a compaction").await;
    compact(&lake, |_, _| {}).await.unwrap();
    compare(&landing, &known, "compacted again").await;
}

/// Spoils the pages of a column, as a look at them would find out.
fn spoil(file: &Path, column: &str) {
    let mut bytes = std::fs::read(file).unwrap();
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::from(bytes.clone())).unwrap();
    for group in metadata.row_groups() {
        let chunk = group.columns().iter().find(|chunk| chunk.column_path().string() == column).unwrap();
        let (from, length) = chunk.byte_range();
        bytes[from as usize..(from + length) as usize].fill(0xff);
    }
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_elses_rows_are_read_for_a_session() {
    let mut landing = Landing::new();
    let own = recorder(1);
    let session = visit(&mut landing, SITE, &own, 0.0);
    let mut others = Vec::new();
    for visitor in 0..20 {
        others.extend(page(&mut Tab::new(&format!("other {visitor}"), &format!("tab {visitor}")), SITE, visitor, NOON));
    }
    let link = landing.land(&others);
    spoil(&landing.path().join(&link.files[0].path), "page_title");
    let served = Served::of(&landing, &[]);
    let index = served.json(&format!("/api/v1/sessions/{session}/replay")).await;
    assert_eq!(index["page_views"][0]["page_view_id"], json!(own.page_view_id));
    let theirs = rows(&landing.lake(), "select distinct session_id from events where visitor_id = 'other 1'").await;
    let spoilt = format!("/api/v1/sessions/{}/replay", theirs[0][0].as_str().unwrap());
    assert_eq!(served.get(&spoilt, None).await.status, 500, "what is spoilt is looked at where it is asked for");
}
