//! Rows to a Parquet file ([`LandingFile`]), and a file with its state to a link ([`flush`]).

mod file;
mod flush;

pub use file::LandingFile;
pub use flush::{FlushError, PendingLink, flush};

#[cfg(test)]
mod tests;
