//! The table of `docs/recognition.md`, and the suites that its rows are about.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Cargo runs tests in the folder of their crate.
const DOCUMENT: &str = "../docs/recognition.md";
const SUITES: &str = "../infra/lists/dist/suites";
/// The table stands between these lines.
const BEGIN: &str = "<!-- scores: written by `make scores` -->\n";
const END: &str = "<!-- end of scores -->\n";
/// Set by `make scores`.
const WRITE: &str = "CT_WRITE_SCORES";

/// One row: how many cases of a suite come out right.
pub(crate) struct Row {
    /// What is recognised: `browser`, `bots`, …
    pub what: &'static str,
    pub suite: &'static str,
    /// The package that carries the suite, with its version.
    pub source: String,
    pub cases: usize,
    pub right: usize,
    /// Least share of right cases.
    pub goal_percent: f64,
}

impl Row {
    /// Counts the cases of a suite for which `right` holds.
    pub(crate) fn of<Case>(
        what: &'static str,
        suite: &'static str,
        goal_percent: f64,
        Suite { source, cases }: &Suite<Case>,
        right: impl FnMut(&&Case) -> bool,
    ) -> Self {
        let right = cases.iter().filter(right).count();
        Self { what, suite, source: source.clone(), cases: cases.len(), right, goal_percent }
    }

    fn percent(&self) -> f64 {
        100.0 * self.right as f64 / self.cases as f64
    }

    pub(crate) fn reached(&self) -> bool {
        self.cases > 0 && self.percent() >= self.goal_percent
    }
}

/// A suite as `infra/lists/make` writes it.
#[derive(Deserialize)]
pub(crate) struct Suite<Case> {
    pub source: String,
    pub cases: Vec<Case>,
}

/// Reads `dist/suites/NAME.json`.
pub(crate) fn suite<Case: DeserializeOwned>(name: &str) -> Suite<Case> {
    let file = Path::new(SUITES).join(name).with_extension("json");
    let text = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run infra/dev/setup.sh", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Writes the rows into the document if told to, else compares them with those that stand there.
pub(crate) fn write_or_compare(rows: &[Row]) {
    let document = fs::read_to_string(DOCUMENT).expect("the document is there");
    let (before, rest) = document.split_once(BEGIN).expect("the document has a place for the table");
    let (table, after) = rest.split_once(END).expect("the table has an end");
    let computed = rendered(rows);
    if std::env::var_os(WRITE).is_some() {
        fs::write(DOCUMENT, format!("{before}{BEGIN}{computed}{END}{after}")).expect("the document can be written");
    } else {
        assert_eq!(table, computed, "docs/recognition.md does not say what is computed; `make scores` writes it");
    }
}

fn rendered(rows: &[Row]) -> String {
    let mut table =
        String::from("| what | suite | source | cases | right | share | goal |\n|---|---|---|--:|--:|--:|--:|\n");
    for row in rows {
        let (percent, goal) = (row.percent(), row.goal_percent);
        let Row { what, suite, source, cases, right, .. } = row;
        writeln!(table, "| {what} | {suite} | {source} | {cases} | {right} | {percent:.2} % | ≥ {goal} % |")
            .expect("a text grows");
    }
    table
}
