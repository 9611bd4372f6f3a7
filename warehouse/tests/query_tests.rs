//! SQL from outside: what is refused, what is limited, and the HTTP API.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::ParquetReadOptions;
use futures::FutureExt;
use serde_json::json;
use support::server::{PATIENCE, SQL};
use support::{HOUR, Landing, NOON, SECOND, Tab, landed, rows, traffic};
use testkit::http::{self, Reply, call};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warehouse::access::Access;
use warehouse::compact::compact;
use warehouse::friction;
use warehouse::limits::SQL_MEMORY_BYTES_MAX;
use warehouse::query::{Limits, Scope, query};
use warehouse::reports::Reports;
use warehouse::serve::{About, Serving, serve};
use warehouse::sql::{Form, Pool, Program, Question, Settings};
use warehouse::tables;
use warehouse::{Lake, Resources};

/// Statements of a server in this process, on workers of the real program.
fn settings(landing: &Landing) -> Settings {
    Settings { program: Program::at(env!("CARGO_BIN_EXE_warehouse")), ..Settings::new(&landing.url()) }
}

/// Each statement is refused with its code, as the asker's own matter, in one line.
async fn expect_codes(lake: &Arc<Lake>, cases: &[(&str, &str)]) {
    for (sql, code) in cases {
        let error = query(lake, sql, Limits::answer()).await.expect_err(sql);
        assert_eq!(error.code(), *code, "{sql}: {error}");
        assert!(error.is_theirs() && !error.to_string().contains('\n'), "{sql}: {error}");
    }
}

#[tokio::test]
async fn hostile_statements_are_refused_and_change_nothing() {
    let landing = landed();
    let lake = landing.lake();
    compact(&lake, |_, _| {}).await.unwrap();
    let copy = format!("copy (select 1) to '{}/copied.csv'", landing.path().display());
    let before = files(landing.path());
    let cases = [
        ("drop table events", "refused_statement"),
        (&copy, "refused_statement"),
        ("select * from '/etc/passwd'", "unknown_table"),
        ("select * from nothing", "unknown_table"),
        ("select no_such_column from events", "unknown_column"),
        ("select count(*) from events where", "invalid_sql"),
        ("select type + 1 from events", "invalid_sql"),
        ("select unknown_function(1)", "invalid_sql"),
        ("", "empty_statement"),
    ];
    expect_codes(&lake, &cases).await;
    assert_eq!(files(landing.path()), before);
}

/// Every file below a folder, with what is in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            drop(found.insert(path.clone(), std::fs::read(&path).unwrap()))
        }
    }
    found
}

#[tokio::test]
async fn limits_have_their_codes() {
    let landing = landed();
    let lake = landing.lake();
    let code = async |sql: &str, limits: Limits| query(&lake, sql, limits).await.expect_err(sql).code().to_owned();
    let few = Limits { rows_max: 19, ..Limits::answer() };
    assert_eq!(code("select * from events", few).await, "too_many_rows");
    let small = Limits { bytes_max: 1_000, ..Limits::answer() };
    assert_eq!(code("select * from events", small).await, "too_many_bytes");
}

/// What the asker can mend is told so, and in our words.
#[tokio::test]
async fn wrong_values_have_codes_of_their_own() {
    let landing = landed();
    let lake = landing.lake();
    let cases = [
        ("select seq / 0 from events", "division_by_zero"),
        ("select cast('x' as int)", "invalid_value"),
        ("select cast(type as timestamp) from events", "invalid_value"),
        ("select date_trunc('fortnight', occurred_at) from events", "invalid_value"),
        ("select 1 between true and 2", "invalid_sql"),
        ("select range(1, 100000000000)", "statement_too_costly"),
        ("select regexp_replace(type, '((a{0,100}){0,100}){0,100}', 'x') from events", "statement_too_costly"),
    ];
    expect_codes(&lake, &cases).await;
}

/// What a plan calls a filter that is made while it runs.
const FILTER: &str = "DynamicFilter";

