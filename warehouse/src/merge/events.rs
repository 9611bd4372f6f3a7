//! The effect of links on the curated events.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::prelude::DataFrame;
use schemas::landing::Link;

use super::functions::{final_session_id, final_session_start};
use super::keys::Keys;
use super::landed::{Landed, final_columns};
use super::part::Part;
use super::sessionize::{Origin, Outcome, sessionize};
use super::visitors::{EventId, Sessions};
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::Engine;
use crate::engine::inputs::Inputs;
use crate::limits::DUPLICATE_US_MAX;
use crate::tables::EVENTS;

/// The effect of some links on a version of the curated events.
#[derive(Debug)]
pub struct Merge {
    engine: Engine,
    links: Vec<Arc<Link>>,
    sessions: Arc<Sessions>,
    /// Landed events that the curated table holds already.
    already: Arc<HashSet<EventId>>,
    outcome: Outcome,
    /// Memory of the outcome, given back when it is dropped.
    _memory: MemoryReservation,
}

impl Merge {
    /// Reads the keys of the links' rows, of the touched visitors' curated rows, and of the landed tabs' rows that stand
    /// under other visitors.
    pub async fn plan(engine: &Engine, events: &Version, links: &[Arc<Link>]) -> anyhow::Result<Self> {
        let mut keys = Keys::new(MemoryConsumer::new("sessions").register(&engine.runtime().memory_pool));
        let landing = engine.inputs().table("landing", Scan::landing(links))?;
        let (touched, tabs) = keys.read_landed(&landing).await?;
        if !touched.is_empty() && !events.files.is_empty() {
            let curated = engine.inputs().table("curated", Scan::version(events))?;
            let curated = curated.function(touched.function()).function(tabs.function());
            let own = touched.condition("occurred_at", DUPLICATE_US_MAX);
            keys.read_curated(&curated, &own, |file| Origin::Curated { file }).await?;
            let others = touched.others_condition("occurred_at", DUPLICATE_US_MAX);
            let others = format!("{others} and {}", tabs.condition());
            keys.read_curated(&curated, &others, |_| Origin::Elsewhere).await?;
        }
        let mut outcome = sessionize(keys.events);
        Ok(Self {
            engine: engine.clone(),
            links: links.to_vec(),
            sessions: Arc::new(std::mem::take(&mut outcome.sessions)),
            already: Arc::new(std::mem::take(&mut outcome.already)),
            outcome,
            _memory: keys.memory,
        })
    }

    /// Landed events, without repeats.
    pub fn events(&self) -> u64 {
        self.outcome.events
    }

    /// Landed events to which the stream job gave another session.
    pub fn disagreements(&self) -> u64 {
        self.outcome.disagreements
    }

    /// Places of the curated files that hold an event whose session changed.
    pub fn changed_files(&self) -> HashSet<usize> {
        self.outcome.changed_files.iter().map(|file| *file as usize).collect()
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
