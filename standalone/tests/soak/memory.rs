//! The most memory that a process and its children held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Resident bytes at their highest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peak {
    pub process: u64,
    /// With all descendants, at one moment.
    pub total: u64,
}

pub(crate) struct MemoryWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Peak>,
}

impl MemoryWatch {
    pub(crate) fn start(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut peak = Peak::default();
            while !stopping.load(Ordering::Relaxed) {
                let held = resident(pid);
                peak.process = peak.process.max(held.get(&pid).copied().unwrap_or(0));
                peak.total = peak.total.max(held.values().sum());
                std::thread::sleep(LOOK_INTERVAL);
            }
            peak
        });
        Self { stop, thread }
    }

    pub(crate) fn stop(self) -> Peak {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it only reads files")
    }
}

/// Resident bytes of the process and each of its descendants.
fn resident(root: u32) -> BTreeMap<u32, u64> {
    let processes: Vec<(u32, u32, u64)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(status)
        .collect();
    let mut family = BTreeSet::from([root]);
    loop {
        let before = family.len();
        family.extend(
            processes
                .iter()
                .filter(|(_, parent, _)| family.contains(parent))
                .map(|(pid, _, _)| *pid)
                .collect::<Vec<_>>(),
        );
        if family.len() == before {
            break;
        }
    }
    processes.into_iter().filter(|(pid, _, _)| family.contains(pid)).map(|(pid, _, bytes)| (pid, bytes)).collect()
}

/// Process, its parent, its resident bytes; `None` for one that has ended.
fn status(pid: u32) -> Option<(u32, u32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((pid, u32::try_from(field("PPid:")?).ok()?, field("VmRSS:").unwrap_or(0) * 1024))
}
