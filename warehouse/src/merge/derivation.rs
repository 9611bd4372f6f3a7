//! The effect of links on the tables that follow from `events`.
//!
//! Links touch visitors; of a touched visitor, the sessions from the first one that can have changed are computed
//! again from the events, and replace their old rows. Everybody else's rows stay.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::datasource::TableProvider;
use datafusion::prelude::DataFrame;
use landing::Progress;
use schemas::landing::Link;

use super::Others;
use super::events::Merge;
use super::files::files_where;
use super::functions::{final_session_id, final_session_start, visitor_part};
use super::held::{HeldRows, Ordered, OrderedTable, Stretch};
use super::landed::{self, Landed, final_columns};
use super::open::Open;
use super::part::Part;
use super::past::Known;
use super::repeats::{Repeats, owners};
use super::strangers::Strangers;
use super::touched::{BACK_US, Touched, TouchedSessions};
use super::until::EventsUntil;
use super::visitors::EventId;
use super::walked::{Source, Walked};
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::Engine;
use crate::engine::inputs::Inputs;
use crate::tables::walk::Walk;
use crate::tables::{EVENTS, Input, Rows, Table};

/// The effect of some links on the tables that follow from `events`.
pub(crate) struct Derivation {
    engine: Engine,
    links: Vec<Arc<Link>>,
    /// With all of the links' rows in it.
    events: Arc<dyn TableProvider>,
    touched: Touched,
    sessions: TouchedSessions,
    /// Those that may go on, if that is known.
    open: Option<Arc<Open>>,
    repeats: Repeats,
    /// Events that came again and of which `events`, as it was given, has no row.
    unowned: HashSet<EventId>,
    /// The events of all sessions that must be computed again, session by session, if they are in memory.
    held: Option<Arc<Ordered>>,
}

impl Derivation {
    /// Of the links that a round of `events` has just taken in, whose rows are in memory; `before` is the version that it
    /// took them into, `events` what there is with them.
    pub(crate) async fn of_round(
        events: EventsUntil<'_>,
        links: &[Arc<Link>],
        (merge, landed, before): (&Merge, &HeldRows, &Arc<Version>),
    ) -> anyhow::Result<Self> {
        let engine = events.engine;
        let (mut touched, repeats) = merge.repeats(landed)?;
        let unowned = repeats.touch_owners(events, &mut touched).await?;
        let sessions = touched.sessions_beside((merge.sessions(), merge.sessions_since()), events).await?;
        let rows_before = match sessions.wanted("occurred_at") {
            None => landed.none_beside(),
            Some((wanted, since)) => {
                let columns = (before.as_ref(), EVENTS.file_schema());
                let memory = engine.reserved("events of touched visitors");
                HeldRows::chosen(engine, columns, since, &wanted, memory).await?.0
            }
        };
        let open = Some(merge.open().clone());
        let held = Some(Arc::new(merge.touched_events(landed, &rows_before, &sessions)?.by_session()));
        let events = events.table().await?;
        let (engine, links) = (engine.clone(), links.to_vec());
        Ok(Self { engine, links, events, touched, sessions, open, repeats, unowned, held })
    }

    /// Of one session, whose events are in memory: for tables that follow from these and from nothing that was before.
    pub(super) fn of_session(engine: &Engine, events: Arc<Ordered>) -> Self {
        Self {
            engine: engine.clone(),
            links: Vec::new(),
            events: OrderedTable::new(events.clone()),
            touched: Touched::default(),
            sessions: TouchedSessions::default(),
            open: None,
            repeats: Repeats::default(),
            unowned: HashSet::new(),
            held: Some(events),
        }
    }

    /// `events` are the events with all of the links' rows in them.
    pub(crate) async fn plan(
        engine: &Engine,
        events: Arc<dyn TableProvider>,
        links: &[Arc<Link>],
    ) -> anyhow::Result<Self> {
        let inputs = || engine.inputs().table("events", events.clone());
        let both = with_landing(inputs()?, links).await?;
        let mut touched = Touched::read(&both).await?;
        let repeats = Repeats::read(&both.function(touched.function()), &touched).await?;
        let unowned = repeats.touch_owners_among(inputs()?, &mut touched).await?;
        let sessions = touched.sessions(&inputs()?.function(touched.function())).await?;
        let (engine, links) = (engine.clone(), links.to_vec());
        Ok(Self { engine, links, events, touched, sessions, open: None, repeats, unowned, held: None })
    }

