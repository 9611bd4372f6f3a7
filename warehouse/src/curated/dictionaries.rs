//! Where the row groups of a file name their visitors and their tabs: by the dictionaries of these two columns, and the bounds of the
//! latter. That is kept of many files, since each round of a compaction asks all files of a store: a footer with its page index takes a
//! hundred times as much in memory, and to read it again cost more than what is looked up.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader, RowGroupMetaData};
use datafusion::parquet::file::statistics::Statistics;

use crate::curated::file::ScanFile;
use crate::curated::scan::FOOTER_BYTES;
use crate::limits::DICTIONARIES_KNOWN_MAX;

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
}

/// Those of files that were read, by their keys: a file never changes.
#[derive(Debug, Default)]
pub(crate) struct Dictionaries(Mutex<HashMap<String, Arc<[Group]>>>);

impl Dictionaries {
    pub(crate) async fn of(&self, file: &ScanFile, reader: &mut Box<dyn AsyncFileReader>) -> Result<Arc<[Group]>> {
        if let Some(groups) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&file.key) {
            return Ok(groups.clone());
        }
        let footer = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_BYTES));
        let footer = footer.load_and_finish(reader, file.bytes).await?;
        let groups: Arc<[Group]> = footer.row_groups().iter().map(Group::of).collect();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= DICTIONARIES_KNOWN_MAX {
            known.clear();
        }
        known.insert(file.key.clone(), groups.clone());
        Ok(groups)
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
        (from < to).then(|| Self { column: column.clone(), range: from..to })
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
