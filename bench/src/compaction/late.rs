//! `bench compaction --late N`: the events that arrive last, on a store of the million before them and on one of all before them. What
//! they cost is not to depend on what the store holds.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use schemas::landing::Link;

use super::contenders::{link_all, link_file, verified, warehouse};
use super::size::Size;
use super::{CompactionArguments, distinct, empty, links_below};
use crate::pipeline::machine::Machine;
use crate::pipeline::results::write_section;
use crate::pipeline::usage::{Used, run_measured};

/// The store that others are compared with.
const SMALL_STORE_EVENTS: u64 = 1_000_000;
/// Each store is measured so often, in turns: the speed of a machine changes from minute to minute.
const RUNS: usize = 3;
/// How much more an event may cost on the large store.
const RATIO_GOAL: f64 = 1.1;

/// A link's file, and what it says.
type Landed = (PathBuf, Link);

/// Events that arrived on a store.
struct Arrived {
    store: u64,
    late: u64,
    used: Used,
    /// Parquet files that were written for them, bytes.
    written: u64,
}

impl Arrived {
    fn cpu_per_million(&self) -> f64 {
        self.used.cpu.total() * 1e6 / self.late as f64
    }

    fn written_per_event(&self) -> f64 {
        self.written as f64 / self.late as f64
    }
}

/// A store on which they have not arrived yet.
struct Before {
    folder: PathBuf,
    events: u64,
    late: u64,
    /// Parquet files that were written for it, bytes.
    written: u64,
}

pub(super) fn run(arguments: &CompactionArguments, bin: &Path, late: u64) -> Result<()> {
    let links = links_below(&arguments.store.join("landing"))?;
    let events = links.iter().map(|(_, link)| distinct(link)).sum::<u64>();
    let least = SMALL_STORE_EVENTS + late;
    ensure!(late > 0 && events >= least, "--late {late}: there are {events} events, and {least} are needed");
    let parts = |store| [late + store, late].map(|newest| 1.0 - newest as f64 / events as f64);
    let stores = [SMALL_STORE_EVENTS, events - late]
        .into_iter()
        .map(|store| prepare(arguments, bin, (&links, parts(store)), &format!("late-{store}")))
        .collect::<Result<Vec<_>>>()?;
    let mut runs: Vec<Vec<Arrived>> = stores.iter().map(|_| Vec::new()).collect();
    let copy = arguments.work.join("late-run");
    for run in 1..=RUNS {
        for (store, runs) in stores.iter().zip(&mut runs) {
            let copy = empty(&copy)?;
            link_all(&store.folder, &copy)?;
            let used = run_measured(warehouse(bin, &copy, "compact")?, "compact, what comes late")?;
            let written = Size::below(&copy.join("warehouse"))?.written - store.written;
            let arrived = Arrived { store: store.events, late: store.late, used, written };
            println!("{}", row(&arrived));
            runs.push(arrived);
            if run == RUNS {
                verified(bin, &copy)?;
            }
        }
    }
    let all = runs.into_iter().map(middle).collect::<Vec<_>>();
    write_section(&arguments.out, &section(arguments, bin, &all))
}

/// Compacts what came before, and lays beside it what comes late.
fn prepare(
    arguments: &CompactionArguments,
    bin: &Path,
    (links, [from, until]): (&[Landed], [f64; 2]),
    name: &str,
) -> Result<Before> {
    let folder = empty(&arguments.work.join(name))?;
    let before = chosen(links, from..until);
    // A chain begins with its first link: those that are left out leave no hole.
    let firsts = before.iter().rev().map(|(_, link)| (link.partition, link.sequence)).collect();
    let events = lay(&arguments.store, &folder, before, &firsts)?;
    run_measured(warehouse(bin, &folder, "compact")?, "compact")?;
    let written = Size::below(&folder.join("warehouse"))?.written;
    let late = lay(&arguments.store, &folder, chosen(links, until..1.0), &firsts)?;
    Ok(Before { folder, events, late, written })
}

/// The run in the middle by what it cost.
fn middle(mut runs: Vec<Arrived>) -> Arrived {
    runs.sort_by(|one, other| one.cpu_per_million().total_cmp(&other.cpu_per_million()));
    runs.swap_remove(runs.len() / 2)
}