/// The engine moves such filters to the column of the same name, which may be another one (apache/datafusion 25296).
#[tokio::test]
async fn no_filter_is_made_while_a_statement_runs() {
    let landing = landed();
    let lake = landing.lake();
    let sql = "explain select e.seq from events e join sessions s using (session_id) order by e.seq limit 1";
    let plan = json!(rows(&lake, sql).await).to_string();
    assert!(plan.contains("TopK") && !plan.contains(FILTER), "{plan}");

    // The engine still shows such filters when it makes them, and by this name.
    let mut landed = files(&landing.path().join("landing")).into_keys();
    let file = landed.find(|path| path.extension().is_some_and(|ending| ending == "parquet")).unwrap();
    let sql = "explain select seq from landed order by seq limit 1";
    for (made, option) in [(false, None), (true, Some("datafusion.optimizer.enable_dynamic_filter_pushdown"))] {
        let context = lake.engine.session();
        if let Some(option) = option {
            context.state_ref().write().config_mut().options_mut().set(option, "true").unwrap();
        }
        context.register_parquet("landed", file.to_str().unwrap(), ParquetReadOptions::default()).await.unwrap();
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        let plan = pretty_format_batches(&batches).unwrap().to_string();
        assert_eq!(plan.contains(FILTER), made, "{plan}");
    }
}

/// Files that were read, and row groups of them that were left when Bloom filters had been asked, as `explain analyze` says.
async fn read(lake: &Arc<Lake>, condition: &str) -> (u64, u64) {
    let sql = format!("explain analyze select max(seq), max(page_path) from events where {condition}");
    let plan = json!(rows(lake, &sql).await).to_string();
    let numbers = |metric: &str| -> Vec<u64> {
        let told = plan.split_once(&format!("{metric}=")).map_or("0", |(_, told)| told);
        let told = told.split([',', ']']).next().unwrap_or_default();
        told.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
    };
    (numbers("files_opened")[0], numbers("row_groups_pruned_bloom_filter").pop().unwrap())
}

#[tokio::test]
async fn a_plan_says_which_files_and_row_groups_were_read() {
    const DAYS: i64 = 3;
    let mut landing = Landing::new();
    for day in 0..DAYS {
        let visitors = (0..40).map(|visitor| Tab::new(&format!("v{visitor}"), &format!("t{visitor}-{day}")));
        let at = |step: i64| NOON + day * 24 * HOUR + step * SECOND;
        let events: Vec<_> =
            visitors.flat_map(|mut tab| [tab.event("click", at(0)), tab.event("click", at(1))]).collect();
        landing.land(&events);
    }
    let lake = landing.lake();
    compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!(read(&lake, "type = 'click'").await, (3, 3));
    assert_eq!(read(&lake, "event_date = date '2026-11-21'").await.0, 1);
    assert_eq!(read(&lake, "occurred_at > timestamp '2026-11-22T00:00:00Z'").await.0, 1);
    assert_eq!(read(&lake, "site_id = 'another'").await.0, 0);
    // Ids of sessions are everywhere between the least and the greatest of each day.
    let middle = rows(&lake, "select session_id from sessions order by 1 limit 1 offset 60").await;
    let session = middle[0][0].as_str().unwrap();
    assert_eq!(read(&lake, &format!("session_id = '{session}'")).await, (3, 1));
    assert_eq!(read(&lake, "type = 'click' and page_view_id between 'o' and 'q' and page_view_id = 'p'").await.1, 0);
    let found = rows(&lake, &format!("select count(*) from events where session_id = '{session}'")).await;
    assert_eq!(json!(found), json!([[2]]));
}

/// Whether rows pass from one part of its plan to another.
async fn has_parts(lake: &Arc<Lake>, sql: &str) -> bool {
    json!(rows(lake, &format!("explain {sql}")).await).to_string().contains("RepartitionExec")
}

#[tokio::test]
async fn statements_over_few_rows_are_planned_in_one_part() {
    let landing = landed();
    let lake = landing.lake();
    let sql = "select type, count(*) from events group by type";
    // Of rows that have landed nobody knows the number.
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(has_parts(&lake, sql).await, cores > 1);
    compact(&lake, |_, _| {}).await.unwrap();
    assert!(!has_parts(&lake, sql).await);
    assert!(!has_parts(&lake, "select a.seq from events a join events b using (seq) order by 1").await);
}

