//! The tables that are computed from `events`: one SQL text each, used by compaction and by the live view.
//!
//! Links touch visitors; of a touched visitor, the sessions from the first one that can have changed are computed
//! again from the events, and replace their old rows. Everybody else's rows stay.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Int32Type, Int64Type};
use datafusion::datasource::TableProvider;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;
use schemas::landing::Link;
use schemas::session::{GAP_US_MAX, SESSION_US_MAX};

use crate::curated::scan::{FILE_INDEX, Scan};
use crate::curated::{CuratedFile, Version};
use crate::engine::Engine;
use crate::lake::share::Part;
use crate::merge::final_columns;
use crate::merge::repeats::Repeats;
use crate::merge::touched::{Touched, TouchedSessions};
use crate::merge::visitors::{key, register_event_numbers, register_event_set, register_parts, register_sessions};
use crate::tables::Table;
use crate::tables::campaign;

/// The farthest that a changed session can begin before the event that touched it.
const BACK_US: i64 = SESSION_US_MAX + GAP_US_MAX;

/// The effect of some links on the derived tables.
pub struct Derivation {
    context: SessionContext,
    touched: Touched,
    repeats: Repeats,
}

impl Derivation {
    /// `events` are the events with all of the links' rows in them.
    pub async fn plan(engine: &Engine, events: Arc<dyn TableProvider>, links: &[Arc<Link>]) -> anyhow::Result<Self> {
        let context = engine.session();
        context.register_table("events", events)?;
        context.register_table("landing", Scan::landing(links))?;
        let mut touched = Touched::read(&context, links).await?;
        touched.register(&context);
        let repeats = Repeats::read(&context, &mut touched).await?;
        touched.register(&context);
        register_event_set(&context, "held_from_elsewhere", Arc::new(repeats.foreign.clone()));
        let sessions = touched.sessions(&context).await?;
        sessions.register(&context);
        register_sessions(&context, sessions.sessions);
        Ok(Self { context, touched, repeats })
    }

    /// `touched_events`: the events of a part of the sessions that must be computed again; `stretches` of them.
    async fn define_touched_events(&self, part: Part) -> anyhow::Result<()> {
        let condition = self.touched.condition("occurred_at", BACK_US);
        let mut rows = format!("select * from events where {condition} and {}", TouchedSessions::CHANGED);
        if let Some(condition) = part.of_visitors() {
            register_parts(&self.context, part.of);
            rows = format!("{rows} and {condition}");
        }
        Self::define(&self.context, "touched_events", &rows).await?;
        Self::define(&self.context, "stretches", include_str!("../tables/stretches.sql")).await
    }

    async fn define(context: &SessionContext, name: &str, sql: &str) -> anyhow::Result<()> {
        let rows = context.sql(sql).await?;
        context.deregister_table(name)?;
        context.register_table(name, rows.into_view())?;
        Ok(())
    }

    /// Whether no row can change.
    pub fn is_empty(&self) -> bool {
        self.touched.is_empty()
    }

    /// A part of the rows that replace or join the ones in `base`. The sessions also need the `ledger` with its new rows.
    pub async fn fresh(
        &self,
        base: &Version,
        ledger: Option<Arc<dyn TableProvider>>,
        part: Part,
    ) -> anyhow::Result<DataFrame> {
        self.define_touched_events(part).await?;
        let sql = match base.table {
            Table::Events => anyhow::bail!("events are not derived"),
            Table::Pointer => return self.fresh_trails(part).await,
            Table::Ledger => {
                self.define_ledger_inputs(base).await?;
                include_str!("../tables/ledger.sql")
            }
            Table::Sessions => {
                self.define_session_ledger(ledger).await?;
                &campaign::written_out(include_str!("../tables/sessions.sql"))
            }
            Table::PageViews => include_str!("../tables/page_views.sql"),
        };
        let columns = base.table.columns().join(", ");
        Ok(self.context.sql(&format!("select {columns} from ({sql}\n)")).await?)
    }

    /// Rows of some files of `base` that stay, with their final sessions.
    pub async fn surviving(&self, base: &Version, files: &[&CuratedFile]) -> anyhow::Result<DataFrame> {
        self.context.deregister_table("curated")?;
        self.context.register_table("curated", Scan::some(base, files))?;
        let sql = if base.table == Table::Pointer {
            format!("select {} from curated", final_columns(base.table))
        } else {
            format!("select {} from curated where not {}", base.table.columns().join(", "), TouchedSessions::CHANGED)
        };
        Ok(self.context.sql(&sql).await?)
    }

