//! `POST /v1/replay/have`: which of some assets the collector has not been given yet.

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::{FrameCode, FrameError, Sha256, header};
use crate::ingest::Object;

/// Most hashes of one question.
pub const HAVE_MAX: usize = 200;
/// Longest body of a question: [`HAVE_MAX`] hashes take 13.4 kB.
pub const HAVE_BODY_BYTES_MAX: usize = 16 * 1024;

#[derive(Deserialize)]
struct Question {
    sha256: Hashes,
}

struct Hashes(Vec<Sha256>);

impl<'de> Deserialize<'de> for Hashes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Hashes;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                write!(formatter, "a list of at most {HAVE_MAX} hashes")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Hashes, A::Error> {
                let mut hashes = Vec::new();
                while let Some(hash) = list.next_element()? {
                    if hashes.len() == HAVE_MAX {
                        return Err(A::Error::custom(format_args!("more than {HAVE_MAX} hashes: ask in parts")));
                    }
                    hashes.push(hash);
                }
                Ok(Hashes(hashes))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// The hashes that are asked for, in the order of the question.
pub fn parse_have(body: &[u8]) -> Result<Vec<Sha256>, FrameError> {
    if body.len() > HAVE_BODY_BYTES_MAX {
        let message = format!("the question has {} bytes, at most {HAVE_BODY_BYTES_MAX} are allowed", body.len());
        return Err(FrameError { code: FrameCode::MalformedHeader, message });
    }
    let Object(Question { sha256: Hashes(hashes) }) = header::read(body)?;
    Ok(hashes)
}
