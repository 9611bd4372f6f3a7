//! Rows to a Parquet file ([`LandingFile`]), and a file with its state to a link ([`flush()`]).

mod file;
mod flush;

pub(crate) use file::LandingFile;
pub(crate) use flush::{FlushError, PendingLink, flush};

#[cfg(test)]
mod tests;
