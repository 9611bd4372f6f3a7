//! Keeping data: `maintain` removes what is not needed any more, `erase` a visitor.
//!
//! ```text
//! seal       a link's landing rows are in the table, event by event: into the books, and its files may go
//! removal    rows out of events, with the books in the same commit; then out of every table that follows from it
//! rewrite    files of a table again, without some rows, in order
//! leftovers  files that no version and no link needs, when nobody can read them any more
//! recordings the same for the tables that come of another topic, whose payloads are copied and never changed
//! imports    the same for other providers' exports, which no landing file proves
//! ```
//!
//! Every step can be repeated: whoever is killed between two of them leaves a store that is right, with files that are not
//! needed, or with tables that wait for a removal (`verify` says so); the next run finds what is left to do by itself. No step
//! writes down whom it erases.

mod dated;
mod erase;
mod find;
mod imports;
mod leftovers;
mod maintain;
mod optimize;
mod recordings;
mod removal;
mod retention;
mod rewrite;
mod seal;
mod zone;

pub use erase::{Erased, erase};
pub use maintain::{Plan, apply, every, plan};
pub use retention::Retention;

use std::time::Duration;

use crate::limits::{LANDING_KEPT, READERS_WAIT, REMOVED_KEPT};

/// How long things stay.
#[derive(Clone, Debug)]
pub struct Keeping {
    pub retention: Retention,
    /// Landing files, after their link was written: until then whoever wants to can read them.
    pub landing: Duration,
    /// Files of tables that no version names any more, for readers of older versions.
    pub removed: Duration,
    /// Statements that run when files are to be deleted get so long to end.
    pub readers_wait: Duration,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            landing: LANDING_KEPT,
            removed: REMOVED_KEPT,
            readers_wait: READERS_WAIT,
        }
    }
}

/// Rows that were removed of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    pub table: &'static str,
    pub rows: u64,
    /// Files that held them.
    pub files: u64,
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
