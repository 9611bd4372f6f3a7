//! What a process has used, as the kernel counts it (proc(5)).

use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::process::Pid;

/// Processor time of all threads of a process, ended ones included.
pub(super) fn cpu_time(process: Pid) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    Some(Duration::from_millis(cpu_ticks(&stat)?.saturating_mul(1_000) / clock_ticks_per_second().max(1)))
}

/// What this process holds of its `RLIMIT_DATA` now.
pub(super) fn memory_bytes() -> Option<usize> {
    data_bytes(&fs::read_to_string("/proc/self/status").ok()?)
}

/// User and system time in clock ticks: fields 14 and 15. The second, the program's name, may hold blanks and brackets.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// `VmData`, which the kernel compares with `RLIMIT_DATA`.
fn data_bytes(status: &str) -> Option<usize> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 5 0 9 1 2";
        assert_eq!(cpu_ticks(stat), Some(400));
        assert_eq!(data_bytes("Name:\tx\nVmData:\t  2048 kB\nVmStk:\t 132 kB\n"), Some(2 << 20));
        assert_eq!((cpu_ticks("7 (a"), data_bytes("Name:\tx\n")), (None, None));
        assert!(memory_bytes().is_some_and(|bytes| bytes > 0));
        assert!(cpu_time(rustix::process::getpid()).is_some());
    }
}
