//! A token of one site: no statement finds anything of another one, whatever it says.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::sync::Arc;

use schemas::ingest::EventType;
use serde_json::{Value, json};
use support::flight::Client;
use support::server::{SQL, Server};
use support::{Event, Landing, MINUTE, NOON, SECOND, SITE, Tab};
use testkit::http::call;
use warehouse::Lake;
use warehouse::access::command::{TokenCommand, run};
use warehouse::compact::compact;
use warehouse::query::{Asking, Failure, Limits, Scope, open};
use warehouse::tables;

/// The other site. It stands in each of its texts, and its numbers and days are its own as well.
const OTHER: &str = "secretsite";
/// Rows of its events are counted by no other number.
const OTHER_SEQ: i64 = 770_000;

/// An event of each type in both sites, a rage click in each, compacted and not.
async fn two_sites() -> (Landing, Arc<Lake>) {
    let mut landing = Landing::new();
    let lake = landing.lake();
    for round in 0..2 {
        let mut events = Vec::new();
        for site in [SITE, OTHER] {
            let mut tab = Tab::new(&format!("visitor of {site}"), &format!("tab {round} of {site}"));
            let at = if site == SITE { NOON } else { NOON + 3 * 24 * 60 * MINUTE } + round * 60 * MINUTE;
            for (kind, step) in EventType::ALL.iter().map(|kind| kind.name()).chain(["click"; 4]).zip(0..) {
                let time =
                    if step < EventType::ALL.len() as i64 { at + step * SECOND } else { at + 60 * SECOND + step };
                events.push(told(tab.event(kind, time), kind, site));
            }
        }
        landing.land(&events);
        if round == 0 {
            compact(&lake, |_, _| {}).await.unwrap();
        }
    }
    (landing, lake)
}

fn told(mut event: Event, kind: &str, site: &str) -> Event {
    if site == OTHER {
        event.seq += OTHER_SEQ;
    }
    let tag = if kind == "focus" { "input" } else { "button" };
    let numbers = [("x", 5.0), ("y", 5.0), ("duration_ms", 400.0)];
    let texts = [
        ("site_id", site),
        ("element_tag", tag),
        ("element_path", if site == OTHER { "secretsite-path" } else { "#a" }),
        ("page_path", if site == OTHER { "/secretsite" } else { "/here" }),
        ("user_id", if site == OTHER { "secretsite-user" } else { "12" }),
    ];
    event.with(&texts).with_numbers(&numbers)
}

async fn answer(lake: &Arc<Lake>, sql: &str, scope: &Scope) -> Result<Value, Failure> {
    let asking = Asking { scope, of_postgresql: false, parameters: &[] };
    let answer = open(lake, sql, Limits::answer(), &asking).await?.all().await?;
    Ok(warehouse::format::json(&answer)["rows"].clone())
}

/// Of every table and of the view: a token of both sites finds what everybody finds, one of a site what stands under it.
#[tokio::test]
async fn what_is_inside_is_whole() {
    let (_landing, lake) = two_sites().await;
    let (own, both) = (Scope::of([SITE]), Scope::of([SITE, OTHER]));
    for name in tables::ALL.iter().map(|table| table.name).chain(["friction"]) {
        let select = |condition: &str| format!("select * from {name} {condition} order by 1, 2, 3, 4, 5, 6, 7, 8");
        let all = answer(&lake, &select(""), &Scope::All).await.unwrap();
        assert_eq!(answer(&lake, &select(""), &both).await.unwrap(), all, "{name}");
        let expected = answer(&lake, &select(&format!("where site_id = '{SITE}'")), &Scope::All).await.unwrap();
        let found = answer(&lake, &select(""), &own).await.unwrap();
        assert_eq!(found, expected, "{name}");
        let rows = |rows: &Value| rows.as_array().unwrap().len();
        assert!(rows(&found) > 0 && rows(&all) > rows(&found), "{name} has {} of {} rows", rows(&found), rows(&all));
        assert_eq!(answer(&lake, &select(""), &Scope::of(["nowhere"])).await.unwrap(), json!([]), "{name}");
    }
}

/// Whatever a table holds, imports and recordings too: its rows are some site's.
#[tokio::test]
async fn every_table_has_its_site() {
    let landing = Landing::new();
    for table in tables::every() {
        let schema = table.schema();
        let site = schema.field_with_name("site_id").unwrap();
        assert_eq!(site.data_type().to_string(), "Utf8", "{}", table.name);
        let sql = format!("select count(*) from {}", table.name);
        assert_eq!(answer(&landing.lake(), &sql, &Scope::of([SITE])).await.unwrap(), json!([[0]]), "{}", table.name);
    }
}

