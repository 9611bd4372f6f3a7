//! What a Delta log says of the files of its table. Checkpoints are not read: the commits must all be there.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::files::files_below;

/// A file that was added to a table.
#[derive(Debug, Deserialize)]
pub(crate) struct Added {
    /// Below the table's folder.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// The files of a table.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// All that ever were in it, in the order in which they were added.
    pub written: Vec<Added>,
    /// Bytes of those that the last commit leaves, by their paths.
    pub kept: HashMap<String, u64>,
}

/// A line of the log (its other actions are left out).
#[derive(Deserialize)]
struct Action {
    add: Option<Added>,
    remove: Option<Removed>,
}

#[derive(Deserialize)]
struct Removed {
    path: String,
}

impl Files {
    /// Of the table in a folder.
    pub(crate) fn of(table: &Path) -> Result<Self> {
        let mut files = Self::default();
        // The names of commits are their numbers, with zeros before them.
        for commit in files_below(&table.join("_delta_log"), "json")? {
            for line in fs::read_to_string(&commit)?.lines() {
                let action: Action =
                    serde_json::from_str(line).with_context(|| format!("{}: {line}", commit.display()))?;
                if let Some(file) = action.add {
                    files.kept.insert(file.path.clone(), file.size);
                    files.written.push(file);
                }
                if let Some(Removed { path }) = action.remove {
                    files.kept.remove(&path);
                }
            }
        }
        Ok(files)
    }
}
