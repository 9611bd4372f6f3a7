//! `warehouse serve` as a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use url::Url;

/// Longer than any question takes on a busy machine.
const QUERY_TIME: &str = "5m";

pub(crate) struct Serving {
    process: Child,
    pub address: SocketAddr,
}

impl Serving {
    /// Starts it on a free port, with these arguments; comes back when it says where it listens.
    pub(crate) fn start(bin: &Path, store: &Path, arguments: &[&str]) -> Result<Self> {
        let program = bin.join("warehouse");
        let store = Url::from_directory_path(store).ok().context("the store has no address")?;
        let process = Command::new(&program)
            .args(["--store", store.as_str(), "--query-time", QUERY_TIME, "serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started; build it or give --bin", program.display()))?;
        let mut serving = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        BufReader::new(serving.process.stdout.take().context("its output")?).read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().unwrap_or_default();
        serving.address = address.parse().with_context(|| format!("warehouse serve says {line:?}, and no address"))?;
        Ok(serving)
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        testkit::signal::terminate(&self.process).context("SIGTERM cannot be sent")?;
        let status = self.process.wait()?;
        ensure!(status.success(), "warehouse serve ended with {status}");
        Ok(())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
