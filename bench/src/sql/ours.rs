//! `warehouse serve`, asked as any client asks it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::http::{self, Reply};
use url::Url;

/// Longer than any question takes on a busy machine.
const QUERY_TIME: &str = "5m";
/// Its workers read logs and footers first.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Ours {
    process: Child,
    address: SocketAddr,
}

impl Ours {
    /// Starts it on a free port; comes back when it says where it listens.
    pub(super) fn start(bin: &Path, store: &Path) -> Result<Self> {
        let program = bin.join("warehouse");
        let store = Url::from_directory_path(store).ok().context("the store has no address")?;
        let process = Command::new(&program)
            .args(["--store", store.as_str(), "--query-time", QUERY_TIME, "serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started; build it or give --bin", program.display()))?;
        let mut ours = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        BufReader::new(ours.process.stdout.take().context("its output")?).read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().unwrap_or_default();
        ours.address = address.parse().with_context(|| format!("warehouse serve says {line:?}, and no address"))?;
        Ok(ours)
    }

    /// Waits until a worker answers at once.
    pub(super) async fn settle(&self) -> Result<()> {
        let until = Instant::now() + SETTLED_AFTER;
        while Instant::now() < until {
            self.time("select 1 as one").await?;
        }
        Ok(())
    }

    /// The time of a query from the request until all its rows are there as Arrow.
    pub(super) async fn time(&self, sql: &str) -> Result<Duration> {
        let started = Instant::now();
        self.ask(sql, "application/vnd.apache.arrow.stream").await?;
        Ok(started.elapsed())
    }

    /// The answer: `columns` with their names, `rows`.
    pub(super) async fn answer(&self, sql: &str) -> Result<Value> {
        Ok(self.ask(sql, "application/json").await?.json())
    }

    async fn ask(&self, sql: &str, accepted: &str) -> Result<Reply> {
        let body = json!({ "sql": sql }).to_string();
        let headers = [("content-type", "application/json"), ("accept", accepted)];
        let reply = http::call(self.address, "POST", "/api/v1/sql", &headers, body.as_bytes()).await;
        ensure!(reply.status == 200, "{}: {}\n{sql}", reply.status, reply.text());
        ensure!(reply.is_whole, "the answer breaks off\n{sql}");
        Ok(reply)
    }

    pub(super) fn stop(mut self) -> Result<()> {
        testkit::signal::terminate(&self.process).context("SIGTERM cannot be sent")?;
        let status = self.process.wait()?;
        ensure!(status.success(), "warehouse serve ended with {status}");
        Ok(())
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
