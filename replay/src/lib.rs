//! Recordings of pages, as anybody may have posted them: what is read of them, and what is left of them before a person's
//! browser shows them.
//!
//! ```text
//! read_chunk      parts of a chunk ▸ its text, bounded               a bomb, a cut or an altered one is named
//! inflate         the same of any bytes, for assets
//! Sanitiser       lines of rrweb events ▸ lines of rrweb events      typed, allow-listed, without a foreign address
//! clean_css       a stored style sheet ▸ the same, harmless          what the sanitiser does to styles
//! ```
//!
//! A recording is hostile until shown otherwise: write keys are public. The sanitiser is the first of the layers that
//! `docs/replay.md` names. It runs when a recording is *read*, so that old recordings get new rules.
//!
//! Knows nothing of Arrow, of Kafka, of HTTP, of where recordings are kept. Nothing here calls itself once for each level of
//! its input, but for styles, whose depth is [`CSS_DEPTH_MAX`]: no input decides how much of a thread's stack is used.
#![forbid(unsafe_code)]

mod chunk;
mod event;
mod json;
mod parse;
mod sanitise;
mod write;

pub use chunk::{INFLATED_BYTES_MAX, PARTS_MAX, Part, RATIO_FREE_BYTES, RATIO_MAX, inflate, read_chunk};
pub use event::{DEPTH_MAX, NODES_MAX};
pub use sanitise::{
    Assets, CSS_ADDRESS_BYTES_FREE, CSS_DEPTH_MAX, CSS_GROWTH_MAX, Failure, NoAssets, Removed, Sanitiser, clean_css,
};

/// Why a chunk cannot be shown. It stands alone: the session plays on, and its page is told as missing until the next
/// snapshot.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("of {parts} parts, {missing} are missing")]
    PartsMissing { parts: usize, missing: usize },
    #[error("its parts do not belong together: {0}")]
    PartsDisagree(&'static str),
    /// The decoder's words.
    #[error("it is no whole gzip member: {0}")]
    Damaged(String),
    #[error("bytes follow its gzip member")]
    Trailing,
    #[error("it inflates to more than {INFLATED_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it inflates to more than {RATIO_MAX} times its size")]
    Bomb,
    #[error("it is no text in UTF-8")]
    NotText,
    #[error("line {line}: {what}")]
    Line { line: usize, what: Malformed },
}

/// What is wrong with a line of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("no JSON at byte {0}")]
    Json(usize),
    #[error("JSON deeper than {DEPTH_MAX} nodes need")]
    TooDeep,
    #[error("more than {NODES_MAX} nodes")]
    TooManyNodes,
}
