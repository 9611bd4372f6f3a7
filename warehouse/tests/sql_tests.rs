//! Golden SQL: every folder of `tests/sql` holds statements and what they must answer.
//!
//! `query.sql` holds statements, each ended by a semicolon at the end of a line; `expected.csv` their answers in this order,
//! one empty line between two, or `error CODE` where a statement is refused. `BLESS=1` writes what is answered now: look
//! at the difference before you commit it.
//!
//! A case without events answers as PostgreSQL 15 does. It runs many times, split into one or several parts and small or
//! large batches, and always answers the same. A case with events (`events.json`, see `support/events.rs`) asks the tables,
//! which answer the same of what has landed, in the midst of compaction and after it.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

#[path = "support/random_sql.rs"]
mod random_sql;
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SessionContext;
use datafusion::physical_plan::collect;
use random_sql::{Dice, statement};
use support::{Landing, events};
use tempfile::{TempDir, tempdir};
use warehouse::compact::compact;
use warehouse::format;
use warehouse::format::Answer;
use warehouse::query::dialect::translate;
use warehouse::query::guard::only_statement;
use warehouse::query::{Limits, query};
use warehouse::verify::verify;
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
        Ok(csv) => without_header(&csv),
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

fn without_header(csv: &str) -> String {
    csv.split_once('\n').map_or(String::new(), |(_, rows)| rows.trim_end().to_owned())
}

/// One folder of golden SQL.
struct Case {
    folder: PathBuf,
    statements: Vec<String>,
    /// What they must answer; what they answer now, when it is blessed.
    expected: Vec<String>,
}

impl Case {
    fn of(folder: PathBuf) -> Self {
        let text = std::fs::read_to_string(folder.join("query.sql")).unwrap();
        let statements = statements(&text).into_iter().map(str::to_owned).collect();
        let expected = std::fs::read_to_string(folder.join("expected.csv")).unwrap_or_default();
        let expected = expected.split("\n\n").map(|answer| answer.trim_end().to_owned()).collect();
        Self { folder, statements, expected }
    }

    /// Takes the answers for the expected ones when told to.
    fn bless(&mut self, answers: Vec<String>) {
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(self.folder.join("expected.csv"), format!("{}\n", answers.join("\n\n"))).unwrap();
            self.expected = answers;
        }
        let case = self.folder.display();
        assert_eq!(self.statements.len(), self.expected.len(), "{case}: a statement and an answer each");
    }

    /// The answers that are not the expected ones; `when` they were given.
    fn differences(&self, answers: &[String], when: &str) -> Vec<String> {
        let all = self.statements.iter().zip(&self.expected).zip(answers);
        let wrong = all.filter(|((_, expected), got)| expected != got);
        let case = self.folder.display();
        wrong
            .map(|((sql, expected), got)| format!("{case} {when}: {sql}\n  expected {expected:?}\n  got      {got:?}"))
            .collect()
    }
}

/// The cases with events, or those without.
fn cases(with_events: bool) -> Vec<Case> {
    let folders = folders().into_iter().filter(|folder| folder.join("events.json").exists() == with_events);
    folders.map(Case::of).collect()
}

fn folders() -> Vec<PathBuf> {
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
    for mut case in cases(false) {
        for (number, (split, context)) in sessions.iter().enumerate() {
            for run in 0..RUNS {
                let mut answers = Vec::new();
                for sql in &case.statements {
                    answers.push(shown(context, sql).await);
                }
                if (number, run) == (0, 0) {
                    case.bless(answers.clone());
                }
                wrong.extend(case.differences(&answers, &format!("in {split:?}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Asks the tables.
async fn asked(lake: &Arc<Lake>, case: &Case) -> Vec<String> {
    let mut answers = Vec::new();
    for sql in &case.statements {
        answers.push(match query(lake, sql, Limits::answer()).await {
            Ok(answer) => without_header(&format::csv(&answer)),
            Err(failure) => format!("error {}", failure.code()),
        });
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_answer_what_is_expected_before_and_after_compaction() {
    let mut wrong = Vec::new();
    for mut case in cases(true) {
        let links = events::links(&std::fs::read_to_string(case.folder.join("events.json")).unwrap());
        let (mut at_once, mut link_by_link) = (Landing::new(), Landing::new());
        let (whole, pieces) = (at_once.lake(), link_by_link.lake());
        links.iter().for_each(|link| drop(at_once.land(link)));
        let landed = asked(&whole, &case).await;
        case.bless(landed.clone());
        wrong.extend(case.differences(&landed, "landed"));
        compact(&whole, |_, _| {}).await.unwrap();
        wrong.extend(case.differences(&asked(&whole, &case).await, "compacted at once"));

        for (link, left) in links.iter().zip((0..links.len()).rev()) {
            link_by_link.land(link);
            if left == 0 {
                wrong.extend(case.differences(&asked(&pieces, &case).await, "all but the last link compacted"));
            }
            compact(&pieces, |_, _| {}).await.unwrap();
        }
        wrong.extend(case.differences(&asked(&pieces, &case).await, "compacted link by link"));
        for lake in [whole, pieces] {
            wrong.extend(verify(&lake, |_| {}).await.unwrap().problems);
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
