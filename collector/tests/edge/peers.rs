//! Connections that ask for nothing, or do not read what they are answered.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::support::*;

const GET: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";

async fn served(mut stream: TcpStream) -> u16 {
    stream.write_all(GET).await.expect("written");
    read_reply(&mut stream).await.status
}

/// Until the server closes; what came before does not matter.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("closed in time");
}

/// Sends requests for ever and reads no answer; ends when the server has closed.
async fn pipeline_without_reading(rig: &Rig) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut stream = socket.connect(rig.at.public).await.expect("a connection");
    let path = "x".repeat(500);
    let requests = format!("GET /{path} HTTP/1.1\r\nhost: test\r\n\r\n").repeat(100);
    let until_closed = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, until_closed).await.expect("closed in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_read_is_closed_in_time() {
    let rig = Rig::start(|config| config.limits.write_timeout_ms = 200).await;
    tokio::join!(pipeline_without_reading(&rig), pipeline_without_reading(&rig));
    assert_eq!(rig.metric_of("collector_write_timeouts_total", "listener=\"public\"").await, 2);
    eventually("no connection", async || (rig.metric("collector_connections").await == 0).then_some(())).await;
    assert_eq!(rig.get("/health/live").await.status, 200);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_a_share_of_the_connections_and_the_others_the_rest() {
    let rig = Rig::start(|config| {
        config.limits.connections_max = 8;
        config.limits.address_share_percent = 50;
        config.limits.patience_ms = 60_000;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..12 {
        held.push(connect_from(1, rig.at.public).await);
    }
    eventually("the rest refused", async || {
        (rig.metric("collector_connections_refused_total").await == 8).then_some(())
    })
    .await;
    assert_eq!(rig.metric("collector_connections").await, 4);
    for _ in 0..20 {
        assert_eq!(served(connect_from(2, rig.at.public).await).await, 200);
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_been_idle_longest_makes_room() {
    let rig = Rig::start(|config| {
        config.limits.connections_max = 4;
        config.limits.address_share_percent = 100;
        config.limits.patience_ms = 1;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(TcpStream::connect(rig.at.public).await.expect("a connection"));
    }
    // The first is the busiest of them: it asked last.
    held[0].write_all(b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n").await.expect("written");
    let mut start = [0; 12];
    held[0].read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");
    eventually("four connections", async || (rig.metric("collector_connections").await == 4).then_some(())).await;
    // Refused as long as the others have not been idle for the patience.
    eventually("room for a fifth", async || {
        let status = served(TcpStream::connect(rig.at.public).await.expect("a connection")).await;
        (status == 200).then_some(())
    })
    .await;
    closed(&mut held[1]).await;
    let lost = async || (rig.metric("collector_places_lost_total").await == 1).then_some(());
    eventually("one place lost", lost).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_has_the_connections_of_many() {
    let rig = Rig::start(|config| {
        config.limits.connections_max = 8;
        config.limits.address_share_percent = 25;
        config.limits.patience_ms = 60_000;
        config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(connect_from(1, rig.at.public).await);
    }
    eventually("six connections", async || (rig.metric("collector_connections").await == 6).then_some(())).await;
    held.push(connect_from(2, rig.at.public).await);
    held.push(connect_from(2, rig.at.public).await);
    eventually("eight connections", async || (rig.metric("collector_connections").await == 8).then_some(())).await;
    assert_eq!(rig.metric("collector_connections_refused_total").await, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_no_more_is_closed() {
    let rig = Rig::start(|config| config.limits.header_timeout_ms = 200).await;
    let mut stream = TcpStream::connect(rig.at.public).await.expect("a connection");
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n").await.expect("written");
    closed(&mut stream).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_internal_address_refuses_is_not_the_publics() {
    let rig = Rig::start(|config| config.limits.patience_ms = 60_000).await;
    let mut held = Vec::new();
    // It takes 64; whoever is refused is told so.
    for _ in 0..64 {
        held.push(TcpStream::connect(rig.at.internal).await.expect("a connection"));
    }
    eventually("one refused", async || {
        let status = served(TcpStream::connect(rig.at.internal).await.expect("a connection")).await;
        (status == 503).then_some(())
    })
    .await;
    drop(held);
    let refused = async |listener: &str| rig.metric_of("collector_connections_refused_total", listener).await;
    eventually("room again", async || {
        let status = served(TcpStream::connect(rig.at.internal).await.expect("a connection")).await;
        (status == 200).then_some(())
    })
    .await;
    assert!(refused("listener=\"internal\"").await >= 1);
    assert_eq!(refused("listener=\"public\"").await, 0);
    rig.stop().await;
}
