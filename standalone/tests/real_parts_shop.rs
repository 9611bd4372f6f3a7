//! Five visitors in Chromium, HAProxy, two collectors, a real Kafka and registry, two stream jobs, a real S3 server: one
//! collector and one stream job are killed in mid flight, and nothing is lost or doubled.

mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use system::{Parts, Pipeline, PipelineOptions, Row, Run, Tab, Visit, VisitOptions, Visitor, Warehouse, eventually};

const VISITORS: u32 = 5;
const VISIT_SECONDS: u64 = 60;
/// Kills come once so many events are in SQL: the system is then in the middle of its work.
const EVENTS_BEFORE_COLLECTOR_KILL: i64 = 50;
const EVENTS_BEFORE_STREAM_JOB_KILL: i64 = 200;
const FIRST_EVENTS_WAIT: Duration = Duration::from_secs(60);
/// After the last visitor left: the SDK's retries, the flush, and a rebalance may each take some seconds.
const LANDED_WAIT: Duration = Duration::from_secs(90);

/// DEFINITIONS.md: a pause of exactly this length is still the same session.
const GAP_MS: f64 = 30.0 * 60_000.0;
const RETURNING_VISITORS: u32 = 6;
const RETURNING_SEED: u64 = 40;

/// A tab's events by type.
type Counts = BTreeMap<String, i64>;

#[test]
fn what_five_visitors_did_is_in_sql_once_though_a_collector_and_a_stream_job_are_killed() {
    if !system::real_parts_wanted("real_parts_shop") {
        return;
    }
    let run = Run::new("shop");
    let parts = Parts::start(&run);
    let mut pipeline =
        Pipeline::start(&run, &parts, &PipelineOptions { collectors: 2, stream_jobs: 2, ..Default::default() });
    let warehouse = pipeline.warehouse();
    let shop_url = pipeline.start_shop(&run);

    let visit = Visit::start(
        &run,
        &VisitOptions {
            shop_url,
            seconds: VISIT_SECONDS,
            visitors: VISITORS,
            seed: 7,
            canary: "canary-of-the-shop".into(),
        },
    );
    wait_for_events(&warehouse, EVENTS_BEFORE_COLLECTOR_KILL);
    let returning = returning_visitors(&pipeline);
    pipeline.kill_and_restart_collector(&run, 0);
    wait_for_events(&warehouse, EVENTS_BEFORE_STREAM_JOB_KILL);
    pipeline.kill_and_restart_stream_job(&run, 0);
    let visitors = visit.finish();

    assert_eq!(visitors.len(), VISITORS as usize, "each visitor was counted");
    let mut counted = counted_by_the_page(&visitors);
    counted.extend(returning);
    let total: i64 = counted.values().flat_map(BTreeMap::values).sum();
    assert!(
        total > EVENTS_BEFORE_STREAM_JOB_KILL,
        "{total} events are too few for the kills to have hit a running visit"
    );
    eventually(&format!("{total} events in SQL"), LANDED_WAIT, || at_least(&warehouse, total));

    warehouse.compact();
    assert_eq!(
        in_the_table(&warehouse),
        counted,
        "events by tab and type: left in `events`, right as the page counted them"
    );
    nothing_is_doubled_or_missing(&warehouse);
    recordings_have_no_holes(&warehouse);
    let dispatched = system::dispatched_samples(&visitors);
    assert_eq!(
        warehouse.pointer_samples(),
        dispatched,
        "pointer samples by tab: left in SQL, right as the browser was sent them"
    );
    sessions_are_those_of_plain_sql(&warehouse, &visitors);
    warehouse.verify();
    pipeline.everything_runs();
}

/// Visitors without a browser, whose five clicks lie on both sides of the inactivity gap: two sessions, then one more.
/// Their times are hours old and come out of order, so the stream calls them late. Returns their counts by tab.
fn returning_visitors(pipeline: &Pipeline) -> BTreeMap<String, Counts> {
    let start_ms = system::now_ms().floor() - 6.0 * 3_600_000.0;
    let gaps_ms = [0.0, 60_000.0, GAP_MS, GAP_MS + 1.0, 3.0 * GAP_MS];
    let mut counted = BTreeMap::new();
    for number in 0..RETURNING_VISITORS {
        let mut tab = Tab::new(RETURNING_SEED, number);
        let mut at_ms = start_ms;
        let mut clicks: Vec<_> = gaps_ms
            .iter()
            .map(|gap_ms| {
                at_ms += gap_ms;
                tab.click(at_ms)
            })
            .collect();
        // out of order by time, which `seq` does not promise
        clicks.reverse();
        let mut batch = tab.batch_of(clicks);
        batch["clock"] = serde_json::json!({"offset_ms": 0.0, "error_ms": 1.0});
        let answer =
            system::post(&format!("{}/v1/events", pipeline.edge_url()), Some(pipeline.write_key()), &batch.to_string());
        let answer = answer.expect("HAProxy answers");
        assert_eq!(answer.status, 200, "{}", answer.body);
        counted.insert(tab.tab_id.clone(), Counts::from([("click".to_owned(), 5)]));
    }
    counted
}

fn wait_for_events(warehouse: &Warehouse, least: i64) {
    eventually(&format!("the first {least} events in SQL"), FIRST_EVENTS_WAIT, || at_least(warehouse, least));
}