/// Ways around the fence, in all of SQL that could matter.
const WAYS: &[&str] = &[
    // The other site's rows by name, in all places where a table may stand.
    "select * from events where site_id = 'secretsite'",
    "select * from events where site_id <> 'shop' or true",
    "select e.* from events e join sessions s on e.seq = s.events_count or true where s.site_id like 'secret%'",
    "select * from (select * from public.events) a full join telemetry.public.events b on a.seq = b.seq + 770000",
    "with e as (select * from events), f as (select * from e) select distinct site_id, user_id from f",
    "with recursive e(site, n) as (select site_id, 1 from events union all select site, n + 1 from e where n < 3) select distinct site from e",
    "select site_id from events union all select site_id from page_views union select site_id from friction",
    "select site_id from events except select 'shop'",
    "select (select max(site_id) from sessions), array(select site_id from clicks), exists (select 1 from events where site_id > 'shop')",
    "select type, (select max(user_id) from events i where i.type = o.type) from events o",
    "select * from \"EVENTS\"",
    "select site_id, row_number() over (order by seq desc), last_value(user_id) over (order by site_id) from events",
    "select * from friction where signal = 'rage_click'",
    "select array_agg(distinct site_id), string_agg(user_id, ','), max(page_path), min(occurred_at), max(occurred_at) from events",
    "select approx_percentile_cont(seq, 1.0), max(seq), median(seq) from events",
    "select * from events order by seq desc limit 1",
    "select * from events limit 1000 offset 20",
    // What says how many rows there are without reading them, and which files.
    "select count(*), count(1), count(site_id), min(site_id), max(site_id), max(event_date), max(seq) from events",
    "select count(*) from pointer",
    "explain select * from events where site_id = 'secretsite'",
    "explain verbose select max(event_date), count(*) from events",
    "explain analyze select count(*) from events where site_id like 'secret%'",
    "explain analyze verbose select * from events e join clicks c on c.seq = e.seq",
    // What tells a value on which it fails.
    "select cast(user_id as int) from events",
    "select count(*) from events where cast(user_id as int) > 0",
    "select count(*) from events where cast(user_id as int) > 0 and site_id = 'secretsite'",
    "select 1 / (seq - 770000) from events",
    "select arrow_cast(site_id, 'Int8') from sessions where site_id <> 'shop'",
    "select to_timestamp(page_path) from page_views where page_path like '/secret%'",
    "select case when site_id = 'secretsite' then 1 / 0 else 0 end from events",
    // What is no table.
    "select * from information_schema.tables",
    "select * from information_schema.columns",
    "select * from information_schema.df_settings",
    "select * from information_schema.views",
    "show tables",
    "select * from generate_series(1, 3), events",
    "select * from unnest((select array_agg(user_id) from events))",
    "select * from '/tmp/events'",
    "select * from parquet_metadata('events')",
    "select file_index, * from events",
    "create view stolen as select * from events",
    "set datafusion.catalog.default_schema = 'x'",
    "prepare p as select * from events",
    "copy (select * from events) to '/tmp/stolen.csv'",
];

