//! HTTP by hand: one request a connection.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends a request on a connection of its own.
pub(crate) async fn send(address: SocketAddr, head: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// One exchange: status, headers in lower case, body as far as it came.
pub(crate) async fn exchange(address: SocketAddr, head: &str, body: &str) -> (u16, String, Vec<u8>) {
    let mut stream = send(address, head, body).await;
    let mut reply = Vec::new();
    // A connection that the server breaks may end in an error instead of an end.
    let _ = stream.read_to_end(&mut reply).await;
    let split = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let headers = String::from_utf8(reply[..split].to_vec()).unwrap();
    let status = headers[9..12].parse().unwrap();
    (status, headers.to_ascii_lowercase(), reply[split + 4..].to_vec())
}
