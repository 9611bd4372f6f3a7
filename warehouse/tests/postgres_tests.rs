//! PostgreSQL's protocol, message by message. What real clients make of it is in `client_tests.rs`.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::net::SocketAddr;

use support::landed;
use support::postgres::{Client, Told, bind, describe, execute, message, parse, sync};
use support::server::{PATIENCE, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing interrupts it, and it takes years.
const ENDLESS: &str = "select levenshtein(repeat('a',16000000),repeat('b',16000000))";
/// All views.
const VIEWS: [&str; 7] = [
    "campaigns",
    "channels",
    "friction",
    "replay_ledger",
    "replay_page_views",
    "telemetry_with_adobe",
    "telemetry_with_ga4",
];

struct Served {
    server: Server,
    at: SocketAddr,
    _landing: support::Landing,
    _temporary: tempfile::TempDir,
}

/// A server of twenty events, and its address for PostgreSQL's protocol. No statement is too slow, whatever else the machine does.
fn serve(arguments: &[&str]) -> Served {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let all = [&["--postgres-listen", "127.0.0.1:0", "--query-time", "1h"], arguments].concat();
    let server = Server::start(&landing.url(), temporary.path(), &all);
    let at = server.postgres.unwrap();
    Served { server, at, _landing: landing, _temporary: temporary }
}

async fn connect(served: &Served) -> Client {
    Client::connect(served.at, "").await.unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn statements_as_text_are_answered_one_after_the_other() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    let told = client.query("select type, count(*) as n, null from events group by 1 order by 1").await;
    assert_eq!((told.tags.as_str(), told.transaction), ("TCZ", Some('I')));
    assert_eq!(told.columns, [("type".into(), 25), ("n".into(), 20), ("NULL".into(), 25)]);
    assert_eq!(told.texts(), [[some("click"), some("10"), None], [some("pointer"), some("10"), None]]);
    assert_eq!(told.complete, ["SELECT 2"]);

    let told = client.query("select 1; set a = 'b;'; ; select 2 where false; selec 3; select 4").await;
    assert_eq!(
        (told.complete, told.error.unwrap().0.as_str()),
        (vec!["SELECT 1".into(), "SET".into(), "SELECT 0".into()], "42601")
    );
    assert_eq!(client.query(" -- nothing\n").await.tags, "IZ");
    for (sql, code) in [
        ("select * from nothing", "42P01"),
        ("select nothing from events", "42703"),
        ("drop table events", "25006"),
        ("copy (select 1) to '/tmp/copied.csv'", "25006"),
        ("select 1/0", "22012"),
        ("select $1", "08P01"),
        ("select repeat('x', 2000000000)", "54000"),
        ("select (select 1", "42601"),
        ("set client_encoding to latin1", "22023"),
        ("set role admin", "25006"),
    ] {
        let told = client.query(sql).await;
        assert_eq!((told.code(), told.transaction), (code, Some('I')), "{sql}: {told:?}");
    }
    assert_eq!(client.query("show server_version_num").await.texts(), [[some("150000")]]);
    // Every row of a large answer, cut wherever the pieces end.
    let told = client.query("select value, repeat('x', 100) from generate_series(1, 100000) order by 1").await;
    assert_eq!((told.rows.len(), told.complete.as_slice()), (100_000, &["SELECT 100000".to_owned()][..]));
    assert!(
        told.texts().iter().zip(1..).all(|(row, n)| row[0] == Some(n.to_string()) && row[1] == Some("x".repeat(100)))
    );
}

#[tokio::test]
async fn statements_are_prepared_bound_and_fetched_in_parts() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    let sql = "select seq, type from events where seq >= $1 and occurred_at < $2 order by seq";
    let told = client.ask(&[parse("s", sql, &[]), describe(b'S', "s"), sync()]).await;
    assert_eq!((told.tags.as_str(), told.types.as_slice()), ("1tTZ", &[20, 1184][..]));
    assert_eq!(told.columns, [("seq".into(), 20), ("type".into(), 25)]);

    let values = ["18", "2026-11-21 00:00:00+00"];
    let told = client.ask(&[bind("s", &values, false), describe(b'P', "s"), execute("s", 0), sync()]).await;
    assert_eq!(told.tags, "2TCZ");
    assert_eq!(told.texts(), [[some("18"), some("click")], [some("19"), some("pointer")]]);
    let told = client.ask(&[bind("s", &values, true), execute("s", 0), sync()]).await;
    assert_eq!(told.rows[0], [Some(18_i64.to_be_bytes().to_vec()), Some(b"click".to_vec())]);

    // Where the engine cannot tell a type, the value does.
    let told = client
        .ask(&[
            parse("", "select date_trunc($1, occurred_at) from events limit 1", &[]),
            bind("", &["day"], false),
            execute("", 0),
            sync(),
        ])
        .await;
    assert_eq!(told.texts(), [[some("2026-11-20 00:00:00+00")]]);

    // In a transaction a portal goes on where it stopped.
    client.query("begin").await;
    let told = client.ask(&[bind("s", &["0", values[1]], false), execute("s", 15), sync()]).await;
    assert_eq!((told.tags.as_str(), told.rows.len(), told.transaction), ("2sZ", 15, Some('T')));
    let told = client.ask(&[execute("s", 15), execute("s", 15), sync()]).await;
    assert_eq!((told.tags.as_str(), told.rows.len()), ("CCZ", 5));
    assert_eq!(told.complete, ["SELECT 5", "SELECT 0"]);

    // What comes after an error is skipped up to Sync; the transaction has failed with it.
    let told = client
        .ask(&[bind("s", &["seven", values[1]], false), execute("s", 0), parse("", "select 1", &[]), sync()])
        .await;
    assert_eq!((told.tags.as_str(), told.code(), told.transaction), ("2EZ", "22023", Some('E')));
    assert_eq!(client.query("select 1").await.code(), "25P02");
    assert_eq!(client.query("commit").await.complete, ["ROLLBACK"]);
    assert_eq!(client.ask(&[execute("s", 0), sync()]).await.code(), "34000");

    let told = client.ask(&[parse("s", "select 1", &[]), sync()]).await;
    assert_eq!(told.code(), "42P05");
    let close = message(b'C', b"Ss\0");
    let told = client
        .ask(&[
            close,
            parse("s", "show TimeZone;", &[]),
            describe(b'S', "s"),
            bind("s", &[], false),
            execute("s", 0),
            sync(),
        ])
        .await;
    assert_eq!((told.tags.as_str(), told.texts()), ("31tT2CZ", vec![vec![some("UTC")]]));
    assert_eq!(client.ask(&[parse("", "select 1; select 2", &[]), sync()]).await.code(), "42601");
    assert_eq!(client.ask(&[bind("t", &[], false), sync()]).await.code(), "26000");
    assert_eq!(client.ask(&[message(b'F', b""), sync()]).await.code(), "0A000");
    // None keeps more than there is room for.
    let many: Vec<_> = (0..300).map(|n| parse(&format!("p{n}"), "select 1", &[])).chain([sync()]).collect();
    assert_eq!(client.ask(&many).await.code(), "54000");
}

