//! One round of a table: takes as many links as fit, writes rows and commits them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::prelude::DataFrame;
use deltalake_core::kernel::Add;
use futures::{StreamExt, stream};
use schemas::landing::Link;

use super::Summary;
use crate::curated::file::{Maker, OpenUntil};
use crate::curated::scan::Scan;
use crate::curated::writer::{discard, write_apart, write_columns};
use crate::curated::{Committed, CuratedFile, Version, Written};
use crate::lake::Lake;
use crate::lake::share::Share;
use crate::lake::sizes::Size;
use crate::limits::{
    BATCH_ROWS, BATCH_ROWS_MIN, FILE_MEMORY_BYTES_MAX, PARALLEL_READS, ROUND_BYTES_MAX, ROUND_REST_PART,
    ROUND_ROWS_MAX, ROW_GROUP_ROWS, SIZE_CLASS_BITS, SMALL_FILE_BYTES, SMALL_FILES_MAX,
};
use crate::merge::held::HeldRows;
use crate::merge::{Effect, Merge, Open, Others};
use crate::tables::{EVENTS, Table};
use landing::Progress;
use landing::check_continues;

/// A version, and the links that it takes in now.
pub(super) struct Round<'a> {
    pub lake: &'a Lake,
    pub base: Arc<Version>,
    /// Of the moment, for a table that follows from them.
    pub events: Option<Arc<Version>>,
    pub links: Vec<Arc<Link>>,
    /// Of each partition that has links beyond these, the newest event of the first.
    ahead: BTreeMap<i32, i64>,
    share: Share,
}

impl<'a> Round<'a> {
    /// Takes the next links of our part, but for partitions that are set aside: of `events` up to the goal, of other tables up to where
    /// `events` is. Before them those of any part up to `first`. `None` when there are none.
    pub(super) async fn open(
        lake: &'a Lake,
        table: &'static Table,
        goal: &Progress,
        (first, is_aside): (&Progress, impl Fn(i32) -> bool),
    ) -> anyhow::Result<Option<Self>> {
        let base = lake.table(table).ready().await?;
        let events = match *table == EVENTS {
            true => None,
            false => Some(lake.table(&EVENTS).newest().await?),
        };
        let goal = events.as_ref().map_or(goal, |events| &events.progress);
        let all = lake.links_after(&base.progress).await?;
        let mut links = all.clone();
        let comes_first = |link: &Link| {
            let wanted = first.get(&link.into());
            wanted.is_some_and(|wanted| (link.incarnation, link.start) <= (wanted.incarnation, wanted.end))
        };
        let is_ours = |partition| lake.shard.owns(partition) && !is_aside(partition);
        links.retain(|link| goal.covers(link) && (is_ours(link.partition) || comes_first(link)));
        check_continues(&base.progress, &links)?;
        links.sort_by_key(|link| !comes_first(link));
        let share = lake.shares.of(table);
        let links = bounded(lake, share, links).await;
        let ahead = ahead(&all, &base.progress.after(&links));
        Ok((!links.is_empty()).then_some(Self { lake, base, events, links, ahead, share }))
    }

    /// Writes what the links change, and commits it: again as it is, while the version that others committed first leaves it
    /// right. Each commit that is refused takes one of the `tries`.
    pub(super) async fn replace(&self, effect: &Effect, tries: &mut usize) -> anyhow::Result<Committed> {
        let newest = effect.open().map(|open| open.newest);
        let changed = effect.changed_files(&self.base).await?.into_iter().collect();
        let groups = self.with_small_files(changed, newest).await?;
        let rewritten = groups.concat();
        let added = match effect.held() {
            Some((merge, landed)) => self.write_held(merge, landed, &rewritten).await?,
            None => self.write_selected(effect, &groups).await?,
        };
        let written = Written { replaced: &rewritten, added, links: &self.links };
        let holds = |newest: Arc<Version>| {
            let rewritten = &rewritten;
            async move { self.holds_on(&newest, rewritten, effect).await }
        };
        self.lake.table(self.base.table).commit_round(&self.base, &written, tries, holds).await
    }

