//! The limits that a worker sets on itself before it hears the first statement. The kernel keeps them, whatever the
//! query engine does: one call of a function can allocate or compute without end, and no memory pool or time-out sees it.

use std::fs;

use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Of all processes, a worker is the first to go when the machine runs out of memory (the kernel's greatest value).
const OOM_SCORE: &str = "1000";

/// Bounds the worker's memory and takes away its core dumps.
///
/// `RLIMIT_DATA` counts what the process can write and nobody shares: heap, stacks, anonymous mappings. `RLIMIT_AS`
/// would also count the program's file and reserved address space.
///
/// # Errors
/// When the kernel refuses the limit; without it no statement may run.
pub fn confine(memory_bytes_max: usize) -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let wanted = memory_bytes_max as u64;
    let limit = getrlimit(Resource::Data).maximum.map_or(wanted, |least| least.min(wanted));
    setrlimit(Resource::Data, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    // Only Linux has it, and a container may forbid it: the limits above do not need it.
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    Ok(())
}

/// Lets the process use so much more processor time; then the kernel ends it.
pub fn allow_cpu(seconds: u64) -> std::io::Result<()> {
    let ticks = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| cpu_ticks(&stat)).unwrap_or(0);
    let used = ticks / clock_ticks_per_second().max(1);
    let limits = getrlimit(Resource::Cpu);
    // The limit counts whole seconds: those used are rounded up.
    let soft = used.saturating_add(1).saturating_add(seconds);
    let soft = limits.maximum.map_or(soft, |hard| hard.min(soft));
    Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(soft), ..limits })?)
}

/// What the process holds of its limit now.
pub fn memory_bytes() -> Option<usize> {
    data_bytes(&fs::read_to_string("/proc/self/status").ok()?)
}

/// User and system time in clock ticks, from `/proc/self/stat` (proc(5): fields 14 and 15; the second, the program's
/// name, may hold blanks and brackets).
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// `VmData` of `/proc/self/status`, which the kernel compares with `RLIMIT_DATA`.
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
    }
}
