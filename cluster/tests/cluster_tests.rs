//! A cluster of real processes answers what one process answers, and compacts what one process compacts, whoever is killed
//! meanwhile. `make cluster` runs this.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

#[allow(dead_code, reason = "the warehouse's tests use all of it")]
#[path = "../../warehouse/tests/support/answers.rs"]
mod answers;
#[allow(dead_code, reason = "the warehouse's tests use all of it")]
#[path = "../../warehouse/tests/support/events.rs"]
mod events;
#[path = "../../warehouse/tests/support/random_sql.rs"]
mod random_sql;
mod support;
#[allow(dead_code, reason = "the warehouse's tests use all of it")]
#[path = "../../warehouse/tests/support/zone.rs"]
mod zone;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use answers::everything;
use chrono::NaiveDate;
use cluster::plan;
use futures::{StreamExt, stream};
use random_sql::{Dice, statement};
use serde_json::Value;
use support::{Cluster, Compared, compared, on_stacks};
use warehouse::compact::{Summary, compact};
use warehouse::elsewhere::Engine;
use warehouse::query::{Limits, Parameter, query, sent};
use warehouse::reports::Reports;
use warehouse::verify::verify;
use warehouse::{Lake, format};
use zone::{Event, Landing, NOON, SECOND, Tab, traffic};

/// Statements by chance; their seeds are the numbers below.
const STATEMENTS: u64 = 60;
/// Statements that are on the cluster at the same time.
const AT_ONCE: usize = 4;
/// Links of each of the four partitions.
const ROUNDS: i64 = 12;
/// In each of them.
const VISITORS: usize = 6;

/// What one asks a cluster for: all rows, several tables, wide rows, joins of every kind with much on both sides.
const HEAVY: [&str; 10] = [
    "select type, count(*) as n, count(distinct visitor_id) as visitors, min(occurred_at) as first from events group by 1 order by 1",
    "select * from events order by visitor_id, tab_id, seq, occurred_at limit 2000",
    "select visitor_id, tab_id, seq, row_number() over (partition by visitor_id order by occurred_at, tab_id, seq) as n from events \
     order by 1, 2, 3, 4",
    "select s.visitor_id, count(distinct s.session_id) as sessions, count(*) as n, avg(e.seq) as mean, sum(e.seq * 2 - 1) as total \
     from sessions s join events e on e.session_id = s.session_id group by 1 order by 1",
    "select p.page_path, count(c.element_path) as clicks, count(*) as n from page_views p left join clicks c \
     on c.page_view_id = p.page_view_id group by 1 order by 1",
    "select visitor_id, count(*) as n from events where visitor_id not in (select visitor_id from clicks where seq > 3) group by 1 order by 1",
    // Rows of the left that find nothing, or something, in any part of the right.
    "select a.x, count(b.seq) as n from (values (0), (2), (9), (100000)) a(x) left join events b on b.seq < a.x and b.seq > a.x - 3 \
     group by 1 order by 1",
    "select a.x from (values (0), (9), (100000)) a(x) where not exists (select 1 from events b where b.seq > a.x) order by 1",
    "select count(*) as n, (select max(seq) from events) as most from pointer where seq < (select avg(seq) from events)",
    "select visitor_id from events except select visitor_id from clicks order by 1",
];

/// Long enough to be seen at work in a debug build, and a stage after a shuffle.
const LONG: &str = "select a.visitor_id, count(*) as n, sum(a.seq * b.seq) as s from events a join events b \
                    on a.visitor_id = b.visitor_id group by 1 order by 1";

/// Traffic, and beside it every case of the warehouse's golden SQL, each with visitors of its own.
fn landed() -> Landing {
    let mut landing = traffic(ROUNDS, VISITORS);
    for case in cases().iter().filter(|case| case.join("events.json").exists()) {
        let name = case.file_name().unwrap().to_str().unwrap();
        for mut link in events::links(&std::fs::read_to_string(case.join("events.json")).unwrap()) {
            for event in &mut link {
                event.visitor = format!("{name} {}", event.visitor);
                event.tab = format!("{name} {}", event.tab);
            }
            landing.in_partition(0).land(&link);
        }
    }
    landing
}

/// Folders of the warehouse's golden SQL.
fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../warehouse/tests/sql");
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// Statements of golden SQL. A recursion cannot be cut into tasks.
fn golden() -> Vec<String> {
    let texts = cases().into_iter().map(|case| std::fs::read_to_string(case.join("query.sql")).unwrap());
    let all = texts.flat_map(|text| text.split(";\n").map(|sql| sql.trim().to_owned()).collect::<Vec<_>>());
    all.filter(|sql| !sql.is_empty() && !sql.contains("recursive")).collect()
}

/// Every built-in report, with a value for whatever it cannot do without.
async fn reports(lake: &Arc<Lake>) -> Vec<(String, Vec<Parameter>)> {
    let one = |sql: &'static str| async move {
        let answer = query(lake, sql, Limits::answer()).await.unwrap();
        format::json(&answer)["rows"][0][0].as_str().unwrap().to_owned()
    };
    let session = one("select session_id from sessions order by 1 limit 1").await;
    let page_view = one("select page_view_id from page_views order by 1 limit 1").await;
    let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    let reports = Reports::default();
    let asked = reports.iter().map(|report| {
        let given = match report.name.as_str() {
            "session_in_order" => vec![("session".to_owned(), session.clone())],
            "page_view_trail" => vec![("page_view".to_owned(), page_view.clone())],
            "form_funnel" => vec![("page".to_owned(), "/boxes".to_owned())],
            "sessions_of" => vec![("who".to_owned(), "v0-0".to_owned())],
            _ => Vec::new(),
        };
        report.asked(&given, day).unwrap()
    });
    asked.collect()
}

