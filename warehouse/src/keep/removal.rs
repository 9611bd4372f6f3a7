//! Removes rows: out of `events`, with the books in the same commit, and out of every table that follows from it.
//!
//! Each removal from `events` has a number, and each table says which it has followed. A table that is behind by more than the
//! removal at hand has been left by somebody who was killed: of it goes also what `events` does not know any more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::{bail, ensure};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Date32Type, Int64Type};
use deltalake_core::protocol::DeltaOperation;

use super::rewrite::{Going, without};
use super::{Removed, seal};
use crate::books::Cells;
use crate::books::compare::event_key;
use crate::compact::compact;
use crate::curated::file::Maker;
use crate::curated::scan::Scan;
use crate::curated::writer::discard;
use crate::curated::{Committed, CuratedFile, Version};
use crate::engine::inputs::{Inputs, number, text};
use crate::lake::Lake;
use crate::limits::{BATCH_ROWS, ROUND_TRIES_MAX};
use crate::merge::files::files_where;
use crate::merge::lookup;
use crate::merge::visitors::{Key, key};
use crate::progress::{Kept, sessions_before};
use crate::tables::{self, EVENTS, Table};

/// What goes of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    /// Condition on its rows, if any go.
    pub condition: Option<String>,
    /// For each site the day before which sessions that began are gone then.
    pub expired: BTreeMap<String, i32>,
}

impl Cut {
    fn expired(&self, kept: &Kept) -> BTreeMap<String, i32> {
        let mut expired = kept.expired.clone();
        for (site, day) in &self.expired {
            let known = expired.entry(site.clone()).or_insert(*day);
            *known = (*known).max(*day);
        }
        expired
    }
}

