//! Read-only SQL over the live view, within limits on its answer. Time and memory are the caller's to limit: see
//! [`crate::sql`].

pub mod dialect;
mod failure;
pub mod guard;
pub(crate) mod live;
mod parameters;
mod plain;
pub mod postgres;
mod scope;
mod sent;
pub(crate) mod split;

pub(crate) use failure::cut;
pub use failure::{Blame, Failure};
pub use parameters::{Given, Parameter, parameter_schema, values};
pub use scope::Scope;
pub use sent::{NOT_ELSEWHERE, Sent, sent};

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::datasource::TableProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::{SQLOptions, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{EmptyRecordBatchStream, ExecutionPlan, execute_stream};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::Statement;
use futures::TryStreamExt;

use crate::curated::scan::Scan;
use crate::engine::{memory_exhausted, one_line, plan_in_one_part};
use crate::format::Answer;
use crate::lake::Lake;
use crate::limits::{
    ANSWER_BYTES_MAX, ANSWER_ROWS_MAX, ONE_PART_ROWS_MAX, STATEMENT_PARAMETERS_MAX, STREAMED_BYTES_MAX,
    STREAMED_ROWS_MAX,
};
use crate::merge::Others;
use crate::replay;
use crate::tables::{self, Table};
use crate::views::{self, View};
use dialect::translate;
use guard::{Refused, only_statement};
use live::{Live, imported};
use parameters::Told;

/// The code of what the engine cannot plan.
const UNPLANNED: &str = "invalid_sql";

/// Limits of one answer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub rows_max: usize,
    /// Bytes of the answer in memory.
    pub bytes_max: usize,
}

impl Limits {
    /// For who holds the whole answer.
    pub fn answer() -> Self {
        Self { rows_max: ANSWER_ROWS_MAX, bytes_max: ANSWER_BYTES_MAX }
    }

