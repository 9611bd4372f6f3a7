//! The warehouse's heavy statements, and its compaction, on a Ballista cluster.
//!
//! A statement is planned where it is asked ([`ask`]), by the code that plans it for one process, and the plan goes to the
//! scheduler ([`plan`]), which cuts it into stages and hands tasks of them to the executors ([`serve`]). Executors read the files of
//! the plan from the store and each other's parts of the answer. A compaction is a plan as well, of one task for each part of the
//! partitions ([`compact`]).
#![forbid(unsafe_code)]

pub mod ask;
mod codec;
pub mod compact;
pub mod plan;
pub mod serve;

pub use codec::Codec;
