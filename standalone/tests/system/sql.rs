//! The `warehouse` program on a store: what a person would type.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::binary;

/// No query or compaction of a test's few thousand rows takes this long, on however loaded a machine.
const COMMAND_SECONDS_MAX: &str = "120";

/// One row: column name to value.
pub(crate) type Row = Map<String, Value>;

/// The answer in the format `json`.
#[derive(Deserialize)]
struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

/// Runs `warehouse --store URL …`.
#[derive(Clone, Debug)]
pub(crate) struct Warehouse {
    program: PathBuf,
    store: String,
    environment: Vec<(String, String)>,
}

impl Warehouse {
    pub(crate) fn new(store: &str, environment: &[(String, String)]) -> Self {
        Self { program: binary("warehouse"), store: store.to_owned(), environment: environment.to_vec() }
    }

    /// The rows of a query; panics with the program's words when it fails.
    pub(crate) fn sql(&self, query: &str) -> Vec<Row> {
        self.try_sql(query).unwrap_or_else(|error| panic!("{error}\nthe query: {query}"))
    }

    pub(crate) fn try_sql(&self, query: &str) -> Result<Vec<Row>, String> {
        let done = self.run(&["sql", "--format", "json", query]);
        if !done.status.success() {
            return Err(said(&done));
        }
        let answer: Table =
            serde_json::from_slice(&done.stdout).map_err(|error| format!("no JSON ({error}): {}", said(&done)))?;
        let names = || answer.columns.iter().map(|column| column.name.clone());
        Ok(answer.rows.into_iter().map(|row| names().zip(row).collect()).collect())
    }

    /// The one number that a query like `select count(*) from …` answers.
    pub(crate) fn number(&self, query: &str) -> Result<i64, String> {
        let rows = self.try_sql(query)?;
        let value = rows.first().and_then(|row| row.values().next()).and_then(Value::as_i64);
        value.ok_or_else(|| format!("no number in {rows:?}; the query: {query}"))
    }

    /// Pointer samples of each tab that has any.
    pub(crate) fn pointer_samples(&self) -> BTreeMap<String, i64> {
        let rows = self.sql(
            "select e.tab_id, sum(cardinality(p.x)) as n from pointer p \
             join events e on e.tab_id = p.tab_id and e.seq = p.seq group by e.tab_id",
        );
        rows.iter()
            .map(|row| (row["tab_id"].as_str().unwrap_or_default().to_owned(), row["n"].as_i64().unwrap_or(-1)))
            .collect()
    }

    /// One compaction.
    pub(crate) fn compact(&self) {
        let done = self.run(&["compact"]);
        assert!(done.status.success(), "warehouse compact: {}", said(&done));
    }

    /// Panics with everything that `warehouse verify` finds wrong.
    pub(crate) fn verify(&self) {
        let done = self.run(&["verify"]);
        assert!(done.status.success(), "warehouse verify: {}", said(&done));
    }

    /// Runs it to its end; coreutils' `timeout` ends a program that hangs.
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new("timeout")
            .args(["--signal=KILL", COMMAND_SECONDS_MAX])
            .arg(&self.program)
            .args(["--store", &self.store])
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.program.display()))
    }
}

fn said(done: &Output) -> String {
    format!("{}\n{}{}", done.status, String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}
