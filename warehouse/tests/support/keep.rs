//! For the tests of keeping: everything may go at once, and all that lies in a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use object_store::ObjectStore;
use testkit::store::{Fault, FaultyStore};
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

/// A store from whose `n`th change on, before or after that is done, no change comes through any more, as after a kill. And whether
/// it came so far.
pub(crate) fn killed_at(objects: Arc<dyn ObjectStore>, n: usize, fault: Fault) -> (Arc<FaultyStore>, Arc<AtomicBool>) {
    let reached = Arc::new(AtomicBool::new(false));
    let told = reached.clone();
    let faulty = FaultyStore::of_changes(objects, move |change, _| {
        told.fetch_or(change >= n, Ordering::SeqCst);
        match change.cmp(&n) {
            std::cmp::Ordering::Less => Fault::None,
            std::cmp::Ordering::Equal => fault,
            std::cmp::Ordering::Greater => Fault::Before,
        }
    });
    (faulty, reached)
}

/// A store, and how many changes it has seen.
pub(crate) fn counting(objects: Arc<dyn ObjectStore>) -> (Arc<FaultyStore>, Arc<AtomicUsize>) {
    let changes = Arc::new(AtomicUsize::new(0));
    let counted = changes.clone();
    let counting = FaultyStore::of_changes(objects, move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        Fault::None
    });
    (counting, changes)
}