    /// Where the table is after it.
    pub(super) fn goal(&self) -> Progress {
        self.base.progress.after(&self.links)
    }

    pub(super) fn summary(&self, effect: &Effect) -> Summary {
        match effect {
            Effect::OnEvents(merge) if *self.base.table == EVENTS => Summary {
                links: self.links.len() as u64,
                events: merge.events(),
                sessions_corrected: merge.disagreements(),
                frames: 0,
                commits: 1,
            },
            _ => Summary { commits: 1, ..Summary::default() },
        }
    }

    /// Reads the links' rows, unless they are taken in parts because they did not fit.
    pub(super) async fn held(&self) -> anyhow::Result<Option<HeldRows>> {
        if self.share.parts > 1 {
            return Ok(None);
        }
        let (objects, engine) = (self.lake.store.objects(), &self.lake.engine);
        let memory = engine.reserved("landed rows");
        Ok(Some(HeldRows::landed(objects, &self.links, memory, engine.partitions()).await?))
    }

    /// Writes rows that are in memory, and those of the files that are written again.
    async fn write_held(
        &self,
        merge: &Merge,
        landed: &HeldRows,
        rewritten: &[&CuratedFile],
    ) -> anyhow::Result<Vec<Add>> {
        let (objects, table) = (self.lake.store.objects(), self.base.table);
        let kept = landed.beside(objects, &self.base, rewritten).await?;
        let ordered = Arc::new(merge.ordered(table, landed, &kept)?);
        let row_bytes = self.sizes(rewritten).await?.into_iter().map(Size::row_bytes).max().unwrap_or(1);
        let group_rows = usize::try_from(FILE_MEMORY_BYTES_MAX / row_bytes)?.clamp(1, ROW_GROUP_ROWS);
        let partitions = ordered.partitions();
        let of = (table, Maker::Round(self.lake.shard));
        write_columns(objects, of, ordered, partitions, group_rows, self.lake.engine.partitions()).await
    }

    /// Computes the rows by selects, and writes them. What stays of the files that are written again stands in files of its own, one
    /// for each group: new rows change in the next rounds, and with them what stands beside them would be written each time. So
    /// would all rows of a day, if those that stay were put together.
    async fn write_selected(&self, effect: &Effect, groups: &[Vec<&CuratedFile>]) -> anyhow::Result<Vec<Add>> {
        let others = self.others().await?;
        let shard = self.lake.shard;
        let mut parts = Vec::new();
        for part in self.share.each_part() {
            let rows = effect.new_rows(&self.base, &others, part).await?;
            parts.push(Piece { rows, maker: Maker::Round(shard), open: effect.open().cloned() });
        }
        for files in groups {
            let rows = effect.kept_rows(&self.base, files).await?;
            parts.push(Piece { rows, maker: Maker::kept(files, shard), open: None });
        }
        // Rows that are in order already would lose it by being spread.
        let partitions = if effect.in_order() { 1 } else { self.lake.engine.partitions() };
        self.write(&groups.concat(), parts, partitions).await
    }

    /// The tables that this one reads, as they are committed.
    async fn others(&self) -> anyhow::Result<Others> {
        let mut others = Others::new();
        for table in self.base.table.reads() {
            others.push((table, Scan::version(&*self.lake.table(table).newest().await?)));
        }
        Ok(others)
    }