/// Of each partition the links that hold a part of its events, from the first one on.
fn chosen(links: &[Landed], part: Range<f64>) -> Vec<&Landed> {
    let mut chosen = Vec::new();
    for chain in links.chunk_by(|(_, one), (_, next)| (&one.topic, one.partition) == (&next.topic, next.partition)) {
        let all = chain.iter().map(|(_, link)| distinct(link)).sum::<u64>() as f64;
        let mut before = 0;
        for landed in chain {
            if part.contains(&(before as f64 / all)) {
                chosen.push(landed);
            }
            before += distinct(&landed.1);
        }
    }
    chosen
}

/// Lays links into a store's landing zone, with the files that they name; returns how many events are in them. `firsts`: where in its
/// chain a partition begins.
fn lay(from: &Path, to: &Path, links: Vec<&Landed>, firsts: &BTreeMap<i32, u64>) -> Result<u64> {
    let mut events = 0;
    for (path, link) in links {
        for key in link.files.iter().map(|file| &file.path).chain(&link.state) {
            // The state is that of the link before and what came to it.
            if !to.join(key).exists() {
                link_file(&from.join(key), &to.join(key))?;
            }
        }
        let copy = to.join(path.strip_prefix(from)?);
        fs::create_dir_all(copy.parent().context("a file lies in a folder")?)?;
        let sequence = link.sequence - firsts.get(&link.partition).copied().unwrap_or_default();
        fs::write(copy, serde_json::to_vec(&Link { sequence, ..link.clone() })?)?;
        events += distinct(link);
    }
    Ok(events)
}

fn row(arrived: &Arrived) -> String {
    format!(
        "| {} | {} | {:.2} | {:.1} | {:.0} |",
        arrived.store,
        arrived.late,
        arrived.cpu_per_million(),
        arrived.written_per_event(),
        arrived.used.peak_mib.unwrap_or_default()
    )
}

fn section(arguments: &CompactionArguments, bin: &Path, all: &[Arrived]) -> String {
    let machine = Machine::look(Path::new("infra/dev/parts"));
    let command = format!("`bench compaction --late {}`", arguments.late.unwrap_or_default());
    let mut out = machine.heading("Compaction of what comes late", &command, bin);
    let _ = write!(
        out,
        "- the newest events of each partition, on a store of those that landed just before them; the run in the middle of {RUNS}, in turns with \
         the other store; `warehouse verify` finds nothing wrong\n\n"
    );
    out += "| events in the store | that come late | CPU-seconds per million of them | bytes written for one of them | peak memory, MiB |\n\
         |--:|--:|--:|--:|--:|\n";
    for arrived in all {
        out += &row(arrived);
        out.push('\n');
    }
    let ratio = all[1].cpu_per_million() / all[0].cpu_per_million();
    let reached = if ratio <= RATIO_GOAL { "reached" } else { "not reached" };
    let _ = write!(out, "\nOne costs {ratio:.2} × as much on the large store (goal ≤ {RATIO_GOAL}, {reached}).\n");
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test is read where it fails")]
mod tests {
    use schemas::landing::LinkCounts;

    use super::*;

    fn landed(partition: i32, start: i64, events: u64) -> Landed {
        let counts = LinkCounts { events, ..LinkCounts::default() };
        let link = Link { counts, ..testkit::link::link("t", partition, 0, start..=start) };
        (PathBuf::from(format!("{partition}/{start}")), link)
    }

    #[test]
    fn parts_of_all_partitions_follow_each_other() {
        let links = [(0, 0, 10), (0, 1, 20), (0, 2, 10), (1, 0, 100), (1, 1, 300)].map(|(p, s, e)| landed(p, s, e));
        let of = |part| -> Vec<String> {
            chosen(&links, part).into_iter().map(|(path, _)| path.display().to_string()).collect()
        };
        assert_eq!(of(0.0..0.5), ["0/0", "0/1", "1/0", "1/1"], "a link belongs to where it begins");
        assert_eq!(of(0.5..1.0), ["0/2"]);
        assert_eq!(of(0.0..0.25), ["0/0", "1/0"]);
        assert_eq!(of(0.25..1.0), ["0/1", "0/2", "1/1"]);
    }
}
