//! The effect of links on the curated events.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::bail;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::prelude::DataFrame;
use schemas::landing::Link;

use super::files::files_where;
use super::functions::{final_session_id, final_session_start};
use super::held::{HeldRows, Ordered};
use super::keys::Keys;
use super::landed::{CHANGED, Landed, final_columns};
use super::open::Open;
use super::part::Part;
use super::repeats::Repeats;
use super::sessionize::{Outcome, sessionize};
use super::strangers::Strangers;
use super::tabs::Tabs;
use super::touched::{BACK_US, Touched, TouchedSessions};
use super::visitors::{EventId, Key, Sessions};
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::Engine;
use crate::engine::inputs::Inputs;
use crate::tables::{EVENTS, Table};

/// The effect of some links on a version of the curated events.
#[derive(Debug)]
pub struct Merge {
    engine: Engine,
    links: Vec<Arc<Link>>,
    touched: Touched,
    tabs: Tabs,
    sessions: Arc<Sessions>,
    open: Arc<Open>,
    /// Landed events that the curated table holds already.
    already: Arc<HashSet<EventId>>,
    /// The links' rows, if they fitted into memory.
    held: Option<HeldRows>,
    outcome: Outcome,
    /// Memory of the outcome, given back when it is dropped.
    _memory: MemoryReservation,
}

impl Merge {
    /// Reads the keys of the links' rows, what the session rule needs of the touched visitors' curated rows, and which of the landed
    /// events stand in the table already, whosever they are and however old.
    ///
    /// `held` are the links' rows, where they are in memory already.
    pub(crate) async fn plan(
        engine: &Engine,
        events: &Version,
        links: &[Arc<Link>],
        held: Option<HeldRows>,
    ) -> anyhow::Result<Self> {
        let mut keys = Keys::new(engine.reserved("sessions"));
        let (touched, tabs) = match &held {
            Some(held) => keys.take_held(held)?,
            None => keys.read_landed(&engine.inputs().table("landing", Scan::landing(links))?).await?,
        };
        if !touched.is_empty() && !events.files.is_empty() {
            keys.read_curated(engine, events, &touched, &tabs).await?;
        }
        let mut outcome = sessionize(keys.events, keys.before);
        keys.memory.resize(outcome.memory_bytes());
        Ok(Self {
            engine: engine.clone(),
            links: links.to_vec(),
            touched,
            tabs,
            sessions: Arc::new(std::mem::take(&mut outcome.sessions)),
            open: Arc::new(std::mem::take(&mut outcome.open)),
            already: Arc::new(std::mem::take(&mut outcome.already)),
            held,
            outcome,
            _memory: keys.memory,
        })
    }

    /// Landed events, without repeats.
    pub fn events(&self) -> u64 {
        self.outcome.staying.len() as u64
    }

    /// Landed events to which the stream job gave another session.
    pub fn disagreements(&self) -> u64 {
        self.outcome.disagreements
    }

    /// Places of the files of `base` that hold a row whose session changed. `base` is the version of the events, or one of
    /// a table that is as far.
    pub async fn changed_files(&self, base: &Version) -> anyhow::Result<HashSet<usize>> {
        let changed = &self.outcome.changed_files;
        if *base.table == EVENTS || changed.is_empty() {
            return Ok(changed.iter().map(|file| *file as usize).collect());
        }
        let curated = self.inputs().function(self.touched.function()).table("curated", Scan::version(base))?;
        let touched = self.touched.condition("occurred_at", BACK_US);
        files_where(&curated, &format!("{touched} and {CHANGED}")).await
    }

    /// Whether a visitor whose sessions it computes, or a tab whose numbers it looks up, is one of these.
    pub(super) fn meets(&self, strangers: &Strangers) -> bool {
        self.touched.meets(&strangers.visitors) || self.tabs.meets(&strangers.tabs)
    }

    /// The links' rows, if they are in memory.
    pub(crate) fn held(&self) -> Option<&HeldRows> {
        self.held.as_ref()
    }

    /// The sessions of all visitors that it touches, of [`Self::sessions_since`] and later.
    pub(super) fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    pub(super) fn sessions_since(&self) -> i64 {
        self.touched.earliest(BACK_US).unwrap_or(i64::MAX)
    }

    /// Those of them that may go on.
    pub(super) fn open(&self) -> &Arc<Open> {
        &self.open
    }

    /// The events of the visitor's session that begins at that time: of the links' rows, which are in memory, and of `before`.
    pub(super) fn events_of(&self, (visitor, start): (Key, i64), before: &HeldRows) -> anyhow::Result<Ordered> {
        let Some(landed) = &self.held else { bail!("the links' rows are not in memory") };
        let from = HashMap::from([(visitor, start)]);
        let events = Ordered::new(&EVENTS, landed, &self.outcome.staying, before, &self.sessions, Some(&from))?;
        Ok(events.of_session(start).by_session())
    }

    /// Whom the links touch, repeats that they mark left out.
    pub(super) fn touched(&self) -> &Touched {
        &self.touched
    }

    /// Whom the links touch, repeats included, and what of their rows are repeats.
    pub(super) fn repeats(&self, landed: &HeldRows) -> anyhow::Result<(Touched, Repeats)> {
        let mut touched = self.touched.clone();
        let repeats = Repeats::of_held(landed, &self.outcome.staying, &mut touched)?;
        Ok((touched, repeats))
    }

    /// A table's new rows, which are in memory, with those that are written again.
    pub(crate) fn ordered(&self, table: &'static Table, landed: &HeldRows, kept: &HeldRows) -> anyhow::Result<Ordered> {
        Ordered::new(table, landed, &self.outcome.staying, kept, &self.sessions, None)
    }

    /// The new events, and of `before` those of sessions that change.
    pub(super) fn touched_events(
        &self,
        landed: &HeldRows,
        before: &HeldRows,
        sessions: &TouchedSessions,
    ) -> anyhow::Result<Ordered> {
        let (staying, known) = (&self.outcome.staying, &sessions.sessions);
        Ordered::new(&EVENTS, landed, staying, before, known, Some(sessions.first()))
    }

    /// A part of the links' new rows, as curated events with their final sessions.
    pub async fn new_rows(&self, part: Part) -> anyhow::Result<DataFrame> {
        let inputs = self.inputs().table("landing", Scan::landing(&self.links))?;
        Landed { known: &self.already, doubled: self.outcome.doubled }.rows(inputs, &EVENTS, part).await
    }

    /// Rows of some curated files, with their final sessions.
    pub async fn kept_rows(&self, base: &Version, files: &[&CuratedFile]) -> anyhow::Result<DataFrame> {
        let columns = if self.outcome.changed_files.is_empty() {
            EVENTS.columns().join(", ")
        } else {
            final_columns(&EVENTS, &[])
        };
        let inputs = self.inputs().table("curated", Scan::some(base, files))?;
        inputs.select(&format!("select {columns} from curated")).await
    }

    fn inputs(&self) -> Inputs {
        let inputs = self.engine.inputs().function(final_session_start(self.sessions.clone()));
        inputs.function(final_session_id(self.sessions.clone()))
    }
}
