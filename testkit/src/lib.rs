//! What the tests of several crates share. No program of the product depends on it.
#![forbid(unsafe_code)]

pub mod growth;
pub mod http;
pub mod link;
pub mod ports;
pub mod readers;
pub mod recorder;
pub mod registry;
pub mod signal;
pub mod store;
pub mod wait;
