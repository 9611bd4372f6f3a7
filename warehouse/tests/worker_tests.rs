//! Statements that would stop or end the process that runs them: each ends alone, and nobody else notices.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use rustix::process::Signal;
use serde_json::{Value, json};
use support::server::{PATIENCE, SQL, Server, lives, until};
use support::{Landing, landed};
use testkit::http;

/// Nothing interrupts it, and it takes years.
const ENDLESS: &str = "select levenshtein(repeat('a',16000000),repeat('b',16000000))";
/// One allocation of two gigabytes aborts.
const ABORTS: &str =
    "select arrow_cast(null,'FixedSizeBinary(2000000000)') x, value from generate_series(1,100000) order by value desc";

/// Statements that must end, each with the codes that it may end with.
fn hostile() -> Vec<(String, &'static [&'static str])> {
    let costly: &[&str] = &["statement_too_costly"];
    let deep: &[&str] = &["statement_too_costly", "too_complex", "invalid_sql"];
    let text = |sql: &str| sql.to_owned();
    let ctes: String = (1..1_400).map(|step| format!(", c{step} as (select a + 1 a from c{})", step - 1)).collect();
    let joins: String = (1..1_000).map(|step| format!(" join events e{step} on e{step}.seq = e0.seq")).collect();
    vec![
        (text(ENDLESS), costly),
        (ENDLESS.replace('b', "c"), costly),
        (text(ABORTS), costly),
        (text("select cardinality(generate_series(1,300000000))"), costly),
        (text("select repeat('x', 2000000000)"), costly),
        (text("select sum(length(repeat(type, 1000000000))) from events"), costly),
        (text("select array_repeat(1, 500000000)"), costly),
        (text("select string_agg(repeat('x', 1000), '') from generate_series(1, 10000000)"), costly),
        (text("select count(*) from generate_series(1, 1000000000) a, generate_series(1, 1000000000) b"), costly),
        (text("with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r"), costly),
        (format!("select {}1", "1<<".repeat(20_000)), costly),
        (format!("select {}1{}", "(".repeat(20_000), ")".repeat(20_000)), deep),
        (format!("select {}1{}", "case when true then ".repeat(2_000), " end".repeat(2_000)), deep),
        (format!("select {}true", "not ".repeat(15_000)), deep),
        (format!("select {}1", "- ".repeat(30_000)), deep),
        (format!("select {}1{}", "[".repeat(20_000), "]".repeat(20_000)), deep),
        (format!("select 1{}", " union select 1".repeat(4_000)), costly),
        (format!("with c0 as (select 1 a){ctes} select * from c1399"), costly),
        (format!("select count(*) from events e0{joins}"), costly),
    ]
}

/// Asks again while the queue is long.
async fn answered(server: &Server, sql: &str) -> (u16, Value) {
    loop {
        let (status, answer, _) = server.ask(sql).await;
        if status != 429 {
            return (status, answer);
        }
    }
}

#[tokio::test]
async fn hostile_statements_end_alone() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &["--query-time", "4s"]);
    until("a first worker is there", || !server.workers().is_empty()).await;
    let first = server.workers();

    let statements = hostile();
    let asked = futures::future::join_all(statements.iter().map(|(sql, codes)| async {
        let (status, answer) = answered(&server, sql).await;
        let code = answer["code"].as_str().unwrap_or_default();
        let start: String = sql.chars().take(60).collect();
        assert!(status == 400 && codes.contains(&code), "{start}: {status} {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty() && !message.contains('\n')));
    }));
    tokio::join!(asked, good(&server));
    until("a worker is there again", || !server.workers().is_empty()).await;
    assert!(server.workers().iter().all(|pid| !first.contains(pid)), "{first:?} {:?}", server.workers());
}

async fn good(server: &Server) {
    for _ in 0..20 {
        let (status, answer) = answered(server, "select type, count(*) n from events group by 1 order by 1").await;
        assert_eq!((status, &answer["rows"]), (200, &json!([["click", 10], ["pointer", 10]])), "{answer}");
    }
}

/// More of them than workers, in a time that no test waits for.
#[tokio::test]
async fn endless_statements_leave_room_for_others() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &["--query-time", "1h", "--sql-workers-max", "4"]);
    let asked = (0..6).map(|_| server.send(ENDLESS));
    let _askers = futures::future::join_all(asked).await;
    until("two of them work", || server.working().len() >= 2).await;
    tokio::time::timeout(2 * PATIENCE, good(&server)).await.expect("others wait for endless statements");
}