/// Removes of every table what `cut` says, `events` first. With `fence` every table gets a commit, so that whatever was being
/// written before cannot be committed any more.
pub(super) async fn remove(
    lake: &Lake,
    cut: &(impl Fn(&'static Table) -> Cut + Sync),
    fence: bool,
) -> anyhow::Result<Vec<Removed>> {
    let (removed, ours) = from_events(lake, &cut(&EVENTS), fence).await?;
    let mut all = vec![removed];
    for table in tables::ALL.iter().copied().filter(|table| **table != EVENTS) {
        all.push(follow(lake, table, &cut(table), ours, fence).await?);
    }
    Ok(all)
}

/// Gives the number of the removal too, if rows went.
async fn from_events(lake: &Lake, cut: &Cut, fence: bool) -> anyhow::Result<(Removed, Option<i64>)> {
    let table = lake.table(&EVENTS);
    for _ in 0..ROUND_TRIES_MAX {
        // A landing file that is compared with the table must not hold what goes: all that is compacted is sealed.
        compact(lake, |_, _| {}).await?;
        seal::seal(lake, |_| true).await?;
        let base = table.newest().await?;
        let Some(state) = State::of(lake, base, cut).await? else { continue };
        let expired = cut.expired(&state.base.kept);
        if state.rows == 0 && expired == state.base.kept.expired && !fence {
            return Ok((state.removed(), None));
        }
        let mut kept = Kept { expired, ..state.base.kept.clone() };
        if state.rows > 0 {
            let mut books = lake.books(&state.base).await?.as_ref().clone();
            books.take_off(&state.cells)?;
            kept.books = books.store(&lake.store, &EVENTS, kept.books).await?;
            kept.removals += 1;
        }
        if state.replace(lake, &kept).await? {
            return Ok((state.removed(), (state.rows > 0).then_some(kept.removals)));
        }
    }
    bail!("rows cannot be removed from events: {ROUND_TRIES_MAX} commits in a row were won by others")
}

/// Removes rows of a table that follows from `events`.
async fn follow(
    lake: &Lake,
    table: &'static Table,
    cut: &Cut,
    ours: Option<i64>,
    fence: bool,
) -> anyhow::Result<Removed> {
    for _ in 0..ROUND_TRIES_MAX {
        compact(lake, |_, _| {}).await?;
        let base = lake.table(table).newest().await?;
        let events = lake.table(&EVENTS).newest().await?;
        if !base.exists() {
            return Ok(Removed { table: table.name, rows: 0, files: 0 });
        }
        if base.progress != events.progress {
            continue;
        }
        let (own, wanted) = (base.kept.removals, events.kept.removals);
        let only_ours = ours == Some(wanted) && own + 1 == wanted;
        let mut going = Going::rows(cut.condition.clone().unwrap_or_else(|| "false".into()));
        if own != wanted && !only_ours {
            unknown_sessions(lake, &base, &events, &mut going).await?;
        }
        let state = State::of_rows(lake, base, going).await?;
        let expired = cut.expired(&state.base.kept);
        if state.rows == 0 && own == wanted && expired == state.base.kept.expired && !fence {
            return Ok(state.removed());
        }
        let repeats = state.base.kept.repeats + state.repeats;
        let kept = Kept { removals: wanted, repeats, expired, ..state.base.kept.clone() };
        if state.replace(lake, &kept).await? {
            return Ok(state.removed());
        }
    }
    bail!("rows cannot be removed from {table:?}: {ROUND_TRIES_MAX} commits in a row were won by others")
}

/// Adds rows of sessions that `events` does not know any more, unless they are of a time that it has let go of.
async fn unknown_sessions(lake: &Lake, base: &Version, events: &Version, going: &mut Going) -> anyhow::Result<()> {
    let inputs = lake.engine.inputs_that_spill(2, BATCH_ROWS);
    let inputs = inputs.table("curated", Scan::version(base))?.table("events", Scan::version(events))?;
    let gone = events.kept.expired.iter().map(|(site, day)| format!("and not {}", sessions_before(site, *day)));
    let sql = format!(
        "select c.site_id, c.session_id from (select distinct site_id, session_id from curated where true {}) c \
         left join (select distinct site_id, session_id from events) e \
         on c.site_id = e.site_id and c.session_id = e.session_id where e.session_id is null",
        gone.collect::<Vec<_>>().join(" ")
    );
    let mut unknown: HashMap<Key, i64> = HashMap::new();
    inputs
        .each(&sql, |batch, row| {
            unknown.insert(key(&[text(batch, 0, row), text(batch, 1, row)]), 1);
        })
        .await?;
    if !unknown.is_empty() {
        going.condition = format!("({} or unknown_session(site_id, session_id) is not null)", going.condition);
        going.functions.push(lookup("unknown_session", Arc::new(unknown)));
    }
    Ok(())
}

/// A version, and what goes of it.
pub(super) struct State {
    base: Arc<Version>,
    going: Going,
    /// Places of files that hold rows which go.
    files: Vec<usize>,
    rows: u64,
    /// Of `events`, what goes.
    cells: Cells,
    /// Landed repeats that stand in rows which go.
    repeats: i64,
}

impl State {
    /// Of `events`; none when links came meanwhile that are not sealed.
    async fn of(lake: &Lake, base: Arc<Version>, cut: &Cut) -> anyhow::Result<Option<Self>> {
        let books = lake.books(&base).await?;
        let links = lake.chains.all().await?;
        if links.values().flatten().any(|link| base.progress.covers(link) && !books.is_sealed(link)) {
            return Ok(None);
        }
        let going = cut.condition.clone().map_or_else(Going::none, Going::rows);
        let mut state = Self::of_rows(lake, base, going).await?;
        let condition = &state.going.condition;
        let sql = format!("select kafka_partition, event_date, site_id, tab_id, seq from curated where {condition}");
        let mut cells = Cells::default();
        state
            .inputs(lake)?
            .each_batch(&sql, |batch| {
                let partitions = batch.column(0).as_primitive::<Int64Type>();
                let days = batch.column(1).as_primitive::<Date32Type>();
                for row in 0..batch.num_rows() {
                    let place = (i32::try_from(partitions.value(row))?, days.value(row));
                    let event = event_key(text(batch, 2, row), text(batch, 3, row), number(batch, 4, row));
                    cells.entry(place).or_default().add(event);
                }
                Ok(())
            })
            .await?;
        state.cells = cells;
        Ok(Some(state))
    }

    pub(super) async fn of_rows(lake: &Lake, base: Arc<Version>, going: Going) -> anyhow::Result<Self> {
        let mut state = Self { base, going, files: Vec::new(), rows: 0, cells: Cells::default(), repeats: 0 };
        if !state.base.exists() || state.going.condition == "false" {
            return Ok(state);
        }
        let all: Vec<&CuratedFile> = state.base.files.iter().collect();
        let (inputs, condition) = (state.going.inputs(lake, &state.base, &all)?, state.going.condition.clone());
        state.files = files_where(&inputs, &condition).await?.into_iter().collect();
        state.files.sort_unstable();
        let inputs = state.inputs(lake)?;
        let rows = inputs.number(&format!("select count(*) from curated where {condition}")).await?;
        state.rows = u64::try_from(rows)?;
        if let Some(column) = state.base.table.repeats {
            let sql = format!("select coalesce(sum({column}), 0) from curated where {condition}");
            state.repeats = inputs.number(&sql).await?;
        }
        Ok(state)
    }

    fn inputs(&self, lake: &Lake) -> anyhow::Result<Inputs> {
        self.going.inputs(lake, &self.base, &self.files())
    }

    fn files(&self) -> Vec<&CuratedFile> {
        self.files.iter().map(|place| &self.base.files[*place]).collect()
    }

    pub(super) fn removed(&self) -> Removed {
        Removed { table: self.base.table.name, rows: self.rows, files: self.files.len() as u64 }
    }

    /// Commits the files without the rows; whether it landed.
    pub(super) async fn replace(&self, lake: &Lake, kept: &Kept) -> anyhow::Result<bool> {
        let (table, files) = (self.base.table, self.files());
        let added = without(lake, &self.base, &files, &self.going, Maker::again(&files)).await?;
        let before: u64 = files.iter().filter_map(|file| file.rows).sum();
        let told = files.iter().all(|file| file.rows.is_some());
        let after: u64 = added.iter().filter_map(|add| rows_of(add.stats.as_deref())).sum();
        if told && before != after + self.rows {
            discard(lake.store.objects(), table, &added).await;
            ensure!(before == after + self.rows, "{table:?}: {before} rows without {} are not {after}", self.rows);
        }
        // No predicate: it would tell whom it is about.
        let operation = DeltaOperation::Delete { predicate: None };
        let done = lake.table(table).keep(&self.base, (&files, added), kept, operation).await?;
        Ok(matches!(done, Committed::Landed(_)))
    }
}

/// Rows of a file by its statistics.
pub(super) fn rows_of(stats: Option<&str>) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(stats?).ok()?.get("numRecords")?.as_u64()
}
