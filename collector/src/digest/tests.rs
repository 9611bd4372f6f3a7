//! What the worst bodies cost: never more than their length allows.

use std::io::Write;
use std::net::IpAddr;

use super::*;
use warp::http::header::HeaderMap;

use crate::config::{Config, SinkKind};
use crate::kafka::records::SchemaIds;

/// CPU time for a byte of the inflated body, in an unoptimised build.
const NS_PER_BYTE_MAX: u64 = 1_000;
const BODY_BYTES: usize = 1024 * 1024;

/// CPU time of this thread so far: other tests do not count.
fn cpu_ns() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts it");
    schedstat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds")
}

fn edge() -> Edge {
    let site = crate::config::Site { site_id: "shop".into(), write_key: "k".into(), allowed_origins: Vec::new() };
    Edge::new(Config { sink: SinkKind::Null, sites: vec![site], ..Config::default() }).expect("nothing to connect to")
}

/// The records of a body, or the code of its refusal.
fn digested(edge: &Edge, body: Vec<u8>, encoding: Encoding) -> Result<Digest, Refusal> {
    let key = edge.sites.key(&HeaderMap::new(), "key=k");
    let sender = Sender {
        site: key.site().expect("the key"),
        client: IpAddr::from([203, 0, 113, 7]),
        headers: &HeaderMap::new(),
        received_at: 1.8e12,
        schema_ids: SchemaIds { events: 1, replay: 3, dead_letter: 2 },
    };
    let place = edge.window.enter([None, None]).expect("room");
    digest(edge, &sender, body.into(), encoding, &place)
}

/// `part` over and over between the head and the tail of a batch.
fn batch(before: &str, part: &str, between: &str, after: &str) -> Vec<u8> {
    let head = r#"{"batch_id":"01934f5e-7c00-7000-8a00-00000000b000","batch_seq":3,
        "visitor_id":"6f9619ff-8b86-4d01-b42d-00c04fc964ff","tab_id":"01934f5e-6000-7000-8000-0000000000aa",
        "page_view_id":"01934f5e-6001-7000-8000-0000000000bb","sent_at":1795250920115.25,"#;
    let times = (BODY_BYTES / (part.len() + between.len())).max(1);
    let parts = vec![part; times].join(between);
    format!("{head}{before}{parts}{after}").into_bytes()
}

/// A thousand events of about a thousand bytes.
fn events(event: impl Fn(usize) -> String) -> Vec<u8> {
    let events: Vec<_> = (0..1_000).map(event).collect();
    batch(r#""events":["#, &events.join(","), "", "]}")
}

fn custom(seq: usize, rest: &str) -> String {
    format!(r#"{{"seq":{seq},"type":"custom","at":1795250919000.5,"name":"n",{rest}}}"#)
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let digits = "1".repeat(BODY_BYTES);
    let fill = |part: &str| part.repeat(1_000 / part.len());
    vec![
        ("white space", vec![b' '; BODY_BYTES]),
        ("no JSON", vec![b'{'; BODY_BYTES]),
        ("deep", batch(r#""x":"#, "[", "", "")),
        ("a million keys", batch("", r#""k":1"#, ",", r#","events":[]}"#)),
        ("a known key again and again", batch("", r#""sdk":"1""#, ",", r#","events":[]}"#)),
        ("a million events", batch(r#""events":["#, "0", ",", "]}")),
        ("a long string", batch(r#""sdk":""#, "a", "", r#"","events":[]}"#)),
        ("a long string of escapes", batch(r#""sdk":""#, r"\u00e9", "", r#"","events":[]}"#)),
        ("half surrogates", batch(r#""sdk":""#, r"\ud800", "", r#"","events":[]}"#)),
        ("a long number", batch("\"clock\":{\"offset_ms\":", &digits, "", "},\"events\":[]}")),
        ("a long fraction", batch("\"clock\":{\"offset_ms\":0.", &digits, "", "},\"events\":[]}")),
        ("a long exponent", batch("\"clock\":{\"offset_ms\":1e", &digits, "", "},\"events\":[]}")),
        ("a long key", batch("\"", "k", "", r#"":1,"events":[]}"#)),
        ("plain events", events(|seq| custom(seq, &format!(r#""x":{seq},"properties":{{"p":"{}"}}"#, fill("a"))))),
        ("escaped texts", events(|seq| custom(seq, &format!(r#""state":"{}""#, fill(r"\u00e9"))))),
        ("many properties", events(|seq| custom(seq, &format!(r#""properties":{{{}"z":0}}"#, fill(r#""k":1,"#))))),
        ("many unknown fields", events(|seq| custom(seq, &format!(r#"{}"z":0"#, fill(r#""k":1,"#))))),
        ("deep properties", events(|seq| custom(seq, &format!(r#""properties":{{"p":{}}}"#, fill("[[[[[[]]]]]],"))))),
        (
            "long trails",
            events(|seq| {
                let list = vec!["0"; 150].join(",");
                custom(seq, &format!(r#""trail":{{"dt":[{list}],"x":[{list}],"y":[{list}]}}"#))
            }),
        ),
        ("long numbers", events(|seq| custom(seq, &format!(r#""x":{}"#, fill("7"))))),
        ("rejected events", events(|seq| format!(r#"{{"seq":{seq},"type":"{}"}}"#, fill("t")))),
        ("rejected for their last field", events(|seq| custom(seq, &format!(r#"{}"y":"no""#, fill(r#""k":1,"#))))),
    ]
}

#[test]
fn no_body_costs_more_than_its_length() {
    let edge = edge();
    let mut slow = Vec::new();
    for (name, body) in hostile() {
        let (bytes, began) = (body.len() as u64, cpu_ns());
        drop(digested(&edge, body, Encoding::Identity));
        let ns_per_byte = (cpu_ns() - began) / bytes;
        if ns_per_byte > NS_PER_BYTE_MAX {
            slow.push(format!("{name}: {ns_per_byte} ns a byte"));
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
    assert_eq!(edge.window.taken().bytes, 0);
}

#[test]
fn no_compressed_body_costs_more_than_it_inflates_to() {
    let edge = edge();
    for (name, body) in hostile() {
        let bytes = body.len() as u64;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&body).expect("memory takes every write");
        let sent = encoder.finish().expect("memory takes every write");
        let began = cpu_ns();
        let outcome = digested(&edge, sent, Encoding::Gzip);
        let ns_per_byte = (cpu_ns() - began) / bytes;
        assert!(ns_per_byte <= NS_PER_BYTE_MAX, "{name}: {ns_per_byte} ns a byte, {:?}", outcome.map(|_| ()));
    }
}
