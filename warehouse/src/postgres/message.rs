//! Messages of a client, taken apart. Every length and count in them is the sender's claim.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::limits::{POSTGRES_MESSAGE_BYTES_MAX, POSTGRES_OPENING_BYTES_MAX};
use crate::query::Given;

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Statements as text, answered at once.
    Query(String),
    /// A statement to be kept under a name, and what is known of its parameters' types.
    Parse {
        name: String,
        sql: String,
        types: Vec<u32>,
    },
    /// Values for a kept statement, to be kept under the portal's name.
    Bind {
        portal: String,
        statement: String,
        values: Vec<Given>,
        formats: Vec<bool>,
    },
    Describe {
        kind: Kind,
        name: String,
    },
    Execute {
        portal: String,
        rows_max: usize,
    },
    Close {
        kind: Kind,
        name: String,
    },
    Flush,
    Sync,
    Terminate,
    /// Of a client that was not asked for one.
    Password,
    /// One that only writers send, or that is unknown; its tag.
    Other(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Statement,
    Portal,
}

impl Message {
    /// The next message; none when the client has closed.
    pub(super) async fn read(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut tag = [0; 1];
        if input.read(&mut tag).await? == 0 {
            return Ok(None);
        }
        let length = input.read_u32().await?;
        let body = read_body(input, length, POSTGRES_MESSAGE_BYTES_MAX).await?;
        Self::parse(tag[0], &body).map(Some)
    }

    fn parse(tag: u8, body: &[u8]) -> io::Result<Self> {
        let mut body = Body(body);
        Ok(match tag {
            b'Q' => Self::Query(body.text()?),
            b'P' => Self::Parse { name: body.text()?, sql: body.text()?, types: body.list(Body::number)? },
            b'B' => {
                let (portal, statement) = (body.text()?, body.text()?);
                let binary = body.list(Body::format)?;
                let mut place = 0;
                let values = body.list(|body| {
                    place += 1;
                    body.value(match binary.as_slice() {
                        [] => false,
                        [all] => *all,
                        each => each.get(place - 1).copied().unwrap_or_default(),
                    })
                })?;
                Self::Bind { portal, statement, values, formats: body.list(Body::format)? }
            }
            b'D' => Self::Describe { kind: body.kind()?, name: body.text()? },
            b'E' => Self::Execute { portal: body.text()?, rows_max: body.number()? as usize },
            b'C' => Self::Close { kind: body.kind()?, name: body.text()? },
            b'H' => Self::Flush,
            b'S' => Self::Sync,
            b'X' => Self::Terminate,
            b'p' => Self::Password,
            other => Self::Other(other),
        })
    }
}

/// A body whose length, with the four bytes of the length itself, was read before.
pub(super) async fn read_body(input: &mut (impl AsyncRead + Unpin), length: u32, max: usize) -> io::Result<Vec<u8>> {
    let length = (length as usize).checked_sub(4).ok_or_else(|| garbled("a message shorter than its head"))?;
    if length > max {
        return Err(garbled(&format!("a message of {length} bytes; {max} are the most")));
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).await?;
    Ok(body)
}

/// The body of a message with a password, or with a part of a proof.
pub(super) async fn secret(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    if input.read_u8().await? != b'p' {
        return Err(garbled("no password"));
    }
    let length = input.read_u32().await?;
    read_body(input, length, POSTGRES_OPENING_BYTES_MAX).await
}

/// What is left of a body.
pub(super) struct Body<'a>(pub &'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| garbled("a message that is cut"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// A text that NUL ends.
    pub(super) fn text(&mut self) -> io::Result<String> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or_else(|| garbled("a text without an end"))?;
        let text = self.take(end)?;
        self.take(1)?;
        String::from_utf8(text.to_vec()).map_err(|_| garbled("a text that is not UTF-8"))
    }

    pub(super) fn number(&mut self) -> io::Result<u32> {
        let bytes = self.take(4)?.try_into().expect("four bytes");
        Ok(u32::from_be_bytes(bytes))
    }

    fn short(&mut self) -> io::Result<u16> {
        let bytes = self.take(2)?.try_into().expect("two bytes");
        Ok(u16::from_be_bytes(bytes))
    }

    /// As many as a count in front says.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> io::Result<T>) -> io::Result<Vec<T>> {
        let count = self.short()?;
        (0..count).map(|_| item(self)).collect()
    }

    /// Whether a format is binary.
    fn format(&mut self) -> io::Result<bool> {
        match self.short()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(garbled(&format!("format {other}"))),
        }
    }

    fn value(&mut self, binary: bool) -> io::Result<Given> {
        let length = self.number()?.cast_signed();
        if length < 0 {
            return Ok(Given::Null);
        }
        let bytes = self.take(length as usize)?.to_vec();
        if binary {
            return Ok(Given::Binary(bytes));
        }
        String::from_utf8(bytes).map(Given::Text).map_err(|_| garbled("a value that is not UTF-8"))
    }

    fn kind(&mut self) -> io::Result<Kind> {
        match self.take(1)? {
            b"S" => Ok(Kind::Statement),
            b"P" => Ok(Kind::Portal),
            _ => Err(garbled("neither statement nor portal")),
        }
    }
}

pub(super) fn garbled(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the client sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(tag: u8, body: &[u8]) -> io::Result<Option<Message>> {
        let bytes = crate::format::postgres::message(tag, body);
        Message::read(&mut bytes.as_slice()).await
    }

    #[tokio::test]
    async fn messages_are_read_and_cut_ones_refused() {
        assert_eq!(read(b'Q', b"select 1\0").await.unwrap(), Some(Message::Query("select 1".into())));
        let bind = b"p\0s\0\0\x02\0\0\0\x01\0\x02\0\0\0\x01a\xff\xff\xff\xff\0\x01\0\x01";
        let values = vec![Given::Text("a".into()), Given::Null];
        let read_back = Message::Bind { portal: "p".into(), statement: "s".into(), values, formats: vec![true] };
        assert_eq!(read(b'B', bind).await.unwrap(), Some(read_back));
        for cut in 0..bind.len() {
            assert!(read(b'B', &bind[..cut]).await.is_err(), "{cut}");
        }
        assert_eq!(read(b'd', b"x").await.unwrap(), Some(Message::Other(b'd')));
        assert_eq!(Message::read(&mut &b""[..]).await.unwrap(), None);
        for hostile in
            [&b"Q\0\0\0\x03"[..], b"Q\xff\xff\xff\xff", b"Q\0\0\0", b"Q\0\0\0\x06\xff\0", b"GET / HTTP/1.1\r\n\r\n"]
        {
            assert!(Message::read(&mut &*hostile).await.is_err(), "{hostile:?}");
        }
        // A count of values that are not there takes no memory.
        assert!(read(b'B', b"\0\0\0\0\xff\xff").await.is_err());
    }
}
