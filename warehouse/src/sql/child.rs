//! The front's handle on one worker process.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, setpriority_pgrp};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::cause::Cause;
use super::protocol::{End, Frame, Kind, Setup};
use super::{Settings, worker};
use crate::limits::{LAST_WORDS_BYTES_MAX, WORKER_START_MAX};
use crate::query::Failure;

/// Priority of a worker that works on a long statement (nice(2); 19 is the least).
const LONG_STATEMENT_PRIORITY: i32 = 10;

/// A program that is a worker when its only argument says so: this very one, unless a test names another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(PathBuf);

impl Program {
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl Default for Program {
    /// The program that runs, also when its file was replaced or removed meanwhile.
    fn default() -> Self {
        let running = Path::new("/proc/self/exe");
        match running.exists() {
            true => Self::at(running),
            false => Self::at(std::env::current_exe().unwrap_or_else(|_| running.into())),
        }
    }
}

/// A started worker.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last_words: JoinHandle<String>,
    /// Where it spills to disk. Removed after its end.
    spill: TempDir,
    memory_bytes_max: usize,
}

impl Worker {
    /// Starts a worker and waits until it is ready.
    pub(super) async fn start(settings: &Settings) -> Result<Self, Failure> {
        let mut worker = Self::spawn(settings).map_err(|error| Failure::ours(format!("no worker starts: {error}")))?;
        let setup = Setup {
            store: settings.store.clone(),
            memory_bytes_max: settings.memory_bytes_max,
            spill_bytes_max: settings.spill_bytes_max,
            spill_folder: worker.spill.path().to_owned(),
        };
        let ready = async {
            worker.send(&Frame::of(Kind::Setup, &setup)).await?;
            worker.receive().await
        };
        let failure = match tokio::time::timeout(WORKER_START_MAX, ready).await {
            Ok(Ok(Some(frame))) if frame.kind == Kind::Ready => return Ok(worker),
            Ok(Ok(Some(frame))) => frame.message().ok().and_then(|end: End| end.failure),
            Ok(Ok(None) | Err(_)) => Some(worker.died().await.no_start()),
            Err(_) => Some(format!("it was not ready after {} s", WORKER_START_MAX.as_secs())).map(Failure::ours),
        };
        worker.end().await;
        Err(failure.unwrap_or_else(|| Failure::ours("a worker started and said nothing")))
    }

    fn spawn(settings: &Settings) -> io::Result<Self> {
        let spill = tempfile::Builder::new().prefix("warehouse-worker-").tempdir()?;
        let name = std::env::args_os().next().unwrap_or_else(|| OsString::from("warehouse"));
        let mut child = Command::new(&settings.program.0)
            .arg0(name)
            .arg(worker::ARGUMENT)
            .env("TMPDIR", spill.path())
            .env("RUST_BACKTRACE", "0")
            // Few arenas: memory that a statement gave back is there for the next, whichever thread asks.
            .env("MALLOC_ARENA_MAX", "2")
            // A group of its own: Ctrl-C in a terminal is for the front, which lets statements end.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let gone = || io::Error::other("the worker has no pipes");
        let input = child.stdin.take().ok_or_else(gone)?;
        let output = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        let last_words = tokio::spawn(last_words(child.stderr.take().ok_or_else(gone)?));
        let memory_bytes_max = settings.memory_bytes_max;
        Ok(Self { child, input, output, last_words, spill, memory_bytes_max })
    }

    /// Its process, and the group of that, while it lives.
    pub(super) fn process(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id()?.cast_signed())
    }

    pub(super) async fn send(&mut self, frame: &Frame) -> io::Result<()> {
        self.input.write_all(&frame.bytes()).await
    }

    /// The next frame; none when the worker has ended.
    pub(super) async fn receive(&mut self) -> io::Result<Option<Frame>> {
        Frame::receive(&mut self.output).await
    }

    /// Why it ended, after [`Worker::receive`] said that it has.
    pub(super) async fn died(&mut self) -> Cause {
        // It closed its output, so it ends or has ended; a worker that only spoke garbage is ended here.
        let _ = self.child.start_kill();
        let status = self.child.wait().await;
        let last_words = (&mut self.last_words).await.unwrap_or_default();
        Cause {
            signal: status.as_ref().ok().and_then(ExitStatusExt::signal),
            last_words,
            memory_bytes_max: self.memory_bytes_max,
        }
    }

    /// Ends it, in the middle of whatever it does.
    pub(super) async fn end(mut self) {
        let _ = self.child.kill().await;
        // Nobody else uses the folder now. What cannot be removed is left to the system's clean-up of its folder.
        let _ = self.spill.close();
    }
}

/// Lets everything else go before this worker. There is no way back: only the privileged may raise a priority.
pub(super) fn slow_down(group: Option<Pid>) {
    // The group, because Linux keeps a priority for each thread. It may have ended by now.
    if group.is_some() {
        let _ = setpriority_pgrp(group, LONG_STATEMENT_PRIORITY);
    }
}

/// The end of what a worker writes to standard error.
async fn last_words(mut output: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut buffer = vec![0; LAST_WORDS_BYTES_MAX];
    while let Ok(read @ 1..) = output.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(LAST_WORDS_BYTES_MAX);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}
