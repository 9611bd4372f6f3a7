//! Odd request lines and headers: each has its answer, and none leaves anything behind.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::*;

/// The first line and headers of the answer; empty when the connection is closed without one.
async fn head_of_answer(at: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).await.expect("a connection");
    stream.write_all(request).await.expect("written");
    let mut answer = Vec::new();
    let whole = async {
        while !answer.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => break,
            }
        }
    };
    tokio::time::timeout(PATIENCE, whole).await.expect("an answer or an end");
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_odd_head_has_its_answer_and_leaves_nothing() {
    let rig = Rig::start(|config| config.sink = collector::SinkKind::Null).await;
    let get = |extra: &str| format!("GET /health/live HTTP/1.1\r\n{extra}\r\n");
    let host = "host: test\r\n";
    let line = |line: &str| format!("{line}\r\nhost: test\r\n\r\n");
    let post = |extra: &str| format!("POST /v1/events HTTP/1.1\r\nhost: test\r\n{extra}");
    let many: String = (0..150).map(|number| format!("x-{number}: 1\r\n")).collect();
    let (long, longest) = ("x".repeat(20_000), "x".repeat(100_000));
    let rows: Vec<(u16, String)> = vec![
        (405, "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n".into()),
        (405, "CONNECT [::1]:80 HTTP/1.1\r\nHost: x\r\ncontent-length: 3\r\n\r\nabc".into()),
        (405, "CONNECT /v1/events HTTP/1.1\r\nHost: x\r\n\r\n".into()),
        (400, line("GET x HTTP/1.1")),
        (400, line("POST x:80 HTTP/1.1")),
        (200, line("GET http://elsewhere.example/health/live HTTP/1.1")),
        (404, line("GET http://elsewhere.example HTTP/1.1")),
        (405, line("DELETE http://elsewhere.example/v1/events?key=1 HTTP/1.1")),
        (204, line("OPTIONS * HTTP/1.1")),
        (404, line("GET * HTTP/1.1")),
        (405, line("TRACE / HTTP/1.1")),
        (405, line("TRACE /v1/events HTTP/1.1")),
        (405, line("BREW /v1/events HTTP/1.1")),
        (405, line("PROPFIND /health/live HTTP/1.1")),
        (405, line("POST /health/live HTTP/1.1")),
        (405, line("OPTIONS /sdk/telemetry.js HTTP/1.1")),
        (200, line("HEAD /health/live HTTP/1.1")),
        (200, get(&format!("{host}connection: upgrade\r\nupgrade: websocket\r\n"))),
        (
            200,
            get(&format!("{host}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n")),
        ),
        (401, post("expect: 100-continue\r\ncontent-length: 5\r\n\r\n")),
        (200, get(&format!("{host}expect: the-unexpected\r\n"))),
        (200, "GET /health/live HTTP/1.0\r\n\r\n".into()),
        (400, get("")),
        (400, get("host: one\r\nhost: two\r\n")),
        (200, get("host:\r\n")),
        (400, post("content-length: 5\r\ncontent-length: 6\r\n\r\nhello!")),
        (401, post("content-length: 5\r\ncontent-length: 5\r\n\r\nhello")),
        (401, post("content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        (401, post("transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n")),
        (400, post("transfer-encoding: gzip\r\n\r\n")),
        (400, "POST /v1/events HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".into()),
        (400, post("content-length: -1\r\n\r\n")),
        (400, post("content-length: 99999999999999999999999\r\n\r\n")),
        (401, post("transfer-encoding: chunked\r\n\r\nzz\r\n")),
        (431, get(&format!("{host}{many}"))),
        (431, get(&format!("{host}x-long: {long}\r\n"))),
        (431, line(&format!("GET /{long} HTTP/1.1"))),
        (431, line(&format!("GET /{longest} HTTP/1.1"))),
        (431, get(&format!("{host}x-long: {longest}\r\n"))),
        (404, line(&format!("GET /{} HTTP/1.1", &long[..12_000]))),
        (401, line(&format!("POST /v1/events?{} HTTP/1.1", &long[..12_000]))),
        (400, line("GET /health/\0live HTTP/1.1")),
        (400, get(&format!("{host}x-nul: a\0b\r\n"))),
        (400, get(&format!("{host}folded: a\r\n b\r\n"))),
        (400, get(&format!("{host}space : a\r\n"))),
        (400, get(&format!("{host}no colon\r\n"))),
        (400, line("GET /health/live HTTP/3.0")),
        (400, line("GET  /health/live HTTP/1.1")),
        (200, format!("\r\n\r\n{}", get(host))),
        (400, "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".into()),
        (0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".into()),
    ];
    let mut wrong = Vec::new();
    for (expected, request) in rows {
        let head = head_of_answer(rig.at.public, request.as_bytes()).await;
        let allow = head.to_lowercase().contains("\r\nallow: ");
        if status(&head) != expected || (expected == 405) != (allow && expected != 204) {
            let request = request.escape_debug().to_string();
            wrong.push(format!("{request:.80}: {head:.200}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eventually("no connection", async || (rig.metric("collector_connections").await == 0).then_some(())).await;
    for gauge in ["collector_window_bytes", "collector_window_requests", "collector_panics_total"] {
        assert_eq!(rig.metric(gauge).await, 0, "{gauge}");
    }
    assert_eq!(rig.post(batch(&[click(0)])).await.status, 200);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_beyond_ascii_are_no_reason_to_fall_over() {
    let rig = Rig::start(|config| config.sink = collector::SinkKind::Null).await;
    for (expected, request) in [
        (200, &b"GET /health/live HTTP/1.1\r\nhost: \xe9\r\nuser-agent: \xff\xfe\r\n\r\n"[..]),
        (401, b"POST /v1/events HTTP/1.1\r\nhost: test\r\nauthorization: Bearer \xe9\r\ncontent-length: 0\r\n\r\n"),
        (401, b"POST /v1/events?key=%ff%fe HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n"),
        (401, b"POST /v1/events HTTP/1.1\r\nhost: test\r\norigin: \xe9\r\ncontent-length: 0\r\n\r\n"),
        (400, b"GET /\xff\xfe HTTP/1.1\r\nhost: test\r\n\r\n"),
        (404, b"GET /%ff%00 HTTP/1.1\r\nhost: test\r\n\r\n"),
    ] {
        let head = head_of_answer(rig.at.public, request).await;
        assert_eq!(status(&head), expected, "{}: {head}", request.escape_ascii());
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_internal_address_is_as_hard() {
    let rig = Rig::start(|config| config.sink = collector::SinkKind::Null).await;
    for (expected, line) in [
        (405, "CONNECT x:1 HTTP/1.1"),
        (400, "GET x HTTP/1.1"),
        (405, "POST /metrics HTTP/1.1"),
        (404, "OPTIONS * HTTP/1.1"),
        (404, "TRACE /elsewhere HTTP/1.1"),
        (200, "HEAD /metrics HTTP/1.1"),
    ] {
        let head = head_of_answer(rig.at.internal, format!("{line}\r\nhost: x\r\n\r\n").as_bytes()).await;
        assert_eq!(status(&head), expected, "{line}: {head}");
    }
    rig.stop().await;
}