#[tokio::test]
async fn portals_beside_each_other_go_on_where_they_stopped() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    client.query("begin").await;
    let numbers = "select value from generate_series(1, 7) order by 1";
    for name in ["a", "b", "c"] {
        let told = client.ask(&[parse(name, numbers, &[]), bind(name, &[], false), sync()]).await;
        assert_eq!(told.code(), "");
    }
    let rows = |told: Told| -> Vec<String> { told.texts().concat().into_iter().flatten().collect() };
    let mut read = async |name: &str| rows(client.ask(&[execute(name, 3), sync()]).await);
    assert_eq!(read("a").await, ["1", "2", "3"]);
    assert_eq!(read("b").await, ["1", "2", "3"]);
    assert_eq!(read("a").await, ["4", "5", "6"]);
    assert_eq!(read("b").await, ["4", "5", "6"]);
    assert_eq!(read("a").await, ["7"]);
    // Two hold a worker. The one that was read longest ago has none any more, and does not begin again.
    assert_eq!(read("c").await, ["1", "2", "3"]);
    assert_eq!(read("b").await, ["7"]);
    for name in ["d", "e"] {
        client.ask(&[parse(name, numbers, &[]), bind(name, &[], false), execute(name, 3), sync()]).await;
    }
    let told = client.ask(&[execute("c", 3), sync()]).await;
    assert_eq!((told.rows.len(), told.code()), (0, "0A000"));
}

#[tokio::test]
async fn a_savepoint_brings_a_failed_transaction_back() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    for (sql, transaction) in [
        ("begin", 'T'),
        ("savepoint a", 'T'),
        ("select 1/0", 'E'),
        ("savepoint b", 'E'),
        ("rollback to savepoint a", 'T'),
        ("select 1", 'T'),
        ("release a", 'T'),
        ("commit", 'I'),
    ] {
        assert_eq!(client.query(sql).await.transaction, Some(transaction), "{sql}");
    }
}

#[tokio::test]
async fn a_cancel_is_heard_while_rows_are_sent() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    // More than fits into any buffer between the two: the server waits for its client to read.
    let sql = "select value, repeat('x', 10000) from generate_series(1, 20000)\0";
    client.send(&[message(b'Q', sql.as_bytes())]).await;
    client.stream.peek(&mut [0]).await.unwrap();
    Client::cancel(served.at, client.key).await;
    let told = tokio::time::timeout(PATIENCE, client.told()).await.unwrap();
    assert_eq!((told.code(), told.complete.len()), ("57014", 0));
    // One that comes when nothing runs is meant for nothing.
    Client::cancel(served.at, client.key).await;
    assert_eq!(client.query("select 1").await.texts(), [[some("1")]]);
}

