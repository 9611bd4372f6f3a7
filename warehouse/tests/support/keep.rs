//! For the tests of keeping: everything may go at once, and all that lies in a store.

use std::path::{Path, PathBuf};
use std::time::Duration;

use warehouse::Lake;
use warehouse::keep::Keeping;
use warehouse::verify::verify;

/// Nothing is kept for anybody who may still read it.
pub(crate) fn keeping() -> Keeping {
    let none = Duration::ZERO;
    Keeping { landing: none, removed: none, readers_wait: none, ..Keeping::default() }
}

/// Nothing is wrong, and no table waits for anything.
pub(crate) async fn verified(lake: &Lake) {
    let report = verify(lake, |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new(), "{:?}", report.notes);
    assert!(!report.notes.iter().any(|note| note.contains("removal")), "{:?}", report.notes);
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
