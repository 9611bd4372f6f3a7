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

/// Runs a command to its end; its CPU time is read when it has been waited for, its memory while it runs.
pub(crate) fn run_measured(mut command: Command, name: &'static str) -> Result<Used> {
    let spinner = ProgressBar::new_spinner().with_message(name);
    spinner.enable_steady_tick(SPINNER_INTERVAL);
    let before = cpu_of_ended_children()?;
    let child = command.stdin(Stdio::null()).spawn();
    let mut child = child.with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    let mut peak = None;
    let status = loop {
        peak = peak_mib(child.id()).or(peak);
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
mod tests {
    use super::*;

    #[test]
    fn reads_past_a_strange_name() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 30 20 20 0 1 0 5 0 0";
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(fields(stat, 11), Some(CpuSeconds { user: 250.0 / ticks, system: 50.0 / ticks }));
        assert_eq!(fields(stat, 13), Some(CpuSeconds { user: 30.0 / ticks, system: 20.0 / ticks }));
    }

    #[test]
    fn this_process_has_a_history() {
        assert!(cpu_of(std::process::id()).is_ok());
        assert!(peak_mib(std::process::id()).is_some_and(|peak| peak > 1.0));
    }
}
