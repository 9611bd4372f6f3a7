//! Recordings for whoever watches them: what there is of a session, what one page view looked like, the assets that it names.
//!
//! Runs in a worker process ([`crate::sql`]): a payload is the word of a stranger, and what inflates and reads it is ended by the
//! kernel when it takes more than it may. Payloads are read a few megabytes at a time, whatever a recording holds.

mod address;
mod asset;
mod canned;
mod chunks;
mod frames;
mod index;
mod names;
pub mod pages;
mod session;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::lake::Lake;
use crate::query::{Failure, Scope};

pub use address::{Addresses, Key, PATH as ASSETS_PATH, Signed, Unsigned};
pub use canned::{friction, id, marks, pointer};

/// What is asked of recordings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Wanted {
    /// What there is of a session's page views; one object of JSON.
    Session { session_id: Uuid },
    /// Events of a page view that a player can show, a line for each.
    Frames(Frames),
    /// A style sheet, a font or a picture.
    Asset { site_id: String, sha256: String, addresses: Addresses },
}

/// Which part of a page view's recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frames {
    pub page_view_id: Uuid,
    /// Whose, where several name the same page view.
    pub site_id: Option<String>,
    pub visitor_id: Option<String>,
    /// From the last snapshot that began no later than this (epoch milliseconds, the server's clock); from the first one where
    /// there is none, or without a time.
    pub at: Option<f64>,
    /// No chunk that begins later.
    pub until: Option<f64>,
    /// Chunks up to this one were sent before: they are read, since what follows builds on them, and not sent again.
    pub after: Option<i64>,
    pub addresses: Addresses,
}

/// Where an answer goes: begun once it is known to come.
pub trait Out: Write {
    /// Its media type, and its length if that is known.
    fn begin(&mut self, kind: &str, bytes: Option<u64>) -> io::Result<()>;
}

/// Answers; a failure may come after the beginning.
pub(crate) async fn answer(lake: &Lake, wanted: &Wanted, scope: &Scope, out: &mut dyn Out) -> Result<(), Failure> {
    let whole = match wanted {
        Wanted::Frames(wanted) => return frames::write(lake, wanted, scope, out).await,
        Wanted::Session { session_id } => {
            ("application/json".to_owned(), index::of(lake, *session_id, scope).await?.to_string().into_bytes())
        }
        Wanted::Asset { site_id, sha256, addresses } => asset::read(lake, (site_id, sha256), addresses).await?,
    };
    out.begin(&whole.0, Some(whole.1.len() as u64)).and_then(|()| out.write_all(&whole.1)).map_err(unwritten)
}

/// The code of what is not there, or not for the one who asks: nobody can tell which.
pub const NOT_FOUND: &str = "not_found";

fn not_found(what: impl std::fmt::Display) -> Failure {
    Failure::theirs(NOT_FOUND, format!("there is no {what}"))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unread(error: anyhow::Error) -> Failure {
    match crate::engine::memory_exhausted(&error) {
        Some(what) => Failure::out_of_memory(what),
        None => Failure::ours(format!("the recordings cannot be read: {error:#}")),
    }
}

fn unwritten(error: io::Error) -> Failure {
    Failure::ours(error)
}

/// Epoch milliseconds of epoch microseconds.
fn ms(us: i64) -> f64 {
    us as f64 / 1_000.0
}
