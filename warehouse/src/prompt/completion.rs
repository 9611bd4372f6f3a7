//! What Tab completes, and when Enter ends a statement.

use datafusion::functions::all_default_functions;
use datafusion::functions_aggregate::all_default_aggregate_functions;
use datafusion::functions_nested::all_default_nested_functions;
use datafusion::functions_window::all_default_window_functions;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::command::{Command, NAMES, names};
use crate::query::split::is_ended;
use crate::{friction, tables};

/// What statements are made of, besides names.
const WORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "cross",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "extract",
    "false",
    "filter",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "intersect",
    "interval",
    "is",
    "join",
    "last",
    "lateral",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "right",
    "rows",
    "select",
    "then",
    "true",
    "unbounded",
    "union",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// What the line editor asks.
pub(super) struct Completion {
    words: Vec<String>,
}

impl Completion {
    pub(super) fn new() -> Self {
        let columns = tables::every()
            .flat_map(|table| table.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>());
        let of_views = friction::schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        let mut words: Vec<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
        words.extend(names().map(|(name, _)| name.to_owned()).chain(columns).chain(of_views).chain(functions()));
        words.sort();
        words.dedup();
        Self { words }
    }

    /// Where the word before the cursor begins, and what it may become.
    fn completed(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = &line[..cursor];
        if before.starts_with('\\') && !before.contains(char::is_whitespace) {
            return (0, NAMES.iter().filter(|name| name.starts_with(before)).map(|name| (*name).to_owned()).collect());
        }
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let start = before
            .rfind(|letter| !is_part(letter))
            .map_or(0, |end| end + before[end..].chars().next().map_or(1, char::len_utf8));
        let begun = &before[start..];
        if begun.is_empty() {
            return (start, Vec::new());
        }
        let lower = begun.to_lowercase();
        let found = self.words.iter().filter(|word| word.starts_with(&lower));
        // Whoever writes in capitals goes on in capitals.
        let capitals = begun.chars().all(|letter| !letter.is_lowercase());
        (start, found.map(|word| if capitals { word.to_uppercase() } else { word.clone() }).collect())
    }
}

/// Names of the functions that the engine has.
fn functions() -> impl Iterator<Item = String> {
    let scalar = all_default_functions().into_iter().chain(all_default_nested_functions());
    let scalar = scalar.map(|function| function.name().to_owned());
    let aggregate = all_default_aggregate_functions().into_iter().map(|function| function.name().to_owned());
    let window = all_default_window_functions().into_iter().map(|function| function.name().to_owned());
    scalar.chain(aggregate).chain(window)
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.completed(line, cursor))
    }
}

impl Validator for Completion {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        Ok(match is_whole(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}

impl Helper for Completion {}

/// Whether nothing more is to be typed: a command, a statement with its semicolon, or nothing at all.
pub(super) fn is_whole(text: &str) -> bool {
    text.trim().is_empty() || Command::is_one(text) || is_ended(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_completed_where_the_cursor_is() {
        let completion = Completion::new();
        let completed = |line: &str| completion.completed(line, line.len());
        let both = ["page_viewport_height", "page_viewport_width"].map(str::to_owned).to_vec();
        assert_eq!(completed("select page_viewp"), (7, both));
        assert_eq!(completed("SELECT * FROM LEDG"), (14, vec!["LEDGER".to_owned()]));
        assert_eq!(completed("select ä.hesi"), (10, vec!["hesitation_ms".to_owned()]));
        assert_eq!(completed("select date_tr"), (7, vec!["date_trunc".to_owned()]));
        assert!(completed("select row_n").1.contains(&"row_number".to_owned()));
        assert_eq!(completed(r"\tim"), (0, vec![r"\timing".to_owned()]));
        assert_eq!(completed("select "), (7, Vec::new()));
        assert_eq!(completed("select 'ö"), (8, Vec::new()));
    }

    #[test]
    fn enter_ends_a_statement_behind_its_semicolon() {
        for whole in ["select 1;", "", " ", r"\d", "quit", "select\n1; -- so"] {
            assert!(is_whole(whole), "{whole}");
        }
        for open in ["select 1", "select ';", "select 1; select"] {
            assert!(!is_whole(open), "{open}");
        }
    }
}