fn at_least(warehouse: &Warehouse, least: i64) -> Result<i64, String> {
    let events = warehouse.number("select count(*) from events")?;
    if events >= least { Ok(events) } else { Err(format!("{events} events")) }
}

fn counted_by_the_page(visitors: &[Visitor]) -> BTreeMap<String, Counts> {
    visitors.iter().flat_map(|visitor| &visitor.tabs).map(|tab| (tab.tab_id.clone(), tab.captured.clone())).collect()
}

fn in_the_table(warehouse: &Warehouse) -> BTreeMap<String, Counts> {
    let mut found: BTreeMap<String, Counts> = BTreeMap::new();
    for row in warehouse.sql("select tab_id, type, count(*) as n from events group by tab_id, type") {
        found.entry(text(&row, "tab_id")).or_default().insert(text(&row, "type"), number(&row, "n"));
    }
    found
}

fn nothing_is_doubled_or_missing(warehouse: &Warehouse) {
    let doubled =
        warehouse.sql("select tab_id, seq, count(*) as n from events group by tab_id, seq having count(*) > 1");
    assert!(doubled.is_empty(), "{} events are doubled, such as {:?}", doubled.len(), doubled.first());
    // gap-free: what the page numbered from 0 is there from 0 to the last
    let holes = warehouse.sql(
        "select tab_id, count(*) as n, min(seq) as first, max(seq) as last from events group by tab_id \
         having min(seq) <> 0 or max(seq) <> count(*) - 1",
    );
    assert!(holes.is_empty(), "the sequence of these tabs has holes: {holes:?}");
    let lost = warehouse.sql("select * from ledger where events_lost <> 0 or batches_lost <> 0");
    assert!(lost.is_empty(), "the ledger speaks of losses: {lost:?}");
}

/// The shop is recorded. Of a page that is left abruptly the last chunk may be lost, which its `page_leave` tells; no other may.
fn recordings_have_no_holes(warehouse: &Warehouse) {
    let holes = warehouse.sql(
        "select page_view_id, count(distinct chunk_seq) as n, min(chunk_seq) as first, max(chunk_seq) as last from replay_chunks \
         group by page_view_id having min(chunk_seq) <> 0 or max(chunk_seq) <> count(distinct chunk_seq) - 1",
    );
    assert!(holes.is_empty(), "the chunks of these page views have holes: {holes:?}");
    let doubled = warehouse.sql(
        "select page_view_id, chunk_seq, part from replay_chunks group by page_view_id, chunk_seq, part having count(*) > 1",
    );
    assert!(doubled.is_empty(), "{} frames are doubled, such as {:?}", doubled.len(), doubled.first());
    let count = |sql: &str| warehouse.number(sql).expect("recordings can be counted");
    let recorded = count("select count(*) from replay_page_views where chunks > 0");
    let tails = count("select cast(coalesce(sum(chunks_lost), 0) as bigint) from replay_page_views");
    println!("{recorded} page views are recorded; {tails} chunks at the end of one are told as lost");
    assert!(recorded >= i64::from(VISITORS), "each visitor's first page view is recorded, at least");
}

/// The lag-and-sum way that any SQL textbook has, in microseconds; without the 24 hour cap, which no visitor here meets.
const PLAIN_SESSIONS: &str = "
    with timed as (select site_id, visitor_id, arrow_cast(occurred_at, 'Int64') as at from events),
    marked as (
        select visitor_id, at,
               case when at - lag(at) over (partition by site_id, visitor_id order by at) <= 1800000000 then 0 else 1 end as begins
        from timed),
    numbered as (
        select visitor_id, at, sum(begins) over (partition by visitor_id order by at rows unbounded preceding) as number
        from marked)
    select visitor_id, min(at) as started, max(at) as ended, count(*) as events from numbered group by visitor_id, number";

fn sessions_are_those_of_plain_sql(warehouse: &Warehouse, visitors: &[Visitor]) {
    let plain = session_set(&warehouse.sql(PLAIN_SESSIONS));
    let table = session_set(&warehouse.sql(
        "select visitor_id, arrow_cast(started_at, 'Int64') as started, arrow_cast(ended_at, 'Int64') as ended, events from sessions",
    ));
    assert_eq!(table, plain, "sessions as (visitor, start, end, events): left the table, right plain SQL");
    let rows = warehouse.number("select count(*) from sessions").expect("sessions can be counted");
    assert_eq!(rows, i64::try_from(plain.len()).expect("few sessions"), "a session stands in the table twice");
    let came: BTreeSet<_> = visitors.iter().map(|visitor| &visitor.visitor_id).collect();
    let missing: Vec<_> = came.iter().filter(|visitor| !plain.iter().any(|session| session.0 == ***visitor)).collect();
    assert!(missing.is_empty(), "visitors without a session: {missing:?}");
    let returned = plain.len() - came.len();
    assert_eq!(
        returned,
        3 * RETURNING_VISITORS as usize,
        "each of the {RETURNING_VISITORS} visitors with old clicks has three sessions"
    );
}

fn session_set(rows: &[Row]) -> BTreeSet<(String, i64, i64, i64)> {
    rows.iter()
        .map(|row| (text(row, "visitor_id"), number(row, "started"), number(row, "ended"), number(row, "events")))
        .collect()
}

fn text(row: &Row, name: &str) -> String {
    row[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {row:?}")).to_owned()
}

fn number(row: &Row, name: &str) -> i64 {
    row[name].as_i64().unwrap_or_else(|| panic!("{name} is no number in {row:?}"))
}
