//! Answers over HTTP: in every format, of any length, and in a way that tells when one is not whole.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::landed;
use support::server::{PATIENCE, SQL, Server, peak_bytes, until};
use testkit::http::{self, Reply};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use warehouse::limits::HTTP_CONNECTIONS_MAX;

const FORMATS: [(&str, &str); 5] = [
    ("json", "application/json"),
    ("jsonl", "application/x-ndjson"),
    ("csv", "text/csv; charset=utf-8"),
    ("arrow", "application/vnd.apache.arrow.stream"),
    ("parquet", "application/vnd.apache.parquet"),
];
/// Fails in its 300,000th row, long after the answer has begun.
const BREAKS: &str = "select 1 / (300000 - value) as n, repeat('word ', 20) as words, sha256(cast(value as varchar)) from generate_series(1, 400000)";
/// More rows than anybody waits for.
const ENDLESS: &str = "select value, repeat('x', 1000) as words from generate_series(1, 1000000000000)";

async fn send(server: &Server, format: &str, sql: &str) -> TcpStream {
    let body = json!({ "sql": sql }).to_string();
    http::ask(server.address, "POST", &format!("{SQL}?format={format}"), &[], body.as_bytes()).await
}

async fn ask(server: &Server, format: &str, sql: &str) -> Reply {
    received(&mut send(server, format, sql).await).await
}

/// The answer, however it ends.
async fn received(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end");
    let mut reply = Reply::parse(&bytes);
    reply.is_whole &= ended.is_ok();
    reply
}

fn of_arrow(bytes: &[u8]) -> Vec<RecordBatch> {
    StreamReader::try_new(bytes, None).unwrap().collect::<Result<_, _>>().unwrap()
}

fn of_parquet(bytes: Vec<u8>) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
    reader.collect::<Result<_, _>>().unwrap()
}

fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

#[tokio::test]
async fn every_format_tells_the_same() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &[]);
    let sql = "select type, count(*) n, max(occurred_at) as last, null as nothing from events group by 1 order by 1";
    let answers = futures::future::join_all(FORMATS.map(async |(format, content_type)| {
        let reply = ask(&server, format, sql).await;
        let told = (reply.status, reply.header("content-type"), reply.is_whole);
        assert_eq!(told, (200, Some(content_type), true), "{format}: {}", reply.text());
        assert_eq!(reply.header("content-length"), Some(&*reply.body.len().to_string()), "{format}");
        let (accept, body) = ([("accept", content_type)], json!({ "sql": sql }).to_string());
        let by_accept = http::call(server.address, "POST", SQL, &accept, body.as_bytes()).await;
        assert_eq!(by_accept.body, reply.body, "{format}");
        reply
    }))
    .await;
    let [json, lines, csv, arrow, parquet] = answers.try_into().unwrap_or_else(|_| panic!("five answers"));
    let last = ["2026-11-20T12:00:18Z", "2026-11-20T12:00:19Z"];
    assert_eq!(json.json()["rows"], json!([["click", 10, last[0], null], ["pointer", 10, last[1], null]]));
    let expected = [("click", last[0]), ("pointer", last[1])];
    let expected =
        expected.map(|(kind, last)| format!("{{\"type\":\"{kind}\",\"n\":10,\"last\":\"{last}\",\"nothing\":null}}\n"));
    assert_eq!(lines.text(), expected.concat());
    assert_eq!(csv.text(), format!("type,n,last,nothing\nclick,10,{},\npointer,10,{},\n", last[0], last[1]));
    let (arrow, parquet) = (of_arrow(&arrow.body), of_parquet(parquet.body));
    assert_eq!((rows(&arrow), rows(&parquet)), (2, 2));
    let names = |batches: &[RecordBatch]| {
        batches[0].schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&arrow), ["type", "n", "last", "nothing"]);
    assert_eq!(names(&arrow), names(&parquet));
}