#[tokio::test]
async fn answers_come_with_their_types() {
    let landing = landed();
    let lake = landing.lake();
    let got = rows(&lake, "select dt, x, occurred_at, seq from pointer order by seq limit 1").await;
    assert_eq!(json!(got), json!([[[0.0, 1.0], [0.0, 1.0], "2026-11-20T12:00:01Z", 1]]));
    let before = Utc::now();
    let got = rows(&lake, "select now(), to_timestamp('2026-11-20T12:00:01') from events limit 1").await;
    let now = DateTime::parse_from_rfc3339(got[0][0].as_str().unwrap()).unwrap();
    assert!((before..=Utc::now()).contains(&now.to_utc()), "{now}");
    assert_eq!(got[0][1], json!("2026-11-20T12:00:01Z"));
    let tables =
        rows(&lake, "select table_name from information_schema.tables where table_schema = 'public' order by 1").await;
    let mut names: Vec<&str> = tables::every().map(|table| table.name).collect();
    names.sort_unstable();
    assert_eq!(json!(tables), json!(names.iter().map(|name| [name]).collect::<Vec<_>>()));
}

#[tokio::test]
async fn the_api_answers_over_http() {
    let landing = landed();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let about = About { shop_url: Some("http://127.0.0.1:1/".into()), ..About::default() };
    let serving = Serving {
        about,
        access: Arc::new(Access::open()),
        sql: settings(&landing),
        reports: Reports::default(),
        postgres: None,
        flight: None,
    };
    let server = tokio::spawn(serve(landing.lake(), listener, serving, shutdown.clone()));

    let ask = |sql: &str| json!({ "sql": sql }).to_string().into_bytes();
    let json = ("content-type", "application/json");
    let reply =
        call(address, "POST", SQL, &[json], &ask("select type, count(*) as n from events group by 1 order by 1")).await;
    let answer = reply.json();
    assert_eq!((reply.status, &answer["rows"]), (200, &json!([["click", 10], ["pointer", 10]])));
    assert_eq!(answer["columns"], json!([{"name": "type", "type": "Utf8"}, {"name": "n", "type": "Int64"}]));

    let arrow = "application/vnd.apache.arrow.stream";
    let reply = call(address, "POST", SQL, &[json, ("accept", arrow)], &ask("select 1 as one")).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(arrow)));
    assert!(reply.body.starts_with(&[0xff; 4]));

    for (body, code) in [
        (ask("drop table events"), "refused_statement"),
        (b"{".to_vec(), "malformed_json"),
        (ask(""), "empty_statement"),
    ] {
        let reply = call(address, "POST", SQL, &[json], &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code));
        assert!(reply.json()["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let foreign = ("origin", "https://evil.example");
    assert_eq!(call(address, "POST", SQL, &[json, foreign], &ask("select 1")).await.status, 401);
    for (path, status) in [
        ("/", 200),
        ("/studio.js", 200),
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/api/v1/about", 200),
        ("/../x", 404),
    ] {
        let reply = call(address, "GET", path, &[], b"").await;
        assert_eq!(reply.status, status, "{path}");
        let policy = reply.header("content-security-policy").unwrap_or_default();
        assert!(path != "/" || policy.starts_with("default-src 'none'"), "{policy}");
    }
    shutdown.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_token_is_asked_for() {
    let landing = landed();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = Serving {
        about: About::default(),
        access: Arc::new(Access::new(Some("secret".into()), None).unwrap()),
        sql: settings(&landing),
        reports: Reports::default(),
        postgres: None,
        flight: None,
    };
    let server = tokio::spawn(serve(landing.lake(), listener, serving, shutdown.clone()));
    let body = json!({"sql": "select 1"}).to_string();
    for (header, status) in
        [(("x-nothing", "1"), 401), (("authorization", "Bearer wrong"), 401), (("authorization", "Bearer secret"), 200)]
    {
        assert_eq!(call(address, "POST", SQL, &[header], body.as_bytes()).await.status, status, "{header:?}");
    }
    shutdown.cancel();
    server.await.unwrap().unwrap();
}

/// A shell script in place of the worker.
fn script(landing: &Landing, lines: &str) -> Program {
    use std::os::unix::fs::PermissionsExt;

    let path = landing.path().join("worker.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Program::at(path)
}

/// A page that is left asks for several small things: each of them must not cost a process.
#[tokio::test]
async fn a_worker_outlives_whoever_left_its_small_statement() {
    let landing = landed();
    let started = landing.path().join("started");
    let worker = env!("CARGO_BIN_EXE_warehouse");
    let program = script(&landing, &format!("echo >> {}\nexec {worker} \"$@\"", started.display()));
    let pool = Pool::start(Settings { program, workers_max: 1, ..Settings::new(&landing.url()) });
    let starts = || std::fs::read(&started).unwrap().len();
    let question = Question {
        asker: String::new(),
        sql: "select 1".into(),
        scope: Scope::All,
        form: Form::Json,
        parameters: Vec::new(),
        limits: Limits::answer(),
        held_bytes_max: usize::MAX,
    };
    let answered = async || read_whole(pool.ask(&question).await.unwrap()).await;
    // A machine that is busy elsewhere may take longer than such a statement is let go on: then again.
    let kept = async {
        loop {
            answered().await;
            let before = starts();
            assert!(pool.ask(&question).now_or_never().is_none(), "it is answered before anybody could leave");
            answered().await;
            if starts() == before {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, kept).await.expect("each that was left cost a worker");
    pool.stop().await;
}

async fn read_whole(mut reply: warehouse::sql::Reply) {
    while reply.next().await.unwrap().is_some() {}
}

/// A worker that stays silent in the middle of its answer, played by a script.
#[tokio::test]
async fn an_answer_that_breaks_off_breaks_the_connection() {
    let landing = landed();
    // The last piece is kept back until the end is known: the client gets the first one.
    let frames = r"R\000\000\000\000H\014\000\000\000{\042bytes\042:10}D\005\000\000\000{\042colD\002\000\000\000um";
    let program = script(&landing, &format!("printf '{frames}'\nexec cat > /dev/null"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let time = Duration::from_millis(200);
    let sql = Settings { program, time, ..Settings::new(&landing.url()) };
    let serving = Serving {
        about: About::default(),
        access: Arc::new(Access::open()),
        sql,
        reports: Reports::default(),
        postgres: None,
        flight: None,
    };
    let server = tokio::spawn(serve(landing.lake(), listener, serving, shutdown.clone()));
    let body = json!({"sql": "select 1"}).to_string();
    let mut asker = http::ask(address, "POST", SQL, &[], body.as_bytes()).await;
    let mut bytes = Vec::new();
    // However it breaks: by its end, or by an error.
    let _ = asker.read_to_end(&mut bytes).await;
    let reply = Reply::parse(&bytes);
    assert_eq!(reply.status, 200);
    // Five of the ten bytes that were announced: no reader takes this for an answer.
    assert_eq!(reply.header("content-length"), Some("10"));
    assert_eq!(reply.body, b"{\"col");
    shutdown.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn history_is_judged_again_by_other_thresholds() {
    let mut landing = Landing::new();
    let mut tab = support::Tab::new("v1", "t1");
    let place = [("x", 1.0), ("y", 1.0)];
    let clicks: Vec<_> = (0..3)
        .map(|n| tab.event("click", support::NOON + n * 800_000).with(&[("element_path", "#a")]).with_numbers(&place))
        .collect();
    landing.land(&clicks);
    let set = friction::Settings::parse(&["rage_click.gap_ms=700".to_owned()]).unwrap();
    // As a worker with the default memory has it: its operators get half.
    let lake = landing.lake_with(Resources { memory_bytes_max: SQL_MEMORY_BYTES_MAX / 2, ..Resources::default() });
    let judged = rows(&lake, &friction::report(&set, false)).await;
    assert_eq!(judged[0], json!(["rage_click", 1, 1, 100.0, 0, 0, 0.0]));
    assert_eq!(judged.len(), friction::SIGNALS.len());
    let by_default = rows(&lake, &friction::report(&friction::Settings::default(), false)).await;
    assert_eq!(by_default[0], json!(["rage_click", 1, 1, 100.0]));
}

/// What is asked of friction is asked of each table that it reads: one page view costs no walk over all there is. Only what is usual for a
/// field is told by everybody's visits to it.
#[tokio::test]
async fn friction_of_a_session_is_read_for_that_session() {
    let landing = traffic(1, 2);
    let lake = landing.lake();
    compact(&lake, |_, _| {}).await.unwrap();
    let asked = "explain select * from friction where session_id = 'one'";
    let plan = rows(&lake, asked).await[0][1].as_str().unwrap().to_owned();
    let scans: Vec<&str> = plan.lines().filter(|line| line.contains("TableScan: ")).collect();
    assert!(scans.len() > 8, "{plan}");
    let whole: Vec<&&str> = scans.iter().filter(|scan| !scan.contains("\"one\"")).collect();
    assert!(whole.len() == 2 && whole.iter().all(|scan| scan.contains("TableScan: fields ")), "{whole:#?}");
}
