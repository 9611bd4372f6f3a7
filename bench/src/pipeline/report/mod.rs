//! The results as a page and as JSON. Only measured values.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use super::PipelineArguments;
use super::machine::Machine;
use super::run::{Run, Setting};
use super::usage::Used;

#[derive(Serialize)]
pub(super) struct Report {
    machine: Machine,
    command: String,
    /// `release`, `debug`: the folders that the programs lay in.
    profile: String,
    /// `None` when the runs ended with landing.
    warehouse_profile: Option<String>,
    events: u64,
    warm_up_events: u64,
    batches: usize,
    events_per_batch: f64,
    runs: Vec<Run>,
}

/// A process and its limit, for the ratios.
const RATIOS: [(&str, &str); 4] = [
    ("collector", "rdkafka produce alone"),
    ("collector", "schemas::ingest::parse alone"),
    ("kafka", "kafka, under that"),
    ("stream-jobs", "rdkafka consume alone"),
];

impl Report {
    pub(super) fn new(arguments: &PipelineArguments, setting: &Setting, runs: Vec<Run>, batches: usize) -> Self {
        Self {
            machine: Machine::look(&setting.parts),
            command: format!(
                "{}bench pipeline --events {} --seed {} --batch {} --encoding {} --warm-up {} --runs {} --connections {}{}",
                memory_setting(),
                arguments.events,
                arguments.seed,
                arguments.batch,
                arguments.encoding.header().unwrap_or("identity"),
                arguments.warm_up,
                arguments.runs,
                arguments.connections,
                if setting.warehouse_bin.is_some() { "" } else { " --until landed" }
            ),
            profile: profile(&setting.bin),
            warehouse_profile: setting.warehouse_bin.as_deref().map(profile),
            events: arguments.events,
            warm_up_events: arguments.warm_up,
            batches,
            events_per_batch: (arguments.events + arguments.warm_up) as f64 / batches as f64,
            runs,
        }
    }

    /// The section of `RESULTS.md`.
    pub(super) fn markdown(&self) -> String {
        let mut out = String::from("## Pipeline\n\n");
        self.heading(&mut out);
        if self.profile != "release" {
            let _ = writeln!(
                out,
                "\n**Not a release build: the programs' own code ran without optimisations. Read the ratios between runs, not the figures.**"
            );
        }
        let wide = if self.runs.len() > 1 { " (median; least to greatest)" } else { "" };
        let _ = writeln!(
            out,
            "\n| process | CPU-seconds per million events{wide} | of it system | events per CPU-second | peak memory, MiB |\n|---|---|---|---|---|"
        );
        for index in 0..self.runs[0].processes.len() {
            row(&mut out, &self.each(|run| &run.processes[index]));
        }
        let _ = writeln!(out, "\nThe load generator is no part of the pipeline and stands here for completeness.");
        let _ = writeln!(
            out,
            "\n| limit | CPU-seconds per million events{wide} | of it system | events per CPU-second | |\n|---|---|---|---|---|"
        );
        for index in 0..self.runs[0].limits.len() {
            row(&mut out, &self.each(|run| &run.limits[index]));
        }
        self.ratios(&mut out);
        self.rates(&mut out);
        out
    }

