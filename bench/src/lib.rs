//! Benchmarks: seeded traffic, and what the pipeline spends on it.
#![forbid(unsafe_code)]

pub mod traffic;
