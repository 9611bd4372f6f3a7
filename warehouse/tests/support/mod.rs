//! What the tests share: a landing zone ([`zone`]), and questions about what became of it ([`answers`]).
#![allow(dead_code, reason = "each test binary uses its own part")]

mod answers;
pub(crate) mod events;
pub(crate) mod exports;
pub(crate) mod flight;
pub(crate) mod keep;
pub(crate) mod postgres;
pub(crate) mod recordings;
pub(crate) mod server;
pub(crate) mod visits;
mod zone;

use std::path::PathBuf;

#[allow(unused_imports, reason = "each test binary uses its own part")]
pub(crate) use answers::{everything, number, rows};
#[allow(unused_imports, reason = "each test binary uses its own part")]
pub(crate) use zone::{Event, HOUR, Landing, MINUTE, NOON, SECOND, SITE, Tab, parquet, traffic, visit, write};

/// One tab with ten clicks and ten trails, a second between each.
pub(crate) fn landed() -> Landing {
    let mut landing = Landing::new();
    let mut tab = Tab::new("v1", "t1");
    let events: Vec<_> =
        (0..20).map(|step| tab.event(if step % 2 == 0 { "click" } else { "pointer" }, NOON + step * SECOND)).collect();
    landing.land(&events);
    landing
}

/// Data files of a curated table.
pub(crate) fn curated_files(landing: &Landing, table: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![landing.path().join("warehouse").join(table)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().unwrap() != "_delta_log" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
