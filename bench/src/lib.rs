//! Benchmarks: seeded traffic, and what the pipeline spends on it. `README.md` says what is measured and how to read it.
#![forbid(unsafe_code)]

pub mod compaction;
mod delta;
mod files;
pub mod generate;
pub mod load;
pub mod pipeline;
pub mod post;
pub mod replay;
mod serving;
pub mod sql;
mod times;
pub mod traffic;