/// What has no place in a format, or is there twice, is told or written otherwise.
#[tokio::test]
async fn odd_columns_are_written_in_every_format() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &[]);
    let odd = "select a.seq, b.seq, interval '1 month 2 days' as i, [1, null] as l, struct(1 as x) as s, \
               arrow_cast('a', 'Dictionary(Int32, Utf8)') as d, arrow_cast('b', 'Utf8View') as v, x'00ff' as b \
               from events a join events b on a.seq = b.seq where a.seq = 1";
    for (format, _) in FORMATS {
        let reply = ask(&server, format, odd).await;
        assert_eq!((reply.status, reply.is_whole), (200, true), "{format}: {}", reply.text());
        match format {
            "jsonl" => {
                let row: Value = serde_json::from_slice(&reply.body).unwrap();
                assert_eq!((&row["seq"], &row["seq_2"], &row["l"]), (&json!(1), &json!(1), &json!([1, null])), "{row}");
            }
            "arrow" => assert_eq!(rows(&of_arrow(&reply.body)), 1),
            "parquet" => assert_eq!(rows(&of_parquet(reply.body)), 1),
            _ => assert!(reply.text().contains("mon"), "{}", reply.text()),
        }
    }
    for nothing in ["select * from events where seq < 0", "select 1 as n from events where false"] {
        for (format, _) in FORMATS {
            let reply = ask(&server, format, nothing).await;
            assert_eq!((reply.status, reply.is_whole), (200, true), "{format}: {}", reply.text());
            match format {
                "arrow" => assert_eq!(rows(&of_arrow(&reply.body)), 0),
                "parquet" => assert_eq!(rows(&of_parquet(reply.body)), 0),
                "jsonl" => assert_eq!(reply.text(), ""),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_format_that_there_is_not_is_told_with_those_that_there_are() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &[]);
    for (path, accept, status, code) in [
        ("?format=xml", "*/*", 400, "unknown_format"),
        ("?format=csv&format=csv", "*/*", 400, "invalid_parameter"),
        ("?formt=csv", "*/*", 400, "unknown_parameter"),
        ("", "image/png", 406, "not_acceptable"),
    ] {
        let body = json!({"sql": "select 1"}).to_string();
        let reply =
            http::call(server.address, "POST", &format!("{SQL}{path}"), &[("accept", accept)], body.as_bytes()).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path} {accept}: {}", reply.text());
    }
    // One piece of JSON is refused as a whole, as long as it may be.
    let reply = ask(&server, "json", "select value, repeat('x', 60) as words from generate_series(1, 100001)").await;
    assert_eq!((reply.status, reply.code().as_str(), reply.is_whole), (400, "too_many_rows", true));
    let reply = ask(&server, "json", "select value, repeat('x', 60) as words from generate_series(1, 100000)").await;
    assert_eq!((reply.status, reply.is_whole), (200, true));
    assert_eq!(reply.json()["rows"].as_array().unwrap().len(), 100_000);
}

/// Neither the server nor the worker holds what it sends: four times as long an answer, of 64 MB of words and more, takes little more
/// memory. A worker's threads are ahead of each other by some batches, now by more and now by fewer.
#[tokio::test]
async fn a_long_answer_takes_no_memory() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &["--query-time", "1h", "--sql-workers-max", "1"]);
    let long = |rows: u64| {
        format!(
            "select value, sha256(cast(value as varchar)) as digest, repeat('word ', 80) as words from generate_series(1, {rows})"
        )
    };
    for (format, _) in FORMATS.iter().filter(|(format, _)| *format != "json") {
        assert!(ask(&server, format, &long(40_000)).await.is_whole, "{format}");
        let process = server.id();
        let workers = || server.workers().into_iter().map(peak_bytes).max().unwrap_or_default();
        let before = (peak_bytes(process), workers());
        let mut stream = send(&server, format, &long(160_000)).await;
        let (mut buffer, mut bytes) = (vec![0; 64 << 10], 0);
        while let read @ 1.. = stream.read(&mut buffer).await.unwrap() {
            bytes += read;
        }
        let grown = (peak_bytes(process) - before.0, workers().saturating_sub(before.1));
        println!("{format}: {bytes} bytes; the server grew by {}, the worker by {}", grown.0, grown.1);
        assert!(bytes > 4 << 20, "{format}: {bytes}");
        assert!(grown.0 < 16 << 20, "{format}: the server grew by {} bytes", grown.0);
        assert!(grown.1 < 48 << 20, "{format}: the worker grew by {} bytes", grown.1);
    }
}

