//! What slow, greedy and lying clients get.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::*;

fn head(extra: &str) -> String {
    format!("POST /v1/events HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n{extra}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_counted_and_not_believed() {
    let rig = Rig::start(|_| ()).await;
    let mut chunked = head("transfer-encoding: chunked\r\n").into_bytes();
    for _ in 0..40 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b' '; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(raw(rig.at.public, &chunked).await.code(), "body_too_large", "chunked");

    let claimed = head("content-length: 99999999\r\nexpect: 100-continue\r\n");
    let reply = raw(rig.at.public, claimed.as_bytes()).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"), "told before the body is sent");

    let mut stream = TcpStream::connect(rig.at.public).await.expect("a connection");
    stream.write_all(head("content-length: 1000\r\n").as_bytes()).await.expect("written");
    stream.write_all(b"{").await.expect("written");
    stream.shutdown().await.expect("closed");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(rig.get("/health/ready").await.status, 200, "a broken body harms nobody");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_answered_or_closed_in_time() {
    let rig = Rig::start(|config| {
        config.limits.header_timeout_ms = 300;
        config.limits.body_timeout_ms = 300;
    })
    .await;
    let began = Instant::now();
    let mut headers = TcpStream::connect(rig.at.public).await.expect("a connection");
    headers.write_all(b"POST /v1/events HTTP/1.1\r\nhost:").await.expect("written");
    let mut idle = TcpStream::connect(rig.at.public).await.expect("a connection");
    let mut body = TcpStream::connect(rig.at.public).await.expect("a connection");
    body.write_all(format!("{}{{", head("content-length: 100\r\n")).as_bytes()).await.expect("written");
    assert_eq!(read_reply(&mut body).await.status, 408);
    for stream in [&mut headers, &mut idle] {
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("closed in time");
    }
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(rig.post(batch(&[click(0)])).await.status, 200);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_told_so_at_once() {
    let rig = Rig::start(|config| {
        config.limits.connections_max = 3;
        config.limits.address_share_percent = 100;
        config.limits.patience_ms = 60_000;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(rig.at.public).await.expect("a connection"));
    }
    eventually("3 connections", async || (rig.metric("collector_connections").await == 3).then_some(())).await;
    let mut refused = TcpStream::connect(rig.at.public).await.expect("a connection");
    let reply = read_reply(&mut refused).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "too_many_connections"));
    assert!(reply.header("retry-after").is_some());
    held.clear();
    eventually("a free connection", async || (rig.metric("collector_connections").await == 0).then_some(())).await;
    assert_eq!(rig.post(batch(&[click(0)])).await.status, 200);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_have_a_cap() {
    let rig = Rig::start(|_| ()).await;
    let long = "x".repeat(20_000);
    assert_eq!(rig.post_with(&[("x-long", &long)], batch(&[click(0)])).await.status, 431);
    let fine = "x".repeat(12_000);
    assert_eq!(rig.post_with(&[("x-long", &fine)], batch(&[click(0)])).await.status, 200);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_of_one_address_are_told_to_come_back() {
    let rig = Rig::start(|config| {
        config.rates.address_requests_per_s = 1;
        config.rates.address_requests_burst = 3;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(rig.post_with(&[("x-forwarded-for", "198.51.100.7")], batch(&[click(0)])).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let other = rig.post_with(&[("x-forwarded-for", "198.51.100.8")], batch(&[click(0)])).await;
    assert_eq!(other.status, 200, "another address behind the same proxy");
    let reply = rig.post_with(&[("x-forwarded-for", "198.51.100.7")], batch(&[click(0)])).await;
    assert!(reply.header("retry-after").is_some());
    rig.stop().await;
}
