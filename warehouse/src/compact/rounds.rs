//! The rounds of a compaction, table after table. Each is tried until it is committed, with less when memory ran out. A partition
//! whose rows cannot be taken in is set aside, and the others go on.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use anyhow::anyhow;
use schemas::landing::Link;

use super::Summary;
use super::apart::are_apart;
use super::round::Round;
use crate::curated::{Committed, Version};
use crate::engine::memory_exhausted;
use crate::lake::Lake;
use crate::lake::share::Share;
use crate::limits::ROUND_TRIES_MAX;
use crate::merge::{Derivation, Effect, EventsUntil, Merge};
use crate::tables::{EVENTS, Rows, Table};
use landing::Progress;

/// Takes `events` to a goal, and every other table to where `events` is.
pub struct Rounds<'a> {
    lake: &'a Lake,
    goal: Progress,
    /// What the last round made of `events`: tables that take the same links share its rows.
    merged: Option<Arc<Merged>>,
    /// What was last computed of links for the other tables: those that take the same ones share it.
    derived: Option<Derived>,
    /// What a table takes in another time, and every other that is computed from it.
    aside: BTreeSet<(&'static str, i32)>,
}

/// A round of `events`.
struct Merged {
    links: Vec<Span>,
    /// The version that it took the links into.
    before: Arc<Version>,
    merge: Arc<Merge>,
}

/// What follows from the events of some links.
struct Derived {
    links: Vec<Span>,
    /// Where the tables stood, or `events`, on which it was computed.
    seen: Progress,
    /// Removals from `events` by then.
    removals: i64,
    derivation: Arc<Derivation>,
}

/// Incarnation, partition and offsets of a link.
type Span = (u32, i32, i64, i64);

/// What became of a round.
enum Done {
    Landed(Summary),
    /// Another compaction won, and made it void.
    Lost,
    /// It has repeats of events that the table is to take before: up to there.
    Early(Progress),
}

impl<'a> Rounds<'a> {
    pub fn new(lake: &'a Lake, goal: Progress) -> Self {
        Self { lake, goal, merged: None, derived: None, aside: BTreeSet::new() }
    }

    /// One round of a table; `None` when there is nothing left.
    ///
    /// # Errors
    /// [`SetAside`] when the table may go on, without a partition.
    pub async fn next(&mut self, table: &'static Table) -> anyhow::Result<Option<Summary>> {
        let (mut tries, mut first) = (ROUND_TRIES_MAX, Progress::default());
        let shares = [table, &EVENTS].map(|table| (table, self.lake.shares.of(table)));
        while tries > 0 {
            let aside = |partition: i32| self.is_aside(table, partition);
            let round = Round::open(self.lake, table, &self.goal, (&first, aside)).await?;
            let Some(round) = round else { return Ok(None) };
            match self.commit(&round, &first, &mut tries).await {
                Ok(Done::Landed(summary)) => {
                    self.lake.shares.fitted(table);
                    return Ok(Some(summary));
                }
                Ok(Done::Lost) => {
                    let share = self.lake.shares.of(table);
                    self.lake.shares.set(table, share.shorter(round.links.len()));
                }
                Ok(Done::Early(wanted)) => first = wanted,
                Err(error) => {
                    self.forget();
                    if let Err(error) = self.take_less(table, &round.links, error) {
                        // The other partitions have done nothing to get less.
                        shares.iter().for_each(|(table, share)| self.lake.shares.set(table, *share));
                        return Err(self.set_aside(table, &round.links, error));
                    }
                }
            }
        }
        Err(anyhow!(
            "table {table:?}: {ROUND_TRIES_MAX} commits in a row were refused, since others' came first or the store failed; \
             what was committed stays. When more than one compaction runs on this store, give each a part of its own \
             (--shard 1/2, --shard 2/2), or stop all but one"
        ))
    }

    /// Commits a round, unless others take it or it is early.
    async fn commit(&mut self, round: &Round<'_>, first: &Progress, tries: &mut usize) -> anyhow::Result<Done> {
        let effect = self.effect(round).await?;
        let wanted = missing(round, &effect).await?;
        if !first.reaches(&wanted) {
            return Ok(Done::Early(first.both(&wanted)));
        }
        match (round.replace(&effect, tries).await?, &effect) {
            (Committed::Refused(_), _) => return Ok(Done::Lost),
            (Committed::Landed(_), Effect::OnEvents(merge)) if round.events.is_none() => {
                let (links, before, merge) = (spans(&round.links), round.base.clone(), merge.clone());
                self.merged = Some(Arc::new(Merged { links, before, merge }));
            }
            (Committed::Landed(_), _) => {}
        }
        Ok(Done::Landed(round.summary(&effect)))
    }