/// Nobody takes for whole what broke off, whatever it is read with.
#[tokio::test]
async fn an_answer_that_breaks_off_says_so_in_each_format() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &["--query-time", "1h"]);
    for (format, _) in FORMATS {
        let reply = ask(&server, format, BREAKS).await;
        if format == "json" {
            assert_eq!((reply.status, reply.code().as_str()), (400, "too_many_rows"));
            continue;
        }
        assert_eq!((reply.status, reply.is_whole), (200, false), "{format}");
        assert!(reply.body.len() > 1 << 20, "{format}: {} bytes", reply.body.len());
        match format {
            "jsonl" => assert_eq!(reason(&reply)["code"], "division_by_zero"),
            "csv" => assert!(reply.text().ends_with('\n'), "it ends with a whole row"),
            "arrow" => assert!(!reply.body.ends_with(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), "no end of the stream"),
            _ => assert!(!reply.body.ends_with(b"PAR1"), "no footer"),
        }
    }
    // A worker that is killed in the middle of an answer: whichever it is.
    let mut stream = send(&server, "jsonl", ENDLESS).await;
    stream.read_exact(&mut vec![0; 1 << 20]).await.unwrap();
    for worker in server.workers() {
        kill_process(Pid::from_raw(worker).unwrap(), Signal::KILL).unwrap();
    }
    let mut rest = b"HTTP/1.1 200 -\r\n\r\n".to_vec();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("an end");
    assert!(!rest.ends_with(b"0\r\n\r\n"), "no last chunk");
    let text = String::from_utf8_lossy(&rest).into_owned();
    assert!(
        text.contains("{\"error\":{\"code\":\"statement_too_costly\""),
        "{}",
        &text[text.len().saturating_sub(300)..]
    );
}

/// The last line.
fn reason(reply: &Reply) -> Value {
    let text = reply.text();
    let line = text.lines().last().unwrap();
    serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"))["error"].clone()
}

/// One worker and no queue: who does not read has it for the time of a statement, and who goes away gives it back at once.
#[tokio::test]
async fn a_slow_client_and_one_that_is_gone_free_their_slot() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let one = ["--sql-workers-max", "1", "--sql-queue-max", "0", "--query-time"];
    for (time, goes) in [("3s", false), ("1h", true)] {
        let server = Server::start(&landing.url(), temporary.path(), &[&one[..], &[time]].concat());
        let mut asker = send(&server, "csv", ENDLESS).await;
        asker.read_exact(&mut vec![0; 64 << 10]).await.unwrap();
        let asker = (!goes).then_some(asker);
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let (status, answer, _) = server.ask("select 1").await;
            if status == 200 {
                break;
            }
            assert_eq!((status, &answer["code"]), (429, &json!("busy")), "{time}");
            assert!(std::time::Instant::now() < deadline, "{time}: the slot is never freed");
        }
        if let Some(mut asker) = asker {
            let mut rest = Vec::new();
            let _ = tokio::time::timeout(PATIENCE, asker.read_to_end(&mut rest)).await.expect("an end");
            assert!(!rest.ends_with(b"0\r\n\r\n"), "no last chunk");
        }
        until("a worker is there again", || !server.workers().is_empty()).await;
    }
}

/// As many connections as there may be, on which nothing is sent: one more is told so, and they are closed in time.
#[tokio::test]
async fn silent_connections_are_bounded_and_closed() {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), temporary.path(), &[]);
    let connect = async || TcpStream::connect(server.address).await.unwrap();
    let mut silent = Vec::new();
    while silent.len() < HTTP_CONNECTIONS_MAX {
        silent.push(connect().await);
    }
    let refused = received(&mut connect().await).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "too_many_connections"));
    for mut stream in silent {
        let read = tokio::time::timeout(PATIENCE, stream.read_u8()).await.expect("it is never closed");
        assert!(read.is_err(), "nothing was asked");
    }
    assert_eq!(server.ask("select 1").await.0, 200);
}
