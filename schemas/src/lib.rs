//! Every contract between the processes: the ingest JSON, the Kafka packages, the landing zone's keys, links and
//! columns, and the rules that two processes must apply alike.
//!
//! Pure: no I/O, no clock, no async. Whatever a process reads from another one is defined here, with examples.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod avro;
pub mod campaign;
pub mod dead_letter;
pub mod ingest;
pub mod landing;
pub mod package;
pub mod replay;
pub mod session;
pub mod time;
pub mod topics;
