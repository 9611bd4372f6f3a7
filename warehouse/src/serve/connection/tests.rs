use futures::stream::repeat_with;
use testkit::http::{Reply as Answered, read_reply};
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use warp::{Filter, Reply};

use super::*;

/// Longer than any limit; by the clock of the test.
const LONG: Duration = Duration::from_secs(3_600);
/// Between the client and the server.
const PIPE_BYTES: usize = 1 << 10;
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";

/// `/` answers at once, `/later` after a while, `/endless` for ever.
fn routes() -> Routes {
    let endless = warp::path("endless").map(|| {
        let pieces = repeat_with(|| Ok::<_, Infallible>(bytes::Bytes::from_static(&[b'x'; 1 << 10])));
        warp::reply::stream(pieces).into_response()
    });
    let later = warp::path("later").then(|| async {
        sleep(LONG / 2).await;
        "later".into_response()
    });
    let at_once = warp::path::end().map(|| "at once".into_response());
    endless.or(later).unify().or(at_once).unify().boxed()
}

struct Client {
    stream: DuplexStream,
    server: JoinHandle<Option<String>>,
    shutdown: CancellationToken,
    opened: Instant,
}

impl Client {
    fn open() -> Self {
        let (stream, other) = duplex(PIPE_BYTES);
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(talk(routes(), other, shutdown.clone()));
        Self { stream, server, shutdown, opened: Instant::now() }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// What the server writes until it closes.
    async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        timeout(LONG, self.stream.read_to_end(&mut rest)).await.expect("it is never closed").unwrap();
        rest
    }

    async fn read(&mut self, bytes: usize) -> Vec<u8> {
        let mut read = vec![0; bytes];
        timeout(LONG, self.stream.read_exact(&mut read)).await.expect("it is never answered").unwrap();
        read
    }

    /// Since it was opened.
    fn seconds(&self) -> u64 {
        self.opened.elapsed().as_secs()
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_no_request_is_left_in_time() {
    let http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for sent in [&b""[..], b"GET / HT", b"GET / HTTP/1.1\r\nhost: here\r\n", b"PRI * HT", http2] {
        let mut client = Client::open();
        client.send(sent).await;
        client.rest().await;
        assert_eq!(client.seconds(), HTTP_REQUEST_MAX.as_secs(), "{:?}", String::from_utf8_lossy(sent));
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_gains_no_time() {
    let mut client = Client::open();
    client.send(b"GET / HTTP/1.1\r\nx: ").await;
    while client.stream.write_all(b"x").await.is_ok() {
        assert!(client.opened.elapsed() < LONG, "it is never closed");
        sleep(Duration::from_secs(1)).await;
    }
    assert!(client.seconds() <= HTTP_REQUEST_MAX.as_secs() + 1);
}

#[tokio::test(start_paused = true)]
async fn requests_that_follow_each_other_share_a_connection() {
    let mut client = Client::open();
    client.send(REQUEST).await;
    let mut first = client.read(1).await;
    while !first.ends_with(b"at once") {
        first.extend(client.read(1).await);
    }
    sleep(HTTP_REQUEST_MAX - Duration::from_secs(1)).await;
    client.send(REQUEST).await;
    assert_eq!(Answered::parse(&client.rest().await).text(), "at once");
    assert_eq!(client.seconds(), 2 * HTTP_REQUEST_MAX.as_secs() - 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_the_time_that_it_takes() {
    let mut client = Client::open();
    client.send(b"GET /later HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await;
    assert_eq!(Answered::parse(&client.rest().await).text(), "later");
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_slowly_is_served_and_whoever_does_not_read_is_left() {
    let mut client = Client::open();
    client.send(b"GET /endless HTTP/1.1\r\nhost: here\r\n\r\n").await;
    for _ in 0..10 {
        sleep(HTTP_WRITE_MAX - Duration::from_secs(1)).await;
        client.read(4 * HTTP_BUFFER_BYTES).await;
    }
    assert!(!client.server.is_finished());
    let stopped = Instant::now();
    timeout(LONG, &mut client.server).await.expect("it is never left").unwrap().expect("a reason");
    // When the server looks for the first time, it fills what is left of its buffer.
    let waited = stopped.elapsed();
    assert!(HTTP_WRITE_MAX <= waited && waited <= HTTP_WRITE_MAX + HTTP_REQUEST_MAX, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn at_shutdown_requests_are_answered_and_others_are_not_awaited() {
    let mut asking = Client::open();
    asking.send(b"GET /later HTTP/1.1\r\nhost: here\r\n\r\n").await;
    let (mut silent, mut idle) = (Client::open(), Client::open());
    idle.send(REQUEST).await;
    idle.read(1).await;
    // The clock goes on when the server has read all this.
    sleep(Duration::from_secs(1)).await;
    for client in [&asking, &silent, &idle] {
        client.shutdown.cancel();
    }
    silent.rest().await;
    idle.rest().await;
    assert_eq!((silent.seconds(), idle.seconds()), (1, 1));
    assert_eq!(Answered::parse(&asking.rest().await).text(), "later");
    assert_eq!(asking.seconds(), (LONG / 2).as_secs());
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = listener.accept().await.unwrap();
    serve(routes(), stream, peer, false, CancellationToken::new()).await;
    let answered = read_reply(&mut client).await;
    assert_eq!((answered.status, answered.code().as_str()), (503, "too_many_connections"));
    assert!(answered.is_whole && answered.header("retry-after") == Some("1"));
}
