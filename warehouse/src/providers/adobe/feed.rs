//! What stands beside the hits of a feed: the names of their columns, and the names of codes.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::{Context, bail, ensure};

use crate::limits::{IMPORT_COLUMNS_MAX, LOOKUP_BYTES_MAX};
use crate::providers::source::open;
use crate::tables::adobe_hits::NAMED;

const HEADERS: &str = "column_headers.tsv";
/// Names of the numbers in `event_list`.
pub(super) const EVENTS: &str = "event.tsv";
/// Look-ups of a feed whose columns the table has not.
const UNUSED: [&str; 4] = ["browser_type.tsv", "color_depth.tsv", "javascript_version.tsv", "plugins.tsv"];

/// The header and the look-ups of a feed.
#[derive(Debug)]
pub(super) struct Feed {
    pub columns: Vec<String>,
    /// Look-ups by the name of their file.
    names: HashMap<&'static str, HashMap<String, String>>,
}

/// Whether a file is part of a feed, and holds no hits.
pub(in crate::providers) fn is_side_file(path: &Path) -> bool {
    let lookups = lookups().chain(UNUSED).chain([HEADERS]);
    lookups.into_iter().any(|name| is_named(path, name))
}

impl Feed {
    /// Of a file of hits.
    pub(super) fn of(hits: &Path, sides: &[&PathBuf]) -> anyhow::Result<Self> {
        let folder = hits.parent().unwrap_or(Path::new(""));
        let find = |name: &str| {
            let given = sides.iter().find(|side| is_named(side, name)).map(|side| side.to_path_buf());
            let beside = [name.to_owned(), format!("{name}.gz")].map(|name| folder.join(name));
            given.or_else(|| beside.into_iter().find(|path| path.is_file()))
        };
        let Some(headers) = find(HEADERS) else {
            bail!("{HEADERS} is missing: it belongs to the feed; put it beside the hits, or give it as well")
        };
        let mut left = LOOKUP_BYTES_MAX;
        let columns = read(&headers, &mut left)?;
        let columns: Vec<String> =
            columns.lines().next().unwrap_or_default().split('\t').map(|name| name.trim().to_lowercase()).collect();
        ensure!(
            columns.len() <= IMPORT_COLUMNS_MAX,
            "{}: {} columns are more than {IMPORT_COLUMNS_MAX}",
            headers.display(),
            columns.len()
        );
        ensure!(
            columns.iter().any(|name| name == "hit_time_gmt"),
            "{}: it has no column hit_time_gmt, without which no hit has a time; add it to the feed",
            headers.display()
        );
        let mut names = HashMap::new();
        for name in lookups() {
            if let Some(path) = find(name) {
                names.insert(name, lookup(&read(&path, &mut left)?));
            }
        }
        Ok(Self { columns, names })
    }

    /// What a look-up calls a code.
    pub(super) fn name(&self, lookup: &str, code: &str) -> Option<&str> {
        self.names.get(lookup)?.get(code).map(String::as_str)
    }
}

fn lookups() -> impl Iterator<Item = &'static str> {
    NAMED.iter().map(|(_, _, lookup)| *lookup).chain([EVENTS])
}

/// `browser.tsv`, `browser.tsv.gz`, or either with the report suite and the day in front, as in `suite_2026-11-20-browser.tsv`.
fn is_named(path: &Path, name: &str) -> bool {
    let Some(own) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let own = own.strip_suffix(".gz").unwrap_or(own);
    own.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
}

/// The whole file, as long as there are bytes left.
fn read(path: &Path, left: &mut u64) -> anyhow::Result<String> {
    let source = open(path, &Arc::new(AtomicU64::new(0)))?;
    let mut bytes = Vec::new();
    source.take(*left + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    *left = left.checked_sub(bytes.len() as u64).with_context(|| {
        format!("{}: header and look-ups are larger than {LOOKUP_BYTES_MAX} bytes together", path.display())
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn lookup(text: &str) -> HashMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    pairs.map(|(code, name)| (code.to_owned(), name.trim().to_owned())).collect()
}
