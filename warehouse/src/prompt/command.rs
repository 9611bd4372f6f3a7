//! Commands with a backslash, as psql has them.

use std::fmt::Write as _;

use datafusion::arrow::datatypes::Schema;

use crate::format::postgres::Kind;
use crate::{tables, views};

pub(super) const HELP: &str = r"Statements end with ; and may have several lines. Tab completes, Up goes back, Ctrl-C stops a statement.
  \d         tables and views
  \dt  \dv   tables; views
  \d NAME    columns of one
  \timing    tell the time of each statement, or no longer
  \?         this
  \q         leave (or Ctrl-D)
";

/// All that begin a line.
pub(super) const NAMES: [&str; 6] = [r"\?", r"\d", r"\dt", r"\dv", r"\q", r"\timing"];

/// What is no statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Quit,
    Help,
    Timing,
    Relations(Kinds),
    /// Of a table or view.
    Columns(String),
    /// Why it is none.
    Unknown(String),
}

/// Which of those that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinds {
    All,
    Tables,
    Views,
}

impl Command {
    /// The command that a text is, if it is one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let words: Vec<&str> = words.iter().map(|word| word.trim_end_matches(';')).collect();
        Some(match words.as_slice() {
            [r"\q" | "quit" | "exit"] => Self::Quit,
            [r"\?" | r"\h" | "help"] => Self::Help,
            [r"\timing"] => Self::Timing,
            [r"\d"] => Self::Relations(Kinds::All),
            [r"\dt"] => Self::Relations(Kinds::Tables),
            [r"\dv"] => Self::Relations(Kinds::Views),
            [r"\d" | r"\dt" | r"\dv", name] if is_name(name) => Self::Columns((*name).to_owned()),
            [first, ..] if first.starts_with('\\') => {
                Self::Unknown(format!(r"{}: no such command; \? tells which there are", words.join(" ")))
            }
            _ => return None,
        })
    }

    /// Whether a text is one line that needs no semicolon.
    pub(super) fn is_one(text: &str) -> bool {
        Self::of(text).is_some()
    }
}

/// Of letters, digits and what parts a schema from a table: nothing else may get into a statement.
fn is_name(word: &str) -> bool {
    word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.')
}

/// Names and kinds of what can be asked.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    tables::every().map(|table| (table.name, "table")).chain(views::ALL.iter().map(|view| (view.name, "view")))
}

pub(super) fn relations(kinds: Kinds) -> String {
    let wanted = match kinds {
        Kinds::All => None,
        Kinds::Tables => Some("table"),
        Kinds::Views => Some("view"),
    };
    let found = names().filter(|(_, kind)| wanted.is_none_or(|wanted| wanted == *kind));
    listed(found.map(|(name, kind)| (name.to_owned(), kind.to_owned())))
}

pub(super) fn columns(schema: &Schema) -> String {
    let types =
        schema.fields().iter().map(|field| (field.name().clone(), Kind::of(field.data_type()).name().to_owned()));
    listed(types)
}

fn listed(pairs: impl Iterator<Item = (String, String)>) -> String {
    let pairs: Vec<(String, String)> = pairs.collect();
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, kind) in pairs {
        let _ = writeln!(text, "{name:<width$}  {kind}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_statements() {
        assert_eq!(Command::of(r" \d events; "), Some(Command::Columns("events".into())));
        assert_eq!(Command::of(r"\dt"), Some(Command::Relations(Kinds::Tables)));
        assert_eq!(Command::of("exit;"), Some(Command::Quit));
        for odd in [r"\d events;select", r"\d a b", r"\x", r"\d e(v)", r"\d '"] {
            assert!(matches!(Command::of(odd), Some(Command::Unknown(_))), "{odd}");
        }
        for statement in ["select 1", "", "  ", r"select '\d'", "help me"] {
            assert_eq!(Command::of(statement), None, "{statement}");
        }
        assert!(relations(Kinds::Views).contains("friction") && !relations(Kinds::Views).contains("events "));
    }
}
