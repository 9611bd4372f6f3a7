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
type IsWanted<'a> = &'a (dyn Fn(&Key) -> bool + Sync);

/// A row group's dictionary, and who of it is wanted.
struct Asked<'a> {
    place: usize,
    dictionary: &'a Dictionary,
    is_wanted: IsWanted<'a>,
}

/// Places of the row groups that may hold a wanted row.
pub(super) async fn groups_of(
    reader: &mut dyn AsyncFileReader,
    dictionaries: &Dictionaries,
    all: &[Group],
    wanted: &Wanted,
    site_id: &str,
) -> Result<Vec<usize>> {
    let is_visitor: IsWanted<'_> = &|visitor| wanted.visitors.contains_key(visitor);
    let is_tab: IsWanted<'_> = &|tab| wanted.tabs.hold(tab);
    let mut groups = Vec::new();
    let mut unread = Vec::new();
    for (place, group) in all.iter().enumerate() {
        let visitors = (!wanted.visitors.is_empty()).then_some((&group.visitors, is_visitor));
        let tabs = may_hold(group, wanted, site_id).then_some((&group.tabs, is_tab));
        for (dictionary, is_wanted) in visitors.into_iter().chain(tabs) {
            let names = dictionary.as_ref().map(|dictionary| (dictionary, dictionary.names()));
            match names {
                Some((dictionary, None)) => unread.push(Asked { place, dictionary, is_wanted }),
                Some((_, Some(names))) if !names.iter().any(is_wanted) => {}
                // What has no dictionary may be anybody's.
                _ => groups.push(place),
            }
        }
    }
    unread.retain(|asked| !groups.contains(&asked.place));
    if !unread.is_empty() {
        let pages = reader.get_byte_ranges(unread.iter().map(|asked| asked.dictionary.range.clone()).collect()).await?;
        for (Asked { place, dictionary, is_wanted }, page) in unread.into_iter().zip(pages) {
            let names = names_in(&dictionary.column, page, site_id)?;
            if names.as_ref().is_none_or(|names| names.iter().any(is_wanted)) {
                groups.push(place);
            }
            names.into_iter().for_each(|names| dictionaries.keep(dictionary, names));
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
