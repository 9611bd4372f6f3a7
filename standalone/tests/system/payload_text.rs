//! Recorded payloads as text: they are compressed, and one may lie in parts, in several rows and files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// The column that holds them.
pub(crate) const PAYLOAD: &str = "payload";

/// What a payload is a part of: in one folder, by page view and chunk, or an asset by its hash.
type Whole = (PathBuf, [String; 3]);

/// Payloads of all files of a search.
#[derive(Default)]
pub(crate) struct Payloads {
    parts: BTreeMap<Whole, BTreeMap<i64, Vec<u8>>>,
}

impl Payloads {
    /// Takes the payloads of some rows, if they have any.
    pub(crate) fn take(&mut self, path: &Path, batch: &RecordBatch) {
        let Some(payloads) = batch.column_by_name(PAYLOAD) else { return };
        let folder = path.parent().expect("a file lies in a folder").to_owned();
        let options = FormatOptions::default();
        let text = |name: &str, row: usize| match batch.column_by_name(name) {
            Some(column) => ArrayFormatter::try_new(column, &options).expect("a text").value(row).to_string(),
            None => String::new(),
        };
        for (row, payload) in payloads.as_binary::<i32>().iter().enumerate() {
            let whole = ["page_view_id", "chunk_seq", "sha256"].map(|name| text(name, row));
            let part = text("part", row).parse().unwrap_or(0);
            let parts = self.parts.entry((folder.clone(), whole)).or_default();
            parts.insert(part, payload.unwrap_or_default().to_vec());
        }
    }

    /// Folder and name of each payload of which `holds` says so, the parts joined: as it lies there, and inflated.
    pub(crate) fn places(&self, holds: impl Fn(&[u8]) -> bool) -> Vec<String> {
        let mut places = Vec::new();
        for ((folder, whole), parts) in &self.parts {
            let joined = parts.values().flatten().copied().collect::<Vec<_>>();
            if holds(&joined) || holds(&testkit::recorder::inflated(&joined)) {
                places.push(format!("{}: the payload of {}", folder.display(), whole.join(" ")));
            }
        }
        places
    }

    /// How many payloads there are, the parts joined; and how many had parts.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.parts.len(), self.parts.values().filter(|parts| parts.len() > 1).count())
    }
}
