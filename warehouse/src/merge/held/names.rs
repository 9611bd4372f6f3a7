//! Which visitors and tabs a row group names, by the dictionary of its column alone: most row groups of a large store name
//! none that is wanted, and are not read. Nor is the dictionary of tabs, where all that are wanted lie outside of its bounds: ids that a
//! browser makes begin with the time, so those of a month ago are less than those of today.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::column::page::{Page, PageReader};
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::serialized_reader::SerializedPageReader;

use super::wanted::Wanted;
use crate::curated::dictionaries::Group;
use crate::merge::visitors::{Key, key};

/// Whether a visitor or a tab is wanted.
type Asked<'a> = &'a (dyn Fn(&Key) -> bool + Sync);

/// Places of the row groups that may hold a wanted row.
pub(super) async fn groups_of(
    reader: &mut dyn AsyncFileReader,
    all: &[Group],
    wanted: &Wanted,
    site_id: &str,
) -> Result<Vec<usize>> {
    let is_visitor: Asked<'_> = &|visitor| wanted.visitors.contains_key(visitor);
    let is_tab: Asked<'_> = &|tab| wanted.tabs.hold(tab);
    let mut groups = Vec::new();
    let mut told = Vec::new();
    for (place, group) in all.iter().enumerate() {
        let asked = [
            (!wanted.visitors.is_empty()).then_some((&group.visitors, is_visitor)),
            may_hold(group, wanted, site_id).then_some((&group.tabs, is_tab)),
        ];
        let columns = asked.into_iter().flatten().map(|(dictionary, known)| Some((dictionary.as_ref()?, known)));
        match columns.collect::<Option<Vec<_>>>() {
            Some(columns) => told.extend(columns.into_iter().map(|(dictionary, known)| (place, dictionary, known))),
            None => groups.push(place),
        }
    }
    let ranges = told.iter().map(|(_, dictionary, _)| dictionary.range.clone()).collect();
    let pages = reader.get_byte_ranges(ranges).await?;
    for ((place, dictionary, known), page) in told.into_iter().zip(pages) {
        if groups.last() != Some(&place) && names_some(&dictionary.column, page, known, site_id)? {
            groups.push(place);
        }
    }
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}

/// Whether one of the wanted tabs lies within the bounds of the row group's.
fn may_hold(group: &Group, wanted: &Wanted, site_id: &str) -> bool {
    match &group.tab_bounds {
        Some((least, greatest)) => wanted.tabs.any_between(site_id, least, greatest),
        None => !wanted.tabs.is_empty(),
    }
}

/// Whether a dictionary's page names one of those that are known together with their site.
fn names_some(column: &ColumnChunkMetaData, page: Bytes, known: Asked<'_>, site_id: &str) -> Result<bool> {
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
