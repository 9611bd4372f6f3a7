//! One of our own server processes: started, waited for until it is ready, asked for its metrics, stopped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A loaded machine may take this long to start a process that checks broker, registry and store.
const READY_WAIT: Duration = Duration::from_secs(120);
const STOP_WAIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const LOG_TAIL_LINES: usize = 15;

pub(crate) struct Server {
    pub name: &'static str,
    child: Child,
    log: PathBuf,
    /// host:port of `/health/ready` and `/metrics`.
    internal: String,
}

impl Server {
    /// Starts the command with its output in `folder`/NAME.log and waits until `/health/ready` says 200.
    pub(crate) async fn start(
        name: &'static str,
        mut command: Command,
        internal: String,
        folder: &Path,
    ) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command
            .spawn()
            .with_context(|| format!("{command:?} cannot be started; build it or name its folder with --bin"))?;
        let mut server = Self { name, child, log, internal };
        let deadline = Instant::now() + READY_WAIT;
        loop {
            if let Some(status) = server.child.try_wait()? {
                bail!(
                    "{name} ended while starting ({status}); the end of {}:\n{}",
                    server.log.display(),
                    server.log_tail()
                );
            }
            if get(&server.internal, "/health/ready").await.is_ok_and(|(status, _)| status == 200) {
                return Ok(server);
            }
            if Instant::now() > deadline {
                bail!(
                    "{name} is not ready after {READY_WAIT:?}; the end of {}:\n{}",
                    server.log.display(),
                    server.log_tail()
                );
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The value of a metric without labels.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64> {
        let (_, text) =
            get(&self.internal, "/metrics").await.with_context(|| format!("{} gives no metrics", self.name))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).with_context(|| format!("{} has no metric {name}", self.name))
    }

    /// SIGTERM, and the exit code must be 0.
    pub(crate) fn stop(mut self) -> Result<()> {
        testkit::signal::terminate(&self.child).context("SIGTERM cannot be sent")?;
        let deadline = Instant::now() + STOP_WAIT;
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("{} ended with {status} on SIGTERM:\n{}", self.name, self.log_tail()),
                None if Instant::now() > deadline => bail!("{} still runs {STOP_WAIT:?} after SIGTERM", self.name),
                None => std::thread::sleep(POLL_INTERVAL),
            }
        }
    }

    fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Server {
    /// Reached without `stop` only on an error: nobody waits for a clean end then.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Status and text of a GET on a connection of its own.
async fn get(authority: &str, path: &str) -> Result<(u16, String)> {
    let stream = TcpStream::connect(authority).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header("host", authority).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
