//! A request at which the log of the embedded broker (tansu 0.6) panics. Its protocol is spoken directly: no client asks so.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const ANSWER_WAIT: Duration = Duration::from_secs(10);
const DELETE_RECORDS: [u8; 4] = [0, 21, 0, 1];

/// Asks to delete the records of a topic; `Err` when the connection ends without an answer.
pub(crate) fn kill_broker_log(kafka: &str) -> std::io::Result<()> {
    let (client, topic) = (b"test", b"none");
    let mut request = Vec::from(DELETE_RECORDS);
    // correlation id, client id
    request.extend([0, 0, 0, 7, 0, 4]);
    request.extend(client);
    // one topic, of it partition 0, up to its end, within a second
    request.extend([0, 0, 0, 1, 0, 4]);
    request.extend(topic);
    request.extend([0, 0, 0, 1, 0, 0, 0, 0]);
    request.extend((-1_i64).to_be_bytes());
    request.extend(1_000_i32.to_be_bytes());
    let mut stream = TcpStream::connect(kafka)?;
    stream.set_read_timeout(Some(ANSWER_WAIT))?;
    stream.write_all(&u32::try_from(request.len()).expect("a short request").to_be_bytes())?;
    stream.write_all(&request)?;
    stream.read_exact(&mut [0; 4])
}
