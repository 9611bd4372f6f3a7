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
mod ports;
mod poster;
mod process;
mod run;
mod sql;
mod standalone;
mod traffic;
mod wait;

pub use binaries::{binary, clone_root, readers_python};
pub use books::Outcome;
pub use broker_fault::kill_broker_log;
pub use browser::{Visit, VisitOptions, Visitor, dispatched_samples};
pub use http::{Answer, get, post};
pub use parts::Parts;
pub use pipeline::{PARTITIONS, Pipeline, PipelineOptions};
pub use ports::free_port;
pub use poster::{Poster, PosterOptions, Reply};
pub use process::Process;
pub use run::{Run, real_parts_wanted};
pub use sql::{Row, Warehouse};
pub use standalone::Standalone;
pub use traffic::{Tab, event_ids, now_ms, now_us};
pub use wait::eventually;
