//! `bench compaction --shards N`: the same landing files compacted by one process and by N, each with a core of its own. Wall time
//! and CPU time together say what sharing brings and what it costs.

use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::contenders::{link_all, store_url, verified};
use super::size::Size;
use super::{CompactionArguments, empty, landed_events};
use crate::pipeline::machine::Machine;
use crate::pipeline::results::write_section;
use crate::pipeline::usage::{CpuSeconds, cpu_of_ended_children, peak_mib};

const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What some processes together needed.
struct Shared {
    processes: usize,
    wall: Duration,
    cpu: CpuSeconds,
    /// Of the largest of them.
    peak_mib: f64,
    size: Size,
}

pub(super) fn run(arguments: &CompactionArguments, bin: &Path, shards: usize) -> Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    ensure!((2..=cores).contains(&shards), "--shards {shards}: from 2 to the {cores} cores of this machine");
    let landing = arguments.store.join("landing");
    let events = landed_events(&landing)?;
    let mut all = Vec::new();
    for processes in [1, shards] {
        let work = empty(&arguments.work.join(format!("shards-{processes}")))?;
        link_all(&landing, &work.join("landing"))?;
        let shared = compacted(bin, &work, processes)?;
        println!("{}", line(&shared, events));
        all.push(shared);
    }
    write_section(&arguments.out, &section(bin, events, &all))
}

/// Compacts what lies in the work folder, and has `verify` prove that each event is there once.
fn compacted(bin: &Path, work: &Path, processes: usize) -> Result<Shared> {
    let store = store_url(work)?;
    let (before, began) = (cpu_of_ended_children()?, Instant::now());
    let mut running = Vec::new();
    for number in 1..=processes {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &(number - 1).to_string()]).arg(bin.join("warehouse"));
        command.args(["--store", store.as_str(), "compact", "--shard", &format!("{number}/{processes}")]);
        running.push(command.stdin(Stdio::null()).spawn().context("taskset (util-linux) cannot be started")?);
    }
    let peak_mib = watch(running)?;
    let (wall, cpu) = (began.elapsed(), cpu_of_ended_children()? - before);
    verified(bin, work)?;
    Ok(Shared { processes, wall, cpu, peak_mib, size: Size::below(&work.join("warehouse"))? })
}

/// Waits for all of them; gives the most memory that one has held, MiB.
fn watch(mut running: Vec<Child>) -> Result<f64> {
    let mut peak = 0_f64;
    while !running.is_empty() {
        let mut left = Vec::new();
        for mut child in running {
            peak = peak.max(peak_mib(child.id()).unwrap_or_default());
            match child.try_wait()? {
                Some(status) => ensure!(status.success(), "compact ended with {status}; its reason stands above"),
                None => left.push(child),
            }
        }
        running = left;
        sleep(LOOK_INTERVAL);
    }
    Ok(peak)
}

fn line(shared: &Shared, events: u64) -> String {
    let millions = events as f64 / 1e6;
    format!(
        "{} with a core each: {:.1} s, {:.2} CPU-seconds per million events, peak {:.0} MiB, {:.1} bytes an event",
        shared.processes,
        shared.wall.as_secs_f64(),
        shared.cpu.total() / millions,
        shared.peak_mib,
        shared.size.kept as f64 / events as f64
    )
}

fn section(bin: &Path, events: u64, all: &[Shared]) -> String {
    let machine = Machine::look(Path::new("infra/dev/parts"));
    let command = format!("`bench compaction --shards {}`", all[1].processes);
    let mut out = machine.heading("Compaction shared", &command, bin);
    out += &format!(
        "- events: {events}; each process pinned to one core, and `warehouse verify` finds nothing wrong\n\n\
         | processes | wall, s | events a second | CPU-seconds per million events | peak memory of one, MiB | bytes an event |\n\
         |--:|--:|--:|--:|--:|--:|\n"
    );
    for shared in all {
        let (wall, millions) = (shared.wall.as_secs_f64(), events as f64 / 1e6);
        let _ = writeln!(
            out,
            "| {} | {wall:.1} | {:.0} | {:.2} | {:.0} | {:.1} |",
            shared.processes,
            events as f64 / wall,
            shared.cpu.total() / millions,
            shared.peak_mib,
            shared.size.kept as f64 / events as f64
        );
    }
    let times = all[0].wall.as_secs_f64() / all[1].wall.as_secs_f64();
    let _ = write!(out, "\n{} processes are {times:.2} times as fast as one.\n", all[1].processes);
    out
}