    /// Writes the rows, each part sorted by itself.
    async fn write(
        &self,
        rewritten: &[&CuratedFile],
        parts: Vec<Piece>,
        partitions: usize,
    ) -> anyhow::Result<Vec<Add>> {
        let batch_rows = self.widest_batch_rows(rewritten).await?;
        let (objects, table) = (self.lake.store.objects(), self.base.table);
        let (columns, order) = (table.columns().join(", "), table.sort_order);
        let mut added = Vec::new();
        for Piece { rows, maker, open } in parts {
            let written = async {
                let inputs = self.lake.engine.inputs_of(batch_rows, partitions).rows("rows", rows)?;
                let (inputs, column, apart) = match open {
                    Some(open) => (
                        inputs.function(open.function()),
                        format!(", {} as {APART}", Open::HOLDS),
                        Some((APART, Maker::Open(self.lake.shard, self.open_until(&open)))),
                    ),
                    None => (inputs, String::new(), None),
                };
                let sorted = inputs.select(&format!("select {columns}{column} from rows order by {order}")).await?;
                write_apart(objects, (table, maker), sorted, apart).await
            };
            match written.await {
                Ok(written) => added.extend(written.added),
                Err(error) => {
                    discard(objects, table, &added).await;
                    return Err(error);
                }
            }
        }
        Ok(added)
    }

    /// Rows of a batch by the widest of the files that are read.
    async fn widest_batch_rows(&self, rewritten: &[&CuratedFile]) -> anyhow::Result<usize> {
        let least = self.sizes(rewritten).await?.into_iter().map(Size::batch_rows).min().unwrap_or(BATCH_ROWS);
        Ok((least / self.share.parts as usize).max(BATCH_ROWS_MIN))
    }

    /// Of the links, and of the files that are written again.
    async fn sizes(&self, rewritten: &[&CuratedFile]) -> anyhow::Result<Vec<Size>> {
        let mut sizes = Vec::new();
        for link in &self.links {
            sizes.push(size(self.lake, link).await?);
        }
        for file in rewritten {
            let file = self.base.scan_file(file);
            sizes.push(self.lake.sizes.of(&file.key, file.bytes).await?);
        }
        Ok(sizes)
    }

    fn open_until(&self, open: &Open) -> OpenUntil {
        let partition = self.links.first().map(|link| link.partition);
        let alone = |partition: &i32| self.links.iter().all(|link| link.partition == *partition);
        OpenUntil { time: open.until(), partition: partition.filter(alone) }
    }

    /// Whether an event may still continue sessions: one after `newest`, or one of a partition that is taken in after these links, as those
    /// of a backlog are one after the other.
    fn goes_on(&self, until: OpenUntil, newest: Option<i64>) -> bool {
        let of_it = |partition: &i32| until.partition.is_none_or(|own| own == *partition);
        newest.is_none_or(|newest| newest <= until.time)
            || self.ahead.iter().any(|(partition, at)| of_it(partition) && *at <= until.time)
    }

    /// The given files, each by itself, and in groups others that are small, of our part of what lands, where too many of one size
    /// class lie in a partition, unless memory is scarce. Sessions that may still go on would have what stands with them written again
    /// each time, so their files wait. A file with the rows of a row group is not small, however few bytes they
    /// take: it costs a reader no more than a row group of a larger one, and a large day would be written again and again.
    async fn with_small_files(
        &self,
        changed: BTreeSet<usize>,
        newest: Option<i64>,
    ) -> anyhow::Result<Vec<Vec<&CuratedFile>>> {
        let mut classes: HashMap<(&str, i32, u32), Vec<usize>> = HashMap::new();
        let small = |file: &CuratedFile| {
            let of_few_rows = file.rows.is_none_or(|rows| rows < ROW_GROUP_ROWS as u64);
            let open = file.open_until().is_some_and(|until| self.goes_on(until, newest));
            let fits = file.bytes < SMALL_FILE_BYTES && of_few_rows;
            self.share.parts == 1 && fits && !open && file.is_of(self.lake.shard)
        };
        let others = self.base.files.iter().enumerate().filter(|(index, _)| !changed.contains(index));
        for (index, file) in others.filter(|(_, file)| small(file)) {
            let class = file.bytes.max(1).ilog2() / SIZE_CLASS_BITS;
            classes.entry((&file.site_id, file.event_date, class)).or_default().push(index);
        }
        let mut groups: Vec<Vec<&CuratedFile>> = changed.iter().map(|index| vec![&self.base.files[*index]]).collect();
        for files in classes.into_values().filter(|files| files.len() >= SMALL_FILES_MAX) {
            groups.push(self.fitting(files).await?.into_iter().map(|index| &self.base.files[index]).collect());
        }
        groups.retain(|files| !files.is_empty());
        Ok(groups)
    }

