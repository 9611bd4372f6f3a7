//! Which visitors and tabs a row group names, by the dictionary of its column alone: most row groups of a large store name
//! none that is wanted, and are not read.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::column::page::{Page, PageReader};
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use datafusion::parquet::file::serialized_reader::SerializedPageReader;

use super::wanted::Wanted;
use crate::merge::visitors::{Key, key};

/// Places of the row groups that may hold a wanted row.
pub(super) async fn groups_of(
    reader: &mut dyn AsyncFileReader,
    metadata: &ArrowReaderMetadata,
    wanted: &Wanted,
    site_id: &str,
) -> Result<Vec<usize>> {
    let asked = [("visitor_id", &wanted.visitors), ("tab_id", &wanted.tabs)];
    let asked: Vec<_> = asked.into_iter().filter(|(_, known)| !known.is_empty()).collect();
    let mut groups = Vec::new();
    let mut told = Vec::new();
    for (place, group) in metadata.metadata().row_groups().iter().enumerate() {
        let columns = asked.iter().map(|(name, known)| Some((dictionary(group, name)?, *known)));
        match columns.collect::<Option<Vec<_>>>() {
            Some(columns) => told.extend(columns.into_iter().map(|(column, known)| (place, column, known))),
            None => groups.push(place),
        }
    }
    let pages = reader.get_byte_ranges(told.iter().map(|(_, (_, range), _)| range.clone()).collect()).await?;
    for ((place, (column, _), known), page) in told.into_iter().zip(pages) {
        if groups.last() != Some(&place) && names_some(column, page, known, site_id)? {
            groups.push(place);
        }
    }
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}

/// The column and where its dictionary is, if that holds all of its texts.
fn dictionary<'a>(group: &'a RowGroupMetaData, name: &str) -> Option<(&'a ColumnChunkMetaData, Range<u64>)> {
    let column = group.columns().iter().find(|column| column.column_path().string() == name)?;
    column.page_encoding_stats_mask().filter(|pages| pages.is_only(Encoding::RLE_DICTIONARY))?;
    let from = u64::try_from(column.dictionary_page_offset()?).ok()?;
    let to = u64::try_from(column.data_page_offset()).ok()?;
    (from < to).then_some((column, from..to))
}

/// Whether a dictionary's page names one of those that are known together with their site.
fn names_some(
    column: &ColumnChunkMetaData,
    page: Bytes,
    known: &Arc<HashMap<Key, i64>>,
    site_id: &str,
) -> Result<bool> {
    let bytes = i64::try_from(page.len()).map_err(|error| ParquetError::External(error.into()))?;
    let alone = column.clone().into_builder();
    let alone = alone.set_dictionary_page_offset(Some(0)).set_data_page_offset(bytes).set_total_compressed_size(bytes);
    let mut pages = SerializedPageReader::new(Arc::new(page), &alone.build()?, 0, None)?;
    let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()? else { return Ok(true) };
    let mut rest = buf.as_ref();
    for _ in 0..num_values {
        let Some(text) = next_text(&mut rest) else { return Ok(true) };
        if known.contains_key(&key(&[site_id, text])) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The next of some texts that stand one behind the other, each after its length (Parquet: PLAIN).
fn next_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (text, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}
