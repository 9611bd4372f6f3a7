//! The window under senders who want all of it.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::support::*;

const GREEDY: &str = "203.0.113.7";

/// The window of these tests: an address may have 250 kB or 5 requests of it.
fn small(config: &mut collector::Config) {
    config.limits.window_bytes_max = 1_000_000;
    config.limits.window_requests_max = 20;
    config.limits.inflated_bytes_max = 100_000;
    config.limits.body_bytes_max = 100_000;
    config.limits.address_share_percent = 25;
    config.limits.patience_ms = 60_000;
    config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
}

/// A request that promises more than it sends: `bytes` of its body come at once, the rest never.
async fn begin(rig: &Rig, key: &str, from: &str, extra: &str, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(rig.at.public).await.expect("a connection");
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
         x-forwarded-for: {from}\r\n{extra}\r\n"
    );
    stream.write_all(&[head.as_bytes(), &vec![b' '; bytes]].concat()).await.expect("written");
    stream
}

async fn window_bytes(rig: &Rig, bytes: u64) {
    let reached = async || (rig.metric("collector_window_bytes").await == bytes).then_some(());
    eventually(&format!("{bytes} bytes in the window"), reached).await;
}

async fn window_requests(rig: &Rig, requests: u64) {
    let reached = async || (rig.metric("collector_window_requests").await == requests).then_some(());
    eventually(&format!("{requests} requests in the window"), reached).await;
}

async fn others_are_served(rig: &Rig) {
    for host in 1..40 {
        let from = format!("198.51.100.{host}");
        let reply = rig.post_with(&[("x-forwarded-for", &from)], batch(&[click(0)])).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_of_one_address_hold_its_share_and_no_more() {
    let rig = Rig::start(small).await;
    let mut held = Vec::new();
    for number in 0..5 {
        // With a length and without; behind another port each time.
        let from = format!("{GREEDY}:{number}");
        held.push(match number % 2 {
            0 => begin(&rig, KEY, &from, "content-length: 90000\r\n", 60_000).await,
            _ => begin(&rig, KEY, &from, "transfer-encoding: chunked\r\n\r\nea60", 0).await,
        });
        if number % 2 == 1 {
            held[number].write_all(&[vec![b' '; 60_000], b"\r\n".to_vec()].concat()).await.expect("written");
        }
        window_bytes(&rig, 60_000 * (number as u64 + 1).min(4)).await;
    }
    let reply = read_reply(&mut held.pop().expect("five")).await;
    assert_eq!((reply.status, reply.code().as_str()), (429, "share_full"), "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
    others_are_served(&rig).await;
    drop(held);
    window_bytes(&rig, 0).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_begin_are_counted_too_and_a_64_is_one_address() {
    let rig = Rig::start(small).await;
    let mut held = Vec::new();
    for host in 1..=5 {
        let from = format!("[2001:db8:0:1::{host}]:443");
        held.push(begin(&rig, KEY, &from, "content-length: 90000\r\n", 0).await);
    }
    window_requests(&rig, 5).await;
    assert_eq!(rig.metric("collector_window_bytes").await, 0, "what is announced is not charged");
    let reply = rig.post_with(&[("x-forwarded-for", "2001:db8:0:1:f::1")], batch(&[click(0)])).await;
    assert_eq!((reply.status, reply.code().as_str()), (429, "share_full"));
    let reply = rig.post_with(&[("x-forwarded-for", "2001:db8:0:2::1")], batch(&[click(0)])).await;
    assert_eq!(reply.status, 200, "the next customer's network");
    others_are_served(&rig).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slowest_body_makes_room_for_a_quick_one_of_the_same_address() {
    let rig = Rig::start(|config| {
        small(config);
        config.limits.patience_ms = 1;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(begin(&rig, KEY, GREEDY, "content-length: 90000\r\n", 60_000).await);
        window_bytes(&rig, held.len() as u64 * 60_000).await;
    }
    let quick = [batch(&[click(0)]).into_bytes(), vec![b' '; 20_000]].concat();
    // Refused as long as the others have not stood for the patience.
    eventually("room for a quick one", async || {
        let reply = rig.post_with(&[("x-forwarded-for", GREEDY)], quick.clone()).await;
        (reply.status == 200).then_some(())
    })
    .await;
    let reply = read_reply(&mut held[0]).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "place_lost"), "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
    window_bytes(&rig, 180_000).await;
    assert_eq!(rig.metric("collector_places_lost_total").await, 1);
    assert_eq!(rig.metric("collector_events_received_total").await, 1, "what did not come is in no book");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_that_waits_for_kafka_leaves_room_for_the_others() {
    let rig = Rig::start(|config| {
        small(config);
        config.limits.window_requests_max = 8;
        config.limits.address_share_percent = 100;
        config.limits.key_share_percent = 50;
        let mut other = config.sites[0].clone();
        (other.site_id, other.write_key) = ("other".into(), "public-key-2".into());
        config.sites.push(other);
    })
    .await;
    assert_eq!(rig.post(batch(&[click(0)])).await.status, 200);
    rig.silence_kafka();
    let from: Vec<_> = (0..8).map(|host| format!("203.0.113.{host}")).collect();
    let shared = &rig;
    let greedy = from.iter().map(|from| async move {
        let reply = rig_post(shared, KEY, from).await;
        (reply.status, if reply.status == 200 { String::new() } else { reply.code() })
    });
    let others = async {
        window_requests(&rig, 4).await;
        futures::future::join_all((0..3).map(|_| rig_post(&rig, "public-key-2", "198.51.100.1"))).await
    };
    let when_all_wait = async {
        window_requests(&rig, 7).await;
        rig.let_kafka_answer();
    };
    let (greedy, others, ()) = tokio::join!(futures::future::join_all(greedy), others, when_all_wait);
    assert_eq!(greedy.iter().filter(|(status, _)| *status == 200).count(), 4, "{greedy:?}");
    assert!(
        greedy.iter().all(|(status, code)| *status == 200 || (*status == 429 && code == "share_full")),
        "{greedy:?}"
    );
    assert!(others.iter().all(|reply| reply.status == 200), "{others:?}");
    let received = rig.metric("collector_events_received_total").await;
    let produced = rig.metric("collector_events_produced_total").await;
    assert_eq!((received, produced), (8, 8), "1 + 4 + 3");
    rig.stop().await;
}

async fn rig_post(rig: &Rig, key: &str, from: &str) -> Reply {
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("x-forwarded-for", from)];
    call(rig.at.public, "POST", "/v1/events", &headers, batch(&[click(0)]).as_bytes()).await
}
