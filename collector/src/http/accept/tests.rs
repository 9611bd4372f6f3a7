//! A request whose answer panics, and the refusal that is written by hand.

use prometheus::IntCounter;
use tokio::io::AsyncReadExt;
use warp::Filter;

use super::*;
use crate::places::Amount;
use crate::places::shares;

#[test]
fn the_refusal_states_its_length() {
    let text = std::str::from_utf8(TOO_MANY_CONNECTIONS).expect("ASCII");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    assert_eq!(length.parse(), Ok(body.len()));
    serde_json::from_str::<serde_json::Value>(body).expect("JSON");
}

#[tokio::test]
async fn a_panic_is_one_request_answered_500_and_counted() {
    let limits = Limits::default();
    let lost = IntCounter::new("lost", "Lost places.").expect("a name");
    let places = Places::new(shares::connections(&limits), lost);
    let metrics = Arc::new(Metrics::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let filter = warp::path::full().map(|path: warp::path::FullPath| -> Answer {
        assert_eq!(path.as_str(), "/fine", "told to panic");
        Answer::new(bytes::Bytes::from_static(b"fine"))
    });
    let acceptor = Acceptor {
        name: "public",
        listener,
        filter: filter.boxed(),
        limits,
        places: Arc::clone(&places),
        trusted_proxies: Vec::new(),
        metrics: Arc::clone(&metrics),
    };
    let stop = CancellationToken::new();
    let serving = tokio::spawn(acceptor.serve(stop.clone()));
    let mut stream = TcpStream::connect(at).await.expect("a connection");
    let request = |path: &str, then: &str| format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: {then}\r\n\r\n");
    let both = request("/panic", "keep-alive") + &request("/fine", "close");
    stream.write_all(both.as_bytes()).await.expect("written");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.expect("answers");
    let (first, second) = answers.split_at(answers.rfind("HTTP/1.1").expect("answers"));
    assert!(first.starts_with("HTTP/1.1 500 ") && first.contains("\"internal\""), "{first}");
    assert!(second.starts_with("HTTP/1.1 200 ") && second.ends_with("fine"), "the connection goes on: {second}");
    assert_eq!(metrics.panics.get(), 1);
    stop.cancel();
    serving.await.expect("no panic");
    assert_eq!(places.taken(), Amount::default());
}