/// All is taken in, nothing is wrong, and the tables are what the live view said that a compaction would make of them.
async fn assert_compacted(landing: &Landing, wanted: &[(&str, Vec<Value>)]) {
    let lake = landing.lake();
    assert_eq!(compact(&lake, |_, _| {}).await.unwrap(), Summary::default(), "something was left");
    assert_eq!(verify(&lake, |_| {}).await.unwrap().problems, Vec::<String>::new());
    for ((table, found), (_, wanted)) in everything(&lake).await.iter().zip(wanted) {
        let differ = found.iter().zip(wanted).find(|(found, wanted)| found != wanted);
        assert_eq!((differ, found.len()), (None, wanted.len()), "{table}");
    }
}

#[test]
fn a_cluster_compacts_and_answers_what_one_process_does() {
    on_stacks(async {
        let landing = landed();
        let (url, wanted) = (landing.url(), everything(&landing.lake()).await);
        let cluster = Cluster::start(&url).await;

        let count = ["sql", "select count(*) as n from events", "--format", "csv"];
        let (out, told) = cluster.printed(cluster.warehouse(&url, &count)).await;
        assert_eq!(out.lines().collect::<Vec<_>>(), ["n", "0"], "nothing is compacted");
        assert!(told.starts_with("note: the answer is of what is compacted; ") && told.contains("`compact`"), "{told}");

        let (out, _) = cluster.printed(cluster.warehouse(&url, &["compact"])).await;
        assert!(out.contains("links compacted: "), "{out}");
        assert_compacted(&landing, &wanted).await;
        let (out, _) = cluster.printed(cluster.warehouse(&url, &["compact"])).await;
        assert!(out.starts_with("0 links compacted: 0 events"), "{out}");

        let lake = landing.lake();
        let (out, told) = cluster.printed(cluster.warehouse(&url, &count)).await;
        let events = query(&lake, "select count(*) as n from events", Limits::answer()).await.unwrap();
        assert_eq!((out.as_str(), told.as_str()), (format::csv(&events).as_str(), ""));

        let mut asked: Vec<(String, Vec<Parameter>)> = HEAVY.map(|sql| (sql.to_owned(), Vec::new())).to_vec();
        asked.extend(reports(&lake).await);
        asked.extend(golden().into_iter().map(|sql| (sql, Vec::new())));
        asked.extend((0..STATEMENTS).map(|seed| (statement(&mut Dice::new(seed)), Vec::new())));
        let count = asked.len();
        let answers = asked.into_iter().map(|(sql, parameters)| {
            let (lake, engine) = (lake.clone(), cluster.engine.clone());
            async move { (compared(&lake, &engine, &sql, &parameters).await, sql) }
        });
        let (mut refused, mut wrong) = (Vec::new(), Vec::new());
        for (compared, sql) in stream::iter(answers).buffered(AT_ONCE).collect::<Vec<_>>().await {
            match compared {
                Compared::Same => {}
                Compared::Refused(why) => refused.push((sql, why)),
                Compared::Differ(how) => wrong.push(how),
            }
        }
        println!("of {count} statements the cluster has answered {}", count - refused.len());
        for (sql, why) in &refused {
            println!("{why}: {}", sql.lines().last().unwrap_or_default());
        }
        assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n"));
        let heavy = refused.iter().filter(|(sql, _)| HEAVY.contains(&sql.as_str())).count();
        assert_eq!(heavy, 0, "what one asks a cluster for");
        assert!(refused.len() * 5 < count, "most are answered");
    });
}

#[test]
fn without_a_scheduler_the_way_out_is_told() {
    on_stacks(async {
        let landing = landed();
        let lake = landing.lake();
        compact(&lake, |_, _| {}).await.unwrap();
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let engine: Engine = format!("ballista://{nobody}").parse().unwrap();
        let sent = sent(&lake, HEAVY[0], &[], plan::settings).await.unwrap();
        let told = plan::run(&engine, sent.plan, sent.config).await.err().unwrap().to_string();
        assert!(told.contains(&format!("no scheduler at {engine}")) && told.contains("warehouse-cluster"), "{told}");
    });
}

#[test]
fn the_answer_is_the_same_when_an_executor_is_killed_in_mid_query() {
    on_stacks(async {
        let landing = landed();
        let (url, lake) = (landing.url(), landing.lake());
        compact(&lake, |_, _| {}).await.unwrap();
        let wanted = format::csv(&query(&lake, LONG, Limits::answer()).await.unwrap());
        let cluster = Cluster::start(&url).await;
        let work = cluster.kill_in_the_midst_of(|| cluster.warehouse(&url, &["sql", LONG, "--format", "csv"])).await;
        assert_eq!(cluster.printed(work).await.0, wanted);
    });
}

#[test]
fn the_tables_are_the_same_when_an_executor_is_killed_in_mid_compaction() {
    on_stacks(async {
        let landing = landed();
        let (url, wanted) = (landing.url(), everything(&landing.lake()).await);
        let cluster = Cluster::start(&url).await;
        let work = cluster.kill_in_the_midst_of(|| cluster.warehouse(&url, &["compact"])).await;
        cluster.printed(work).await;
        assert_compacted(&landing, &wanted).await;
    });
}
