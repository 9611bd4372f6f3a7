//! What a process has used so far, from /proc: the one figure that a loaded machine does not spoil is CPU time.

use std::fs;
use std::ops::{Add, Sub};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

const SPINNER_INTERVAL: Duration = Duration::from_millis(200);
/// How often a process's peak of memory is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// User and system time of all threads of a process since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct CpuSeconds {
    pub user: f64,
    pub system: f64,
}

impl CpuSeconds {
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }
}

impl Add for CpuSeconds {
    type Output = CpuSeconds;
    fn add(self, more: CpuSeconds) -> CpuSeconds {
        CpuSeconds { user: self.user + more.user, system: self.system + more.system }
    }
}

impl Sub for CpuSeconds {
    type Output = CpuSeconds;
    fn sub(self, earlier: CpuSeconds) -> CpuSeconds {
        CpuSeconds { user: self.user - earlier.user, system: self.system - earlier.system }
    }
}

/// What one process used in the measured part.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Used {
    pub name: &'static str,
    pub cpu: CpuSeconds,
    pub peak_mib: Option<f64>,
    /// Events that the CPU time was spent on.
    pub events: u64,
}

/// CPU time of a running process, threads that have ended included.
pub(crate) fn cpu_of(pid: u32) -> Result<CpuSeconds> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("{path}: the process has ended"))?;
    fields(&text, 11).with_context(|| format!("{path} is not as proc(5) says"))
}

/// CPU time of this process's children that have ended and been waited for.
pub(crate) fn cpu_of_ended_children() -> Result<CpuSeconds> {
    let text = fs::read_to_string("/proc/self/stat").context("/proc/self/stat cannot be read")?;
    fields(&text, 13).context("/proc/self/stat is not as proc(5) says")
}

/// Two fields counted from the one after the program's name, which stands in parentheses and may hold anything:
/// 11 and 12 are the process's user and system ticks, 13 and 14 those of its ended children.
fn fields(stat: &str, first: usize) -> Option<CpuSeconds> {
    let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
    let mut rest = stat.rsplit_once(") ")?.1.split_ascii_whitespace().skip(first);
    let mut seconds = || Some(rest.next()?.parse::<u64>().ok()? as f64 / ticks_per_second);
    Some(CpuSeconds { user: seconds()?, system: seconds()? })
}

/// Most memory that a running process has held, MiB (VmHWM); `None` once it has ended.
pub(crate) fn peak_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1_024.0)
}

/// The same of a process and of those below it that run at this moment, added up.
fn peak_of_tree_mib(pid: u32) -> Option<f64> {
    tree(pid).into_iter().filter_map(peak_mib).reduce(|sum, peak| sum + peak)
}

/// The process, those that it has started, and theirs.
fn tree(root: u32) -> Vec<u32> {
    let mut all = vec![root];
    let mut place = 0;
    while let Some(&pid) = all.get(place) {
        all.extend(children(pid));
        place += 1;
    }
    all
}

/// Each thread has a list of those that it has started.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists: String = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok()).collect();
    lists.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Runs a command to its end. CPU time, read when it has been waited for, is its own and that of all whom it has waited for; memory,
/// looked at while it runs, that of all who run below it.
pub(crate) fn run_measured(mut command: Command, name: &'static str) -> Result<Used> {
    let spinner = ProgressBar::new_spinner().with_message(name);
    spinner.enable_steady_tick(SPINNER_INTERVAL);
    let before = cpu_of_ended_children()?;
    let child = command.stdin(Stdio::null()).spawn();
    let mut child = child.with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    let mut peak: Option<f64> = None;
    let status = loop {
        peak = peak_of_tree_mib(child.id()).into_iter().chain(peak).reduce(f64::max);
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(LOOK_INTERVAL),
        }
    };
    spinner.finish_and_clear();
    ensure!(status.success(), "{name} ended with {status}; its reason stands above");
    Ok(Used { name, cpu: cpu_of_ended_children()? - before, peak_mib: peak, events: 0 })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test is read where it fails")]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn reads_past_a_strange_name() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 30 20 20 0 1 0 5 0 0";
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(fields(stat, 11), Some(CpuSeconds { user: 250.0 / ticks, system: 50.0 / ticks }));
        assert_eq!(fields(stat, 13), Some(CpuSeconds { user: 30.0 / ticks, system: 20.0 / ticks }));
    }

    #[test]
    fn those_that_a_process_has_started_count_to_it() {
        let mut shell =
            Command::new("sh").args(["-c", "sh -c 'cat; true'; true"]).stdin(Stdio::piped()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while tree(shell.id()).len() < 3 {
            assert!(Instant::now() < deadline, "only {:?} of two shells and a cat", tree(shell.id()));
            std::thread::yield_now();
        }
        let alone = peak_mib(shell.id());
        assert!(peak_of_tree_mib(shell.id()) > alone && alone > Some(0.0));
        drop(shell.stdin.take());
        assert!(shell.wait().unwrap().success());
        assert_eq!(peak_of_tree_mib(shell.id()), None, "it has ended");
    }

    #[test]
    fn this_process_has_a_history() {
        assert!(cpu_of(std::process::id()).is_ok());
        assert!(peak_mib(std::process::id()).is_some_and(|peak| peak > 1.0));
    }
}
