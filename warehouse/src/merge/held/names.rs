//! Which visitors and tabs a row group names, by the dictionary of its column alone: most row groups of a large store name
//! none that is wanted, and are not read. Nor is the dictionary of tabs, where all that are wanted lie outside of its bounds: ids that a
//! browser makes begin with the time, so those of a month ago are less than those of today.

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
use datafusion::parquet::file::statistics::Statistics;

use super::wanted::Wanted;
use crate::merge::visitors::{Key, key};

/// Whether a visitor or a tab is wanted.
type Asked<'a> = &'a (dyn Fn(&Key) -> bool + Sync);

/// Places of the row groups that may hold a wanted row.
pub(super) async fn groups_of(
    reader: &mut dyn AsyncFileReader,
    metadata: &ArrowReaderMetadata,
    wanted: &Wanted,
    site_id: &str,
) -> Result<Vec<usize>> {
    let known: [(&str, Asked<'_>); 2] =
        [("visitor_id", &|visitor| wanted.visitors.contains_key(visitor)), ("tab_id", &|tab| wanted.tabs.hold(tab))];
    let mut groups = Vec::new();
    let mut told = Vec::new();
    for (place, group) in metadata.metadata().row_groups().iter().enumerate() {
        let asked = [!wanted.visitors.is_empty(), may_hold(group, wanted, site_id)];
        let asked = known.iter().zip(asked).filter(|(_, asked)| *asked).map(|(known, _)| known);
        let columns = asked.map(|(name, known)| Some((dictionary(group, name)?, *known)));
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

/// Whether one of the wanted tabs lies within the bounds of the row group's.
fn may_hold(group: &RowGroupMetaData, wanted: &Wanted, site_id: &str) -> bool {
    // Long ones may be cut, the greatest then so that it is greater.
    let bounds = |column: &ColumnChunkMetaData| match column.statistics().filter(|of| !of.is_min_max_deprecated()) {
        Some(Statistics::ByteArray(of)) => Some((of.min_opt()?.clone(), of.max_opt()?.clone())),
        _ => None,
    };
    let bounds = column(group, "tab_id").and_then(bounds);
    match bounds.as_ref().map(|(least, greatest)| (least.as_utf8(), greatest.as_utf8())) {
        Some((Ok(least), Ok(greatest))) => wanted.tabs.any_between(site_id, least, greatest),
        _ => !wanted.tabs.is_empty(),
    }
}

fn column<'a>(group: &'a RowGroupMetaData, name: &str) -> Option<&'a ColumnChunkMetaData> {
    group.columns().iter().find(|column| column.column_path().string() == name)
}

/// The column and where its dictionary is, if that holds all of its texts.
fn dictionary<'a>(group: &'a RowGroupMetaData, name: &str) -> Option<(&'a ColumnChunkMetaData, Range<u64>)> {
    let column = column(group, name)?;
    column.page_encoding_stats_mask().filter(|pages| pages.is_only(Encoding::RLE_DICTIONARY))?;
    let from = u64::try_from(column.dictionary_page_offset()?).ok()?;
    let to = u64::try_from(column.data_page_offset()).ok()?;
    (from < to).then_some((column, from..to))
}

/// Whether a dictionary's page names one of those that are known together with their site.
fn names_some(
    column: &ColumnChunkMetaData,
    page: Bytes,
    known: &(dyn Fn(&Key) -> bool + Sync),
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
        if known(&key(&[site_id, text])) {
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
