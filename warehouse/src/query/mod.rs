//! Read-only SQL over the live view, within limits on its answer. Time and memory are the caller's to limit: see
//! [`crate::sql`].

pub mod dialect;
mod failure;
pub mod guard;
pub(crate) mod live;

pub use failure::{Blame, Failure};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;

use crate::curated::scan::Scan;
use crate::engine::memory_exhausted;
use crate::engine::one_line;
use crate::format::Answer;
use crate::friction;
use crate::lake::Lake;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_ROWS_MAX, PRINTED_BYTES_MAX, PRINTED_ROWS_MAX};
use crate::replay;
use crate::tables::{self, Table};
use dialect::translate;
use guard::{Refused, only_statement};
use live::{Live, answered};

/// Limits of one answer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub rows_max: usize,
    /// Bytes of the answer in memory.
    pub bytes_max: usize,
}

impl Limits {
    /// For the HTTP API.
    pub fn answer() -> Self {
        Self { rows_max: ANSWER_ROWS_MAX, bytes_max: ANSWER_BYTES_MAX }
    }

    /// For the command line.
    pub fn printed() -> Self {
        Self { rows_max: PRINTED_ROWS_MAX, bytes_max: PRINTED_BYTES_MAX }
    }
}

/// Rows of an answer, as they come.
pub struct Rows {
    schema: SchemaRef,
    batches: SendableRecordBatchStream,
    limits: Limits,
    rows: usize,
    bytes: usize,
    /// Has reserved the memory of what is read.
    _live: Option<Live>,
}

impl Rows {
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows, none at the end.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        let Some(batch) = self.batches.try_next().await? else { return Ok(None) };
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        let Limits { rows_max, bytes_max } = self.limits;
        if self.rows > rows_max {
            let text = format!("the answer has more than {rows_max} rows; add a limit, or aggregate");
            return Err(Failure::theirs("too_many_rows", text));
        }
        if self.bytes > bytes_max {
            let text = format!("the answer is larger than {bytes_max} bytes; select fewer columns, or add a limit");
            return Err(Failure::theirs("too_many_bytes", text));
        }
        Ok(Some(batch))
    }
}

/// Answers one read-only statement.
pub async fn query(lake: &Lake, sql: &str, limits: Limits) -> Result<Answer, Failure> {
    let mut rows = open(lake, sql, limits).await?;
    let mut answer = Answer { schema: rows.schema.clone(), batches: Vec::new() };
    while let Some(batch) = rows.next().await? {
        answer.batches.push(batch);
    }
    Ok(answer)
}

/// Plans one read-only statement and starts it.
pub async fn open(lake: &Lake, sql: &str, limits: Limits) -> Result<Rows, Failure> {
    let mut statement = only_statement(sql)?;
    translate(&mut statement)?;
    let context = lake.engine.session();
    let named = context.state().resolve_table_references(&statement)?;
    let mut named: Vec<String> = named.iter().map(|name| name.table().to_ascii_lowercase()).collect();
    let view = named.iter().any(|name| name == friction::VIEW).then(|| friction::view(&friction::Settings::default()));
    if let Some(view) = &view {
        let read = context.state().resolve_table_references(&only_statement(view)?)?;
        named.extend(read.iter().map(|name| name.table().to_owned()));
    }
    let recorded = replay::views(&named);
    for view in recorded {
        let read = context.state().resolve_table_references(&only_statement(view.sql)?)?;
        named.extend(read.iter().map(|name| name.table().to_owned()));
    }
    let wanted: Vec<&'static Table> =
        tables::ALL.iter().copied().filter(|table| named.iter().any(|name| name == table.name)).collect();
    let live = if wanted.is_empty() { None } else { Some(Live::open(lake, &wanted).await.map_err(failed)?) };
    register(&context, live.as_ref())?;
    for table in tables::RECORDINGS {
        let provider = match named.iter().any(|name| name == table.name) {
            true => answered(lake, table, replay::open(lake, table).await.map_err(failed)?).await.map_err(failed)?,
            false => Scan::empty(table),
        };
        context.register_table(table.name, provider)?;
    }
    for view in recorded {
        context.register_table(view.name, context.sql(view.sql).await?.into_view())?;
    }
    if let Some(view) = view {
        context.register_table(friction::VIEW, context.sql(&view).await?.into_view())?;
    }

    let plan = context.state().statement_to_plan(statement).await?;
    read_only(&plan).map_err(|error| Refused::Statement(one_line(&error.strip_backtrace())))?;
    let batches = DataFrame::new(context.state(), plan).execute_stream().await?;
    Ok(Rows { schema: batches.schema(), batches, limits, rows: 0, bytes: 0, _live: live })
}

/// Makes all tables known; those that the query does not name stay empty.
fn register(context: &SessionContext, live: Option<&Live>) -> Result<(), DataFusionError> {
    for table in tables::ALL {
        let opened = live.and_then(|live| live.tables.iter().find(|(opened, _)| opened == table));
        match opened {
            Some((_, provider)) => context.register_table(table.name, provider.clone())?,
            None => context.register_table(table.name, Scan::empty(table))?,
        };
    }
    Ok(())
}

fn read_only(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false).verify_plan(plan)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: anyhow::Error) -> Failure {
    match memory_exhausted(&error) {
        Some(what) => Failure::out_of_memory(what),
        None => Failure::ours(format!("the tables cannot be read: {error:#}")),
    }
}

#[cfg(test)]
mod tests;