    async fn effect(&mut self, round: &Round<'_>) -> anyhow::Result<Effect> {
        let base = &round.base;
        let Some(events) = &round.events else {
            self.forget();
            let merge = Merge::plan(&self.lake.engine, base, &round.links, round.held().await?).await?;
            return Ok(Effect::OnEvents(Arc::new(merge)));
        };
        let links = spans(&round.links);
        let merged = self.level(&links, base).await?;
        if let (Some(of), Rows::Landed { .. }) = (&merged, &base.table.rows) {
            return Ok(Effect::OnEvents(of.merge.clone()));
        }
        if let Some(known) = self.derived.as_ref().filter(|of| of.links == links && of.removals == events.kept.removals)
        {
            let effect = Effect::OnDerived(known.derivation.clone());
            if are_apart(self.lake, &effect, &known.seen, &base.progress).await? {
                return Ok(effect);
            }
        }
        // Its memory is given back before another is made.
        self.derived = None;
        let (derivation, seen) = self.derive(round, events, merged).await?;
        let removals = events.kept.removals;
        self.derived = Some(Derived { links, seen, removals, derivation: derivation.clone() });
        Ok(Effect::OnDerived(derivation))
    }

    /// What follows from the events of a round's links, and on which progress that was computed: with the rows of a round of
    /// `events`, if there is one that took them, else by selects.
    async fn derive(
        &self,
        round: &Round<'_>,
        events: &Version,
        merged: Option<Arc<Merged>>,
    ) -> anyhow::Result<(Arc<Derivation>, Progress)> {
        let (engine, base) = (&self.lake.engine, &round.base);
        let goal = round.goal();
        let until = EventsUntil { engine, events, progress: &goal };
        if let Some((of, held)) = merged.as_ref().and_then(|of| Some((of, of.merge.held()?))) {
            let shared = (of.merge.as_ref(), held, &of.before);
            let made = Derivation::of_round(until, &round.links, shared).await?;
            let (made, seen) = (Arc::new(made), &of.before.progress);
            // It may touch more visitors than the round of `events`: who has the events that came again.
            if are_apart(self.lake, &Effect::OnDerived(made.clone()), seen, &base.progress).await? {
                return Ok((made, seen.clone()));
            }
        }
        Ok((Arc::new(Derivation::plan(engine, until.table().await?, &round.links).await?), base.progress.clone()))
    }

    /// The last round of `events`, if its rows are in memory, it took these links, and is right beside `base`.
    async fn level(&self, links: &[Span], base: &Version) -> anyhow::Result<Option<Arc<Merged>>> {
        let Some(of) = self.merged.as_ref().filter(|of| of.links == links && of.merge.held().is_some()) else {
            return Ok(None);
        };
        let effect = Effect::OnEvents(of.merge.clone());
        Ok(are_apart(self.lake, &effect, &of.before.progress, &base.progress).await?.then(|| of.clone()))
    }

    /// Gives back the memory of what is shared.
    fn forget(&mut self) {
        self.merged = None;
        self.derived = None;
    }

    /// The next round takes less, if that is what the error asks for and if less can be taken, or if it is to be found out which
    /// partition does not let itself be taken in.
    fn take_less(&self, table: &'static Table, links: &[Arc<Link>], error: anyhow::Error) -> anyhow::Result<()> {
        let share = self.lake.shares.of(table);
        let of_the_first = links.iter().take_while(|link| link.partition == links[0].partition).count();
        let smaller = match memory_exhausted(&error) {
            Some(_) => share.smaller(links.len()),
            None => (of_the_first < links.len()).then_some(Share { links_max: of_the_first, ..share }),
        };
        let Some(smaller) = smaller else { return Err(error) };
        tracing::debug!(table = table.name, ?smaller, "a round could not be taken in: {error:#}");
        let shares = &self.lake.shares;
        shares.set(table, smaller);
        // Further rounds of `events` take no more at once, so that they go on sharing their rows with this table.
        shares.set(&EVENTS, shares.of(&EVENTS).no_longer_than(smaller));
        Ok(())
    }

    /// The partition of a round that failed is not tried again. What was to come first and failed before says nothing of any.
    fn set_aside(&mut self, table: &'static Table, links: &[Arc<Link>], error: anyhow::Error) -> anyhow::Error {
        match links.first().map(|link| link.partition) {
            Some(partition) if self.aside.insert((table.name, partition)) => {
                error.context(SetAside { table, partition })
            }
            _ => error,
        }
    }

    fn is_aside(&self, table: &Table, partition: i32) -> bool {
        self.aside.contains(&(table.name, partition)) || table.reads().any(|read| self.is_aside(read, partition))
    }
}

/// A table does not take in any more of a partition for now.
#[derive(Clone, Copy, Debug)]
pub(super) struct SetAside {
    table: &'static Table,
    partition: i32,
}

impl fmt::Display for SetAside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, partition } = self;
        write!(out, "partition {partition} stopped in table {}, others went on", table.name)
    }
}

/// Up to where a table that counts repeats must be first: it counts them at the row of their event, which a round of another
/// part may have taken into `events` and not yet into this table.
async fn missing(round: &Round<'_>, effect: &Effect) -> anyhow::Result<Progress> {
    let goal = round.goal();
    match (&round.events, effect) {
        (Some(events), Effect::OnDerived(derivation))
            if round.base.table.repeats.is_some() && !goal.reaches(&events.progress) =>
        {
            let wanted = derivation.missing(events).await?;
            Ok(if goal.reaches(&wanted) { Progress::default() } else { wanted })
        }
        _ => Ok(Progress::default()),
    }
}

fn spans(links: &[Arc<Link>]) -> Vec<Span> {
    links.iter().map(|link| (link.incarnation, link.partition, link.start, link.end)).collect()
}
