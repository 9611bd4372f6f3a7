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
use crate::tables::Table;
use landing::Progress;

/// Takes `events` to a goal, and every other table to where `events` is.
pub struct Rounds<'a> {
    lake: &'a Lake,
    goal: Progress,
    /// Tables that are equally far share what was computed of the links: by where they are, where they go, and the version
    /// of `events`.
    derivations: Memo<(Progress, Progress, u64), Arc<Derivation>>,
}

impl<'a> Rounds<'a> {
    pub fn new(lake: &'a Lake, goal: Progress) -> Self {
        Self { lake, goal, derivations: Memo::default() }
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
                    self.derivations.forget();
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
        let committed = round.replace(&effect).await?;
        Ok(matches!(committed, Committed::Landed(_)).then(|| round.summary(&effect)))
    }

    async fn effect(&mut self, round: &Round<'_>) -> anyhow::Result<Effect> {
        let (engine, base) = (&self.lake.engine, &round.base);
        let Some(events) = &round.events else {
            return Ok(Effect::OnEvents(Arc::new(Merge::plan(engine, base, &round.links).await?)));
        };
        let to = base.progress.after(&round.links);
        let made = async {
            let rows = events_until(engine, events, &to).await?;
            anyhow::Ok(Arc::new(Derivation::plan(engine, rows, &round.links).await?))
        };
        let key = (base.progress.clone(), to.clone(), events.number);
        Ok(Effect::OnDerived(self.derivations.get(key, made).await?))
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