/// That an answer, or a failure, has nothing of the other site in it but what the statement itself says.
fn assert_tells_nothing(sql: &str, told: &str, everything: i64) {
    let words =
        told.replace("site_id = 'secretsite'", "").replace(r#"Utf8("secretsite")"#, "").replace("secretsite' then", "");
    let literal = sql.contains("explain");
    assert!(literal || !words.contains("secret"), "{sql}: {told}");
    assert!(!words.contains("site_id=") && !words.contains("2026-11-23") && !words.contains("77000"), "{sql}: {told}");
    assert!(!words.contains("landing/") && !words.contains("warehouse/"), "{sql}: {told}");
    assert!(
        !words.contains(&format!("rows={everything}")) && !words.contains(&format!("[[{everything}")),
        "{sql}: {told}"
    );
}

/// Ways around: each answers without the other site, or fails without its words.
#[tokio::test]
async fn no_statement_gets_around_the_fence() {
    let (_landing, lake) = two_sites().await;
    let own = Scope::of([SITE]);
    let everything = answer(&lake, "select count(*) from events", &Scope::All).await.unwrap()[0][0].as_i64().unwrap();
    for sql in WAYS {
        let told = match answer(&lake, sql, &own).await {
            Ok(rows) => rows.to_string(),
            Err(failure) => failure.to_string(),
        };
        assert_tells_nothing(sql, &told, everything);
    }
    let counted =
        answer(&lake, "select count(*), count(distinct site_id), max(seq) < 1000 from events", &own).await.unwrap();
    assert_eq!(counted, json!([[everything / 2, 1, true]]));
    // A value of one's own may be told.
    let failure = answer(&lake, "select cast(page_path as int) from events", &own).await.unwrap_err();
    assert!(failure.to_string().contains("/here"), "{failure}");
}

/// The same over Flight SQL, by a token, in a worker that has answered the other's statements before.
#[tokio::test]
async fn no_statement_gets_around_the_fence_over_flight() {
    let (landing, lake) = two_sites().await;
    let everything = answer(&lake, "select count(*) from events", &Scope::All).await.unwrap()[0][0].as_i64().unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("access.toml");
    let access = file.to_str().unwrap();
    let new = |name: &str, site: &str| {
        let made = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(["token", "--access", access, "new", name, "--site", site])
            .output()
            .unwrap();
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let tokens = [new("reader", SITE), new("other", OTHER)];
    let arguments = ["--access", access, "--sql-workers-max", "1", "--flight-listen", "127.0.0.1:0"];
    let server = Server::start(&landing.url(), temporary.path(), &arguments);
    let [mut reader, mut other] = {
        let at = server.flight.unwrap();
        let [reader, other] = tokens.map(|token| format!("Bearer {token}"));
        [Client::connect(at, &reader).await, Client::connect(at, &other).await]
    };
    for sql in WAYS {
        let seen = other.ask("select distinct site_id from events").await.unwrap();
        assert_eq!(seen, [[OTHER]], "the other's rows are in the worker");
        let told = match reader.ask(sql).await {
            Ok(rows) => format!("{rows:?}").replace('"', ""),
            Err(status) => status.message().to_owned(),
        };
        assert_tells_nothing(sql, &told, everything);
        // A statement that is prepared is described first: that tells as little.
        let told = reader.prepare(sql).await.map_or_else(|status| status.message().to_owned(), |_| String::new());
        assert_tells_nothing(sql, &told, everything);
    }
    assert_eq!(reader.ask("select count(*), count(distinct site_id) from events").await.unwrap()[0][1], "1");
}

/// Over HTTP, by a token of `warehouse token`, in a worker that has answered another's statement before.
#[tokio::test]
async fn a_token_sees_its_sites_over_http_until_it_is_taken_out() {
    let (landing, _lake) = two_sites().await;
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("access.toml");
    let access = file.to_str().unwrap();
    let new = |name: &str, arguments: &[&str]| {
        let made = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(["token", "--access", access, "new", name])
            .args(arguments)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (reader, other) = (new("reader", &["--site", SITE]), new("other", &["--site", OTHER]));
    let admin = new("ops", &["--role", "admin"]);
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&reader));
    let server = Server::start(&landing.url(), temporary.path(), &["--access", access, "--sql-workers-max", "1"]);
    let ask = async |token: &str, path: &str, sql: &str| {
        let bearer = format!("Bearer {token}");
        let method = if sql.is_empty() { "GET" } else { "POST" };
        let body = if sql.is_empty() { Vec::new() } else { json!({ "sql": sql }).to_string().into_bytes() };
        call(server.address, method, path, &[("authorization", &bearer)], &body).await
    };
    let sites = "select distinct site_id from events order by 1";
    for _ in 0..2 {
        assert_eq!(ask(&admin, SQL, sites).await.json()["rows"], json!([[OTHER], [SITE]]));
        assert_eq!(ask(&reader, SQL, sites).await.json()["rows"], json!([[SITE]]));
        assert_eq!(ask(&other, SQL, sites).await.json()["rows"], json!([[OTHER]]));
    }
    assert_eq!(ask("ctw_guessed", SQL, sites).await.status, 401);
    assert!(ask(&admin, "/api/v1/about", "").await.json().get("store_url").is_some());
    assert!(ask(&reader, "/api/v1/about", "").await.json().get("store_url").is_none());
    run(TokenCommand::Remove { name: "reader".into() }, &file).unwrap();
    assert_eq!(ask(&reader, SQL, sites).await.status, 401);
    assert_eq!(ask(&other, SQL, sites).await.status, 200);
}
