//! What every round of compaction does, whatever the table: takes as many links as fit, writes rows and commits them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::anyhow;
use datafusion::prelude::DataFrame;
use deltalake_core::kernel::Add;
use futures::{StreamExt, TryStreamExt, stream};
use landing::Progress;
use schemas::landing::Link;

use crate::curated::writer::{discard, write};
use crate::curated::{Committed, CuratedFile, Version};
use crate::engine::memory_exhausted;
use crate::lake::Lake;
use crate::lake::sizes::Size;
use crate::limits::{
    BATCH_ROWS, BATCH_ROWS_MIN, PARALLEL_READS, ROUND_BYTES_MAX, ROUND_ROWS_MAX, ROUND_TRIES_MAX, SIZE_CLASS_BITS,
    SMALL_FILE_BYTES, SMALL_FILES_MAX,
};
use crate::tables::Table;

/// With the only part, or as one more.
pub fn add_rows(parts: &mut Vec<DataFrame>, rows: DataFrame) -> anyhow::Result<()> {
    match parts.pop() {
        Some(only) if parts.is_empty() => parts.push(only.union(rows)?),
        last => parts.extend(last.into_iter().chain([rows])),
    }
    Ok(())
}

/// The progress of `base` with the links in it.
pub fn after(base: &Version, links: &[Arc<Link>]) -> Progress {
    let mut progress = base.progress.clone();
    links.iter().for_each(|link| progress.advance(link));
    progress
}

/// Writes the rows, each part sorted by itself, and commits them in the place of the rewritten files.
pub async fn replace(
    lake: &Lake,
    base: &Version,
    rewritten: &[&CuratedFile],
    parts: Vec<DataFrame>,
    links: &[Arc<Link>],
) -> anyhow::Result<Committed> {
    let batch_rows = widest_batch_rows(lake, base, rewritten, links).await?;
    let mut added = Vec::new();
    if let Err(error) = write_parts(lake, base.table, parts, batch_rows, &mut added).await {
        discard(lake.store.objects(), base.table, &added).await;
        return Err(error);
    }
    lake.table(base.table).commit(base, rewritten, added, &after(base, links)).await
}

async fn write_parts(
    lake: &Lake,
    table: Table,
    parts: Vec<DataFrame>,
    batch_rows: usize,
    added: &mut Vec<Add>,
) -> anyhow::Result<()> {
    let (columns, order) = (table.columns().join(", "), table.sort_order());
    for rows in parts {
        let context = lake.engine.session_of(batch_rows);
        context.register_table("rows", rows.into_view())?;
        let sorted = context.sql(&format!("select {columns} from rows order by {order}")).await?;
        added.extend(write(lake.store.objects(), table, sorted).await?.added);
    }
    Ok(())
}

/// Rows of a batch by the widest of the files that are read.
async fn widest_batch_rows(
    lake: &Lake,
    base: &Version,
    rewritten: &[&CuratedFile],
    links: &[Arc<Link>],
) -> anyhow::Result<usize> {
    let mut least = BATCH_ROWS;
    for link in links {
        least = least.min(size(lake, link).await?.batch_rows());
    }
    for file in rewritten {
        let file = base.scan_file(file);
        least = least.min(lake.sizes.of(&file.key, file.bytes).await?.batch_rows());
    }
    Ok((least / lake.shares.of(base.table).parts as usize).max(BATCH_ROWS_MIN))
}

/// The first links within the limits of one round, at least one.
pub async fn bounded(lake: &Lake, table: Table, links: Vec<Arc<Link>>) -> anyhow::Result<Vec<Arc<Link>>> {
    let candidates: Vec<Arc<Link>> = first_links(links, lake.shares.of(table).links_max);
    let sizes: Vec<Size> = stream::iter(candidates.clone())
        .map(|link| async move { size(lake, &link).await })
        .buffered(PARALLEL_READS)
        .try_collect()
        .await?;
    let mut total = 0;
    let within = sizes.iter().take_while(|size| {
        total += size.bytes;
        total <= lake.engine.memory_bytes_max() as u64
    });
    let count = within.count().max(1);
    Ok(candidates.into_iter().take(count).collect())
}

