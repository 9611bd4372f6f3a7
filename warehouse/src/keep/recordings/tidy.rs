//! Small files of days that are over, put together: each payload once in its life.
//!
//! The name of such a file says that it was put together, and it never is again, however small it is. So a payload is written by
//! its round, here at most once more, and by erasures; in a busy store its round fills a file, and it is written once.

use std::collections::BTreeMap;

use anyhow::bail;
use deltalake_core::protocol::DeltaOperation;

use super::super::optimize::Untidy;
use crate::curated::file::Maker;
use crate::curated::{Committed, CuratedFile, Version};
use crate::lake::Lake;
use crate::limits::{FILE_BYTES_MAX, REPLAY_SMALL_BYTES, ROUND_TRIES_MAX};
use crate::replay::rewrite;

/// What there is to put together of the days before `today`.
pub(super) fn untidy(version: &Version, today: i32) -> Vec<Untidy> {
    let mut days: BTreeMap<(&str, i32), Vec<&CuratedFile>> = BTreeMap::new();
    for file in version.files.iter().filter(|file| file.event_date < today && is_small(file)) {
        days.entry((&file.site_id, file.event_date)).or_default().push(file);
    }
    let several = days.into_iter().filter(|(_, files)| files.len() > 1);
    several
        .map(|((site_id, day), files)| Untidy {
            table: version.table,
            site_id: site_id.to_owned(),
            day,
            files: files.len(),
            bytes: files.iter().map(|file| file.bytes.unsigned_abs()).sum(),
        })
        .collect()
}

fn is_small(file: &CuratedFile) -> bool {
    file.bytes.unsigned_abs() < REPLAY_SMALL_BYTES && !file.is_merged()
}

/// Puts them together, as many at a time as one file holds; gives the files before and after.
pub(super) async fn tidy(lake: &Lake, untidy: &Untidy) -> anyhow::Result<(u64, u64)> {
    let (mut before, mut after) = (0, 0);
    loop {
        let Some(files) = tidy_some(lake, untidy).await? else { return Ok((before, after)) };
        before += files;
        after += 1;
    }
}

/// One file of some; how many these were, or `None` when there are no two left.
async fn tidy_some(lake: &Lake, untidy: &Untidy) -> anyhow::Result<Option<u64>> {
    let table = lake.table(untidy.table);
    for _ in 0..ROUND_TRIES_MAX {
        let base = table.newest().await?;
        let of_day = |file: &&CuratedFile| file.site_id == untidy.site_id && file.event_date == untidy.day;
        let small = base.files.iter().filter(of_day).filter(|file| is_small(file)).collect();
        let files = first_that_fit(small);
        if files.len() < 2 {
            return Ok(None);
        }
        let added = rewrite(lake, &base, &files, |_| true, Maker::Merging).await?;
        let operation = DeltaOperation::Optimize { predicate: None, target_size: FILE_BYTES_MAX as i64 };
        if let Committed::Landed(_) = table.keep(&base, (&files, added), &base.kept, operation).await? {
            return Ok(Some(files.len() as u64));
        }
    }
    bail!("files of {:?} cannot be put together: {ROUND_TRIES_MAX} commits in a row were won by others", untidy.table)
}

/// Some files that one holds together, in the order of their names, which is that of their rounds.
fn first_that_fit(mut files: Vec<&CuratedFile>) -> Vec<&CuratedFile> {
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut bytes = 0;
    let fit = files.iter().take_while(|file| {
        bytes += file.bytes.unsigned_abs();
        bytes < FILE_BYTES_MAX as u64
    });
    let count = fit.count();
    files.truncate(count);
    files
}
