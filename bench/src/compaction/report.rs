//! The section of `RESULTS.md`.

use std::fmt::Write;
use std::path::Path;

use super::CompactionArguments;
use super::contenders::Contender;
use super::size::{OF_GOAL, Size};
use crate::pipeline::machine::Machine;
use crate::pipeline::usage::Used;

/// Of the tables that were there when it was set.
const BYTES_GOAL: f64 = 27.0;

pub(super) struct Measured {
    pub contender: Contender,
    pub used: Used,
    pub size: Size,
    pub events: u64,
}

impl Measured {
    fn cpu_per_million(&self) -> f64 {
        self.used.cpu.total() * 1e6 / self.events as f64
    }

    fn bytes_per_event(&self, bytes: u64) -> f64 {
        bytes as f64 / self.events as f64
    }

    pub(super) fn line(&self) -> String {
        format!(
            "{}: {:.2} CPU-seconds per million events, peak {:.0} MiB, {:.1} bytes an event",
            self.contender.name(),
            self.cpu_per_million(),
            self.used.peak_mib.unwrap_or_default(),
            self.bytes_per_event(self.size.kept)
        )
    }
}

pub(super) fn section(
    arguments: &CompactionArguments,
    bin: &Path,
    all: &[Measured],
    left_out: &[(Contender, &str)],
) -> String {
    let machine = Machine::look(Path::new("infra/dev/parts"));
    let events = all.first().map_or(0, |one| one.events);
    let (threads, memory) = (arguments.threads, &arguments.memory);
    let command = format!("`bench compaction`, DuckDB and Spark with {threads} threads and {memory}");
    let mut out = machine.heading("Compaction", &command, bin);
    out += &format!(
        "- events: {events}, the same landing files for all\n\n\
         | what | CPU-seconds per million events | of it system | peak memory, MiB | bytes an event | written until then |\n\
         |---|---|---|---|---|---|\n"
    );
    for one in all {
        let _ = writeln!(
            out,
            "| {} | {:.2} | {:.2} | {:.0} | {:.1} | {:.1} |",
            one.contender.described(),
            one.cpu_per_million(),
            one.used.cpu.system * 1e6 / events as f64,
            one.used.peak_mib.unwrap_or_default(),
            one.bytes_per_event(one.size.kept),
            one.bytes_per_event(one.size.written)
        );
    }
    for (one, bytes) in all.iter().filter_map(|one| Some((one, one.size.of_goal()?))) {
        let (bytes, tables) = (one.bytes_per_event(bytes), OF_GOAL.join("`, `"));
        let reached = if bytes <= BYTES_GOAL { "reached" } else { "not reached" };
        let _ = write!(out, "\n`{tables}`: {bytes:.1} bytes an event (goal ≤ {BYTES_GOAL}, {reached}).\n");
    }
    for (contender, reason) in left_out {
        let _ = write!(out, "\n`{}` is {reason}.\n", contender.name());
    }
    out
}
