//! `warehouse serve` as a process, and the workers below it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use testkit::http;
use tokio::net::TcpStream;

/// However loaded the machine is, nothing here takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Path of the API.
pub(crate) const SQL: &str = "/api/v1/sql";

pub(crate) struct Server {
    process: Child,
    pub address: SocketAddr,
    /// Where it speaks PostgreSQL's protocol, if it was told to.
    pub postgres: Option<SocketAddr>,
    /// Where it speaks Flight SQL, if it was told to.
    pub flight: Option<SocketAddr>,
}

impl Server {
    /// Starts it on a free port; its temporary files lie in `temporary`.
    pub(crate) fn start(store: &str, temporary: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(["--store", store, "serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("TMPDIR", temporary)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut told = |place: usize| {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            line.trim().rsplit('/').nth(place).unwrap().parse().unwrap()
        };
        let address = told(0);
        let postgres = arguments.contains(&"--postgres-listen").then(|| told(1));
        let flight = arguments.contains(&"--flight-listen").then(|| told(0));
        Self { process, address, postgres, flight }
    }

    /// Status, body and time of a statement.
    pub(crate) async fn ask(&self, sql: &str) -> (u16, Value, Duration) {
        let started = Instant::now();
        let reply = http::read_reply(&mut self.send(sql).await).await;
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default(), started.elapsed())
    }

    /// A statement whose answer is still to be read.
    pub(crate) async fn send(&self, sql: &str) -> TcpStream {
        http::ask(self.address, "POST", SQL, &[], json!({ "sql": sql }).to_string().as_bytes()).await
    }

    /// Its process.
    pub(crate) fn id(&self) -> i32 {
        self.process.id().cast_signed()
    }

    /// Its living workers.
    pub(crate) fn workers(&self) -> Vec<i32> {
        children(self.id())
    }

    /// Its workers in the middle of a long statement.
    pub(crate) fn working(&self) -> Vec<i32> {
        working_below(self.id())
    }

    /// Waits until it works on a long statement. After another one, [`Server::rests`] comes before: whose statement has ended may
    /// still be seen to work.
    pub(crate) async fn works(&self) {
        until("it works on the statement", || !self.working().is_empty()).await;
    }

    /// Waits until nobody works on a long statement, and those who did have ended.
    pub(crate) async fn rests(&self) {
        until("nobody works", || self.working().is_empty()).await;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Waits for its end; the exit code if it ended by itself.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let process = &mut self.process;
        let mut status = None;
        until("the server ends", || {
            status = process.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.and_then(|status| status.code())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether the process is there and no zombie.
pub(crate) fn lives(pid: i32) -> bool {
    parent(pid).is_some()
}

fn children(parent: i32) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| self::parent(*pid) == Some(parent)).collect()
}

/// Workers of a process that have used a second of processor time on the statement that they are at: they give way to all others
/// from then on, and end with it. What they used in their life says less, since starting and planning take some as well.
pub(crate) fn working_below(pid: i32) -> Vec<i32> {
    let gives_way = |worker: &i32| nice(*worker) > nice(pid);
    children(pid).into_iter().filter(gives_way).collect()
}

/// Parent of a process that lives.
fn parent(pid: i32) -> Option<i32> {
    (stat::<String>(pid, 3)? != "Z").then(|| stat(pid, 4))?
}

/// Processor time of a process in user mode.
pub(crate) fn cpu_ticks(pid: i32) -> u64 {
    stat(pid, 14).unwrap_or_default()
}

fn nice(pid: i32) -> Option<i32> {
    stat(pid, 19)
}

/// A field of the state of a process, by its number in proc(5): the third is the first behind the name in brackets.
fn stat<T: FromStr>(pid: i32, number: usize) -> Option<T> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(number - 3)?.parse().ok()
}

/// The most memory that a process had (proc(5): `VmHWM` of its status).
pub(crate) fn peak_bytes(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes * 1024)
}

/// Polls until it is so.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "it never happened that {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
