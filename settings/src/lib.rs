//! How a process is configured: a TOML file, then the environment, then flags; the later one wins. Every mistake is found
//! before anything connects, is told with where the value came from, and ends the process with exit code 2. What may be
//! a secret is in one list and is never shown. Beside it what else processes have alike: their logs, and how they are ended.
//!
//! ```text
//! Layers::file ▸ Layers::environment ▸ Layers::flag ▸ Layers::read ▸ the process's own checks ▸ Mistakes::none
//! ```
#![forbid(unsafe_code)]

mod layers;
mod logs;
mod mistakes;
mod read;
mod secret;
mod stop;

pub use layers::{Layers, environment};
pub use logs::Logs;
pub use mistakes::{Mistakes, Wrong};
pub use secret::{hidden, is_secret, without_password};
pub use stop::{stop_on_signal, stop_on_terminate};
