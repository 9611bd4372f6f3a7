//! A cluster of real processes, and questions that are asked of it and of one process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cluster::plan;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;
use tokio::runtime::Builder;
use tokio::sync::{Mutex, MutexGuard};
use warehouse::Lake;
use warehouse::elsewhere::Engine;
use warehouse::format::{self, Answer};
use warehouse::limits::STACK_BYTES;
use warehouse::query::{Asking, Failure, Limits, NOT_ELSEWHERE, Parameter, Rows, Scope, open, sent};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/dev/cluster");
const PROGRAM: &str = env!("CARGO_BIN_EXE_warehouse-cluster");
/// Between two looks at the logs.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What a command gets to end in, an executor that is missed for some seconds included.
const PATIENCE: Duration = Duration::from_secs(180);
/// What a statement gets, beside others.
const STATEMENT_PATIENCE: Duration = Duration::from_secs(60);
/// Work that was over before an executor could be killed in the midst of it is begun again, at most so often.
const TRIES_MAX: usize = 20;

/// One cluster at a time: an executor that gets no processor for seconds is missed as well.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Runs a test on threads with stacks on which statements can be planned, as all programs do.
pub(crate) fn on_stacks(test: impl Future<Output = ()> + Send + 'static) {
    let runtime = Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build().unwrap();
    if let Err(failed) = runtime.block_on(async { tokio::spawn(test).await }) {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// A scheduler and two executors, as the project's script starts them.
pub(crate) struct Cluster {
    folder: TempDir,
    pub(crate) engine: Engine,
    /// Process and log of each executor.
    executors: Vec<(Pid, PathBuf)>,
    _alone: MutexGuard<'static, ()>,
}

impl Cluster {
    /// On a store; with two slots each, and executors that are missed soon.
    pub(crate) async fn start(store: &str) -> Self {
        let alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let mut script = Command::new(SCRIPT);
        script.args(["start", "--store", store, "--program", PROGRAM, "--slots", "2"]);
        script.args(["--heartbeat", "1", "--lost-after", "4"]).arg("--dir").arg(folder.path());
        let done = script.stdout(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let told = std::fs::read_to_string(folder.path().join("cluster.json")).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        let executors = ["executor-1", "executor-2"].map(|name| {
            let pid = Pid::from_raw(told["pids"][name].as_i64().unwrap() as i32).unwrap();
            (pid, PathBuf::from(told["logs"][name].as_str().unwrap()))
        });
        let engine = told["engine"].as_str().unwrap().parse().unwrap();
        Self { folder, engine, executors: executors.to_vec(), _alone: alone }
    }

    /// `warehouse ARGUMENTS` as it is handed over.
    pub(crate) fn warehouse(&self, store: &str, arguments: &[&str]) -> Child {
        let mut command = tokio::process::Command::new(PROGRAM);
        command.args(["ask", "--store", store, "--engine", &self.engine.to_string()]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).spawn().unwrap()
    }

    /// What the command printed, and what it said on standard error.
    pub(crate) async fn printed(&self, child: Child) -> (String, String) {
        let done = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("an end in time").unwrap();
        let [out, told] = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(done.status.success(), "{told}\n{}", self.logs());
        (out, told)
    }

    /// Begins work, and kills an executor that has begun a task of it and not ended it.
    pub(crate) async fn kill_in_the_midst_of(&self, begin: impl Fn() -> Child) -> Child {
        for _ in 0..TRIES_MAX {
            let mut work = begin();
            while work.try_wait().unwrap().is_none() {
                for (executor, log) in &self.executors {
                    if running(log).is_empty() {
                        continue;
                    }
                    // Whoever is stopped ends nothing, and writes nothing.
                    kill_process(*executor, Signal::STOP).unwrap();
                    if !running(log).is_empty() {
                        kill_process(*executor, Signal::KILL).unwrap();
                        return work;
                    }
                    kill_process(*executor, Signal::CONT).unwrap();
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        panic!(
            "the work was over {TRIES_MAX} times before an executor was seen at it: make it longer\n{}",
            self.logs()
        );
    }

    fn logs(&self) -> String {
        let logs = self.executors.iter().map(|(_, log)| log.clone());
        let logs = logs.chain([self.folder.path().join("scheduler/log")]);
        let read = |log: PathBuf| format!("{}:\n{}", log.display(), std::fs::read_to_string(&log).unwrap_or_default());
        logs.map(read).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = Command::new(SCRIPT).arg("stop").arg("--dir").arg(self.folder.path()).output();
        assert!(
            stopped.is_ok_and(|done| done.status.success()) || std::thread::panicking(),
            "the cluster was not stopped"
        );
    }
}

/// Tasks that an executor has begun and not ended, as it logs them.
fn running(log: &Path) -> BTreeSet<String> {
    let log = std::fs::read_to_string(log).unwrap();
    let named = |line: &str, mark: &str| {
        let (_, rest) = line.split_once(mark)?;
        Some(rest.split_once("] in ").map_or(rest, |(name, _)| name).trim_end_matches(']').to_owned())
    };
    let begun = log.lines().filter_map(|line| named(line, "Execute task  : ["));
    let ended: BTreeSet<_> = log.lines().filter_map(|line| named(line, "Finished task : [")).collect();
    begun.filter(|task| !ended.contains(task)).collect()
}

/// What a cluster and one process make of a statement.
pub(crate) enum Compared {
    Same,
    /// Not for a cluster: why.
    Refused(String),
    Differ(String),
}

pub(crate) async fn compared(lake: &Arc<Lake>, engine: &Engine, sql: &str, parameters: &[Parameter]) -> Compared {
    let asking = Asking { scope: &Scope::All, of_postgresql: false, parameters };
    let here = match open(lake, sql, Limits::answer(), &asking).await {
        Ok(rows) => rows.all().await,
        Err(failure) => Err(failure),
    };
    let there = tokio::time::timeout(STATEMENT_PATIENCE, on_cluster(lake, engine, sql, parameters)).await;
    let Ok(there) = there else {
        return Compared::Differ(format!("{sql}\n  no answer of the cluster in {STATEMENT_PATIENCE:?}"));
    };
    let [here, there] =
        [here, there].map(|answered| answered.map(|answer| shown(&answer)).map_err(|failure| failure.to_string()));
    match (here, there) {
        (_, Err(why)) if why.contains(NOT_ELSEWHERE) => Compared::Refused(why),
        (Ok(here), Ok(there)) if here == there => Compared::Same,
        // A failure is told in the words of another process.
        (Err(_), Err(_)) => Compared::Same,
        (here, there) => Compared::Differ(format!("{sql}\n  one process {here:?}\n  the cluster {there:?}")),
    }
}

async fn on_cluster(lake: &Lake, engine: &Engine, sql: &str, parameters: &[Parameter]) -> Result<Answer, Failure> {
    let sent = sent(lake, sql, parameters, plan::settings).await?;
    assert_eq!(sent.waiting, 0, "{sql}: all is compacted");
    let rows = plan::run(engine, sent.plan, sent.config).await?;
    Rows::of(rows, Limits::answer()).all().await
}

/// Rows as text, in the order of the texts: hardly any statement says which of two equal rows is first. Sums of doubles depend on
/// their order, in the last of sixteen digits.
fn shown(answer: &Answer) -> Vec<String> {
    let rows = format::json(answer)["rows"].as_array().unwrap().clone();
    let cell = |cell: &Value| match cell.as_f64() {
        Some(number) if cell.is_f64() => format!("{number:.12e}"),
        _ => cell.to_string(),
    };
    let mut rows: Vec<_> =
        rows.iter().map(|row| row.as_array().unwrap().iter().map(cell).collect::<Vec<_>>().join(", ")).collect();
    rows.sort();
    rows
}
