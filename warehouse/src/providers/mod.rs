//! Exports of other providers of analytics, taken into tables beside our own.
//!
//! A file's rows are read one by one ([`source`], [`lines`]) and made into cells of the table (`ga4`, `adobe`); they go as a
//! stream through a sort that spills, into files, and into one commit ([`import`](mod@import)). A row that cannot be read is
//! kept aside ([`rejects`]) and ends nothing; a file that cannot be read ends the import, and the table stays as it was.

mod adobe;
mod cells;
mod ga4;
mod import;
mod intake;
mod lines;
mod order;
mod rejects;
mod sink;
mod source;

use clap::ValueEnum;

use crate::tables::{Table, adobe_hits, ga4_events};

pub use import::{Summary, import};
pub use order::Order;

/// Whose export it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Provider {
    /// Google Analytics 4: the BigQuery export
    Ga4,
    /// Adobe Analytics: the data feed
    Adobe,
}

impl Provider {
    /// In names of tables, views and columns.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ga4 => "ga4",
            Self::Adobe => "adobe",
        }
    }

    /// Where its rows are kept.
    pub fn table(self) -> &'static Table {
        match self {
            Self::Ga4 => &ga4_events::TABLE,
            Self::Adobe => &adobe_hits::TABLE,
        }
    }
}
