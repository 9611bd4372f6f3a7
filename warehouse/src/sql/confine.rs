//! The limits that a worker sets on itself before it hears the first statement. The kernel keeps them, whatever the
//! query engine does: one call of a function can allocate or compute without end, and no memory pool or time-out sees it.

use std::fs;

use rustix::process::{Resource, Rlimit, getpid, getrlimit, setrlimit};

use super::usage::cpu_time;

/// Of all processes, a worker is the first to go when the machine runs out of memory (the kernel's greatest value).
const OOM_SCORE: &str = "1000";

/// Bounds the worker's memory and takes away its core dumps.
///
/// `RLIMIT_DATA` counts what the process can write and nobody shares: heap, stacks, anonymous mappings. `RLIMIT_AS`
/// would also count the program's file and reserved address space.
///
/// # Errors
/// When the kernel refuses the limit; without it no statement may run.
pub(super) fn confine(memory_bytes_max: usize) -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let wanted = memory_bytes_max as u64;
    let limit = getrlimit(Resource::Data).maximum.map_or(wanted, |least| least.min(wanted));
    setrlimit(Resource::Data, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    // Only Linux has it, and a container may forbid it: the limits above do not need it.
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    Ok(())
}

/// Lets the process use so much more processor time; then the kernel ends it.
pub(super) fn allow_cpu(seconds: u64) -> std::io::Result<()> {
    let used = cpu_time(getpid()).unwrap_or_default().as_secs();
    let limits = getrlimit(Resource::Cpu);
    // The limit counts whole seconds: those used are rounded up.
    let soft = used.saturating_add(1).saturating_add(seconds);
    let soft = limits.maximum.map_or(soft, |hard| hard.min(soft));
    Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(soft), ..limits })?)
}