#[tokio::test]
async fn what_drivers_send_by_themselves_is_answered() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    for (driver, sql) in [
        ("asyncpg 0.32, on release", "SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;"),
        (
            "Npgsql, on release",
            "SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP",
        ),
    ] {
        assert_eq!(client.query(sql).await.error, None, "{driver}");
    }
    // psycopg 3.3.9, `TypeInfo.fetch`, which SQLAlchemy asks of `hstore`.
    let sql = "SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter \
               FROM pg_type t WHERE t.oid = to_regtype($1) ORDER BY t.oid";
    for (name, rows) in [("hstore", vec![]), ("bigint", vec![["int8", "20", "1016", "bigint", ","].map(some).to_vec()])]
    {
        let told = client.ask(&[parse("", sql, &[]), bind("", &[name], false), execute("", 0), sync()]).await;
        assert_eq!((told.texts(), told.error), (rows, None), "{name}");
    }
}

#[tokio::test]
async fn a_statement_is_cancelled_by_its_numbers_and_by_its_client_going_away() {
    let served = serve(&["--sql-workers-max", "1", "--sql-queue-max", "0"]);
    let mut client = connect(&served).await;
    client.send(&[message(b'Q', &[ENDLESS.as_bytes(), b"\0"].concat())]).await;
    served.server.works().await;
    assert_eq!(connect(&served).await.query("select 1").await.code(), "53000", "the only worker is busy");
    Client::cancel(served.at, (client.key.0, client.key.1 ^ 1)).await;
    Client::cancel(served.at, client.key).await;
    let told = tokio::time::timeout(PATIENCE, client.told()).await.unwrap();
    assert_eq!((told.code(), told.transaction), ("57014", Some('I')));
    let mut answered = client.query("select 1").await;
    while answered.code() == "53000" {
        answered = client.query("select 1").await;
    }
    assert_eq!(answered.texts(), [[some("1")]]);

    served.server.rests().await;
    client.send(&[message(b'Q', &[ENDLESS.as_bytes(), b"\0"].concat())]).await;
    served.server.works().await;
    drop(client);
    let mut other = connect(&served).await;
    let freed = async { while other.query("select 1").await.code() == "53000" {} };
    tokio::time::timeout(PATIENCE, freed).await.expect("its worker is freed");
}

#[tokio::test]
async fn only_a_token_lets_in_and_it_sees_its_sites_only() {
    let folder = tempfile::tempdir().unwrap();
    let access = folder.path().join("access.toml");
    let access = access.to_str().unwrap();
    let token = |name: &str, site: &str| {
        let made = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(["token", "--access", access, "new", name, "--site", site])
            .output()
            .unwrap();
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (shop, elsewhere) = (token("shop", support::SITE), token("elsewhere", "elsewhere"));
    let served = serve(&["--access", access]);
    for wrong in ["", "ctw_guessed", &shop[1..]] {
        assert_eq!(Client::connect(served.at, wrong).await.err().unwrap().code(), "28P01");
    }
    let count = "select count(*) from events";
    let mut client = Client::connect(served.at, &shop).await.unwrap();
    assert_eq!(client.query(count).await.texts(), [[some("20")]]);
    let mut kept = client;
    let mut client = Client::connect(served.at, &elsewhere).await.unwrap();
    assert_eq!(client.query(count).await.texts(), [[some("0")]]);
    for ways in [
        "select site_id from events",
        "select relname from pg_class c join events e on true",
        "select n_live_tup from pg_stat_user_tables where n_live_tup > 0",
    ] {
        assert_eq!((client.query(ways).await.rows.len(), client.query(ways).await.error), (0, None), "{ways}");
    }
    let told = client
        .ask(&[parse("", "select * from events where seq = $1", &[]), bind("", &["1"], false), execute("", 0), sync()])
        .await;
    assert_eq!(told.complete, ["SELECT 0"]);

    // A token that is taken out is none any more, also for who is in already, and whoever is called like it now.
    assert_eq!(kept.query(count).await.texts(), [[some("20")]]);
    let removed = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["token", "--access", access, "remove", "shop"])
        .status();
    assert!(removed.unwrap().success());
    token("shop", support::SITE);
    let told = kept.query(count).await;
    assert_eq!((told.code(), told.transaction, told.rows.len()), ("28000", None, 0));
    assert_eq!(client.query(count).await.texts(), [[some("0")]]);
}

