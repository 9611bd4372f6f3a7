//! Rewrites the files of days that are over, so that a visitor's rows of a day stand in one place: few files, each full, whose
//! visitors follow those of the one before.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::bail;
use datafusion::scalar::ScalarValue;
use deltalake_core::protocol::DeltaOperation;

use super::rewrite::{Going, without};
use crate::curated::file::Maker;
use crate::curated::{Committed, CuratedFile, Version};
use crate::lake::Lake;
use crate::limits::{FILE_BYTES_MAX, OPTIMIZE_BYTES_MAX, ROUND_TRIES_MAX, SMALL_FILE_BYTES};
use crate::tables::Table;

/// Files of one day of a site that are better written again together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Untidy {
    pub table: &'static Table,
    pub site_id: String,
    pub day: i32,
    pub files: usize,
    pub bytes: u64,
}

/// Those of the days before `today`.
pub(super) fn untidy(version: &Version, today: i32) -> Vec<Untidy> {
    let mut days: BTreeMap<(&str, i32), Vec<&CuratedFile>> = BTreeMap::new();
    for file in version.files.iter().filter(|file| file.event_date < today) {
        days.entry((&file.site_id, file.event_date)).or_default().push(file);
    }
    let chosen = days.into_iter().filter_map(|((site_id, day), files)| {
        let files = chosen(version.table, files);
        let bytes = bytes(&files);
        let (table, site_id) = (version.table, site_id.to_owned());
        (!files.is_empty()).then_some(Untidy { table, site_id, day, files: files.len(), bytes })
    });
    chosen.collect()
}

/// Which files of a day are to be written again: all when their visitors overlap, or when several are small; of a day that
/// is too large for that the small ones. What was put together before is as large as it becomes, and is small only by its bytes:
/// a file is full by what its rows take in memory too. A file without a checksum gets one.
fn chosen<'a>(table: &Table, files: Vec<&'a CuratedFile>) -> Vec<&'a CuratedFile> {
    let unsigned = files.iter().any(|file| file.checksum().is_none());
    let is_small = |file: &&CuratedFile| file.bytes < SMALL_FILE_BYTES && !file.is_merged();
    let small = files.iter().copied().filter(|file| is_small(file)).count();
    if !unsigned && small < 2 && !overlap(table, &files) {
        return Vec::new();
    }
    if bytes(&files) <= OPTIMIZE_BYTES_MAX {
        return files;
    }
    let mut few: Vec<&CuratedFile> = files.into_iter().filter(is_small).collect();
    while bytes(&few) > OPTIMIZE_BYTES_MAX {
        few.pop();
    }
    if few.len() > 1 { few } else { Vec::new() }
}

fn bytes(files: &[&CuratedFile]) -> u64 {
    files.iter().map(|file| file.bytes.unsigned_abs()).sum()
}

/// Whether some visitors may be in several files, beside one who is last in one and first in the next.
fn overlap(table: &Table, files: &[&CuratedFile]) -> bool {
    let Ok(column) = table.file_schema().index_of("visitor_id") else { return false };
    let mut bounds: Vec<Option<(ScalarValue, ScalarValue)>> = files.iter().map(|file| file.bounds(column)).collect();
    if files.len() < 2 {
        return false;
    }
    let text = |value: &ScalarValue| value.try_as_str().flatten().unwrap_or_default().to_owned();
    bounds.sort_by_key(|bounds| bounds.as_ref().map(|(least, greatest)| (text(least), text(greatest))));
    bounds.windows(2).any(|pair| match (&pair[0], &pair[1]) {
        (Some((_, greatest)), Some((least, _))) => text(least) < text(greatest),
        _ => true,
    })
}

/// Writes them again; gives the files before and after.
pub(super) async fn tidy(lake: &Lake, untidy: &Untidy) -> anyhow::Result<(u64, u64)> {
    let table = lake.table(untidy.table);
    for _ in 0..ROUND_TRIES_MAX {
        let base: Arc<Version> = table.newest().await?;
        let of_day = base.files.iter().filter(|file| file.site_id == untidy.site_id && file.event_date == untidy.day);
        let files = chosen(untidy.table, of_day.collect());
        if files.is_empty() {
            return Ok((0, 0));
        }
        let added = without(lake, &base, &files, &Going::none(), Maker::Merging).await?;
        let after = added.len() as u64;
        let operation = DeltaOperation::Optimize { predicate: None, target_size: FILE_BYTES_MAX as i64 };
        if let Committed::Landed(_) = table.keep(&base, (&files, added), &base.kept, operation).await? {
            return Ok((files.len() as u64, after));
        }
    }
    bail!("files of {:?} cannot be written again: {ROUND_TRIES_MAX} commits in a row were won by others", untidy.table)
}
