//! The warehouse: takes landed events into curated Delta tables, and answers SQL over both.
//!
//! Path of an event here: [`landing::Chains`] finds the links that name its landing file, [`compact`] merges it into `events`
//! ([`merge`], [`sessionize`]) and computes the other tables from that ([`derive`]); [`query`] sees it before and after
//! through [`live`], in a process of [`sql`] when the statement is somebody's. [`verify`] adds the books up.
//!
//! Any number of processes may work on one store: every commit is one create-only PUT.
#![forbid(unsafe_code)]

pub mod campaign;
pub mod commands;
pub mod compact;
pub mod config;
pub mod curated;
pub mod derive;
pub mod dialect;
pub mod engine;
pub mod format;
pub mod functions;
pub mod guard;
pub mod lake;
pub mod limits;
pub mod live;
pub mod merge;
pub mod metadata;
pub mod progress;
pub mod query;
pub mod repeats;
pub mod requirements;
pub mod round;
pub mod scan;
pub mod serve;
pub mod sessionize;
pub mod share;
pub mod sizes;
pub mod sql;
pub mod statistics;
pub mod store;
pub mod studio;
pub mod tables;
pub mod touched;
pub mod transactions;
pub mod verify;
pub mod visitors;
pub mod writer;

pub use engine::Resources;
pub use lake::Lake;
pub use landing::Store;
