//! SQL from outside: what is refused, what is limited, and the HTTP API.

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Landing, NOON, SECOND, Tab, rows};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use warehouse::Lake;
use warehouse::compact::compact;
use warehouse::query::{Limits, query};
use warehouse::serve::{About, Serving, serve};

fn landed() -> Landing {
    let mut landing = Landing::new();
    let mut tab = Tab::new("v1", "t1");
    let events: Vec<_> =
        (0..20).map(|step| tab.event(if step % 2 == 0 { "click" } else { "pointer" }, NOON + step * SECOND)).collect();
    landing.land(&events);
    landing
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
    let cases = [
        ("drop table events", "refused_statement"),
        ("copy (select 1) to '/tmp/ct-refused.csv'", "refused_statement"),
        ("select * from '/etc/passwd'", "unknown_table"),
        ("select * from nothing", "unknown_table"),
        ("select no_such_column from events", "unknown_column"),
        ("select count(*) from events where", "invalid_sql"),
        ("select type + 1 from events", "invalid_sql"),
        ("select unknown_function(1)", "invalid_sql"),
        ("", "empty_statement"),
    ];
    expect_codes(&lake, &cases).await;
    assert_eq!(support::number(&lake, "select count(*) from events").await, 20);
}

/// Each would allocate a gigabyte or far more in one step that nothing interrupts.
#[tokio::test]
async fn functions_that_make_much_of_little_are_bounded() {
    let landing = landed();
    let lake = landing.lake();
    let cases = [
        ("select repeat('x', 1000000000)", "out_of_memory"),
        ("select repeat(repeat('x', 1000000), 1000000)", "out_of_memory"),
        ("select sum(length(repeat(type, 1000000))) from events", "out_of_memory"),
        ("select lpad('x', 2000000000), rpad('x', 2000000000)", "out_of_memory"),
        ("select range(1, 100000000000)", "invalid_sql"),
        ("select array_repeat(1, 100000000000)", "invalid_sql"),
        ("select generate_series(1, 100000000000)", "invalid_sql"),
    ];
    expect_codes(&lake, &cases).await;
    let made = rows(&lake, "select repeat('ab', 3), lpad('7', 3, '0'), rpad(type, 7, '.') from events limit 1").await;
    assert_eq!(json!(made), json!([["ababab", "007", "click.."]]));
    let empty = rows(&lake, "select repeat(null, 3), repeat('a', null), repeat('a', -1)").await;
    assert_eq!(json!(empty), json!([[null, null, ""]]));
}

#[tokio::test]
async fn limits_have_their_codes() {
    let landing = landed();
    let lake = landing.lake();
    let code = async |sql: &str, limits: Limits| query(&lake, sql, limits).await.expect_err(sql).code();
    let few = Limits { rows_max: 19, ..Limits::answer() };
    assert_eq!(code("select * from events", few).await, "too_many_rows");
    let small = Limits { bytes_max: 1_000, ..Limits::answer() };
    assert_eq!(code("select * from events", small).await, "too_many_bytes");
    let short = Limits { time: Duration::from_millis(300), ..Limits::answer() };
    let endless = "select count(*) from generate_series(1, 1000000000) a, generate_series(1, 1000000000) b";
    assert_eq!(code(endless, short).await, "timeout");
}

#[test]
fn deep_expressions_do_not_end_the_process() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .thread_stack_size(warehouse::limits::STACK_BYTES)
        .build()
        .unwrap();
    let landing = landed();
    let lake = landing.lake();
    let sums = format!("select {}1", "1 + ".repeat(990));
    let conditions = format!("select count(*) from events where {} true", "seq > -1 and ".repeat(300));
    let cases = format!("select {}1{}", "case when true then ".repeat(45), " end".repeat(45));
    let unions = format!("select 1 {}", "union all select 1 ".repeat(300));
    runtime.block_on(async {
        for sql in [sums, conditions, cases, unions] {
            let answer = query(&lake, &sql, Limits::answer()).await;
            assert!(answer.as_ref().is_ok_and(|answer| !answer.batches.is_empty()) || answer.is_err(), "{sql}");
        }
        assert_eq!(support::number(&lake, "select count(*) from events").await, 20);
    });
}

