//! Which pages may read which answers.

use super::support::*;

const FOREIGN: &str = "https://evil.example";

fn good() -> Vec<u8> {
    batch(&[click(0)]).into_bytes()
}

/// The origin that may read the answer, for a request of a page of `origin`.
async fn readable(
    rig: &Rig,
    origin: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, String) {
    let headers = [&[("origin", origin)], headers].concat();
    let reply = call(rig.at.public, method, path, &headers, body).await;
    let allowed = reply.header("access-control-allow-origin").unwrap_or("nobody").to_owned();
    assert!(reply.header("vary").is_some_and(|vary| vary.contains("origin")), "{method} {path}: {reply:?}");
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    assert_eq!(reply.header("access-control-expose-headers").is_some(), allowed != "nobody");
    (reply.status, allowed)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_page_reads_every_answer() {
    let rig = Rig::start(|config| {
        config.limits.body_timeout_ms = 200;
        config.rates.key_requests_per_s = 1;
        config.rates.key_requests_burst = 50;
    })
    .await;
    let key = format!("Bearer {KEY}");
    let with = |header: (&'static str, &'static str)| [("authorization", key.as_str()), header];
    let ours = |status| (status, ORIGIN.to_owned());
    let events = "/v1/events";
    let post =
        async |headers: &[(&str, &str)], body: &[u8]| readable(&rig, ORIGIN, "POST", events, headers, body).await;
    assert_eq!(post(&with(("accept", "*/*")), &good()).await, ours(200));
    assert_eq!(post(&with(("content-type", "text/xml")), &good()).await, ours(415));
    assert_eq!(post(&with(("content-encoding", "br")), &good()).await, ours(415));
    assert_eq!(post(&with(("content-length", "9999999")), b"").await, ours(413));
    assert_eq!(post(&with(("content-length", "100")), b"{").await, ours(408));
    let long: &'static str = "x".repeat(20_000).leak();
    assert_eq!(post(&with(("baggage", long)), &good()).await, ours(431));
    let mut last = ours(200);
    for _ in 0..500 {
        last = post(&with(("content-type", "text/xml")), b"").await;
        if last.0 == 429 {
            break;
        }
    }
    assert_eq!(last, ours(429));
    assert_eq!(readable(&rig, ORIGIN, "GET", events, &with(("accept", "*/*")), b"").await, ours(405));
    assert_eq!(readable(&rig, ORIGIN, "POST", "/v2/events", &with(("accept", "*/*")), b"").await, ours(404));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_site_is_known_any_page_is_told_so() {
    let rig = Rig::start(|config| config.sink = collector::SinkKind::Null).await;
    for origin in [ORIGIN, FOREIGN, "null"] {
        let told = |status| (status, origin.to_owned());
        let unknown = [("authorization", "Bearer nobody")];
        assert_eq!(readable(&rig, origin, "POST", "/v1/events", &unknown, &good()).await, told(401));
        assert_eq!(readable(&rig, origin, "POST", "/v1/events?key=nobody", &[], &good()).await, told(401));
        assert_eq!(readable(&rig, origin, "POST", "/v1/events", &[], &good()).await, told(401));
        assert_eq!(readable(&rig, origin, "POST", "/elsewhere", &[], &good()).await, told(404));
        assert_eq!(readable(&rig, origin, "PUT", "/v1/events", &[], &good()).await, told(405));
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_keys_answers_are_closed_to_foreign_pages() {
    let rig = Rig::start(|config| config.sink = collector::SinkKind::Null).await;
    let nobody = |status| (status, "nobody".to_owned());
    let key = format!("Bearer {KEY}");
    let known = [("authorization", key.as_str())];
    let in_query = format!("/v1/events?key={KEY}");
    assert_eq!(readable(&rig, FOREIGN, "POST", "/v1/events", &known, &good()).await, nobody(403));
    assert_eq!(readable(&rig, FOREIGN, "POST", &in_query, &[], b"{").await, nobody(403));
    assert_eq!(readable(&rig, FOREIGN, "DELETE", &in_query, &[], b"").await, nobody(405));
    assert_eq!(readable(&rig, FOREIGN, "POST", &format!("/elsewhere?key={KEY}"), &[], b"").await, nobody(404));
    assert_eq!(readable(&rig, FOREIGN, "OPTIONS", &in_query, &[], b"").await, nobody(403));
    assert_eq!(readable(&rig, FOREIGN, "OPTIONS", "/v1/events", &[], b"").await, nobody(403));
    assert_eq!(readable(&rig, "null", "OPTIONS", "/v1/events", &[], b"").await, nobody(403));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn preflights_let_tracing_headers_pass_and_unknown_keys_be_told() {
    let rig = Rig::start(|config| config.sink = collector::SinkKind::Null).await;
    let asked = "authorization,content-type,traceparent,tracestate,baggage,sentry-trace,b3,x-secret";
    let headers =
        [("origin", ORIGIN), ("access-control-request-method", "POST"), ("access-control-request-headers", asked)];
    let reply = call(rig.at.public, "OPTIONS", "/v1/events", &headers, b"").await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, Some(ORIGIN)));
    let allowed: Vec<_> = reply.header("access-control-allow-headers").expect("headers").split(", ").collect();
    for name in asked.split(',') {
        assert_eq!(allowed.contains(&name), name != "x-secret", "{name}");
    }
    assert!(reply.header("access-control-max-age").is_some());
    let unknown = readable(&rig, FOREIGN, "OPTIONS", "/v1/events?key=nobody", &[], b"").await;
    assert_eq!(unknown, (204, FOREIGN.to_owned()), "the 401 that follows can be read");
    let own = readable(&rig, ORIGIN, "OPTIONS", &format!("/v1/events?key={KEY}"), &[], b"").await;
    assert_eq!(own, (204, ORIGIN.to_owned()));
    rig.stop().await;
}
