//! The `standalone` program on a data folder.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::Value;

use super::{Process, Run, Warehouse, binary, eventually};

/// It is ready after some seconds; a loaded machine may take longer.
const READY_WAIT: Duration = Duration::from_secs(120);
const REFUSAL_WAIT: Duration = Duration::from_secs(30);

/// A running system in one process.
pub(crate) struct Standalone {
    process: Process,
    data_dir: PathBuf,
    addresses: Value,
}

impl Standalone {
    /// Starts it on the folder and waits for `standalone.json`.
    pub(crate) fn start(run: &Run, data_dir: &Path) -> Self {
        let mut process = Process::start(run, "standalone", &mut Self::command(data_dir));
        let ready = data_dir.join("standalone.json");
        // a file that a killed predecessor left names another process
        let pid = u64::from(process.pid());
        let (addresses, _) = eventually("standalone.json of this process", READY_WAIT, || {
            process.expect_running();
            let text = std::fs::read(&ready).map_err(|error| error.to_string())?;
            let addresses: Value =
                serde_json::from_slice(&text).expect("standalone.json is whole whenever it is there");
            if addresses["pid"].as_u64() == Some(pid) { Ok(addresses) } else { Err(addresses.to_string()) }
        });
        Self { process, data_dir: data_dir.to_owned(), addresses }
    }

    /// Starts it on a folder that another one owns; what it says. Panics when it is not refused.
    pub(crate) fn refused(run: &Run, data_dir: &Path) -> String {
        let mut process = Process::start(run, "standalone-second", &mut Self::command(data_dir));
        let status = process.wait(REFUSAL_WAIT);
        assert!(!status.success(), "a second standalone on {} ended with {status}", data_dir.display());
        process.log_tail()
    }

    fn command(data_dir: &Path) -> Command {
        let mut command = Command::new(binary("standalone"));
        command.arg("--data-dir").arg(data_dir).arg("--free-ports");
        command
    }

    /// An entry of `standalone.json`, such as `shop_url`.
    pub(crate) fn address(&self, key: &str) -> String {
        self.addresses[key]
            .as_str()
            .unwrap_or_else(|| panic!("standalone.json names no {key}: {}", self.addresses))
            .to_owned()
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// `warehouse` beside it, on the same store.
    pub(crate) fn warehouse(&self) -> Warehouse {
        Warehouse::new(&self.address("store_url"), &[])
    }

    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.process.kill();
    }

    /// SIGTERM; the exit status and the time it took.
    pub(crate) fn terminate(mut self, within: Duration) -> (ExitStatus, Duration) {
        self.process.terminate(within)
    }
}
