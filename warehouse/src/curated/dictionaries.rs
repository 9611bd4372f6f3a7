//! Whom the row groups of a file name: by the dictionaries of their visitors and their tabs, and the bounds of the latter. That is kept
//! of many files, since each round of a compaction asks all files of a store: a footer with its page index takes a hundred times as
//! much in memory, and to read it again, or the dictionaries, cost more than what is looked up.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader, RowGroupMetaData};
use datafusion::parquet::file::statistics::Statistics;

use crate::curated::file::ScanFile;
use crate::curated::scan::FOOTER_BYTES;
use crate::limits::{DICTIONARIES_KNOWN_MAX, NAMES_KNOWN_MAX};

/// Of one row group.
#[derive(Debug)]
pub(crate) struct Group {
    /// None: the column has rows that its dictionary does not tell, or there is no such column.
    pub visitors: Option<Dictionary>,
    pub tabs: Option<Dictionary>,
    /// Least and greatest tab, where they are told. Long ones may be cut, the greatest then so that it is greater.
    pub tab_bounds: Option<(String, String)>,
}

/// A column's chunk, and the bytes of the file that hold its dictionary, which has all of its texts.
#[derive(Debug)]
pub(crate) struct Dictionary {
    pub column: ColumnChunkMetaData,
    pub range: Range<u64>,
    names: OnceLock<Box<[u128]>>,
}

type Known = HashMap<(String, String), Arc<[Group]>>;

/// Those of files that were read, by the site that they were asked of and their keys: a file never changes.
#[derive(Debug, Default)]
pub(crate) struct Dictionaries {
    known: Mutex<Known>,
    /// How many hashes they have kept.
    names: AtomicUsize,
}

impl Dictionaries {
    /// Of a file whose footer was read before.
    pub(crate) fn known(&self, file: &ScanFile, site_id: &str) -> Option<Arc<[Group]>> {
        self.lock().get(&(site_id.to_owned(), file.key.clone())).cloned()
    }

    pub(crate) async fn of(
        &self,
        file: &ScanFile,
        site_id: &str,
        reader: &mut Box<dyn AsyncFileReader>,
    ) -> Result<Arc<[Group]>> {
        if let Some(groups) = self.known(file, site_id) {
            return Ok(groups);
        }
        let footer = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_BYTES));
        let footer = footer.load_and_finish(reader, file.bytes).await?;
        let groups: Arc<[Group]> = footer.row_groups().iter().map(Group::of).collect();
        let mut known = self.lock();
        if known.len() >= DICTIONARIES_KNOWN_MAX {
            known.clear();
            self.names.store(0, Ordering::Relaxed);
        }
        known.insert((site_id.to_owned(), file.key.clone()), groups.clone());
        Ok(groups)
    }

    /// Keeps the hashes of a dictionary's texts, while there is room for them.
    pub(crate) fn keep(&self, dictionary: &Dictionary, names: Vec<u128>) {
        let with_these = |kept: usize| Some(kept + names.len()).filter(|all| *all <= NAMES_KNOWN_MAX);
        if self.names.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with_these).is_ok() {
            // Whoever was first has read the same.
            let _ = dictionary.names.set(names.into());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    fn of(group: &RowGroupMetaData) -> Self {
        Self {
            visitors: column(group, "visitor_id").and_then(Dictionary::of),
            tabs: column(group, "tab_id").and_then(Dictionary::of),
            tab_bounds: column(group, "tab_id").and_then(bounds),
        }
    }
}

impl Dictionary {
    fn of(column: &ColumnChunkMetaData) -> Option<Self> {
        column.page_encoding_stats_mask().filter(|pages| pages.is_only(Encoding::RLE_DICTIONARY))?;
        let from = u64::try_from(column.dictionary_page_offset()?).ok()?;
        let to = u64::try_from(column.data_page_offset()).ok()?;
        (from < to).then(|| Self { column: column.clone(), range: from..to, names: OnceLock::new() })
    }

    /// Hashes of its texts, each with the site, if they are kept.
    pub(crate) fn names(&self) -> Option<&[u128]> {
        self.names.get().map(AsRef::as_ref)
    }
}

fn column<'a>(group: &'a RowGroupMetaData, name: &str) -> Option<&'a ColumnChunkMetaData> {
    group.columns().iter().find(|column| column.column_path().string() == name)
}

fn bounds(column: &ColumnChunkMetaData) -> Option<(String, String)> {
    match column.statistics().filter(|of| !of.is_min_max_deprecated())? {
        Statistics::ByteArray(of) => {
            let (least, greatest) = (of.min_opt()?.as_utf8().ok()?, of.max_opt()?.as_utf8().ok()?);
            Some((least.to_owned(), greatest.to_owned()))
        }
        _ => None,
    }
}