    /// Places of the files of `base` that hold rows to be replaced.
    pub async fn changed_files(&self, base: &Version) -> anyhow::Result<HashSet<usize>> {
        self.context.deregister_table("curated")?;
        self.context.register_table("curated", Scan::version(base))?;
        let (time, changed) = if base.table == Table::Pointer {
            let start = "final_session_start(site_id, visitor_id, occurred_at, session_started_at)";
            ("occurred_at", format!("session_started_at <> {start}"))
        } else {
            ("session_started_at", TouchedSessions::CHANGED.to_owned())
        };
        let condition = self.touched.condition(time, BACK_US);
        let sql = format!("select distinct {FILE_INDEX} from curated where {condition} and {changed}");
        let mut files = HashSet::new();
        for batch in self.context.sql(&sql).await?.collect().await? {
            files.extend(batch.column(0).as_primitive::<Int32Type>().values().iter().map(|file| *file as usize));
        }
        Ok(files)
    }

    /// The links' trails whose event stands in `events`, each once.
    async fn fresh_trails(&self, part: Part) -> anyhow::Result<DataFrame> {
        let mut rows = String::from(
            "select site_id, cast(occurred_at as date) as event_date, session_id, visitor_id, tab_id, page_view_id, seq, \
             occurred_at, session_started_at, trail_dt as dt, trail_x as x, trail_y as y, kafka_partition, kafka_offset \
             from landing where type = 'pointer' and not duplicate",
        );
        if let Some(condition) = part.of_events() {
            rows = format!("{rows} and {condition}");
        }
        if !self.repeats.foreign.is_empty() {
            rows.push_str(" and not held_from_elsewhere(site_id, tab_id, seq)");
        }
        if self.repeats.doubled {
            rows = format!(
                "select * from (select *, row_number() over (partition by site_id, tab_id, seq \
                 order by kafka_partition, kafka_offset) as nth from ({rows})) where nth = 1"
            );
        }
        let columns = final_columns(Table::Pointer);
        Ok(self.context.sql(&format!("select {columns} from ({rows})")).await?)
    }

    /// `ledger_before`: how far the tabs' unchanged sessions reach. `repeats_of`: repeats by event, those of the links and
    /// those that the replaced rows counted (kept at their first event).
    async fn define_ledger_inputs(&self, base: &Version) -> anyhow::Result<()> {
        let context = &self.context;
        context.deregister_table("curated_ledger")?;
        context.register_table("curated_ledger", Scan::version(base))?;
        let changed = TouchedSessions::CHANGED;
        let before = format!(
            "select site_id, visitor_id, tab_id, max(last_seq) as last_seq, max(last_batch_seq) as last_batch_seq, \
             max(session_started_at) as session_started_at \
             from curated_ledger where touched_from(site_id, visitor_id) is not null and not {changed} \
             group by site_id, visitor_id, tab_id"
        );
        Self::define(context, "ledger_before", &before).await?;
        let condition = self.touched.condition("session_started_at", BACK_US);
        let counted = format!(
            "select site_id, tab_id, first_seq, duplicates from curated_ledger \
             where duplicates > 0 and {condition} and {changed}"
        );
        let mut repeats = self.repeats.counts.clone();
        let mut batches = context.sql(&counted).await?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (site, tab) = (batch.column(0).as_string_view(), batch.column(1).as_string_view());
            let number = |column: usize| batch.column(column).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let event = (key(&[site.value(row), tab.value(row)]), number(2).value(row));
                *repeats.entry(event).or_default() += number(3).value(row);
            }
        }
        register_event_numbers(context, "repeats_of", repeats);
        Ok(())
    }

    async fn define_session_ledger(&self, ledger: Option<Arc<dyn TableProvider>>) -> anyhow::Result<()> {
        let ledger = ledger.unwrap_or_else(|| Scan::empty(Table::Ledger));
        self.context.deregister_table("ledger")?;
        self.context.register_table("ledger", ledger)?;
        let condition = self.touched.condition("session_started_at", BACK_US);
        let rows = format!("select * from ledger where {condition}");
        Self::define(&self.context, "session_ledger", &rows).await
    }
}
