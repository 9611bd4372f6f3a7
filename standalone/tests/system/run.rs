//! One run of a test: its folder for logs and data, kept and printed when the test fails.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Set by `make test`: whoever asks for the real parts gets a failure, not a skip, where they are missing.
const REAL_PARTS_VARIABLE: &str = "CT_REAL_PARTS";
const LOG_LINES_SHOWN: usize = 12;

/// The tests of one file run one after another: each starts a whole system, and their figures are compared with limits.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A test's folder. Declare it first in a test, so that it outlives the processes that write there.
pub(crate) struct Run {
    folder: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

/// Whether tests on real servers and a real browser are to run; says how to run them when not.
///
/// The line goes past the test harness's capture, which would swallow it for a test that passes.
pub(crate) fn real_parts_wanted(test: &str) -> bool {
    let wanted = std::env::var(REAL_PARTS_VARIABLE).is_ok_and(|value| value == "1");
    if !wanted {
        let _ = writeln!(
            std::io::stderr(),
            "{test}: NOT RUN. It needs Kafka, a schema registry, an S3 server, HAProxy and Chromium: install them with \
             `infra/dev/setup.sh`, then run `make test`, or this test alone with {REAL_PARTS_VARIABLE}=1"
        );
    }
    wanted
}

impl Run {
    pub(crate) fn new(test: &str) -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder =
            tempfile::Builder::new().prefix(&format!("ct-{test}-")).tempdir().expect("a temporary folder").keep();
        std::fs::create_dir(folder.join("logs")).expect("a folder for logs");
        Self { folder, _turn: turn }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the process of that name writes its output; restarts append to it.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    fn show_logs(&self) {
        eprintln!("\nwhat this run wrote is kept in {}", self.folder.display());
        let mut logs: Vec<_> = std::fs::read_dir(self.folder.join("logs"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        logs.sort();
        for log in logs {
            let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned();
            let lines: Vec<_> = text.lines().collect();
            let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            eprintln!("--- {} ({} lines)\n{}", log.display(), lines.len(), shown.join("\n"));
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_logs();
        } else {
            // what cannot be removed is in the system's folder for temporary files
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