    fn each<'a>(&'a self, of: impl Fn(&'a Run) -> &'a Used) -> Vec<&'a Used> {
        self.runs.iter().map(of).collect()
    }

    fn heading(&self, out: &mut String) {
        let machine = &self.machine;
        let lines = [
            ("date", machine.date.clone()),
            ("commit", machine.commit.clone()),
            ("command", format!("`{}`", self.command)),
            (
                "programs",
                format!(
                    "collector and stream-jobs: {} build{}",
                    self.profile,
                    self.warehouse_profile
                        .as_deref()
                        .map_or(String::new(), |profile| format!("; warehouse: {profile} build"))
                ),
            ),
            (
                "machine",
                format!(
                    "{} cores, {}, {:.0} GiB, Linux {}; load average {} at the end",
                    machine.cores, machine.cpu, machine.memory_gib, machine.kernel, machine.load
                ),
            ),
            ("versions", format!("{}; librdkafka {}; {}", machine.rust, machine.librdkafka, machine.parts.join(", "))),
            (
                "events",
                format!(
                    "{} measured after {} of warm-up, {:.1} a batch; all of them answered 200, then found exactly once in the links of the landing zone{}",
                    self.events,
                    self.warm_up_events,
                    self.events_per_batch,
                    match self.warehouse_profile {
                        Some(_) => ", by `warehouse verify`, and by `select count(*) from events`",
                        None => "",
                    }
                ),
            ),
        ];
        for (name, value) in lines {
            let _ = writeln!(out, "- {name}: {value}");
        }
    }

    fn ratios(&self, out: &mut String) {
        let _ = writeln!(out, "\nRatios of CPU time (1 = nothing is spent beyond the limit):\n");
        for (process, limit) in RATIOS {
            let values: Vec<f64> = self
                .runs
                .iter()
                .filter_map(|run| {
                    let cost = |list: &[Used], name| list.iter().find(|used| used.name == name).map(per_million);
                    Some(cost(&run.processes, process)? / cost(&run.limits, limit)?)
                })
                .collect();
            let _ = writeln!(out, "- {process} / {limit}: {}", spread(&values, 2));
        }
    }

    fn rates(&self, out: &mut String) {
        let numbers = |of: fn(&Run) -> f64| self.runs.iter().map(of).collect::<Vec<_>>();
        let _ = writeln!(out, "\nWall time (all processes share the machine's cores, load generator included):\n");
        let rate = |seconds: Vec<f64>| seconds.into_iter().map(|s| self.events as f64 / s).collect::<Vec<_>>();
        let _ = writeln!(
            out,
            "- posted and answered: {} s, {} events/s",
            spread(&numbers(|run| run.posted_s), 1),
            spread(&rate(numbers(|run| run.posted_s)), 0)
        );
        let _ = writeln!(
            out,
            "- landed: {} s, {} events/s",
            spread(&numbers(|run| run.landed_s), 1),
            spread(&rate(numbers(|run| run.landed_s)), 0)
        );
        let compacted: Vec<f64> = self.runs.iter().filter_map(|run| run.compacted_s).collect();
        if !compacted.is_empty() {
            let _ = writeln!(out, "- compacted, warm-up included: {} s", spread(&compacted, 1));
        }
        let _ = writeln!(
            out,
            "- time to answer at full load: median {} ms, 99 % within {} ms; sent again: {}",
            spread(&numbers(|run| f64::from(run.answer_median_ms)), 1),
            spread(&numbers(|run| f64::from(run.answer_p99_ms)), 1),
            spread(&numbers(|run| run.retries as f64), 0)
        );
        let _ = writeln!(out, "\nBytes per event:\n");
        let all = (self.events + self.warm_up_events) as f64;
        for (index, (name, _)) in self.runs[0].bytes.iter().enumerate().filter(|(_, (_, bytes))| *bytes > 0) {
            let values: Vec<f64> = self.runs.iter().map(|run| run.bytes[index].1 as f64 / all).collect();
            let _ = writeln!(out, "- {name}: {}", spread(&values, 1));
        }
    }
}

/// The one variable that the compaction takes from the environment and that changes its figures.
fn memory_setting() -> String {
    std::env::var("WAREHOUSE_MEMORY_BYTES_MAX")
        .map_or(String::new(), |bytes| format!("WAREHOUSE_MEMORY_BYTES_MAX={bytes} "))
}

/// The build profile is the name of cargo's output folder.
fn profile(folder: &Path) -> String {
    let canonical = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    canonical.file_name().map_or("unknown".into(), |name| name.to_string_lossy().into_owned())
}

fn per_million(used: &Used) -> f64 {
    used.cpu.total() / used.events as f64 * 1e6
}

fn row(out: &mut String, runs: &[&Used]) {
    let costs: Vec<f64> = runs.iter().map(|used| per_million(used)).collect();
    let system: Vec<f64> = runs.iter().map(|used| used.cpu.system / used.events as f64 * 1e6).collect();
    let rates: Vec<f64> = costs.iter().map(|cost| 1e6 / cost).collect();
    let peaks: Vec<f64> = runs.iter().filter_map(|used| used.peak_mib).collect();
    let peak = if peaks.is_empty() { String::new() } else { spread(&peaks, 0) };
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} | {peak} |",
        runs[0].name,
        spread(&costs, 2),
        spread(&system, 2),
        spread(&rates, 0)
    );
}

/// The value of one run; of several the median, least and greatest.
fn spread(values: &[f64], digits: usize) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.as_slice() {
        [] => "not measured".into(),
        [only] => grouped(*only, digits),
        [least, .., greatest] => {
            let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
            format!(
                "{} ({} to {})",
                grouped((low + high) / 2.0, digits),
                grouped(*least, digits),
                grouped(*greatest, digits)
            )
        }
    }
}

/// A number with a comma between thousands.
fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests;