#[tokio::test]
async fn answers_come_with_their_types() {
    let landing = landed();
    let lake = landing.lake();
    let got = rows(&lake, "select dt, x, occurred_at, seq from pointer order by seq limit 1").await;
    assert_eq!(json!(got), json!([[[0.0, 1.0], [0.0, 1.0], "2026-11-20T12:00:01Z", 1]]));
    let got =
        rows(&lake, "select now(), to_timestamp('2026-11-20T12:00:01'), occurred_at < now() from events limit 1").await;
    let now = got[0][0].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(now).is_ok(), "{now}");
    assert_eq!((&got[0][1], &got[0][2]), (&json!("2026-11-20T12:00:01Z"), &json!(true)));
    let tables =
        rows(&lake, "select table_name from information_schema.tables where table_schema = 'public' order by 1").await;
    assert_eq!(json!(tables), json!([["events"], ["ledger"], ["page_views"], ["pointer"], ["sessions"]]));
}

/// One HTTP exchange; status and body.
async fn exchange(address: std::net::SocketAddr, head: &str, body: &str) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    let split = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let headers = String::from_utf8(reply[..split].to_vec()).unwrap();
    let status = headers[9..12].parse().unwrap();
    (status, headers.to_ascii_lowercase(), reply[split + 4..].to_vec())
}

#[tokio::test]
async fn the_api_answers_over_http() {
    let landing = landed();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let about = About { shop_url: Some("http://127.0.0.1:1/".into()), ..About::default() };
    let server = tokio::spawn(serve(landing.lake(), listener, Serving { about, token: None }, shutdown.clone()));

    let ask = |sql: &str| json!({ "sql": sql }).to_string();
    let post = "POST /api/v1/sql HTTP/1.1\r\nContent-Type: application/json";
    let (status, _, body) =
        exchange(address, post, &ask("select type, count(*) as n from events group by 1 order by 1")).await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &answer["rows"]), (200, &json!([["click", 10], ["pointer", 10]])));
    assert_eq!(answer["columns"], json!([{"name": "type", "type": "Utf8"}, {"name": "n", "type": "Int64"}]));

    let arrow = format!("{post}\r\nAccept: application/vnd.apache.arrow.stream");
    let (status, headers, body) = exchange(address, &arrow, &ask("select 1 as one")).await;
    assert_eq!(status, 200);
    assert!(headers.contains("application/vnd.apache.arrow.stream") && body.starts_with(&[0xff; 4]));

    for (body, code) in [
        (ask("drop table events"), "refused_statement"),
        ("{".to_owned(), "malformed_json"),
        (ask(""), "empty_statement"),
    ] {
        let (status, _, body) = exchange(address, post, &body).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, answer["code"].as_str()), (400, Some(code)));
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let foreign = format!("{post}\r\nOrigin: https://evil.example");
    assert_eq!(exchange(address, &foreign, &ask("select 1")).await.0, 401);
    for (path, status) in [
        ("/", 200),
        ("/studio.js", 200),
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/api/v1/about", 200),
        ("/../x", 404),
    ] {
        let (got, headers, _) = exchange(address, &format!("GET {path} HTTP/1.1"), "").await;
        assert_eq!(got, status, "{path}");
        assert!(path != "/" || headers.contains("content-security-policy: default-src 'none'"));
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
    let serving = Serving { about: About::default(), token: Some("secret".into()) };
    let server = tokio::spawn(serve(landing.lake(), listener, serving, shutdown.clone()));
    let body = json!({"sql": "select 1"}).to_string();
    for (header, status) in
        [("X-Nothing: 1", 401), ("Authorization: Bearer wrong", 401), ("Authorization: Bearer secret", 200)]
    {
        assert_eq!(
            exchange(address, &format!("POST /api/v1/sql HTTP/1.1\r\n{header}"), &body).await.0,
            status,
            "{header}"
        );
    }
    shutdown.cancel();
    server.await.unwrap().unwrap();
}
