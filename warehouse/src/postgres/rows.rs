//! The rows of an answer on their way from the worker to the client. Only the heads of messages are looked at, to tell where
//! a row ends; a row of any length takes no memory here.

use bytes::{Bytes, BytesMut};

use crate::query::Failure;
use crate::sql::Reply;

/// Tag and length.
const HEAD_BYTES: usize = 5;

/// An answer in the messages of the protocol.
#[derive(Debug)]
pub(super) struct Rows {
    reply: Reply,
    held: BytesMut,
    /// Bytes that are still to come of the row that was begun.
    left: usize,
}

/// A piece of the rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes to hand on, and the rows that end in them.
    Rows(Bytes, usize),
    End,
}

impl Rows {
    /// The answer's first message apart, which tells its columns.
    pub(super) async fn begin(reply: Reply) -> Result<(Bytes, Self), Failure> {
        let mut rows = Self { reply, held: BytesMut::new(), left: 0 };
        loop {
            if let Some(length) = message_length(&rows.held).filter(|length| *length <= rows.held.len()) {
                return Ok((rows.held.split_to(length).freeze(), rows));
            }
            if !rows.more().await? {
                return Err(Failure::ours("the answer broke off before its columns were told"));
            }
        }
    }

    /// The next piece, with no more than that many rows.
    pub(super) async fn next(&mut self, rows_max: usize) -> Result<Piece, Failure> {
        loop {
            let (bytes, rows) = cut(&self.held, &mut self.left, rows_max);
            if bytes > 0 {
                return Ok(Piece::Rows(self.held.split_to(bytes).freeze(), rows));
            }
            if !self.more().await? {
                return if self.held.is_empty() { Ok(Piece::End) } else { Err(Failure::ours("the answer broke off")) };
            }
        }
    }

    /// Whether a row was begun of which more is to come.
    pub(super) fn is_within_row(&self) -> bool {
        self.left > 0
    }

    async fn more(&mut self) -> Result<bool, Failure> {
        let Some(bytes) = self.reply.next().await? else { return Ok(false) };
        self.held.extend_from_slice(&bytes);
        Ok(true)
    }
}

/// Length of the message that begins there, once its head is known.
fn message_length(bytes: &[u8]) -> Option<usize> {
    let head: [u8; HEAD_BYTES] = bytes.get(..HEAD_BYTES)?.try_into().ok()?;
    let [_, length @ ..] = head;
    Some(1 + u32::from_be_bytes(length) as usize)
}

/// How many of the bytes can be handed on, and how many rows end in them. `left` belongs to the row that was begun.
fn cut(bytes: &[u8], left: &mut usize, rows_max: usize) -> (usize, usize) {
    let (mut at, mut rows) = (0, 0);
    while rows < rows_max {
        if *left == 0 {
            match message_length(&bytes[at..]) {
                Some(length) => *left = length,
                None => break,
            }
        }
        let passed = (*left).min(bytes.len() - at);
        at += passed;
        *left -= passed;
        if *left > 0 {
            break;
        }
        rows += 1;
    }
    (at, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::postgres::message;

    #[test]
    fn rows_are_counted_wherever_the_bytes_are_cut() {
        let all: Vec<u8> = [3, 0, 200].iter().flat_map(|length| message(b'D', &vec![7; *length])).collect();
        for step in 1..all.len() {
            let (mut left, mut rows, mut passed, mut held) = (0, 0, Vec::new(), BytesMut::new());
            for piece in all.chunks(step) {
                held.extend_from_slice(piece);
                let (bytes, ended) = cut(&held, &mut left, usize::MAX);
                passed.extend_from_slice(&held.split_to(bytes));
                rows += ended;
            }
            assert_eq!((passed == all, rows, left, held.len()), (true, 3, 0, 0), "{step}");
        }
        assert_eq!(cut(&all, &mut 0, 2), (8 + 5, 2));
    }
}
