//! Removes frames of a table, with its books in the same commit. Payloads that stay are copied as they are; files that hold
//! nothing else are not read.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use anyhow::{bail, ensure};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Date32Type;
use deltalake_core::kernel::Add;
use deltalake_core::protocol::DeltaOperation;

use super::super::Removed;
use super::super::removal::rows_of;
use super::super::rewrite::Going;
use super::seal::{open_links, seal};
use crate::books::Cells;
use crate::books::compare::{counted, row_key};
use crate::curated::file::Maker;
use crate::curated::scan::{FILE_INDEX, file_of};
use crate::curated::writer::discard;
use crate::curated::{Committed, CuratedFile, Version};
use crate::engine::inputs::{number, text};
use crate::lake::Lake;
use crate::limits::ROUND_TRIES_MAX;
use crate::replay::{self, Origin, identity};
use crate::tables::Table;

/// Removes the rows that go. With `fence` there is a commit in any case, so that whatever was being written before cannot be
/// committed any more.
pub(super) async fn remove(lake: &Lake, table: &'static Table, going: &Going, fence: bool) -> anyhow::Result<Removed> {
    let curated = lake.table(table);
    for _ in 0..ROUND_TRIES_MAX {
        // A landing file that is compared with the table must not hold what goes: all that is compacted is sealed.
        replay::compact(lake, std::time::Duration::ZERO).await?;
        seal(lake, table, |_| true).await?;
        let base = curated.newest().await?;
        if !base.exists() {
            return Ok(Removed { table: table.name, rows: 0, files: 0 });
        }
        if !open_links(lake, &base).await?.is_empty() {
            continue;
        }
        let doomed = Doomed::of(lake, &base, going).await?;
        let removed = Removed { table: table.name, rows: doomed.origins_count, files: doomed.files.len() as u64 };
        if removed.rows == 0 && !fence {
            return Ok(removed);
        }
        let mut kept = base.kept.clone();
        if removed.rows > 0 {
            let mut books = lake.books(&base).await?.as_ref().clone();
            books.take_off(&doomed.cells)?;
            kept.books = books.store(&lake.store, table, kept.books).await?;
        }
        let files: Vec<&CuratedFile> = doomed.files.keys().map(|place| &base.files[*place]).collect();
        let added = doomed.without(lake, &base).await?;
        // No predicate: it would tell whom it is about.
        let operation = DeltaOperation::Delete { predicate: None };
        if let Committed::Landed(_) = curated.keep(&base, (&files, added), &kept, operation).await? {
            return Ok(removed);
        }
    }
    bail!("frames cannot be removed from {table:?}: {ROUND_TRIES_MAX} commits in a row were won by others")
}

/// Rows of a version that go.
#[derive(Default)]
struct Doomed {
    /// Places of files that hold some, and how many.
    files: BTreeMap<usize, u64>,
    origins: HashSet<Origin>,
    origins_count: u64,
    cells: Cells,
}

impl Doomed {
    async fn of(lake: &Lake, base: &Arc<Version>, going: &Going) -> anyhow::Result<Self> {
        let mut doomed = Self::default();
        if base.files.is_empty() || going.condition == "false" {
            return Ok(doomed);
        }
        let identity = identity(base.table);
        let sql = format!(
            "select {FILE_INDEX}, kafka_partition, kafka_offset, event_date, site_id, {}, {} from curated where {}",
            identity.name, identity.mark, going.condition
        );
        let all: Vec<&CuratedFile> = base.files.iter().collect();
        let inputs = going.inputs(lake, base, &all)?;
        inputs
            .each_batch(&sql, |batch| {
                let days = batch.column(3).as_primitive::<Date32Type>();
                for row in 0..batch.num_rows() {
                    let origin = (number(batch, 1, row), number(batch, 2, row));
                    let key = row_key(text(batch, 4, row), text(batch, 5, row));
                    let place = (i32::try_from(origin.0)?, days.value(row));
                    *doomed.files.entry(usize::try_from(file_of(batch, 0, row))?).or_default() += 1;
                    doomed.cells.entry(place).or_default().add(counted(key, number(batch, 6, row)));
                    doomed.origins.insert(origin);
                    doomed.origins_count += 1;
                }
                Ok(())
            })
            .await?;
        Ok(doomed)
    }

    /// Writes the files again without these rows, one for each, so that every other payload stays beside its neighbours.
    async fn without(&self, lake: &Lake, base: &Version) -> anyhow::Result<Vec<Add>> {
        let mut added = Vec::new();
        for (place, gone) in &self.files {
            let file = &base.files[*place];
            if file.rows == Some(*gone) {
                continue;
            }
            let stays = |origin: &Origin| !self.origins.contains(origin);
            let written = async {
                let written = replay::rewrite(lake, base, &[file], stays, Maker::again(&[file])).await?;
                let after: u64 = written.iter().filter_map(|add| rows_of(add.stats.as_deref())).sum();
                let is_right = file.rows.is_none_or(|before| before == after + gone);
                added.extend(written);
                ensure!(is_right, "{:?}: {:?} rows without {gone} are not {after}", base.table, file.rows);
                Ok(())
            };
            if let Err(error) = written.await {
                discard(lake.store.objects(), base.table, &added).await;
                return Err(error);
            }
        }
        Ok(added)
    }
}
