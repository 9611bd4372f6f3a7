//! Which visitors and tabs a row group names, by the dictionary of its column alone: most row groups of a large store name
//! none that is wanted, and are not read. Nor is the dictionary of tabs, where all that are wanted lie outside of its bounds: ids that a
//! browser makes begin with the time, so those of a month ago are less than those of today. What a dictionary names is kept.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::column::page::{Page, PageReader};
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::serialized_reader::SerializedPageReader;

use super::wanted::Wanted;
use crate::curated::dictionaries::{Dictionaries, Dictionary, Group};
use crate::merge::visitors::{Key, key};

/// Whether a visitor or a tab is wanted.
type IsWanted = fn(&Wanted, &Key) -> bool;

/// A row group's dictionary that nobody has read yet.
struct Unread<'a> {
    place: usize,
    dictionary: &'a Dictionary,
    is_wanted: IsWanted,
}

/// Whether a file may have a wanted row, as far as it is known without reading of it.
pub(super) fn may_have(all: &[Group], wanted: &Wanted, site_id: &str) -> bool {
    let (groups, unread) = asked(all, wanted, site_id);
    !(groups.is_empty() && unread.is_empty())
}

/// Places of the row groups that may hold a wanted row.
pub(super) async fn groups_of(
    reader: &mut dyn AsyncFileReader,
    dictionaries: &Dictionaries,
    all: &[Group],
    wanted: &Wanted,
    site_id: &str,
) -> Result<Vec<usize>> {
    let (mut groups, mut unread) = asked(all, wanted, site_id);
    unread.retain(|Unread { place, .. }| !groups.contains(place));
    if !unread.is_empty() {
        let ranges = unread.iter().map(|Unread { dictionary, .. }| dictionary.range.clone()).collect();
        for (Unread { place, dictionary, is_wanted }, page) in unread.iter().zip(reader.get_byte_ranges(ranges).await?)
        {
            let names = names_in(&dictionary.column, page, site_id)?;
            if names.as_ref().is_none_or(|names| names.iter().any(|name| is_wanted(wanted, name))) {
                groups.push(*place);
            }
            names.into_iter().for_each(|names| dictionaries.keep(dictionary, names));
        }
    }
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}

/// Places of the row groups that may hold a wanted row, by the names that are kept, and the dictionaries of which none are.
fn asked<'a>(all: &'a [Group], wanted: &Wanted, site_id: &str) -> (Vec<usize>, Vec<Unread<'a>>) {
    let is_visitor: IsWanted = |wanted, visitor| wanted.visitors.contains_key(visitor);
    let is_tab: IsWanted = |wanted, tab| wanted.tabs.hold(tab);
    let (mut groups, mut unread) = (Vec::new(), Vec::new());
    for (place, group) in all.iter().enumerate() {
        let visitors = (!wanted.visitors.is_empty()).then_some((&group.visitors, is_visitor));
        let tabs = may_hold(group, wanted, site_id).then_some((&group.tabs, is_tab));
        for (dictionary, is_wanted) in visitors.into_iter().chain(tabs) {
            match dictionary.as_ref().map(|dictionary| (dictionary, dictionary.names())) {
                Some((dictionary, None)) => unread.push(Unread { place, dictionary, is_wanted }),
                Some((_, Some(names))) if !names.iter().any(|name| is_wanted(wanted, name)) => {}
                // What has no dictionary may be anybody's.
                _ => groups.push(place),
            }
        }
    }
    (groups, unread)
}

/// Whether one of the wanted tabs lies within the bounds of the row group's.
fn may_hold(group: &Group, wanted: &Wanted, site_id: &str) -> bool {
    match &group.tab_bounds {
        Some((least, greatest)) => wanted.tabs.any_between(site_id, least, greatest),
        None => !wanted.tabs.is_empty(),
    }
}

/// Hashes of the site with each text of a dictionary's page; none where it is not such a page.
fn names_in(column: &ColumnChunkMetaData, page: Bytes, site_id: &str) -> Result<Option<Vec<Key>>> {
    let bytes = i64::try_from(page.len()).map_err(|error| ParquetError::External(error.into()))?;
    let alone = column.clone().into_builder();
    let alone = alone.set_dictionary_page_offset(Some(0)).set_data_page_offset(bytes).set_total_compressed_size(bytes);
    let mut pages = SerializedPageReader::new(Arc::new(page), &alone.build()?, 0, None)?;
    let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()? else { return Ok(None) };
    let mut rest = buf.as_ref();
    Ok((0..num_values).map(|_| next_text(&mut rest).map(|text| key(&[site_id, text]))).collect())
}

/// The next of some texts that stand one behind the other, each after its length (Parquet: PLAIN).
fn next_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (text, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}