    /// Whether a visitor whose sessions it computes again is one of these.
    pub(super) fn meets(&self, strangers: &Strangers) -> bool {
        self.touched.meets(&strangers.visitors)
    }

    /// How far a table must be to hold the events that came again, if `events` holds some that were not given: repeats are
    /// counted at the row of their event.
    pub(crate) async fn missing(&self, events: &Version) -> anyhow::Result<Progress> {
        if self.unowned.is_empty() {
            return Ok(Progress::default());
        }
        owners(&self.engine, events, &self.unowned, &self.repeats.tabs).await
    }

    pub(super) fn open(&self) -> Option<&Arc<Open>> {
        self.open.as_ref()
    }

    /// Whether its events are in memory, session by session.
    pub(crate) fn in_order(&self) -> bool {
        self.held.is_some()
    }

    /// Places of the files of `base` that hold rows to be replaced.
    pub(crate) async fn changed_files(&self, base: &Version) -> anyhow::Result<HashSet<usize>> {
        match base.table.rows {
            Rows::Landed { .. } => {
                let condition = self.touched.condition("occurred_at", BACK_US);
                let curated = self.inputs().table("curated", Scan::version(base))?;
                files_where(&curated, &format!("{condition} and {}", landed::CHANGED)).await
            }
            Rows::OfSessions { .. } => {
                let Some((wanted, since)) = self.sessions.wanted("session_started_at") else {
                    return Ok(HashSet::new());
                };
                let columns = base.table.file_columns(["visitor_id"])?;
                let memory = self.engine.reserved("sessions that change");
                let (_, files) = HeldRows::chosen(&self.engine, (base, columns), since, &wanted, memory).await?;
                Ok(files.into_iter().collect())
            }
            Rows::Imported => Ok(HashSet::new()),
        }
    }

    /// A part of the rows that join those of `base`, or replace some. `others` are the tables that it reads.
    pub(crate) async fn new_rows(&self, base: &Version, others: &Others, part: Part) -> anyhow::Result<DataFrame> {
        let (sql, read) = match base.table.rows {
            Rows::Landed { .. } => {
                let inputs = self.inputs().table("landing", Scan::landing(&self.links))?;
                let landed = Landed { known: &self.repeats.foreign, doubled: self.repeats.doubled };
                return landed.rows(inputs, base.table, part).await;
            }
            Rows::OfSessions { sql, inputs } => (sql(), inputs),
            Rows::Imported => anyhow::bail!("{:?} is imported", base.table),
        };
        let mut inputs = self.engine.inputs().table("touched_events", self.touched_events(part).await?)?;
        for input in read {
            inputs = match input {
                Input::Walk(walk) => inputs.table(walk.name, self.walked(walk, base, part).await?)?,
                Input::Touched(table) => {
                    let rows = self.touched_rows(table, others).await?;
                    inputs.rows(&format!("touched_{}", table.name), rows)?
                }
            };
        }
        inputs.select(&format!("select {} from ({sql}\n)", base.table.columns().join(", "))).await
    }

    /// Rows of some files of `base` that stay, with their final sessions.
    pub(crate) async fn kept_rows(&self, base: &Version, files: &[&CuratedFile]) -> anyhow::Result<DataFrame> {
        let sql = match base.table.rows {
            Rows::Landed { .. } => format!("select {} from curated", final_columns(base.table, &[])),
            Rows::OfSessions { .. } => {
                let columns = base.table.columns().join(", ");
                format!("select {columns} from curated where not {}", TouchedSessions::CHANGED)
            }
            Rows::Imported => format!("select {} from curated", base.table.columns().join(", ")),
        };
        self.inputs().table("curated", Scan::some(base, files))?.select(&sql).await
    }