/// Bytes of anybody, before and after the start; the server answers others.
#[tokio::test]
async fn hostile_bytes_end_their_connection_only() {
    let served = serve(&[]);
    let start = [&[0, 0, 0, 9][..], &196_608_u32.to_be_bytes(), b"\0"].concat();
    let hostile: Vec<Vec<u8>> = vec![
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(),
        vec![0; 64],
        vec![0xff; 64],
        [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f].repeat(20),
        [&[0, 0, 0, 8][..], &131_072_u32.to_be_bytes()].concat(),
        [&start[..], b"Q\x7f\xff\xff\xff"].concat(),
        [&start[..], b"Q\0\0\0\x03"].concat(),
        [&start[..], b"Q\0\0\0\x06\xff\0"].concat(),
        [&start[..], b"B\0\0\0\x0a\0\0\xff\xff\0\0"].concat(),
    ];
    for bytes in &hostile {
        let mut stream = TcpStream::connect(served.at).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        // However it ends: by an end, or by a reset.
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it ends");
    }
    let mut client = connect(&served).await;
    assert_eq!(client.query("select 1").await.texts(), [[some("1")]]);
    // Deep ones and endless ones, too.
    assert_eq!(client.query(&format!("select {}1", "1<<".repeat(20_000))).await.code(), "54000");
    assert_eq!(client.query("select 1").await.texts(), [[some("1")]]);
}

/// What the server says of itself: every question of clients that are kept in files is answered.
#[tokio::test]
async fn clients_find_the_tables_and_columns() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    let mut mistakes = Vec::new();
    for name in ["psql", "pgjdbc", "grafana", "metabase", "dbeaver"] {
        let path = format!("{}/tests/clients/{name}.sql", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        for sql in text.split("\n;\n").filter(|sql| sql.lines().any(|line| !line.is_empty() && !line.starts_with("--")))
        {
            let told = client.query(sql).await;
            if let Some((code, message)) = &told.error {
                mistakes.push(format!("{name}: {code} {message}\n{sql}"));
            }
        }
    }
    assert!(mistakes.is_empty(), "{} are not answered:\n{}", mistakes.len(), mistakes.join("\n\n"));
    let tables = client.query("select relname from pg_catalog.pg_class where pg_table_is_visible(oid) and relkind in ('r', 'v') order by 1").await;
    assert_eq!(tables.rows.len(), warehouse::tables::every().count() + VIEWS.len());
    let oid = client.query("select oid from pg_class where relname = 'events'").await.texts()[0][0].clone().unwrap();
    let columns = format!(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = '{oid}' order by attnum"
    );
    let columns = client.query(&columns).await.texts();
    assert_eq!(columns.len(), warehouse::tables::EVENTS.schema().fields().len());
    assert!(columns.contains(&vec![some("occurred_at"), some("timestamp with time zone")]), "{columns:?}");
    let own = client.query("select * from friction where false").await;
    let view =
        client.query("select attname from pg_attribute where attrelid = 'friction'::regclass order by attnum").await;
    let names: Vec<String> = view.texts().into_iter().filter_map(|row| row[0].clone()).collect();
    assert_eq!(names, own.columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
}

/// Views are told as such, with their columns, wherever clients look for them.
#[tokio::test]
async fn views_are_listed_with_their_columns() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    for sql in [
        "select viewname from pg_views order by 1",
        "select table_name from information_schema.views where table_schema = 'public' order by 1",
        "select tables.table_name from information_schema.tables where table_type = 'VIEW' order by 1",
        "select c.relname from pg_catalog.pg_class c where c.relkind in ('v', '') order by 1",
        "select distinct table_name from information_schema.columns where table_schema = 'public' and table_name in (select viewname from pg_views) order by 1",
    ] {
        let told = client.query(sql).await;
        let names: Vec<String> = told.texts().into_iter().flatten().flatten().collect();
        assert_eq!(names, VIEWS, "{sql}: {:?}", told.error);
    }
    let tables =
        client.query("select count(*) from information_schema.tables where table_type = 'BASE TABLE'").await.texts();
    assert_eq!(tables, [[some(&warehouse::tables::every().count().to_string())]]);
    for view in VIEWS {
        let attributes =
            format!("select attname from pg_attribute where attrelid = '{view}'::regclass order by attnum");
        let attributes: Vec<String> = client.query(&attributes).await.texts().into_iter().flatten().flatten().collect();
        let told = client.query(&format!("select * from {view} limit 0")).await;
        let columns: Vec<String> = told.columns.into_iter().map(|(name, _)| name).collect();
        assert!(!columns.is_empty(), "{view}: {:?}", told.error);
        assert_eq!(attributes, columns, "{view}");
    }
    let definition = client.query("select definition from pg_views where viewname = 'campaigns'").await.texts();
    assert!(definition[0][0].as_ref().unwrap().contains("select"), "{definition:?}");
}
