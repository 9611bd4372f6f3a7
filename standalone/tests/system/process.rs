//! A process that ends with the test, also when the test panics.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::Run;

const END_LOOK_INTERVAL: Duration = Duration::from_millis(20);
const LOG_BYTES_SHOWN: usize = 1_500;

/// A started program; its output goes to the run's log of its name.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(run: &Run, name: &str, command: &mut Command) -> Self {
        Self::start_answering(run, name, command, &run.log(name))
    }

    /// The same for a program whose standard output is its answer.
    pub(crate) fn start_answering(run: &Run, name: &str, command: &mut Command, answer: &Path) -> Self {
        let log = run.log(name);
        let child = command
            .stdin(Stdio::null())
            .stdout(append(answer))
            .stderr(append(&log))
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}; the command: {command:?}"));
        Self { name: name.to_owned(), child, log }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its exit status, once it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process can be asked")
    }

    /// SIGKILL, as a crash would end it.
    pub(crate) fn kill(&mut self) {
        // it may have ended by itself: the caller looks at what is left of its work
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; the exit status and the time it took. Panics when it still runs after `within`.
    pub(crate) fn terminate(&mut self, within: Duration) -> (ExitStatus, Duration) {
        let began = Instant::now();
        testkit::signal::terminate(&self.child)
            .unwrap_or_else(|error| panic!("cannot send SIGTERM to {}, pid {}: {error}", self.name, self.pid()));
        (self.wait(within), began.elapsed())
    }

    /// Waits for its end; panics when it still runs after `within`.
    pub(crate) fn wait(&mut self, within: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                began.elapsed() < within,
                "{} (pid {}) still runs after {within:?}:\n{}",
                self.name,
                self.pid(),
                self.log_tail()
            );
            std::thread::sleep(END_LOOK_INTERVAL);
        }
    }

    /// Panics when it has ended, with what it said last.
    pub(crate) fn expect_running(&mut self) {
        if let Some(status) = self.ended() {
            panic!("{} ended with {status}:\n{}", self.name, self.log_tail());
        }
    }

    /// Resident memory, as the kernel counts it (VmRSS).
    pub(crate) fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a running process has VmRSS");
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("VmRSS is a number of kB");
        kib * 1024
    }

    pub(crate) fn log_tail(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(LOG_BYTES_SHOWN)..]).into_owned()
    }
}

fn append(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
