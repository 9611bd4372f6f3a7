//! Golden SQL: every folder of `tests/sql` holds statements and what they must answer, as PostgreSQL 15 does. Each runs
//! many times, split into one or several parts and small or large batches, and always answers the same.
//!
//! `query.sql` holds statements, each ended by a semicolon at the end of a line; `expected.csv` their answers in this order,
//! one empty line between two, or `error CODE` where a statement is refused.

#[path = "support/random_sql.rs"]
mod random_sql;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SessionContext;
use datafusion::physical_plan::collect;
use random_sql::{Dice, statement};
use tempfile::{TempDir, tempdir};
use warehouse::format;
use warehouse::format::Answer;
use warehouse::query::dialect::translate;
use warehouse::query::guard::only_statement;
use warehouse::{Lake, Resources, Store};

/// Parts of a plan, and rows of a batch.
const SPLITS: [(usize, usize); 4] = [(1, 8_192), (2, 8_192), (3, 2), (8, 1)];
/// Runs in each split: an answer that depends on who is first differs from run to run.
const RUNS: usize = 2;

/// Statements by chance; their seeds are the numbers below.
const STATEMENTS: u64 = 120;
/// Optimisations that can be switched off.
const OPTIONAL: [&str; 8] = [
    "enable_round_robin_repartition",
    "enable_topk_aggregation",
    "enable_window_limits",
    "enable_topk_repartition",
    "repartition_aggregations",
    "repartition_joins",
    "repartition_sorts",
    "repartition_windows",
];

fn empty_lake() -> (TempDir, Arc<Lake>) {
    let folder = tempdir().unwrap();
    let url = url::Url::from_directory_path(folder.path()).unwrap();
    let lake = Lake::open(Store::open(url.as_str()).unwrap(), Resources::default()).unwrap();
    (folder, lake)
}

fn session(lake: &Lake, (parts, batch_rows): (usize, usize)) -> SessionContext {
    let context = lake.engine.session();
    let state = context.state_ref();
    let mut state = state.write();
    let options = state.config_mut().options_mut();
    options.set("datafusion.execution.target_partitions", &parts.to_string()).unwrap();
    options.set("datafusion.execution.batch_size", &batch_rows.to_string()).unwrap();
    drop(state);
    context
}

async fn answer(context: &SessionContext, sql: &str) -> Result<String, DataFusionError> {
    let mut statement = only_statement(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    translate(&mut statement)?;
    let state = context.state();
    let plan = state.statement_to_plan(statement).await?;
    let plan = state.create_physical_plan(&plan).await?;
    let schema = plan.schema();
    let batches = collect(plan, context.task_ctx()).await?;
    Ok(format::csv(&Answer { schema, batches }))
}

async fn shown(context: &SessionContext, sql: &str) -> String {
    match answer(context, sql).await {
        // Names of columns are the engine's own; they say nothing about the answer.
        Ok(csv) => csv.split_once('\n').map_or(String::new(), |(_, rows)| rows.to_owned()),
        Err(error) => format!("error {}", code(&error)),
    }
}

fn code(error: &DataFusionError) -> &'static str {
    match error.find_root() {
        DataFusionError::NotImplemented(_) => "not_supported",
        DataFusionError::ArrowError(cause, _) if matches!(**cause, ArrowError::ArithmeticOverflow(_)) => "overflow",
        _ => "other",
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql");
    let folder = if folder.exists() { folder } else { PathBuf::from("tests/sql") };
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn statements(text: &str) -> Vec<&str> {
    text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_answers_what_is_expected_however_it_is_split() {
    let (_folder, lake) = empty_lake();
    let sessions = SPLITS.map(|split| (split, session(&lake, split)));
    let mut wrong = Vec::new();
    for case in cases() {
        let text = std::fs::read_to_string(case.join("query.sql")).unwrap();
        let expected = std::fs::read_to_string(case.join("expected.csv")).unwrap();
        let expected: Vec<&str> = expected.split("\n\n").map(str::trim_end).collect();
        let statements = statements(&text);
        assert_eq!(statements.len(), expected.len(), "{}: a statement and an answer each", case.display());
        for (sql, expected) in statements.iter().zip(expected) {
            for (split, context) in &sessions {
                for _ in 0..RUNS {
                    let got = shown(context, sql).await;
                    if got.trim_end() != expected {
                        wrong.push(format!(
                            "{} in {split:?}: {sql}\n  expected {expected:?}\n  got      {got:?}",
                            case.display()
                        ));
                        break;
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Statements by chance answer alike in one part, without any optimisation that can be switched off, and in several.
#[tokio::test(flavor = "multi_thread")]
async fn statements_by_chance_answer_alike_however_they_are_run() {
    let (_folder, lake) = empty_lake();
    let plain = session(&lake, (1, 8_192));
    for option in OPTIONAL {
        let name = format!("datafusion.optimizer.{option}");
        plain.state_ref().write().config_mut().options_mut().set(&name, "false").unwrap();
    }
    let others = [(2, 8_192), (3, 2)].map(|split| session(&lake, split));
    for seed in 0..STATEMENTS {
        let sql = statement(&mut Dice::new(seed));
        let expected = answer(&plain, &sql).await.unwrap_or_else(|error| panic!("seed {seed}: {sql}: {error}"));
        for context in &others {
            let got = answer(context, &sql).await.unwrap_or_else(|error| panic!("seed {seed}: {sql}: {error}"));
            assert_eq!(got, expected, "seed {seed}: {sql}");
        }
    }
}