/// By what the links themselves say.
fn first_links(links: Vec<Arc<Link>>, links_max: usize) -> Vec<Arc<Link>> {
    let (mut bytes, mut rows, mut count) = (0, 0, 0);
    for link in links.iter().take(links_max) {
        bytes += link.files.iter().map(|file| file.bytes).sum::<u64>();
        rows += link.files.iter().map(|file| file.rows).sum::<u64>();
        if count > 0 && (bytes > ROUND_BYTES_MAX || rows > ROUND_ROWS_MAX) {
            break;
        }
        count += 1;
    }
    links.into_iter().take(count).collect()
}

async fn size(lake: &Lake, link: &Link) -> anyhow::Result<Size> {
    let mut size = Size::default();
    for file in &link.files {
        size += lake.sizes.of(&file.path, file.bytes).await?;
    }
    Ok(size)
}

/// The next round takes less, if that is what the error asks for and if less can be taken.
pub fn take_less(lake: &Lake, table: Table, links: usize, error: anyhow::Error) -> anyhow::Result<()> {
    let smaller = memory_exhausted(&error).and_then(|_| lake.shares.of(table).smaller(links));
    let Some(smaller) = smaller else { return Err(error) };
    tracing::debug!(table = table.name(), ?smaller, "a round did not fit into memory");
    lake.shares.set(table, smaller);
    Ok(())
}

/// The next round may take more.
pub fn fitted(lake: &Lake, table: Table) {
    lake.shares.set(table, lake.shares.of(table).larger());
}

/// Too many commits in a row were lost.
pub fn running_amok(table: Table) -> anyhow::Error {
    anyhow!(
        "table {}: {ROUND_TRIES_MAX} commits in a row were won by other compactions; is one running amok?",
        table.name()
    )
}

/// The given files, and the small ones of partitions where too many of one size class lie, unless memory is scarce.
pub async fn with_small_files<'a>(
    lake: &Lake,
    base: &'a Version,
    files: impl IntoIterator<Item = usize>,
) -> anyhow::Result<Vec<&'a CuratedFile>> {
    let share = lake.shares.of(base.table);
    let mut chosen: BTreeSet<usize> = files.into_iter().collect();
    let mut classes: HashMap<(&str, i32, u32), Vec<usize>> = HashMap::new();
    let small = |file: &CuratedFile| share.parts == 1 && file.bytes < SMALL_FILE_BYTES;
    for (index, file) in base.files.iter().enumerate().filter(|(_, file)| small(file)) {
        let class = file.bytes.max(1).ilog2() / SIZE_CLASS_BITS;
        classes.entry((&file.site_id, file.event_date, class)).or_default().push(index);
    }
    for files in classes.into_values().filter(|files| files.len() >= SMALL_FILES_MAX) {
        chosen.extend(fitting(lake, base, files).await?);
    }
    Ok(chosen.into_iter().map(|index| &base.files[index]).collect())
}

/// Those of some files whose rows fit into memory together. A file that is small by its bytes may hold rows that are large.
async fn fitting(lake: &Lake, base: &Version, files: Vec<usize>) -> anyhow::Result<Vec<usize>> {
    let mut sized = Vec::with_capacity(files.len());
    for index in files {
        let file = base.scan_file(&base.files[index]);
        sized.push((lake.sizes.of(&file.key, file.bytes).await?.bytes, index));
    }
    Ok(within(sized, lake.engine.memory_bytes_max() as u64))
}

/// The smallest of some `(bytes, index)` that have at most so many bytes together; none when fewer than two do.
fn within(mut sized: Vec<(u64, usize)>, bytes_max: u64) -> Vec<usize> {
    sized.sort_unstable();
    let mut total = 0_u64;
    sized.retain(|(bytes, _)| {
        total = total.saturating_add(*bytes);
        total <= bytes_max
    });
    if sized.len() > 1 { sized.into_iter().map(|(_, index)| index).collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_of_large_rows_are_merged_as_far_as_they_fit() {
        assert_eq!(within(vec![(5, 0), (1, 1), (4, 2), (9, 3)], 10), [1, 2, 0]);
        assert_eq!(within(vec![(5, 0), (5, 1)], 10), [0, 1]);
        assert_eq!(within(vec![(5, 0), (6, 1)], 10), [0_usize; 0], "one alone is not merged");
        assert_eq!(within(vec![(u64::MAX, 0), (u64::MAX, 1), (1, 2)], 10), [0_usize; 0]);
    }
}