    /// The events of a part of the sessions that must be computed again.
    async fn touched_events(&self, part: Part) -> anyhow::Result<Arc<dyn TableProvider>> {
        if let Some(held) = self.held_of(part) {
            return Ok(OrderedTable::new(held.clone()));
        }
        let condition = self.touched.condition("occurred_at", BACK_US);
        let mut rows = format!("select * from events where {condition} and {}", TouchedSessions::CHANGED);
        let mut inputs = self.inputs().table("events", self.events.clone())?;
        if let Some(condition) = part.of_visitors() {
            inputs = inputs.function(visitor_part(part.of));
            rows = format!("{rows} and {condition}");
        }
        Ok(inputs.select(&rows).await?.into_view())
    }

    fn held_of(&self, part: Part) -> Option<&Arc<Ordered>> {
        self.held.as_ref().filter(|_| part == Part::WHOLE)
    }

    /// What comes of a walk over them.
    async fn walked(&self, walk: &'static Walk, base: &Version, part: Part) -> anyhow::Result<Arc<dyn TableProvider>> {
        let past = if walk.asks_past { self.past(base).await? } else { Known::default() };
        let events = match self.held_of(part) {
            Some(held) => Source::Held(Stretch::of_walk(held.clone(), walk)?),
            None => {
                let inputs = self.engine.inputs_of_walks().table("touched_events", self.touched_events(part).await?)?;
                Source::Selected(inputs.select(&walk.select("touched_events")).await?)
            }
        };
        Ok(Walked::new(walk, Arc::new(past), events))
    }

    /// What the rows of `base` say of the touched visitors' tabs in sessions that stay as they are; and repeats by event, those
    /// of the links and those that the replaced rows of `base` counted (kept at their first event).
    async fn past(&self, base: &Version) -> anyhow::Result<Known> {
        let mut known = Known::of_repeats(self.repeats.counts.clone());
        let memory = self.engine.reserved("books of touched visitors");
        let columns = (base, base.table.file_columns(Known::COLUMNS)?);
        let (rows, _) = HeldRows::chosen(&self.engine, columns, i64::MIN, &self.touched.wanted(), memory).await?;
        rows.held.iter().try_for_each(|held| known.take(held, self.sessions.first()))?;
        Ok(known)
    }

    /// Another table's rows, of the touched visitors.
    async fn touched_rows(&self, table: &'static Table, others: &Others) -> anyhow::Result<DataFrame> {
        let found = others.iter().find(|(other, _)| *other == table).map(|(_, rows)| rows.clone());
        let rows = found.unwrap_or_else(|| Scan::empty(table));
        let condition = self.touched.condition("session_started_at", BACK_US);
        self.inputs().table("rows", rows)?.select(&format!("select * from rows where {condition}")).await
    }

    /// The functions that tell what is touched.
    fn inputs(&self) -> Inputs {
        let inputs = self.engine.inputs().function(self.touched.function()).function(self.sessions.function());
        let sessions = &self.sessions.sessions;
        inputs.function(final_session_start(sessions.clone())).function(final_session_id(sessions.clone()))
    }
}

/// `events` and, as `landing`, what the links brought: rows of their files and, of links that have none any more, the rows
/// of `events` that they brought. What came again of an event is not known of those.
async fn with_landing(events: Inputs, links: &[Arc<Link>]) -> anyhow::Result<Inputs> {
    let mut gone: Vec<(i32, i64, i64)> = Vec::new();
    for link in links.iter().filter(|link| link.files.is_empty() && link.counts.events > 0) {
        match gone.last_mut().filter(|(partition, _, end)| *partition == link.partition && *end + 1 == link.start) {
            Some((_, _, end)) => *end = link.end,
            None => gone.push((link.partition, link.start, link.end)),
        }
    }
    let files = Scan::landing(links);
    if gone.is_empty() {
        return events.table("landing", files);
    }
    const COLUMNS: &str = "site_id, visitor_id, tab_id, seq, occurred_at, kafka_partition, kafka_offset";
    let events = events.table("landing_files", files)?;
    let rows = format!(
        "select {COLUMNS}, duplicate from landing_files \
         union all select {COLUMNS}, false as duplicate from events where {}",
        gone.iter()
            .map(|(partition, start, end)| format!(
                "(kafka_partition = {partition} and kafka_offset between {start} and {end})"
            ))
            .collect::<Vec<_>>()
            .join(" or ")
    );
    let rows = events.select(&rows).await?;
    events.rows("landing", rows)
}
