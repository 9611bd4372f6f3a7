//! What new links do to the curated events: which rows are new, which sessions they give, which files change.
//!
//! Compaction and the live view both use it, so that what a query sees before and after a compaction is the same.

pub mod derivation;
pub mod repeats;
pub mod sessionize;
pub mod touched;
pub mod visitors;

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;
use schemas::landing::Link;

use crate::curated::Version;
use crate::curated::scan::{FILE_INDEX, Scan};
use crate::engine::Engine;
use crate::lake::share::Part;
use crate::limits::DUPLICATE_US_MAX;
use crate::merge::sessionize::{EventKey, Origin, Outcome, sessionize};
use crate::merge::touched::{Tabs, Touched};
use crate::merge::visitors::{Sessions, key, register_event_set, register_parts, register_sessions};
use crate::tables::Table;

/// What [`Keys`] are read from.
const KEY_COLUMNS: &str = "site_id, visitor_id, tab_id, seq, occurred_at, session_started_at";

/// The effect of some links on a version of the curated events.
#[derive(Debug)]
pub struct Merge {
    outcome: Outcome,
    sessions: Arc<Sessions>,
    links: Vec<Arc<Link>>,
    /// Memory of the outcome, given back when it is dropped.
    _memory: MemoryReservation,
}

impl Merge {
    /// Reads the keys of the links' rows, of the touched visitors' curated rows, and of the landed tabs' rows that stand
    /// under other visitors.
    pub async fn plan(engine: &Engine, events: &Version, links: &[Arc<Link>]) -> anyhow::Result<Self> {
        let context = engine.session();
        let memory = MemoryConsumer::new("sessions").register(&engine.runtime().memory_pool);
        let mut keys = Keys { events: Vec::new(), memory };
        let (mut touched, mut tabs) = (Touched::default(), Tabs::default());

        context.register_table("landing", Scan::landing(links))?;
        let sql = format!("select {KEY_COLUMNS}, kafka_partition, kafka_offset from landing where not duplicate");
        let mut batches = context.sql(&sql).await?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            keys.add_landed(&batch, &mut touched, &mut tabs)?;
        }

        if !touched.is_empty() && !events.files.is_empty() {
            touched.register(&context);
            tabs.register(&context);
            context.register_table("curated", Scan::version(events))?;
            let own = touched.condition("occurred_at", DUPLICATE_US_MAX);
            keys.read_curated(&context, &own, |file| Origin::Curated { file }).await?;
            let others = touched.others_condition("occurred_at", DUPLICATE_US_MAX);
            keys.read_curated(&context, &format!("{others} and {}", tabs.condition()), |_| Origin::Elsewhere).await?;
        }
        let mut outcome = sessionize(keys.events);
        let sessions = Arc::new(std::mem::take(&mut outcome.sessions));
        Ok(Self { outcome, sessions, links: links.to_vec(), _memory: keys.memory })
    }

    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    pub fn links(&self) -> &[Arc<Link>] {
        &self.links
    }

    /// A part of the links' new rows, as curated events with their final sessions.
    pub async fn new_rows(&self, engine: &Engine, part: Part) -> anyhow::Result<DataFrame> {
        let context = engine.session();
        self.register(&context);
        context.register_table("landing", Scan::landing(&self.links))?;
        register_event_set(&context, "already_curated", Arc::new(self.outcome.already.clone()));
        let mut rows =
            String::from("select *, cast(occurred_at as date) as event_date from landing where not duplicate");
        if let Some(condition) = part.of_events() {
            register_parts(&context, part.of);
            rows = format!("{rows} and {condition}");
        }
        if !self.outcome.already.is_empty() {
            rows.push_str(" and not already_curated(site_id, tab_id, seq)");
        }
        if self.outcome.doubled {
            rows = format!(
                "select * from (select *, row_number() over (partition by site_id, tab_id, seq \
                 order by kafka_partition, kafka_offset) as nth from ({rows})) where nth = 1"
            );
        }
        Ok(context.sql(&format!("select {} from ({rows})", final_columns(Table::Events))).await?)
    }

    /// Curated rows of the given scan, with their final sessions.
    pub async fn curated_rows(&self, engine: &Engine, rows: Arc<Scan>) -> anyhow::Result<DataFrame> {
        let context = engine.session();
        self.register(&context);
        context.register_table("curated", rows)?;
        let columns = if self.outcome.changed_files.is_empty() {
            Table::Events.columns().join(", ")
        } else {
            final_columns(Table::Events)
        };
        Ok(context.sql(&format!("select {columns} from curated")).await?)
    }

    fn register(&self, context: &SessionContext) {
        register_sessions(context, self.sessions.clone());
    }
}

/// Select list of a table whose session columns are taken from the functions of `visitors`.
pub fn final_columns(table: Table) -> String {
    let columns = table.columns().into_iter().map(|name| match name.as_str() {
        "session_id" => "final_session_id(site_id, visitor_id, occurred_at, session_id) as session_id".into(),
        "session_started_at" => {
            "final_session_start(site_id, visitor_id, occurred_at, session_started_at) as session_started_at".into()
        }
        _ => name,
    });
    columns.collect::<Vec<String>>().join(", ")
}

struct Keys {
    events: Vec<EventKey>,
    memory: MemoryReservation,
}

impl Keys {
    fn add_landed(&mut self, batch: &RecordBatch, touched: &mut Touched, tabs: &mut Tabs) -> anyhow::Result<()> {
        let (partition, offset) =
            (batch.column(6).as_primitive::<Int64Type>(), batch.column(7).as_primitive::<Int64Type>());
        let known = self.events.len();
        self.add(batch, |row| Origin::Landed { partition: partition.value(row), offset: offset.value(row) })?;
        let (visitor, tab) = (batch.column(1).as_string_view(), batch.column(2).as_string_view());
        for (row, event) in self.events[known..].iter().enumerate() {
            touched.add(event.visitor, visitor.value(row), event.at);
            tabs.add(event.tab, tab.value(row), event.seq);
        }
        Ok(())
    }

    /// Adds the rows of the table `curated` of the context that hold the condition.
    async fn read_curated(
        &mut self,
        context: &SessionContext,
        condition: &str,
        origin: impl Fn(i32) -> Origin,
    ) -> anyhow::Result<()> {
        let sql = format!("select {KEY_COLUMNS}, {FILE_INDEX} from curated where {condition}");
        let mut batches = context.sql(&sql).await?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let file = batch.column(6).as_primitive::<Int32Type>();
            self.add(&batch, |row| origin(file.value(row)))?;
        }
        Ok(())
    }

    /// Adds a batch that begins with [`KEY_COLUMNS`].
    fn add(&mut self, batch: &RecordBatch, origin: impl Fn(usize) -> Origin) -> anyhow::Result<()> {
        self.memory.try_grow(batch.num_rows() * 2 * size_of::<EventKey>())?;
        let (site, visitor) = (batch.column(0).as_string_view(), batch.column(1).as_string_view());
        let tab = batch.column(2).as_string_view();
        let seq = batch.column(3).as_primitive::<Int64Type>();
        let at = batch.column(4).as_primitive::<TimestampMicrosecondType>();
        let start = batch.column(5).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            self.events.push(EventKey {
                visitor: key(&[site.value(row), visitor.value(row)]),
                tab: key(&[site.value(row), tab.value(row)]),
                seq: seq.value(row),
                at: at.value(row),
                session_start: start.value(row),
                origin: origin(row),
            });
        }
        Ok(())
    }
}
