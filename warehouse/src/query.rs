//! Read-only SQL over the live view, within limits.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::Statement;
use futures::TryStreamExt;
use thiserror::Error;

use crate::engine::memory_exhausted;
use crate::guard::{Refused, one_line, only_statement};
use crate::lake::Lake;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_ROWS_MAX, PRINTED_BYTES_MAX, PRINTED_ROWS_MAX, QUERY_MS_MAX};
use crate::live::Live;
use crate::scan::Scan;
use crate::tables::Table;

/// Limits of one query.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub time: Duration,
    pub rows_max: usize,
    /// Bytes of the answer in memory.
    pub bytes_max: usize,
}

impl Limits {
    /// For the HTTP API.
    pub fn answer() -> Self {
        Self { time: Duration::from_millis(QUERY_MS_MAX), rows_max: ANSWER_ROWS_MAX, bytes_max: ANSWER_BYTES_MAX }
    }

    /// For the command line.
    pub fn printed() -> Self {
        Self { rows_max: PRINTED_ROWS_MAX, bytes_max: PRINTED_BYTES_MAX, ..Self::answer() }
    }
}

/// Rows of an answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

/// Why there is no answer. The text is one line.
#[derive(Debug, Error)]
pub enum QueryError {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The statement is wrong: its code, and what is wrong.
    #[error("{1}")]
    Wrong(&'static str, String),
    #[error("the query ran longer than {} s; ask for less, or name a site and a date", .0.as_secs_f64())]
    Timeout(Duration),
    #[error("the answer has more than {0} rows; add a limit, or aggregate")]
    TooManyRows(usize),
    #[error("the answer is larger than {0} bytes; select fewer columns, or add a limit")]
    TooManyBytes(usize),
    #[error("the query needs more memory than it may have; ask for less ({0})")]
    OutOfMemory(String),
    #[error("the query could not run: {0}")]
    Failed(String),
}

impl QueryError {
    /// The error's code in answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.code(),
            Self::Wrong(code, _) => code,
            Self::Timeout(_) => "timeout",
            Self::TooManyRows(_) => "too_many_rows",
            Self::TooManyBytes(_) => "too_many_bytes",
            Self::OutOfMemory(_) => "out_of_memory",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether the one who asked can mend it.
    pub fn is_theirs(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

/// Answers one read-only statement.
pub async fn query(lake: &Arc<Lake>, sql: &str, limits: Limits) -> Result<Answer, QueryError> {
    let statement = only_statement(sql)?;
    let lake = lake.clone();
    let task = tokio::spawn(async move { run(&lake, statement, limits).await });
    let _abort = AbortOnDrop(task.abort_handle());
    // From outside of the task: a step of a query that never gives way cannot be stopped, but need not be waited for.
    match tokio::time::timeout(limits.time, task).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(QueryError::Failed("the query engine gave up on this statement".into())),
        Err(_) => Err(QueryError::Timeout(limits.time)),
    }
}

/// A caller that goes away takes its query with it.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn run(lake: &Lake, statement: Statement, limits: Limits) -> Result<Answer, QueryError> {
    let context = lake.engine.session();
    let named = context.state().resolve_table_references(&statement).map_err(wrong)?;
    let named: Vec<String> = named.iter().map(|name| name.table().to_ascii_lowercase()).collect();
    let wanted: Vec<Table> =
        Table::ALL.into_iter().filter(|table| named.iter().any(|name| name == table.name())).collect();
    let live = if wanted.is_empty() { None } else { Some(Live::open(lake, &wanted).await.map_err(failed)?) };
    register(&context, live.as_ref()).map_err(wrong)?;

    let plan = context.state().statement_to_plan(statement).await.map_err(wrong)?;
    read_only(&plan).map_err(|error| Refused::Statement(one_line(&error.strip_backtrace())))?;
    let rows = DataFrame::new(context.state(), plan);
    let mut batches = rows.execute_stream().await.map_err(wrong)?;
    let schema = batches.schema();
    let mut answer = Answer { schema, batches: Vec::new() };
    let (mut count, mut bytes) = (0, 0);
    while let Some(batch) = batches.try_next().await.map_err(wrong)? {
        count += batch.num_rows();
        bytes += batch.get_array_memory_size();
        if count > limits.rows_max {
            return Err(QueryError::TooManyRows(limits.rows_max));
        }
        if bytes > limits.bytes_max {
            return Err(QueryError::TooManyBytes(limits.bytes_max));
        }
        answer.batches.push(batch);
    }
    Ok(answer)
}

/// Makes all tables known; those that the query does not name stay empty.
fn register(context: &SessionContext, live: Option<&Live>) -> Result<(), DataFusionError> {
    for table in Table::ALL {
        let opened = live.and_then(|live| live.tables.iter().find(|(opened, _)| *opened == table));
        match opened {
            Some((_, provider)) => context.register_table(table.name(), provider.clone())?,
            None => context.register_table(table.name(), Scan::empty(table))?,
        };
    }
    Ok(())
}

fn read_only(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false).verify_plan(plan)
}

fn wrong(error: DataFusionError) -> QueryError {
    let text = one_line(&error.strip_backtrace());
    match error.find_root() {
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { .. } => QueryError::Wrong("unknown_column", text),
            _ => QueryError::Wrong("invalid_sql", text),
        },
        DataFusionError::Plan(plain) if plain.contains("table '") && plain.contains("not found") => {
            QueryError::Wrong("unknown_table", text)
        }
        DataFusionError::ResourcesExhausted(what) => QueryError::OutOfMemory(one_line(what)),
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) | DataFusionError::ParquetError(_) => {
            QueryError::Failed(text)
        }
        _ => QueryError::Wrong("invalid_sql", text),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: anyhow::Error) -> QueryError {
    match memory_exhausted(&error) {
        Some(what) => QueryError::OutOfMemory(what),
        None => QueryError::Failed(format!("{error:#}").replace('\n', " ")),
    }
}
