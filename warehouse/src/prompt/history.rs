//! What was typed before: a file of the user's own, in the folder for such state (XDG Base Directory Specification).

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// Statements that are remembered.
pub(super) const HISTORY_STATEMENTS_MAX: usize = 1_000;
/// A longer one is not: nobody types it.
pub(super) const HISTORY_STATEMENT_BYTES_MAX: usize = 8 << 10;

/// The file, in a folder that is there; none where nobody's folder is known, or it cannot be made.
pub(super) fn file() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    let folder = state.join("customer-telemetry");
    // Statements may name people.
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    Some(folder.join("sql_history"))
}
