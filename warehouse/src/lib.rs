//! The warehouse: takes landed events into curated Delta tables, and answers SQL over both.
//!
//! Path of an event here: [`landing::Chains`] finds the links that name its landing file, [`compact`] takes it into the [`tables`]
//! (`merge` says what that changes, `curated` holds them); [`query`] sees it before and after, in a process of [`sql`]
//! when the statement is somebody's. [`verify`] adds the books up. [`providers`] takes other providers' exports into tables
//! beside ours, and [`views`] puts them together.
//!
//! Any number of processes may work on one store: every commit is one create-only PUT.
#![forbid(unsafe_code)]

pub mod access;
pub mod asked;
mod books;
pub mod commands;
pub mod compact;
pub mod config;
mod curated;
pub mod elsewhere;
mod engine;
pub mod export;
pub mod flight;
pub mod format;
pub mod friction;
pub mod keep;
mod lake;
pub mod limits;
pub mod listen;
mod merge;
pub mod postgres;
mod progress;
mod prompt;
pub mod providers;
pub mod query;
mod replay;
pub mod reports;
pub mod serve;
mod shard;
pub mod show;
pub mod sql;
mod store;
pub mod tables;
pub mod verify;
pub mod views;
pub mod watch;

pub use engine::{Resources, operation, passing_on};
pub use lake::Lake;
pub use landing::Store;
pub use shard::Shard;