    /// Those of some files whose rows fit into half of the memory that is left together: they are ordered and written in the other
    /// half. A file that is small by its bytes may hold rows that are large.
    async fn fitting(&self, files: Vec<usize>) -> anyhow::Result<Vec<usize>> {
        let mut sized = Vec::with_capacity(files.len());
        for index in files {
            let file = self.base.scan_file(&self.base.files[index]);
            sized.push((self.lake.sizes.of(&file.key, file.bytes).await?.bytes, index));
        }
        Ok(within(sized, self.lake.engine.memory_bytes_left() as u64 / 2))
    }
}

/// Says of a row that its session may go on.
const APART: &str = "apart";

/// Rows of a table that follows from sessions, to be written.
struct Piece {
    rows: DataFrame,
    maker: Maker,
    /// Which of their sessions may go on, if that is to be asked.
    open: Option<Arc<Open>>,
}

/// Of each partition that `progress` does not cover to its end, the newest event of the first link that has some.
fn ahead(links: &[Arc<Link>], progress: &Progress) -> BTreeMap<i32, i64> {
    let mut ahead = BTreeMap::new();
    for link in links.iter().filter(|link| !progress.covers(link)) {
        if let Some(newest) = link.files.iter().map(|file| file.occurred_max).max() {
            ahead.entry(link.partition).or_insert(newest);
        }
    }
    ahead
}

/// The first links within the limits of one round, at least one.
async fn bounded(lake: &Lake, share: Share, links: Vec<Arc<Link>>) -> Vec<Arc<Link>> {
    let candidates: Vec<Arc<Link>> = first_links(links, share.links_max);
    // What cannot be read is told when it is to be taken in, so that it is known whose it is.
    let sizes: Vec<Size> = stream::iter(candidates.clone())
        .map(|link| async move { size(lake, &link).await.unwrap_or_default() })
        .buffered(PARALLEL_READS)
        .collect()
        .await;
    candidates.into_iter().take(count_fitting(&sizes, lake.engine.memory_bytes_max() as u64)).collect()
}

/// How many of some links fit, at least one. All, if they take little more: each is said to take what its rows do when they share
/// no texts, and in memory they share them.
fn count_fitting(sizes: &[Size], memory_bytes_max: u64) -> usize {
    let totals: Vec<u64> = sizes
        .iter()
        .scan(0, |total: &mut u64, size| {
            *total = total.saturating_add(size.bytes);
            Some(*total)
        })
        .collect();
    match totals.last() {
        Some(all) if *all <= memory_bytes_max + memory_bytes_max / ROUND_REST_PART => totals.len(),
        _ => totals.iter().filter(|total| **total <= memory_bytes_max).count().max(1),
    }
}

/// By what the links themselves say: as many as a round takes, and those that end the partition if they are few.
fn first_links(mut links: Vec<Arc<Link>>, links_max: usize) -> Vec<Arc<Link>> {
    let (mut bytes, mut rows, mut count) = (0, 0, 0);
    for link in links.iter().take(links_max) {
        bytes += landed_bytes(link);
        rows += link.counts.events;
        if count > 0 && (bytes > ROUND_BYTES_MAX || rows > ROUND_ROWS_MAX) {
            break;
        }
        count += 1;
    }
    let (taken, left) = links.split_at(count);
    let rest = taken.last().map_or(0, |last| rest_of_partition(last, left));
    if count + rest <= links_max {
        count += rest;
    }
    links.truncate(count);
    links
}

