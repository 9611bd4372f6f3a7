//! The messages of an answer in Arrow (its IPC stream), on their way from the worker to the client. Only their heads are looked at,
//! to tell where a message ends.

use arrow_flight::FlightData;
use bytes::{Buf, Bytes, BytesMut};
use datafusion::arrow::ipc::root_as_message;

use crate::limits::FLIGHT_MESSAGE_BYTES_MAX;
use crate::query::Failure;
use crate::sql::Reply;

/// In front of each message: this mark, and the length of its head. A length of 0 is the end.
const MARK: u32 = u32::MAX;
const PREFIX_BYTES: usize = 8;

/// A message, as Flight has it: its head says what its body is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    head: Bytes,
    body: Bytes,
}

impl Message {
    pub(super) fn into_data(self) -> FlightData {
        FlightData { data_header: self.head, data_body: self.body, ..FlightData::default() }
    }

    /// A message without a body, with its mark and its length: how Flight tells a schema.
    pub(super) fn framed(&self) -> Bytes {
        framed(&self.head).into()
    }
}

/// A head with its mark and its length.
pub(super) fn framed(head: &[u8]) -> Vec<u8> {
    // What follows begins at a multiple of eight.
    let length = head.len().next_multiple_of(PREFIX_BYTES);
    let mut bytes = Vec::with_capacity(PREFIX_BYTES + length);
    bytes.extend_from_slice(&MARK.to_le_bytes());
    bytes.extend_from_slice(&(length as u32).to_le_bytes());
    bytes.extend_from_slice(head);
    bytes.resize(PREFIX_BYTES + length, 0);
    bytes
}

/// An answer in messages.
#[derive(Debug)]
pub(super) struct Messages {
    reply: Reply,
    held: BytesMut,
}

impl Messages {
    pub(super) fn of(reply: Reply) -> Self {
        Self { reply, held: BytesMut::new() }
    }

    /// The next message, none at the end. After an error, what came before is no answer.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            match cut(&mut self.held)? {
                Cut::Message(message) => return Ok(Some(message)),
                Cut::End => {
                    while self.reply.next().await?.is_some() {}
                    return Ok(None);
                }
                Cut::More => match self.reply.next().await? {
                    Some(bytes) => self.held.extend_from_slice(&bytes),
                    None => return Err(Failure::ours("the answer broke off")),
                },
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Cut {
    Message(Message),
    End,
    More,
}

/// Takes a message off the front, if it is whole.
fn cut(held: &mut BytesMut) -> Result<Cut, Failure> {
    let Some((mark, rest)) = held.split_first_chunk::<4>() else { return Ok(Cut::More) };
    let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(Cut::More) };
    if u32::from_le_bytes(*mark) != MARK {
        return Err(garbled("no mark"));
    }
    let head = u32::from_le_bytes(*length) as usize;
    if head == 0 {
        return Ok(Cut::End);
    }
    if head > FLIGHT_MESSAGE_BYTES_MAX {
        return Err(garbled("a head that is too long"));
    }
    let Some(told) = rest.get(..head) else { return Ok(Cut::More) };
    let body = root_as_message(told).map_err(|_| garbled("no head"))?.bodyLength();
    let body = usize::try_from(body).ok().filter(|body| head + body <= FLIGHT_MESSAGE_BYTES_MAX);
    let body = body.ok_or_else(|| garbled("a body that is too long"))?;
    if rest.len() < head + body {
        return Ok(Cut::More);
    }
    held.advance(PREFIX_BYTES);
    let head = held.split_to(head).freeze();
    Ok(Cut::Message(Message { head, body: held.split_to(body).freeze() }))
}

fn garbled(what: &str) -> Failure {
    Failure::ours(format!("the answer is no stream of Arrow: {what}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_flight::utils::flight_data_to_batches;
    use datafusion::arrow::array::{Int64Array, RecordBatch, StringArray};
    use datafusion::arrow::ipc::writer::StreamWriter;

    use super::*;

    #[test]
    fn messages_are_whole_wherever_the_bytes_are_cut() {
        let numbers = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let texts = Arc::new(StringArray::from(vec![Some("a"), None, Some("ccc")]));
        let batch = RecordBatch::try_from_iter([("n", numbers as _), ("t", texts as _)]).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.write(&batch.slice(1, 2)).unwrap();
        let all = writer.into_inner().unwrap();
        for step in [1, 7, 64, all.len()] {
            let (mut held, mut found, mut ended) = (BytesMut::new(), Vec::new(), false);
            for piece in all.chunks(step) {
                held.extend_from_slice(piece);
                loop {
                    match cut(&mut held).unwrap() {
                        Cut::Message(message) => found.push(message.into_data()),
                        Cut::End => {
                            ended = true;
                            break;
                        }
                        Cut::More => break,
                    }
                }
            }
            assert!(ended, "{step}");
            assert_eq!(flight_data_to_batches(&found).unwrap(), [batch.clone(), batch.slice(1, 2)], "{step}");
        }
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        for wrong in [&[0; 8][..], &[255; 12][..], &[255, 255, 255, 255, 8, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9][..]] {
            assert!(cut(&mut BytesMut::from(wrong)).is_err(), "{wrong:?}");
        }
        assert_eq!(cut(&mut BytesMut::from(&[255; 4][..])).unwrap(), Cut::More);
    }

    #[test]
    fn a_head_is_framed_to_a_multiple_of_eight() {
        assert_eq!(framed(b"abc"), [&[255; 4][..], &[8, 0, 0, 0], b"abc\0\0\0\0\0"].concat());
        assert_eq!(framed(&[1; 8]).len(), 16);
    }
}
