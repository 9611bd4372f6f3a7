//! Frames of recordings: what is taken, what is refused and why, what is told of assets.

use apache_avro::types::Value;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use schemas::replay::{BODY_BYTES_MAX, PAYLOAD_BYTES_MAX};
use schemas::topics;
use serde_json::json;
use testkit::recorder::{Recorder, frame, gzip, sha256};

use super::support::*;

const BEGAN_MS: f64 = 1_795_250_900_000.0;

impl Rig {
    async fn post_frames(&self, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.post_to("/v1/replay", headers, body).await
    }

    async fn missing(&self, hashes: &[&str]) -> Vec<String> {
        let question = json!({"sha256": hashes}).to_string();
        let reply = self.post_to("/v1/replay/have", &[], question.as_bytes()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        serde_json::from_value(reply.json()["missing"].clone()).expect("a list of hashes")
    }

    async fn post_to(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let authorization = format!("Bearer {KEY}");
        let all = [&[("authorization", authorization.as_str())], headers].concat();
        call(self.at.public, "POST", path, &all, body).await
    }
}

fn header_of(recorder: &Recorder) -> serde_json::Value {
    json!({"v": 1, "kind": "asset", "visitor_id": recorder.visitor_id, "tab_id": recorder.tab_id, "sha256": "",
           "content_type": "text/css", "raw_bytes": 3, "encoding": "gzip"})
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_durable_records_in_order_with_their_payloads_as_they_came() {
    let rig = Rig::start(|_| {}).await;
    let mut recorder = Recorder::new(1, BEGAN_MS);
    let style_sheet = recorder.style_sheet("p{color:red}");
    let body = [style_sheet, recorder.snapshot_in_parts(400, 3).concat(), recorder.mutations(5)].concat();
    let reply = rig.post_frames(&[("content-type", "application/octet-stream")], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    assert_eq!(
        (&answer["durability"], &answer["accepted"], &answer["rejected"]),
        (&json!("kafka"), &json!(5), &json!([]))
    );
    assert!(answer["server_received_at"].as_f64() <= answer["server_sent_at"].as_f64());

    let records = rig.records(topics::REPLAY);
    let kinds = records.iter().map(|record| match field(record, "kind") {
        Value::Enum(_, name) => name.clone(),
        other => panic!("no kind: {other:?}"),
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["asset", "snapshot", "snapshot", "snapshot", "mutations"]);
    let payloads: Vec<u8> = records
        .iter()
        .flat_map(|record| match field(record, "payload") {
            Value::Bytes(payload) => payload.clone(),
            other => panic!("no payload: {other:?}"),
        })
        .collect();
    let sent = schemas::replay::frames(&body, PAYLOAD_BYTES_MAX).expect("frames");
    assert_eq!(payloads, sent.iter().flat_map(|frame| frame.payload.to_vec()).collect::<Vec<_>>());
    assert_eq!(string(&records[1], "page_view_id"), recorder.page_view_id);
    assert_eq!(rig.metric("collector_replay_frames_produced_total").await, 5);
    assert_eq!(rig.metric("collector_events_received_total").await, 0);
    assert_eq!(rig.metric("collector_window_bytes").await, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_frame_is_rejected_with_its_reason_and_never_sinks_its_body() {
    let rig = Rig::start(|_| {}).await;
    let (mut recorder, mut other) = (Recorder::new(1, BEGAN_MS), Recorder::new(2, BEGAN_MS));
    let forged = frame(&header_of(&recorder), b"p{}");
    let another_hash = frame(
        &json!({"sha256": sha256(b"q{}"), "v": 1, "kind": "asset", "visitor_id": recorder.visitor_id,
        "tab_id": recorder.tab_id, "content_type": "text/css", "raw_bytes": 3, "encoding": "identity"}),
        b"p{}",
    );
    let unknown = frame(&json!({"v": 1, "kind": "canvas"}), b"x");
    let body =
        [recorder.snapshot(20), forged, another_hash, unknown, other.mutations(1), recorder.mutations(1)].concat();
    let reply = rig.post_frames(&[("content-type", "text/plain;charset=UTF-8")], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    assert_eq!(answer["accepted"], 2);
    let rejected = answer["rejected"].as_array().expect("a list");
    let told: Vec<_> = rejected.iter().map(|told| (told["index"].as_u64(), told["code"].as_str())).collect();
    let expected = [(1, "invalid_field"), (2, "hash_mismatch"), (3, "unknown_kind"), (4, "invalid_field")];
    assert_eq!(told, expected.map(|(index, code)| (Some(index), Some(code))));
    assert!(rejected.iter().all(|told| told["message"].as_str().is_some_and(|message| message.contains('`'))));

    let letters = rig.records(topics::DEAD_LETTER);
    let codes: Vec<_> = letters.iter().map(|letter| string(letter, "code")).collect();
    assert_eq!(codes, expected.map(|(_, code)| code));
    assert!(matches!(field(&letters[2], "raw"), Value::Bytes(raw) if raw == br#"{"kind":"canvas","v":1}"#));
    assert_eq!(rig.records(topics::REPLAY).len(), 2);
    let (received, produced, rejected) = (
        rig.metric("collector_replay_frames_received_total").await,
        rig.metric("collector_replay_frames_produced_total").await,
        rig.metric("collector_replay_frames_rejected_total").await,
    );
    assert_eq!((received, produced, rejected), (6, 2, 4));

    let reply = rig.post_frames(&[], &frame(&json!({"v": 2, "kind": "snapshot"}), b"x")).await;
    assert_eq!((reply.status, reply.code().as_str()), (422, "every_frame_rejected"), "{}", reply.text());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_frames_or_too_much_is_refused_whole() {
    let rig = Rig::start(|_| {}).await;
    let mut recorder = Recorder::new(1, BEGAN_MS);
    let good = recorder.snapshot(20);
    let mut long = frame(&header_of(&recorder), &vec![0; PAYLOAD_BYTES_MAX]);
    long.truncate(long.len() - 1);
    let over = frame(&header_of(&recorder), &vec![0; PAYLOAD_BYTES_MAX + 1]);
    let cases: [(&[u8], u16, &str); 7] = [
        (b"", 400, "malformed_frames"),
        (&good[..good.len() - 1], 400, "malformed_frames"),
        (&long, 400, "malformed_frames"),
        (b"{\"v\":1}", 413, "frame_too_large"),
        (&over, 413, "frame_too_large"),
        (&frame(&json!({"v": 1, "long": "x".repeat(4096)}), b"x"), 413, "frame_too_large"),
        (&good.repeat(9), 413, "too_many_frames"),
    ];
    for (body, status, code) in cases {
        let reply = rig.post_frames(&[], body).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{}", reply.text());
    }
    let reply = rig.post_frames(&[], &vec![0; BODY_BYTES_MAX + 1]).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));
    let reply = rig.post_frames(&[("content-type", "application/json")], &good).await;
    assert_eq!((reply.status, reply.code().as_str()), (415, "unsupported_content_type"));
    assert!(reply.text().contains("application/octet-stream or text/plain"), "{}", reply.text());
    let reply = rig.post_frames(&[("content-encoding", "gzip")], &gzip(&good)).await;
    assert_eq!((reply.status, reply.code().as_str()), (415, "unsupported_encoding"));
    assert_eq!(rig.records(topics::REPLAY).len(), 0);
    assert_eq!(rig.records(topics::DEAD_LETTER).len(), 3, "of the bodies that are no frames");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_origin_rate_and_share_are_those_of_events() {
    let rig = Rig::start(|config| {
        config.rates.key_requests_per_s = 1;
        config.rates.key_requests_burst = 6;
    })
    .await;
    let good = Recorder::new(1, BEGAN_MS).snapshot(20);
    for path in ["/v1/replay", "/v1/replay/have"] {
        let unknown = call(rig.at.public, "POST", path, &[("authorization", "Bearer nobody")], &good).await;
        assert_eq!((unknown.status, unknown.code().as_str()), (401, "unknown_key"), "{path}");
        let foreign = rig.post_to(path, &[("origin", "https://evil.example")], &good).await;
        assert_eq!((foreign.status, foreign.code().as_str()), (403, "origin_not_allowed"), "{path}");
        assert_eq!(foreign.header("access-control-allow-origin"), None);
        let asked = [("origin", ORIGIN), ("access-control-request-method", "POST")];
        let preflight = call(rig.at.public, "OPTIONS", path, &asked, b"").await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some(ORIGIN)), "{path}");
        assert_eq!(rig.get(path).await.status, 405, "{path}");
    }
    assert_eq!(rig.get("/v1/replay/other").await.status, 404);
    let beacon = format!("/v1/replay?key={KEY}");
    let taken =
        call(rig.at.public, "POST", &beacon, &[("origin", ORIGIN), ("content-type", "text/plain")], &good).await;
    assert_eq!((taken.status, taken.header("access-control-allow-origin")), (200, Some(ORIGIN)), "{}", taken.text());
    let mut last = taken;
    for _ in 0..20 {
        last = rig.post_frames(&[], &good).await;
        if last.status != 200 {
            break;
        }
    }
    assert_eq!((last.status, last.code().as_str()), (429, "too_many_requests"));
    assert!(last.header("retry-after").is_some());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_is_known_when_it_is_durable_and_to_its_own_site_only() {
    let rig = Rig::start(|config| {
        config.ack_timeout_ms = 1_000;
        let other = collector::Site { site_id: "other".into(), write_key: "key-2".into(), ..config.sites[0].clone() };
        config.sites.push(other);
    })
    .await;
    let mut recorder = Recorder::new(1, BEGAN_MS);
    let (css, never) = ("p{color:red}", sha256(b"never sent"));
    let hash = sha256(&gzip(css.as_bytes()));
    let body = recorder.style_sheet(css);
    assert_eq!(rig.missing(&[&hash, &never]).await, [hash.clone(), never.clone()]);

    rig.cluster.broker_down(1).expect("the mock obeys");
    assert_eq!(rig.post_frames(&[], &body).await.status, 503);
    rig.cluster.broker_up(1).expect("the mock obeys");
    let asked_again = async || {
        let reply = rig.post_to("/v1/replay/have", &[], json!({"sha256": [hash]}).to_string().as_bytes()).await;
        (reply.status == 200).then(|| reply.json())
    };
    let answer = eventually("it answers again", asked_again).await;
    assert_eq!(answer["missing"], json!([hash]), "not in Kafka, so not known");
    let taken = async || (rig.post_frames(&[], &body).await.status == 200).then_some(());
    eventually("it is taken", taken).await;
    assert_eq!(rig.missing(&[&hash, &never]).await, [never]);
    assert_eq!(rig.metric("collector_replay_assets_known").await, 1);
    let other = [("authorization", "Bearer key-2")];
    let question = json!({"sha256": [hash]}).to_string();
    let reply = call(rig.at.public, "POST", "/v1/replay/have", &other, question.as_bytes()).await;
    assert_eq!(reply.json()["missing"], json!([hash]), "sites share nothing");

    for wrong in ["{}", "[]", "{\"sha256\":[\"e3\"]}", "no JSON"] {
        let reply = rig.post_to("/v1/replay/have", &[], wrong.as_bytes()).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_question"), "{wrong}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_full_of_recordings_refuses_and_empties() {
    let rig = Rig::start(|config| {
        config.limits.window_bytes_max = 16 * 1024 * 1024;
        config.limits.address_share_percent = 100;
    })
    .await;
    rig.silence_kafka();
    let payload: Vec<u8> = (0..PAYLOAD_BYTES_MAX - 1).map(|byte| (byte * 31 % 251) as u8).collect();
    let mut header = header_of(&Recorder::new(1, BEGAN_MS));
    header["sha256"] = sha256(&payload).into();
    let body = frame(&header, &payload);
    let mut posts: FuturesUnordered<_> = (0..64).map(|_| rig.post_frames(&[], &body)).collect();
    let first = posts.next().await.expect("a reply");
    assert_eq!((first.status, first.code().as_str()), (503, "window_full"));
    rig.let_kafka_answer();
    let (taken, refused): (Vec<_>, Vec<_>) =
        posts.collect::<Vec<_>>().await.into_iter().partition(|reply| reply.status == 200);
    assert!(!taken.is_empty());
    assert!(refused.iter().all(|reply| (reply.status, reply.code().as_str()) == (503, "window_full")));
    eventually("an empty window", async || (rig.metric("collector_window_bytes").await == 0).then_some(())).await;
    rig.stop().await;
}
