//! DESIGN section 4, row by row.

use std::io::Write;

use apache_avro::types::Value;
use schemas::topics;

use super::support::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory takes every write");
    encoder.finish().expect("memory takes every write")
}

fn good() -> Vec<u8> {
    batch(&[click(0), click(1)]).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answered_200_is_in_kafka_and_its_reject_in_the_dead_letters() {
    let rig = Rig::start(|_| ()).await;
    let reply = rig
        .post_with(
            &[("user-agent", "test/1"), ("x-forwarded-for", "198.51.100.7")],
            batch(&[click(0), unknown(1), click(2)]),
        )
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    assert_eq!((&answer["durability"], &answer["accepted"]), (&"kafka".into(), &2.into()));
    assert_eq!(answer["encodings"], serde_json::json!(["gzip"]));
    let rejected = answer["rejected"].as_array().expect("a list");
    assert_eq!(rejected.len(), 1);
    assert_eq!((&rejected[0]["index"], &rejected[0]["code"]), (&1.into(), &"unknown_type".into()));
    assert!(rejected[0]["message"].as_str().expect("a message").contains("mind_reading"));
    let (received, sent) = (answer["server_received_at"].as_f64(), answer["server_sent_at"].as_f64());
    assert!(received > Some(1.7e12) && sent >= received, "{answer}");

    let packages = rig.records(topics::EVENTS);
    assert_eq!(packages.len(), 1);
    assert_eq!(string(&packages[0], "site_id"), "shop");
    assert_eq!(string(&packages[0], "user_agent"), "test/1");
    assert_eq!(string(&packages[0], "client_address"), "127.0.0.0", "an untrusted peer cannot say who it forwards for");
    let seqs: Vec<_> = items(&packages[0], "events").iter().map(|event| field(event, "seq").clone()).collect();
    assert_eq!(seqs, [Value::Long(0), Value::Long(2)]);

    let letters = rig.records(topics::DEAD_LETTER);
    assert_eq!(letters.len(), 1);
    assert_eq!(string(&letters[0], "code"), "unknown_type");
    assert_eq!(field(&letters[0], "event_index"), &Value::Int(1));
    assert_eq!(field(&letters[0], "raw"), &Value::Bytes(unknown(1).into_bytes()));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_byte_in_a_header_costs_nothing_else() {
    let rig = Rig::start(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")]).await;
    let body = good();
    let mut request = format!(
        "POST /v1/events HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n\
         content-length: {}\r\nx-forwarded-for: 6.6.6.6\r\nx-forwarded-for: _,\"[2001:db8::5]:443\",\r\nuser-agent: ",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(b"Mozilla/5.0 Chrome/120.0.0.0 \xe9 (compatible; Googlebot/2.1)");
    request.extend_from_slice(&[b"\r\nreferer: \xff\r\n\r\n", &body[..]].concat());
    assert_eq!(raw(rig.at.public, &request).await.status, 200);
    let package = &rig.records(topics::EVENTS)[0];
    assert_eq!(string(package, "user_agent"), "Mozilla/5.0 Chrome/120.0.0.0 é (compatible; Googlebot/2.1)");
    assert_eq!(string(package, "client_address"), "2001:db8::");
    rig.stop().await;
}

/// What is sent (name, headers, body) and what must come back (status, code).
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Vec<u8>, u16, &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_contract() {
    let rig = Rig::start(|_| ()).await;
    let deep = format!("{{\"events\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let many: Vec<_> = (0..5_000).map(click).collect();
    let padded = [good(), vec![b' '; 2 << 20]].concat();
    let bad_id = String::from_utf8(good()).expect("UTF-8").replace("6f9619ff-", "not-a-uuid");
    let gzipped = &[("content-encoding", "gzip")][..];
    let rows: Vec<Row> = vec![
        ("plain", &[], good(), 200, ""),
        ("gzip", gzipped, gzip(&good()), 200, ""),
        ("zstd", &[("content-encoding", "zstd")], zstd::encode_all(&good()[..], 3).expect("zstd"), 200, ""),
        ("text/plain", &[("content-type", "text/plain;charset=UTF-8")], good(), 200, ""),
        ("gzip that nobody named", &[("content-type", "text/plain")], gzip(&good()), 200, ""),
        ("bomb that nobody named", &[("content-type", "text/plain")], bomb.clone(), 413, "inflated_too_large"),
        ("no events", &[], batch(&[]).into_bytes(), 200, ""),
        ("one bad event", &[], batch(&[click(0), unknown(1)]).into_bytes(), 200, ""),
        ("all bad", &[], batch(&[unknown(0), unknown(1)]).into_bytes(), 422, "every_event_rejected"),
        ("foreign origin", &[("origin", "https://evil.example")], good(), 403, "origin_not_allowed"),
        ("malformed", &[], b"{\"batch_id\":".to_vec(), 400, "malformed_json"),
        ("no object", &[], b"[1,2]".to_vec(), 400, "invalid_batch"),
        ("empty", &[], Vec::new(), 400, "malformed_json"),
        ("bad visitor", &[], bad_id.into_bytes(), 400, "invalid_batch"),
        ("invalid UTF-8", &[], b"{\"batch_id\":\"\xff\xfe\"}".to_vec(), 400, "invalid_utf8"),
        ("deep", &[], deep.into_bytes(), 400, "invalid_batch"),
        ("bomb", gzipped, bomb.clone(), 413, "inflated_too_large"),
        ("cut gzip", gzipped, bomb[..50].to_vec(), 400, "damaged_encoding"),
        ("2 MiB", &[], padded, 413, "body_too_large"),
        ("5,000 events", &[], batch(&many).into_bytes(), 413, "too_many_events"),
        ("brotli", &[("content-encoding", "br")], good(), 415, "unsupported_encoding"),
        ("nested", &[("content-encoding", "gzip, gzip")], good(), 415, "unsupported_encoding"),
        ("XML", &[("content-type", "application/xml")], good(), 415, "unsupported_content_type"),
    ];
    let mut wrong = Vec::new();
    for (name, headers, body, status, code) in rows {
        let reply = rig.post_with(headers, body).await;
        let answer = reply.json();
        let told = status == 200 || !answer["message"].as_str().unwrap_or_default().is_empty();
        if reply.status != status || answer["code"].as_str().unwrap_or_default() != code || !told {
            wrong.push(format!("{name}: {} {answer}", reply.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rig.get("/health/ready").await.status, 200);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_in_the_header_or_the_query() {
    let rig = Rig::start(|_| ()).await;
    let with = |path: String| async move {
        call(rig_at(&path), "POST", &path[path.find('/').expect("a path")..], &[], &good()).await.status
    };
    let at = rig.at.public;
    assert_eq!(with(format!("{at}/v1/events?key={KEY}")).await, 200);
    assert_eq!(with(format!("{at}/v1/events?key=nobody")).await, 401);
    assert_eq!(with(format!("{at}/v1/events")).await, 401);
    assert_eq!(
        call(at, "POST", "/v1/events", &[("authorization", "Bearer nobody")], &good()).await.code(),
        "unknown_key"
    );
    rig.stop().await;
}

fn rig_at(path: &str) -> std::net::SocketAddr {
    path.split('/').next().expect("an address").parse().expect("an address")
}

#[tokio::test(flavor = "multi_thread")]
async fn cors_lets_in_the_keys_origins_and_nobody_else() {
    let rig = Rig::start(|_| ()).await;
    let allowed = |reply: &Reply| reply.header("access-control-allow-origin").map(str::to_owned);
    let reply = rig.post_with(&[("origin", ORIGIN)], good()).await;
    assert_eq!((reply.status, allowed(&reply).as_deref()), (200, Some(ORIGIN)));
    let reply = rig.post_with(&[("origin", ORIGIN)], "{").await;
    assert_eq!((reply.status, allowed(&reply).as_deref()), (400, Some(ORIGIN)), "the page must see why it was refused");
    let reply = rig.post_with(&[("origin", "https://evil.example")], good()).await;
    assert_eq!((reply.status, allowed(&reply)), (403, None));

    let preflight = |origin| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        async move { call(rig.at.public, "OPTIONS", "/v1/events", &headers, b"").await }
    };
    let reply = preflight(ORIGIN).await;
    assert_eq!((reply.status, allowed(&reply).as_deref()), (204, Some(ORIGIN)));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    for header in ["authorization", "content-type", "content-encoding"] {
        assert!(reply.header("access-control-allow-headers").expect("headers").contains(header), "{header}");
    }
    let reply = preflight("https://evil.example").await;
    assert_eq!((reply.status, allowed(&reply)), (403, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_paths() {
    let rig = Rig::start(|config| config.paths.events = "/hello".into()).await;
    for (path, status) in [
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/robots.txt", 200),
        ("/metrics", 404),
        ("/", 404),
        ("/v1/events", 404),
        ("/sdk/no-such.js", 404),
        ("/hello", 405),
    ] {
        assert_eq!(rig.get(path).await.status, status, "{path}");
    }
    assert_eq!(call(rig.at.public, "POST", "/elsewhere", &[], &good()).await.code(), "not_found");
    assert!(rig.get("/sdk/no-such.js").await.text().contains("npm run build"));
    let metrics = call(rig.at.internal, "GET", "/metrics", &[], b"").await;
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4"));
    for line in ["# TYPE collector_window_requests gauge", "# TYPE collector_events_received_total counter"] {
        assert!(metrics.text().lines().any(|found| found == line), "{line} is not in:\n{}", metrics.text());
    }
    assert_eq!(call(rig.at.internal, "GET", "/health/ready", &[], b"").await.status, 200);
    let reply = call(rig.at.public, "POST", &format!("/hello?key={KEY}"), &[], &good()).await;
    assert_eq!(reply.status, 200);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_balance() {
    let rig = Rig::start(|_| ()).await;
    for _ in 0..5 {
        rig.post(batch(&[click(0), unknown(1), click(2)])).await;
        rig.post(batch(&[unknown(0)])).await;
        rig.post("{").await;
    }
    let received = rig.metric("collector_events_received_total").await;
    let produced = rig.metric("collector_events_produced_total").await;
    let rejected = rig.metric("collector_events_rejected_total").await;
    let refused = rig.metric("collector_events_refused_total").await;
    assert_eq!((received, produced, rejected, refused), (20, 10, 10, 0));
    let in_kafka: usize = rig.records(topics::EVENTS).iter().map(|package| items(package, "events").len()).sum();
    assert_eq!(in_kafka as u64, produced);
    let letters = rig.records(topics::DEAD_LETTER);
    assert_eq!(letters.len(), 15, "a reject each, and each malformed body");
    assert_eq!(letters.iter().filter(|letter| string(letter, "code") == "malformed_json").count(), 5);
    assert_eq!(rig.metric("collector_window_bytes").await, 0);
    assert_eq!(rig.metric("collector_window_requests").await, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_becomes_several_records_in_order() {
    let rig = Rig::start(|config| config.limits.record_bytes_max = 64 * 1024).await;
    let text = "x".repeat(8_000);
    let events: Vec<_> =
        (0..100).map(|seq| format!(r#"{{"seq":{seq},"type":"custom","at":1,"name":"{text}"}}"#)).collect();
    assert_eq!(rig.post(batch(&events)).await.status, 200);
    let packages = rig.records(topics::EVENTS);
    assert!(packages.len() > 10, "{}", packages.len());
    let seqs: Vec<_> = packages
        .iter()
        .flat_map(|package| items(package, "events").iter().map(|event| field(event, "seq").clone()))
        .collect();
    assert_eq!(seqs, (0..100).map(Value::Long).collect::<Vec<_>>());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_and_null_say_what_they_promise() {
    let rig = Rig::start(|config| config.ack = collector::Ack::Memory).await;
    let reply = rig.post(good()).await;
    assert_eq!((reply.status, &reply.json()["durability"]), (202, &"memory".into()));
    rig.stop().await;
    let rig = Rig::start(|config| config.sink = collector::SinkKind::Null).await;
    let reply = rig.post(good()).await;
    assert_eq!((reply.status, &reply.json()["durability"]), (200, &"none".into()));
    rig.stop().await;
}