    /// For who reads it as it comes.
    pub fn streamed() -> Self {
        Self { rows_max: STREAMED_ROWS_MAX, bytes_max: STREAMED_BYTES_MAX }
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
    /// Of batches, whoever computes them.
    pub fn of(batches: SendableRecordBatchStream, limits: Limits) -> Self {
        Self { schema: plain::schema(&batches.schema()), batches, limits, rows: 0, bytes: 0, _live: None }
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// All that are left, in memory.
    ///
    /// # Errors
    /// What [`Rows::next`] ends in.
    pub async fn all(mut self) -> Result<Answer, Failure> {
        let mut answer = Answer { schema: self.schema.clone(), batches: Vec::new() };
        while let Some(batch) = self.next().await? {
            answer.batches.push(batch);
        }
        Ok(answer)
    }

    /// The first rows: all of them, or more than so many bytes.
    pub async fn first(&mut self, bytes_max: usize) -> Result<VecDeque<RecordBatch>, Failure> {
        let mut first = VecDeque::new();
        while self.bytes < bytes_max {
            match self.next().await? {
                Some(batch) => first.push_back(batch),
                None => break,
            }
        }
        Ok(first)
    }

    /// The next rows, none at the end.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        let Some(batch) = self.batches.try_next().await? else { return Ok(None) };
        let batch = plain::batch(&batch, &self.schema).map_err(DataFusionError::from)?;
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

/// Answers one read-only statement on every site.
pub async fn query(lake: &Lake, sql: &str, limits: Limits) -> Result<Answer, Failure> {
    let asking = Asking { scope: &Scope::All, of_postgresql: false, parameters: &[] };
    open(lake, sql, limits, &asking).await?.all().await
}

/// How a statement is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Whose rows are there.
    pub scope: &'a Scope,
    /// Whether PostgreSQL's catalog is there as well.
    pub of_postgresql: bool,
    /// Values of `$1`, `$2` …
    pub parameters: &'a [Parameter],
}

/// Plans one read-only statement and starts it.
pub async fn open(lake: &Lake, sql: &str, limits: Limits, asking: &Asking<'_>) -> Result<Rows, Failure> {
    let (batches, live): (SendableRecordBatchStream, _) = match known(lake, sql, asking).await? {
        Known::Reading { context, statement, live } => {
            let planned = planned(&context, *statement, asking.parameters).await?;
            (execute_stream(planned.plan, context.task_ctx())?, live)
        }
        Known::Nothing(schema) => (Box::pin(EmptyRecordBatchStream::new(schema)), None),
    };
    Ok(Rows { _live: live, ..Rows::of(batches, limits) })
}

/// A statement that is ready to be run.
struct Planned {
    /// Object identifiers of the types of its parameters.
    types: Vec<u32>,
    /// What is to be computed.
    logical: LogicalPlan,
    /// How.
    plan: Arc<dyn ExecutionPlan>,
}

/// Plans a statement with the values of its parameters.
async fn planned(context: &SessionContext, statement: Statement, parameters: &[Parameter]) -> Result<Planned, Failure> {
    parameters::check_formats(parameters)?;
    // By what is looked for in a list its type is told, and by its items files are passed over.
    if !parameters.is_empty()
        && parameters::has_lists(&statement)
        && let Some(planned) = planned_literally(context, statement.clone(), parameters).await
    {
        return Ok(planned);
    }
    match planned_with(context, statement.clone(), parameters).await {
        // Where the engine cannot tell a parameter's type, its value may.
        Err(failure) if !parameters.is_empty() && failure.code() == UNPLANNED => {
            planned_literally(context, statement, parameters).await.ok_or(failure)
        }
        done => done,
    }
}

/// Plans a statement that has the values in the places of its parameters; none where that cannot be.
async fn planned_literally(
    context: &SessionContext,
    mut statement: Statement,
    parameters: &[Parameter],
) -> Option<Planned> {
    let parameters = typed(context, &statement, parameters).await;
    if !parameters::put_in(&mut statement, &parameters) {
        return None;
    }
    let types = parameters.iter().map(|parameter| parameter.oid).collect();
    let planned = planned_with(context, statement, &[]).await.ok()?;
    Some(Planned { types, ..planned })
}

async fn planned_with(
    context: &SessionContext,
    statement: Statement,
    parameters: &[Parameter],
) -> Result<Planned, Failure> {
    let state = context.state();
    let (types, logical) = parameters::bind(plan(&state, statement).await?, parameters)?;
    let plan = state.create_physical_plan(&logical).await?;
    Ok(Planned { types, logical, plan })
}

/// The parameters of a statement whose types the engine cannot tell, each with a type: what the client says, or a list of what is
/// looked for in it, or text.
async fn typed(context: &SessionContext, statement: &Statement, parameters: &[Parameter]) -> Vec<Parameter> {
    let mut statement = statement.clone();
    let lists = parameters::as_members(&mut statement);
    let told = match lists.is_empty() {
        true => Told::default(),
        false => match plan(&context.state(), statement).await {
            Ok(plan) => Told::of(&plan).unwrap_or_default(),
            Err(_) => Told::default(),
        },
    };
    let typed = parameters.iter().zip(1..).map(|(parameter, place)| {
        let told = told.at(place).cloned();
        let told = if lists.contains(&place) { Some(list_of(told)) } else { told };
        Parameter { oid: parameters::oid(parameter.oid, told.as_ref()), ..parameter.clone() }
    });
    typed.collect()
}

fn list_of(item: Option<DataType>) -> DataType {
    DataType::new_list(item.unwrap_or(DataType::Utf8), true)
}

async fn plan(state: &SessionState, statement: Statement) -> Result<LogicalPlan, Failure> {
    let plan = state.statement_to_plan(statement).await?;
    read_only(&plan).map_err(|error| Refused::Statement(one_line(&error.strip_backtrace())))?;
    Ok(plan)
}

/// What a statement asks for and what it answers: the types of its parameters, of which the client has said `given`, and the columns
/// that come when it is run with values of these types.
pub async fn describe(
    lake: &Lake,
    sql: &str,
    given: &[u32],
    asking: &Asking<'_>,
) -> Result<(Vec<u32>, SchemaRef), Failure> {
    let (context, mut statement, _live) = match known(lake, sql, asking).await? {
        Known::Reading { context, statement, live } => (context, statement, live),
        Known::Nothing(schema) => return Ok((given.to_vec(), schema)),
    };
    let open = parameters::open(&mut statement, given)?;
    let planned = match open.len() {
        ..=STATEMENT_PARAMETERS_MAX => planned(&context, (*statement).clone(), &open).await,
        _ => planned_with(&context, (*statement).clone(), &open).await,
    };
    match planned {
        Ok(planned) => Ok((planned.types, plain::schema(&planned.plan.schema()))),
        Err(failure) => analyzed(&context, *statement, &open).await.map_err(|_| failure),
    }
}

/// What is described of a statement that cannot be planned without its values, since one may not be null.
async fn analyzed(
    context: &SessionContext,
    statement: Statement,
    open: &[Parameter],
) -> Result<(Vec<u32>, SchemaRef), Failure> {
    let state = context.state();
    let (types, plan) = parameters::bind(plan(&state, statement).await?, open)?;
    let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
    Ok((types, plain::schema(plan.schema().as_arrow())))
}

/// A statement that may be asked, and what it may read.
enum Known {
    Reading {
        context: Box<SessionContext>,
        statement: Box<Statement>,
        live: Option<Live>,
    },
    /// It finds no rows, whatever there is.
    Nothing(SchemaRef),
}

async fn known(lake: &Lake, sql: &str, asking: &Asking<'_>) -> Result<Known, Failure> {
    let (mut statement, of_catalog) =
        if asking.of_postgresql { postgres::statement(sql)? } else { (only_statement(sql)?, false) };
    if let Some(schema) = of_catalog.then(|| postgres::finds_nothing(&statement)).flatten() {
        return Ok(Known::Nothing(schema));
    }
    translate(&mut statement)?;
    let context = lake.engine.session_of_statement();
    let mut named = tables_of(&context, &statement)?;
    let views = views_of(&context, &mut named)?;
    let wanted = |table: &&'static Table| named.contains(table.name);
    let landed: Vec<&'static Table> = tables::ALL.iter().copied().filter(wanted).collect();
    let live =
        if landed.is_empty() { None } else { Some(Live::open(lake, &landed, asking.scope).await.map_err(failed)?) };
    let mut opened = live.as_ref().map_or_else(Others::new, |live| live.tables.clone());
    for table in tables::IMPORTED.iter().copied().filter(wanted) {
        opened.push((table, imported(lake, table).await.map_err(failed)?));
    }
    for table in tables::RECORDINGS.iter().copied().filter(wanted) {
        opened.push((table, replay::open(lake, table).await.map_err(failed)?));
    }
    if are_small(opened.iter().filter(|(table, _)| named.contains(table.name)).map(|(_, rows)| rows)) {
        plan_in_one_part(&context);
    }
    register(&context, &opened, views, asking.scope).await?;
    if of_catalog {
        postgres::register(&context).await?;
    }
    Ok(Known::Reading { context: Box::new(context), statement: Box::new(statement), live })
}

/// Whether the tables have so few rows that a second part of the plan would cost more than it does.
fn are_small<'a>(tables: impl Iterator<Item = &'a Arc<dyn TableProvider>>) -> bool {
    let rows: Option<usize> = tables.map(|table| table.statistics()?.num_rows.get_value().copied()).sum();
    rows.is_some_and(|rows| rows <= ONE_PART_ROWS_MAX)
}

/// The tables and views that a statement names.
fn tables_of(context: &SessionContext, statement: &Statement) -> Result<BTreeSet<String>, DataFusionError> {
    let named = context.state_ref().read().resolve_table_references(statement)?;
    Ok(named.iter().map(|name| name.table().to_ascii_lowercase()).collect())
}

/// A view and its statement.
type Viewed = (&'static View, Statement);

/// The views among the named, each after those that it reads; what they read is named as well.
fn views_of(context: &SessionContext, named: &mut BTreeSet<String>) -> Result<Vec<Viewed>, Failure> {
    let mut found = Vec::new();
    // The last first: a view reads only those before it.
    for view in views::ALL.iter().rev() {
        if named.contains(view.name) {
            let statement = statement_of(view)?;
            named.extend(tables_of(context, &statement)?);
            found.push((view, statement));
        }
    }
    found.reverse();
    Ok(found)
}

/// A view is read as whoever asks is: `at time zone` of the engine tells another type, and a union that has to cast a column hands no
/// condition on to its parts.
fn statement_of(view: &View) -> Result<Statement, Failure> {
    let mut statement = only_statement(&(view.sql)())?;
    translate(&mut statement)?;
    Ok(statement)
}

/// Makes a view known to a session that knows what it reads.
async fn register_view(context: &SessionContext, (view, statement): Viewed) -> Result<(), Failure> {
    let plan = context.state().statement_to_plan(statement).await?;
    context.register_table(view.name, DataFrame::new(context.state(), plan).into_view())?;
    Ok(())
}

/// Every table without rows, made once for all statements.
static EMPTY: LazyLock<Vec<(&'static Table, Arc<Scan>)>> =
    LazyLock::new(|| tables::every().map(|table| (table, Scan::empty(table))).collect());

/// Makes all tables known, each with the rows of the scope, and the views; tables that the query does not name stay empty.
async fn register(context: &SessionContext, opened: &Others, views: Vec<Viewed>, scope: &Scope) -> Result<(), Failure> {
    for (table, empty) in EMPTY.iter() {
        match opened.iter().find(|(opened, _)| opened == table) {
            Some((_, provider)) => context.register_table(table.name, scope.fence(provider.clone()))?,
            None => context.register_table(table.name, empty.clone())?,
        };
    }
    for view in views {
        register_view(context, view).await?;
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