/// One worker, no queue, and a time that no test waits for: another finds the slot taken, and free when the asker has gone.
#[tokio::test]
async fn an_asker_that_goes_away_frees_its_slot() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let arguments = ["--query-time", "1h", "--sql-workers-max", "1", "--sql-queue-max", "0"];
    let server = Server::start(&landing.url(), temporary.path(), &arguments);
    assert_eq!(server.ask("select 1").await.0, 200);
    server.rests().await;
    let asker = server.send(ENDLESS).await;
    let mut working = None;
    until("it works on the statement", || {
        working = server.working().first().copied();
        working.is_some()
    })
    .await;
    let (status, answer, _) = server.ask("select 1").await;
    assert_eq!((status, &answer["code"]), (429, &json!("busy")));
    drop(asker);
    assert_eq!(tokio::time::timeout(PATIENCE, answered(&server, "select 1")).await.expect("it is never freed").0, 200);
    until("the worker has ended", || !working.is_some_and(lives)).await;
}

fn token(access: &str, name: &str) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["token", "--access", access, "new", name, "--role", "admin"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// Two statements run and two wait: one token has half of them at most.
#[tokio::test]
async fn one_token_leaves_room_for_another() {
    let (landing, temporary, folder) = (landed(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let access = folder.path().join("access.toml");
    let access = access.to_str().unwrap();
    let (greedy, other) = (token(access, "greedy"), token(access, "other"));
    let arguments = ["--query-time", "1h", "--sql-workers-max", "2", "--sql-queue-max", "2", "--access", access];
    let server = Server::start(&landing.url(), temporary.path(), &arguments);
    let send = async |token: &str, sql: &str| {
        let authorization = format!("Bearer {token}");
        let body = json!({ "sql": sql }).to_string();
        http::ask(server.address, "POST", SQL, &[("authorization", &authorization)], body.as_bytes()).await
    };
    let mut endless = Vec::new();
    let refused = loop {
        endless.push(send(&greedy, ENDLESS).await);
        let reply = http::read_reply(&mut send(&greedy, "select 1").await).await;
        if reply.status != 200 {
            break reply;
        }
        assert!(endless.len() < 100, "it is never refused");
    };
    assert_eq!((refused.status, refused.code().as_str()), (429, "busy"));
    assert!(refused.text().contains("2 statements of greedy run or wait"), "{}", refused.text());
    let reply = http::read_reply(&mut send(&other, "select 1").await).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// Nothing of a server is left: no worker, no folder for spilled rows.
async fn leaves_nothing(server: &mut Server, temporary: &Path, signal: Signal) -> Option<i32> {
    let asker = server.send(ENDLESS).await;
    server.works().await;
    let workers = server.workers();
    server.signal(signal);
    let code = server.ended().await;
    until("its workers are gone", || !workers.iter().any(|pid| lives(*pid))).await;
    until("its folders are gone", || std::fs::read_dir(temporary).unwrap().count() == 0).await;
    drop(asker);
    code
}

#[tokio::test]
async fn no_worker_outlives_its_server() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let mut server = Server::start(&landing.url(), temporary.path(), &["--query-time", "1h"]);
    assert_eq!(leaves_nothing(&mut server, temporary.path(), Signal::TERM).await, Some(0));
    let mut server = Server::start(&landing.url(), temporary.path(), &["--query-time", "1h"]);
    assert_eq!(leaves_nothing(&mut server, temporary.path(), Signal::KILL).await, None);
}

#[tokio::test]
async fn a_worker_answers_statement_after_statement() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &["--sql-workers-max", "1"]);
    let (status, _, _) = server.ask("select 1").await;
    let workers = server.workers();
    for _ in 0..20 {
        // Wrong ones, too: only what ends a worker costs one.
        assert_eq!(server.ask("select * from nothing").await.0, 400);
        assert_eq!(server.ask("select count(*) from events").await.0, 200);
    }
    assert_eq!((status, server.workers()), (200, workers));
}

fn printed(landing: &Landing, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_warehouse")).args(["--store", &landing.url()]).args(arguments).output().unwrap()
}

#[test]
fn the_command_line_answers_and_refuses_in_the_same_way() {
    let landing = landed();
    let answered =
        printed(&landing, &["sql", "--format", "csv", "select type, count(*) n from events group by 1 order by 1"]);
    assert_eq!(String::from_utf8_lossy(&answered.stdout), "type,n\nclick,10\npointer,10\n");
    assert!(answered.status.success() && answered.stderr.is_empty());
    let deep = format!("select {}1", "1<<".repeat(20_000));
    let cases = [
        ("", "there is no statement"),
        ("selec 1", "SQL: Expected"),
        ("select * from nothing", "not found"),
        (ABORTS, "needs more than"),
        (&deep, "nested too deeply"),
    ];
    let refused = cases.map(|(sql, words)| (printed(&landing, &["sql", sql]), words));
    let late = (printed(&landing, &["--query-time", "2s", "sql", ENDLESS]), "took longer than 2 s (query_time)");
    for (refused, words) in refused.into_iter().chain([late]) {
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!((refused.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(words) && refused.stdout.is_empty(), "{said}");
    }
}
