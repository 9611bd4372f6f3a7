//! What front and worker say to each other over the worker's standard input and output.
//!
//! A frame is one byte for its kind, four bytes (little-endian) for the length of its body, and the body. The front
//! sends `Setup` once and is answered `Ready`; then, one statement at a time, it sends `Ask` (or `Watch`, for something of a
//! recording) and is answered `Head`,
//! any number of `Data` and `End`, or `End` alone when there is no answer.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::query::{Failure, Parameter, Scope};
use crate::watch::Wanted;

/// Longest body. The largest frame is `Ask`: a statement of the greatest length, each byte escaped in JSON.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Body of one `Data` frame.
pub(super) const DATA_BYTES: usize = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Setup = b'S',
    Ready = b'R',
    Ask = b'A',
    Watch = b'W',
    Head = b'H',
    Data = b'D',
    End = b'E',
}

/// What a worker is, for its whole life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setup {
    pub store: String,
    pub memory_bytes_max: usize,
    pub spill_bytes_max: u64,
    /// Made by the front for this worker alone; whoever of the two ends last removes it.
    pub spill_folder: PathBuf,
}

/// How an answer is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// `{"columns":[…],"rows":[[…]]}`
    Json,
    /// An object with the columns' names for each row, on a line of its own.
    JsonLines,
    Csv,
    /// An Arrow IPC stream.
    Arrow,
    /// A file of Parquet.
    Parquet,
    /// `RowDescription` and `DataRow`s of PostgreSQL's protocol, in the formats of `Bind` (true is binary).
    Postgres {
        formats: Vec<bool>,
    },
    /// An Arrow IPC stream whose messages are bounded, with columns that may be null and hold no dictionaries; `values` is a stream
    /// with one row for `$1`, `$2` …, as the client sent it, or nothing.
    Flight {
        values: Vec<u8>,
    },
    /// No rows, but the schemas of parameters and columns as two messages of Arrow; with such values, the columns are those that come.
    Schemas {
        values: Vec<u8>,
    },
    /// No rows, but `ParameterDescription` and `RowDescription`; `types` are what the client says of the parameters.
    Description {
        types: Vec<u32>,
    },
}

impl Form {
    /// Whether it is asked over PostgreSQL's protocol.
    pub(super) fn is_of_postgresql(&self) -> bool {
        matches!(self, Self::Postgres { .. } | Self::Description { .. })
    }
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ask {
    pub sql: String,
    pub scope: Scope,
    pub form: Form,
    pub parameters: Vec<Parameter>,
    pub rows_max: usize,
    /// Bytes (Arrow) of the answer.
    pub bytes_max: usize,
    /// The answer begins when it is known whole, or larger than this (Arrow).
    pub held_bytes_max: usize,
    /// Processor time, of all threads together.
    pub cpu_seconds_max: u64,
}

/// One look at a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Watch {
    pub wanted: Wanted,
    pub scope: Scope,
    pub cpu_seconds_max: u64,
}

/// What a worker is told to do, and the processor time that it may take for it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub frame: Frame,
    pub cpu_seconds_max: u64,
}

impl From<&Ask> for Order {
    fn from(ask: &Ask) -> Self {
        Self { frame: Frame::of(Kind::Ask, ask), cpu_seconds_max: ask.cpu_seconds_max }
    }
}

impl From<&Watch> for Order {
    fn from(watch: &Watch) -> Self {
        Self { frame: Frame::of(Kind::Watch, watch), cpu_seconds_max: watch.cpu_seconds_max }
    }
}

/// Comes before the first byte of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Length of the whole answer, when it is known.
    pub bytes: Option<u64>,
    /// Its media type, where whoever asked cannot know it.
    pub kind: Option<String>,
}

/// Comes after the last byte of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub failure: Option<Failure>,
    /// The worker has kept so much memory that the next statement would have too little: it asks to be replaced.
    pub retire: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub kind: Kind,
    pub body: Bytes,
}

impl Frame {
    /// A frame with a message as its body.
    pub(super) fn of(kind: Kind, message: &impl Serialize) -> Self {
        let body = serde_json::to_vec(message).expect("messages are structs of texts and numbers");
        Self { kind, body: body.into() }
    }

    /// The message in the body.
    pub(super) fn message<T: DeserializeOwned>(&self) -> io::Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| garbled(&format!("{:?}: {error}", self.kind)))
    }

    /// The frame's bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(5 + self.body.len());
        bytes.push(self.kind as u8);
        let length = u32::try_from(self.body.len()).expect("bodies are bounded");
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    pub(super) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        output.write_all(&self.bytes())
    }

    /// The next frame, or none when the other side has closed.
    pub(super) fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; 5];
        if input.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        input.read_exact(&mut head[1..])?;
        let (kind, length) = parse_head(head)?;
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        Ok(Some(Self { kind, body: body.into() }))
    }

    /// [`Frame::read`] for the front, which never blocks.
    pub(super) async fn receive(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut head = [0; 5];
        if input.read(&mut head[..1]).await? == 0 {
            return Ok(None);
        }
        input.read_exact(&mut head[1..]).await?;
        let (kind, length) = parse_head(head)?;
        let mut body = vec![0; length];
        input.read_exact(&mut body).await?;
        Ok(Some(Self { kind, body: body.into() }))
    }
}

fn parse_head([kind, length @ ..]: [u8; 5]) -> io::Result<(Kind, usize)> {
    let kinds = [Kind::Setup, Kind::Ready, Kind::Ask, Kind::Watch, Kind::Head, Kind::Data, Kind::End];
    let kind = kinds.into_iter().find(|known| *known as u8 == kind).ok_or_else(|| garbled(&format!("kind {kind}")))?;
    let length = u32::from_le_bytes(length) as usize;
    if length > BODY_BYTES_MAX {
        return Err(garbled(&format!("{length} bytes")));
    }
    Ok((kind, length))
}

fn garbled(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no frame of a worker: {what}"))
}

#[cfg(test)]
mod tests;
