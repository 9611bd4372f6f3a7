//! The rounds of a compaction, table after table. Each is tried until it is committed, with less when memory ran out.

use std::sync::Arc;

use anyhow::anyhow;
use datafusion::datasource::TableProvider;

use super::Summary;
use super::round::Round;
use crate::curated::scan::Scan;
use crate::curated::{Committed, Version};
use crate::engine::{Engine, memory_exhausted};
use crate::lake::Lake;
use crate::limits::ROUND_TRIES_MAX;
use crate::merge::{Derivation, Effect, Memo, Merge};
use crate::progress::condition;
use crate::tables::{Rows, Table};
use landing::Progress;

/// Takes `events` to a goal, and every other table to where `events` is.
pub struct Rounds<'a> {
    lake: &'a Lake,
    goal: Progress,
    /// What the last round made of `events`: tables that take the same links share its rows.
    merged: Option<Merged>,
    /// Tables that are equally far share what was computed of the links: by where they are, where they go, and the version
    /// of `events`.
    derivations: Memo<(Progress, Progress, u64), Arc<Derivation>>,
}

/// A round of `events`.
struct Merged {
    /// The version that it took the links into.
    before: Arc<Version>,
    to: Progress,
    merge: Arc<Merge>,
}

impl<'a> Rounds<'a> {
    pub fn new(lake: &'a Lake, goal: Progress) -> Self {
        Self { lake, goal, merged: None, derivations: Memo::default() }
    }

    /// One round of a table; `None` when there is nothing left.
    pub async fn next(&mut self, table: &'static Table) -> anyhow::Result<Option<Summary>> {
        let mut lost = 0;
        while lost < ROUND_TRIES_MAX {
            let Some(round) = Round::open(self.lake, table, &self.goal).await? else { return Ok(None) };
            match self.commit(&round).await {
                Ok(Some(summary)) => {
                    self.lake.shares.fitted(table);
                    return Ok(Some(summary));
                }
                Ok(None) => lost += 1,
                Err(error) => {
                    self.forget();
                    self.take_less(table, round.links.len(), error)?;
                }
            }
        }
        Err(anyhow!(
            "table {table:?}: {ROUND_TRIES_MAX} commits in a row were won by other compactions; is one running amok?"
        ))
    }

    /// Commits a round; `None` when another compaction won.
    async fn commit(&mut self, round: &Round<'_>) -> anyhow::Result<Option<Summary>> {
        let effect = self.effect(round).await?;
        match (round.replace(&effect).await?, &effect) {
            (Committed::Refused(_), _) => return Ok(None),
            (Committed::Landed(_), Effect::OnEvents(merge)) if round.events.is_none() => {
                self.merged = Some(Merged { before: round.base.clone(), to: round.goal(), merge: merge.clone() });
            }
            (Committed::Landed(_), _) => {}
        }
        Ok(Some(round.summary(&effect)))
    }

    async fn effect(&mut self, round: &Round<'_>) -> anyhow::Result<Effect> {
        let (engine, base) = (&self.lake.engine, &round.base);
        let Some(events) = &round.events else {
            self.forget();
            return Ok(Effect::OnEvents(Arc::new(
                Merge::plan((engine, self.lake.store.objects()), base, &round.links, round.held().await?).await?,
            )));
        };
        let to = round.goal();
        let level = self.merged.as_ref().filter(|of| of.before.progress == base.progress && of.to == to);
        let shared = level.and_then(|of| Some((of.merge.as_ref(), of.merge.held()?, &of.before)));
        if let (Some(_), Some(of), Rows::Landed { .. }) = (shared, level, &base.table.rows) {
            return Ok(Effect::OnEvents(of.merge.clone()));
        }
        let made = async {
            let rows = events_until(engine, events, &to).await?;
            let made = match shared {
                Some(shared) => {
                    Derivation::of_round((engine, self.lake.store.objects()), rows, &round.links, shared).await?
                }
                None => Derivation::plan(engine, rows, &round.links).await?,
            };
            anyhow::Ok(Arc::new(made))
        };
        let key = (base.progress.clone(), to.clone(), events.number);
        Ok(Effect::OnDerived(self.derivations.get(key, made).await?))
    }

    /// Gives back the memory of what is shared.
    fn forget(&mut self) {
        self.merged = None;
        self.derivations.forget();
    }

    /// The next round takes less, if that is what the error asks for and if less can be taken.
    fn take_less(&self, table: &'static Table, links: usize, error: anyhow::Error) -> anyhow::Result<()> {
        let smaller = memory_exhausted(&error).and_then(|_| self.lake.shares.of(table).smaller(links));
        let Some(smaller) = smaller else { return Err(error) };
        tracing::debug!(table = table.name, ?smaller, "a round did not fit into memory");
        self.lake.shares.set(table, smaller);
        Ok(())
    }
}

/// The events that a derived table has taken in when it is as far as `progress`: its counts are theirs at any time.
async fn events_until(
    engine: &Engine,
    events: &Version,
    progress: &Progress,
) -> anyhow::Result<Arc<dyn TableProvider>> {
    let all = Scan::version(events);
    if progress.reaches(&events.progress) {
        return Ok(all);
    }
    let inputs = engine.inputs().table("events", all)?;
    Ok(inputs.select(&format!("select * from events where {}", condition(progress))).await?.into_view())
}