/// How many of the links after a round's last one end its partition; none if they are more than a round may take beyond its limits.
fn rest_of_partition(last: &Link, left: &[Arc<Link>]) -> usize {
    let rest = left.split(|link| link.partition != last.partition).next().unwrap_or_default();
    let rows: u64 = rest.iter().map(|link| link.counts.events).sum();
    let bytes: u64 = rest.iter().map(|link| landed_bytes(link)).sum();
    if rows <= ROUND_ROWS_MAX / ROUND_REST_PART && bytes <= ROUND_BYTES_MAX / ROUND_REST_PART { rest.len() } else { 0 }
}

fn landed_bytes(link: &Link) -> u64 {
    link.files.iter().map(|file| file.bytes).sum()
}

async fn size(lake: &Lake, link: &Link) -> anyhow::Result<Size> {
    let mut size = Size::default();
    for file in &link.files {
        size += lake.sizes.of(&file.path, file.bytes).await?;
    }
    Ok(size)
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
    use schemas::landing::LinkCounts;

    use super::*;

    fn link(partition: i32, events: u64) -> Arc<Link> {
        let counts = LinkCounts { events, ..LinkCounts::default() };
        Arc::new(Link { counts, ..testkit::link::link("t", partition, 0, 0..=0) })
    }

    #[test]
    fn a_round_ends_with_the_partition_if_little_of_it_is_left() {
        let taken = |links: &[(i32, u64)], links_max| {
            first_links(links.iter().map(|(partition, events)| link(*partition, *events)).collect(), links_max).len()
        };
        let (most, rest) = (ROUND_ROWS_MAX, ROUND_ROWS_MAX / ROUND_REST_PART);
        assert_eq!(taken(&[(0, most), (0, rest), (1, 1)], 9), 2);
        assert_eq!(taken(&[(0, most), (0, rest - 1), (0, 1), (1, 1)], 9), 3);
        assert_eq!(taken(&[(0, most), (0, rest), (0, 1), (1, 1)], 9), 1, "more than a round takes beyond its limit");
        assert_eq!(taken(&[(0, most), (1, 1)], 9), 1, "nothing is left of it");
        assert_eq!(taken(&[(0, 1), (1, most - 1), (1, 1)], 9), 3);
        assert_eq!(taken(&[(0, most + 1)], 9), 1, "at least one");
        assert_eq!(taken(&[(0, most), (0, 1)], 1), 1, "less is asked for since memory ran out");
        assert_eq!(taken(&[], 9), 0);
    }

    #[test]
    fn links_that_take_little_more_than_there_is_fit() {
        let fit = |sizes: &[u64]| {
            count_fitting(&sizes.iter().map(|bytes| Size { bytes: *bytes, ..Size::default() }).collect::<Vec<_>>(), 100)
        };
        assert_eq!(fit(&[60, 40]), 2);
        assert_eq!(fit(&[60, 40, 25]), 3);
        assert_eq!(fit(&[60, 40, 25, 1]), 2);
        assert_eq!(fit(&[500, 1]), 1, "at least one");
        assert_eq!(fit(&[u64::MAX, u64::MAX]), 1);
    }

    #[test]
    fn small_files_of_large_rows_are_merged_as_far_as_they_fit() {
        assert_eq!(within(vec![(5, 0), (1, 1), (4, 2), (9, 3)], 10), [1, 2, 0]);
        assert_eq!(within(vec![(5, 0), (5, 1)], 10), [0, 1]);
        assert_eq!(within(vec![(5, 0), (6, 1)], 10), [0_usize; 0], "one alone is not merged");
        assert_eq!(within(vec![(u64::MAX, 0), (u64::MAX, 1), (1, 2)], 10), [0_usize; 0]);
    }
}
