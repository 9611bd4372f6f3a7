//! The section of `RESULTS.md`.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::SqlArguments;
use super::questions::Question;
use crate::pipeline::machine::Machine;
use crate::times::{ms, quantile_ms};

/// What a statement took.
pub(super) struct Times {
    /// The first time that the process is asked it.
    pub first: Duration,
    pub peer_first: Duration,
    pub hot: Vec<Duration>,
    pub peer_hot: Vec<Duration>,
}

impl Times {
    fn hot_ms(&self) -> f64 {
        quantile_ms(&self.hot, 0.5)
    }

    fn peer_ms(&self) -> f64 {
        quantile_ms(&self.peer_hot, 0.5)
    }

    fn ratio(&self) -> f64 {
        self.hot_ms() / self.peer_ms()
    }
}

pub(super) struct Measured {
    pub question: Question,
    pub times: Times,
}

impl Measured {
    pub(super) fn line(&self) -> String {
        let Times { first, peer_first, .. } = self.times;
        format!(
            "{:>8.1} ms, DuckDB {:>8.1} ms, {:>5.2} × (first {:.0} and {:.0} ms)  {}",
            self.times.hot_ms(),
            self.times.peer_ms(),
            self.times.ratio(),
            ms(first),
            ms(peer_first),
            self.question.words
        )
    }
}

/// Single sessions of a store of so many events.
pub(super) struct Sessions {
    pub events: u64,
    pub ours: Vec<Duration>,
    pub peer: Vec<Duration>,
}

/// Geometric mean and the worst of the ratios, in words.
pub(super) fn means(questions: &[Measured]) -> String {
    let ratios = || questions.iter().map(|one| one.times.ratio());
    let mean = (ratios().map(f64::ln).sum::<f64>() / questions.len() as f64).exp();
    let worst = ratios().fold(0.0, f64::max);
    format!("geometric mean {mean:.2} × DuckDB (goal ≤ 1.0), worst {worst:.2} × (goal ≤ 2)")
}

pub(super) fn section(
    arguments: &SqlArguments,
    bin: &Path,
    events: u64,
    questions: &[Measured],
    smallest: &[(&str, Times)],
    sessions: &Sessions,
) -> String {
    let machine = Machine::look(Path::new("infra/dev/parts"));
    let (threads, memory) = (arguments.threads, &arguments.memory);
    let command = format!("`bench sql`, DuckDB with {threads} threads and {memory}");
    let mut out = machine.heading("SQL", &command, bin);
    out += &format!(
        "- events: {events}, the same curated files for both, all answers equal; medians of {} hot runs in turns, and the first time\n\
         - {}\n\n\
         | question | ours, ms | DuckDB, ms | ratio | ours first, ms | DuckDB first, ms |\n|---|--:|--:|--:|--:|--:|\n",
        arguments.runs,
        means(questions)
    );
    let small = smallest.iter().map(|(sql, times)| (format!("the smallest: `{sql}` (goal ≤ 3 ms)"), times));
    for (what, times) in questions.iter().map(|one| (one.question.words.clone(), &one.times)).chain(small) {
        let _ = writeln!(
            out,
            "| {what} | {:.1} | {:.1} | {:.2} | {:.0} | {:.0} |",
            times.hot_ms(),
            times.peer_ms(),
            times.ratio(),
            ms(times.first),
            ms(times.peer_first)
        );
    }
    if !sessions.ours.is_empty() {
        let _ = write!(
            out,
            "\nOne session in order, of {} sessions out of {} events, each read once: ours median {:.1} ms, p95 {:.1} ms \
             (goal ≤ 100 ms of 20 million), most {:.1} ms; DuckDB {:.1}, {:.1} and {:.1} ms.\n",
            sessions.ours.len(),
            sessions.events,
            quantile_ms(&sessions.ours, 0.5),
            quantile_ms(&sessions.ours, 0.95),
            quantile_ms(&sessions.ours, 1.0),
            quantile_ms(&sessions.peer, 0.5),
            quantile_ms(&sessions.peer, 0.95),
            quantile_ms(&sessions.peer, 1.0)
        );
    }
    out
}
