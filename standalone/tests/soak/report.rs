//! What was promised and what was seen, as one table; every line is looked at before the first failure is raised.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::attacks::Tally;

pub(crate) struct Report {
    time: Duration,
    lines: Vec<(String, Result<String, String>)>,
}

impl Report {
    pub(crate) fn new(time: Duration) -> Self {
        Self { time, lines: Vec::new() }
    }

    /// Takes what the check says; a panic of it is its failure.
    pub(crate) fn check(&mut self, what: &str, check: impl FnOnce() -> Result<String, String>) {
        let outcome = catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(text.unwrap_or("a panic").to_owned())
        });
        self.lines.push((what.to_owned(), outcome));
    }

    /// Prints the table; panics when a line of it is not as promised.
    pub(crate) fn finish(self, attacks: &BTreeMap<&'static str, Tally>) {
        println!("\n{} s of everything at once\n", self.time.as_secs());
        for (name, tally) in attacks {
            println!("  attack  {name:28} {tally}");
        }
        println!();
        for (what, outcome) in &self.lines {
            let (mark, text) = match outcome {
                Ok(text) => ("ok", text),
                Err(text) => ("FAILED", text),
            };
            println!("  {mark:7} {what:32} {text}");
        }
        let failed: Vec<_> = self.lines.iter().filter(|(_, outcome)| outcome.is_err()).map(|(what, _)| what).collect();
        assert!(failed.is_empty(), "not as promised: {failed:?}");
    }
}
