//! How large the tables are that a contender made: what is in them, and what was written until they were so.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::delta::Files;
use crate::files::files_below;

/// The tables of the goal in bytes an event, which was set when there were no others.
pub(super) const OF_GOAL: [&str; 5] = ["events", "pointer", "sessions", "page_views", "ledger"];

/// Bytes of Parquet files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// All that were written, replaced ones too: `maintain` removes those when no reader can need them any more.
    pub written: u64,
    /// Those that the tables consist of.
    pub kept: u64,
    /// Of each table that has a Delta log.
    tables: BTreeMap<String, u64>,
}

impl Size {
    /// Of the tables in a folder; without Delta logs all that was written is kept.
    pub(super) fn below(folder: &Path) -> Result<Self> {
        let files = files_below(folder, "parquet")?;
        let written = files.iter().map(|path| Ok(fs::metadata(path)?.len())).sum::<Result<u64>>()?;
        let mut tables = BTreeMap::new();
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let table = entry?.path();
            if table.join("_delta_log").is_dir() {
                let name = table.file_name().context("a folder in a folder has a name")?;
                tables.insert(name.to_string_lossy().into_owned(), Files::of(&table)?.kept.values().sum());
            }
        }
        let kept = if tables.is_empty() { written } else { tables.values().sum() };
        Ok(Self { written, kept, tables })
    }

    /// Of the tables of the goal; nothing where one of them has no log.
    pub(super) fn of_goal(&self) -> Option<u64> {
        OF_GOAL.iter().map(|name| self.tables.get(*name)).sum()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test is read where it fails")]
mod tests {
    use super::*;

    #[test]
    fn what_a_commit_has_replaced_is_written_and_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        for name in OF_GOAL {
            let log = folder.path().join(name).join("_delta_log");
            fs::create_dir_all(&log).unwrap();
            for (file, bytes) in [("a", 100), ("b", 30), ("c", 5)] {
                fs::write(folder.path().join(name).join(format!("{file}.parquet")), vec![0; bytes]).unwrap();
            }
            let (first, second) = (
                r#"{"commitInfo":{}}
{"add":{"path":"a.parquet","size":100}}
{"add":{"path":"b.parquet","size":30}}"#,
                r#"{"remove":{"path":"a.parquet","size":100}}
{"add":{"path":"c.parquet","size":5}}"#,
            );
            fs::write(log.join("00000000000000000009.json"), first).unwrap();
            fs::write(log.join("00000000000000000010.json"), second).unwrap();
        }
        let size = Size::below(folder.path()).unwrap();
        assert_eq!((size.written, size.kept, size.of_goal()), (5 * 135, 5 * 35, Some(5 * 35)));
    }

    #[test]
    fn without_logs_all_is_kept_and_without_one_of_the_tables_there_is_no_goal() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("events")).unwrap();
        fs::write(folder.path().join("events/a.parquet"), vec![0; 7]).unwrap();
        let size = Size::below(folder.path()).unwrap();
        assert_eq!((size.written, size.kept, size.of_goal()), (7, 7, None));
        let log = folder.path().join("events/_delta_log");
        fs::create_dir(&log).unwrap();
        fs::write(log.join("00000000000000000000.json"), r#"{"add":{"path":"a.parquet","size":7}}"#).unwrap();
        assert_eq!(Size::below(folder.path()).unwrap().of_goal(), None);
    }
}
