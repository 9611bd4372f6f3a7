//! What the whole-system tests share: real servers, our processes, a browser, load, and SQL to count what arrived.
//!
//! Nothing here knows the code under test: programs are started from their binaries and seen from outside only.
//! A run keeps its logs in one folder and prints the folder when the test fails.
#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this harness")]

mod binaries;
mod books;
mod broker_fault;
mod browser;
mod http;
mod parts;
mod pipeline;
mod poster;
mod process;
mod run;
mod sql;
mod standalone;
mod traffic;
mod wait;

pub(crate) use binaries::{binary, clone_root};
pub(crate) use books::Outcome;
pub(crate) use broker_fault::kill_broker_log;
pub(crate) use browser::{Visit, VisitOptions, Visitor, dispatched_samples};
pub(crate) use http::{Answer, get, post, post_bytes};
pub(crate) use parts::Parts;
pub(crate) use pipeline::{PARTITIONS, Pipeline, PipelineOptions};
pub(crate) use poster::{Poster, PosterOptions, Reply};
pub(crate) use process::Process;
pub(crate) use run::{Run, real_parts_wanted};
pub(crate) use sql::{Row, Warehouse};
pub(crate) use standalone::Standalone;
pub(crate) use traffic::{Tab, event_ids, now_ms, now_us};
pub(crate) use wait::eventually;

/// A port on which nothing listens now.
pub(crate) fn free_port() -> u16 {
    testkit::ports::free_port().expect("a free port among twelve thousand")
}
