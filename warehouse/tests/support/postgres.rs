//! A client of PostgreSQL's protocol that sends any bytes, and shows what comes back.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came up to `ReadyForQuery`, or to the end of the connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Tags of all messages but those of rows, in their order.
    pub tags: String,
    pub columns: Vec<(String, u32)>,
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
    /// SQLSTATE and message.
    pub error: Option<(String, String)>,
    pub complete: Vec<String>,
    /// Types of parameters.
    pub types: Vec<u32>,
    /// `I`, `T` or `E`; none when the connection ended.
    pub transaction: Option<char>,
}

impl Told {
    /// The rows as texts.
    pub(crate) fn texts(&self) -> Vec<Vec<Option<String>>> {
        let text = |value: &Option<Vec<u8>>| value.clone().map(|bytes| String::from_utf8(bytes).unwrap());
        self.rows.iter().map(|row| row.iter().map(text).collect()).collect()
    }

    pub(crate) fn code(&self) -> &str {
        self.error.as_ref().map_or("", |(code, _)| code)
    }
}

pub(crate) struct Client {
    pub stream: TcpStream,
    /// Process number and secret, by which a statement is cancelled.
    pub key: (u32, u32),
}

pub(crate) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
}

/// `Parse` of a statement under a name, with the types of its parameters.
pub(crate) fn parse(name: &str, sql: &str, types: &[u32]) -> Vec<u8> {
    let mut body = [name.as_bytes(), b"\0", sql.as_bytes(), b"\0"].concat();
    body.extend_from_slice(&(types.len() as u16).to_be_bytes());
    types.iter().for_each(|oid| body.extend_from_slice(&oid.to_be_bytes()));
    message(b'P', &body)
}

/// `Bind` of texts to a statement, in the portal of the same name; results in binary or not.
pub(crate) fn bind(name: &str, values: &[&str], binary: bool) -> Vec<u8> {
    let mut body = [name.as_bytes(), b"\0", name.as_bytes(), b"\0\0\0"].concat();
    body.extend_from_slice(&(values.len() as u16).to_be_bytes());
    for value in values {
        body.extend_from_slice(&(value.len() as u32).to_be_bytes());
        body.extend_from_slice(value.as_bytes());
    }
    body.extend_from_slice(&[0, 1, 0, u8::from(binary)]);
    message(b'B', &body)
}

pub(crate) fn describe(kind: u8, name: &str) -> Vec<u8> {
    message(b'D', &[&[kind][..], name.as_bytes(), b"\0"].concat())
}

pub(crate) fn execute(name: &str, rows_max: u32) -> Vec<u8> {
    message(b'E', &[name.as_bytes(), b"\0", &rows_max.to_be_bytes()].concat())
}

pub(crate) fn sync() -> Vec<u8> {
    message(b'S', b"")
}

impl Client {
    /// Connects, and gives the password if it is asked for one.
    pub(crate) async fn connect(at: SocketAddr, password: &str) -> Result<Self, Told> {
        Self::connect_as(at, "anybody", password).await
    }

    pub(crate) async fn connect_as(at: SocketAddr, user: &str, password: &str) -> Result<Self, Told> {
        let mut stream = TcpStream::connect(at).await.unwrap();
        let settings = format!("user\0{user}\0database\0telemetry\0\0");
        let body = [&196_608_u32.to_be_bytes()[..], settings.as_bytes()].concat();
        stream.write_all(&[&(body.len() as u32 + 4).to_be_bytes()[..], &body].concat()).await.unwrap();
        let mut client = Self { stream, key: (0, 0) };
        loop {
            let Some((tag, body)) = client.read().await else { return Err(Told::default()) };
            match tag {
                b'R' if number(&body) == 3 => {
                    client.send(&[message(b'p', &[password.as_bytes(), b"\0"].concat())]).await;
                }
                b'K' => client.key = (number(&body), number(&body[4..])),
                b'Z' => return Ok(client),
                b'E' => return Err(Told { error: Some(error(&body)), ..Told::default() }),
                _ => {}
            }
        }
    }

    pub(crate) async fn query(&mut self, sql: &str) -> Told {
        self.ask(&[message(b'Q', &[sql.as_bytes(), b"\0"].concat())]).await
    }

    /// Sends messages and reads up to the next `ReadyForQuery`.
    pub(crate) async fn ask(&mut self, messages: &[Vec<u8>]) -> Told {
        self.send(messages).await;
        self.told().await
    }

    pub(crate) async fn send(&mut self, messages: &[Vec<u8>]) {
        self.stream.write_all(&messages.concat()).await.unwrap();
    }

    pub(crate) async fn told(&mut self) -> Told {
        let mut told = Told::default();
        while let Some((tag, body)) = self.read().await {
            if tag != b'D' {
                told.tags.push(char::from(tag));
            }
            match tag {
                b'T' => told.columns = columns(&body),
                b'D' => told.rows.push(values(&body)),
                b'E' => told.error = Some(error(&body)),
                b'C' => told.complete.push(text(&body)),
                b't' => told.types = body[2..].chunks(4).map(number).collect(),
                b'Z' => {
                    told.transaction = Some(char::from(body[0]));
                    break;
                }
                _ => {}
            }
        }
        told
    }

    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let tag = self.stream.read_u8().await.ok()?;
        let length = self.stream.read_u32().await.ok()?;
        let mut body = vec![0; length as usize - 4];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((tag, body))
    }

    /// Asks, over a connection of its own, to cancel what this one does.
    pub(crate) async fn cancel(at: SocketAddr, key: (u32, u32)) {
        let mut stream = TcpStream::connect(at).await.unwrap();
        let words = [16, 80_877_102, key.0, key.1].map(u32::to_be_bytes).concat();
        stream.write_all(&words).await.unwrap();
        let mut nothing = Vec::new();
        stream.read_to_end(&mut nothing).await.unwrap();
        assert_eq!(nothing, b"", "nobody is told whether there was such a session");
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.iter().copied().take_while(|byte| *byte != 0).collect()).unwrap()
}

fn columns(body: &[u8]) -> Vec<(String, u32)> {
    let mut columns = Vec::new();
    let mut rest = &body[2..];
    while !rest.is_empty() {
        let name = text(rest);
        let after = &rest[name.len() + 1..];
        columns.push((name, number(&after[6..])));
        rest = &after[18..];
    }
    columns
}

fn values(body: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut values = Vec::new();
    let mut rest = &body[2..];
    while !rest.is_empty() {
        let length = number(rest).cast_signed();
        let end = 4 + usize::try_from(length).unwrap_or(0);
        values.push((length >= 0).then(|| rest[4..end].to_vec()));
        rest = &rest[end..];
    }
    values
}

/// SQLSTATE and message.
fn error(body: &[u8]) -> (String, String) {
    let field = |wanted: u8| {
        let fields = body.split(|byte| *byte == 0);
        let found = fields.filter(|field| field.first() == Some(&wanted)).map(|field| text(&field[1..])).next();
        found.unwrap_or_default()
    };
    (field(b'C'), field(b'M'))
}
