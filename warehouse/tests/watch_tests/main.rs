//! Recordings over HTTP: what is asked, what is missing, whose it is, and what is hostile.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod alike;
mod asked;
mod browser;
mod hostile;
mod missing;
mod served;
#[path = "../support/mod.rs"]
mod support;
