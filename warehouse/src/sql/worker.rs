//! The worker's side: a process that answers one statement at a time, within limits that the kernel keeps.
//!
//! It never outlives its front: a thread of its own waits for the next frame, and when there is none any more, because
//! the front has ended however it ended, the process ends in the middle of whatever it does.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::Context;
use bytes::Bytes;
use rustix::process::{Signal, getpid, kill_process};
use tokio::runtime::Runtime;

use super::confine::{allow_cpu, confine};
use super::encode::{Encoder, schemas};
use super::protocol::{Ask, DATA_BYTES, End, Form, Frame, Head, Kind, Setup, Watch};
use super::usage::memory_bytes;
use crate::engine::Resources;
use crate::format::postgres;
use crate::lake::Lake;
use crate::limits::{LENGTH_BYTES_MAX, STACK_BYTES, WORKER_BLOCKING_THREADS_MAX, WORKER_STACK_BYTES, WORKER_WARM_UP};
use crate::query::Failure;
use crate::query::live::Live;
use crate::query::{self, Asking, Limits, Scope};
use crate::tables;
use crate::watch::{self, Out};
use landing::Store;

/// The argument that makes a program a worker.
pub const ARGUMENT: &str = "worker";

/// Whether this process was started as a worker. Asked before anything else: the command line and the environment are
/// those of the front.
pub fn is_asked_for() -> bool {
    std::env::args_os().skip(1).eq([ARGUMENT])
}

/// The worker's `main`. Speaks [`super::protocol`] over standard input and output, until the input ends.
pub fn main() -> ExitCode {
    // A panic ends the statement like anything else that ends the process; the front reads why from standard error.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::abort();
    }));
    let (sender, frames) = sync_channel(1);
    thread::spawn(move || listen(&sender));
    // Planning recurses over expressions, on this thread.
    let work = thread::Builder::new().name("statement".into()).stack_size(STACK_BYTES).spawn(move || work(&frames));
    match work.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Passes frames on; ends the process when the front is gone.
fn listen(frames: &SyncSender<Frame>) {
    let mut input = io::stdin().lock();
    let mut spill_folder = None;
    while let Ok(Some(frame)) = Frame::read(&mut input) {
        if frame.kind == Kind::Setup {
            spill_folder = frame.message().ok().map(|setup: Setup| setup.spill_folder);
        }
        if frames.send(frame).is_err() {
            return;
        }
    }
    // A front that was killed does not remove it.
    if let Some(folder) = spill_folder {
        let _ = std::fs::remove_dir_all(folder);
    }
    // Not `exit`, which waits for others.
    let _ = kill_process(getpid(), Signal::KILL);
}

/// Sets up, then answers statement after statement.
fn work(frames: &Receiver<Frame>) -> anyhow::Result<()> {
    // Without the line buffer of `stdout()`: a frame is one write.
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let setup: Setup = frames.recv().context("no setup")?.message()?;
    let opened = set_up(&setup);
    let (runtime, lake) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let failure = Failure::ours(format!("{error:#}"));
            end(&mut output, Some(failure), false)?;
            return Ok(());
        }
    };
    runtime.block_on(warm_up(&lake));
    Frame { kind: Kind::Ready, body: Bytes::new() }.write(&mut output)?;
    while let Ok(frame) = frames.recv() {
        let failure = match frame.kind {
            Kind::Watch => {
                let asked: Watch = frame.message()?;
                allow_cpu(asked.cpu_seconds_max).context("cannot limit the processor time")?;
                let mut out = BufWriter::with_capacity(DATA_BYTES, Pieces { output: &mut output });
                let answered = runtime.block_on(watch::answer(&lake, &asked.wanted, &asked.scope, &mut out));
                answered.and_then(|()| out.flush().map_err(Failure::ours)).err()
            }
            _ => {
                let ask: Ask = frame.message()?;
                allow_cpu(ask.cpu_seconds_max).context("cannot limit the processor time")?;
                runtime.block_on(answer(&lake, &ask, &mut output)).err()
            }
        };
        let retire = memory_bytes().is_some_and(|bytes| bytes > stacks(&lake) + setup.memory_bytes_max / 2);
        end(&mut output, failure, retire)?;
    }
    Ok(())
}

fn set_up(setup: &Setup) -> anyhow::Result<(Runtime, Arc<Lake>)> {
    // The other half is for what the engine does not count: decoded pages, a function's result, the answer's bytes.
    let resources = Resources { memory_bytes_max: setup.memory_bytes_max / 2, spill_bytes_max: setup.spill_bytes_max };
    let lake = Lake::open(Store::open(&setup.store)?, resources)?;
    confine(setup.memory_bytes_max + stacks(&lake)).context("cannot limit the worker's memory")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(lake.engine.partitions())
        .max_blocking_threads(WORKER_BLOCKING_THREADS_MAX)
        .thread_stack_size(WORKER_STACK_BYTES)
        .enable_all()
        .build()
        .context("cannot start the worker's threads")?;
    Ok((runtime, lake))
}

/// Stacks of all threads that a worker may have: they count as memory, but no statement uses them up.
fn stacks(lake: &Lake) -> usize {
    STACK_BYTES + (lake.engine.partitions() + WORKER_BLOCKING_THREADS_MAX) * WORKER_STACK_BYTES
}

/// Reads logs, links and footers, so that the first statement finds them read. What fails here will fail there too, and
/// be told.
async fn warm_up(lake: &Lake) {
    let _ = tokio::time::timeout(WORKER_WARM_UP, async {
        let _ = Live::open(lake, tables::ALL, &Scope::All).await;
        if let Ok(progress) = lake.recordings.least_progress().await {
            let _ = lake.recordings.chains.links_after(&progress).await;
        }
    })
    .await;
}

/// Writes an answer, or says why there is none.
async fn answer(lake: &Lake, ask: &Ask, output: &mut impl Write) -> Result<(), Failure> {
    let given = match &ask.form {
        Form::Flight { values } | Form::Schemas { values } if !values.is_empty() => Cow::Owned(query::values(values)?),
        _ => Cow::Borrowed(&ask.parameters),
    };
    let asking = Asking { scope: &ask.scope, of_postgresql: ask.form.is_of_postgresql(), parameters: &given };
    let told = match &ask.form {
        Form::Description { types } => {
            let (types, schema) = query::describe(lake, &ask.sql, types, &asking).await?;
            Some(postgres::description(&types, &schema))
        }
        Form::Schemas { values } if values.is_empty() => {
            let (types, schema) = query::describe(lake, &ask.sql, &[], &asking).await?;
            Some(schemas(&query::parameter_schema(&types), &schema)?)
        }
        Form::Schemas { .. } => {
            let rows = query::open(lake, &ask.sql, Limits::answer(), &asking).await?;
            Some(schemas(&query::parameter_schema(&[]), rows.schema())?)
        }
        _ => None,
    };
    if let Some(told) = told {
        head(output, Some(told.len() as u64))?;
        return data(output, &told);
    }
    let limits = Limits { rows_max: ask.rows_max, bytes_max: ask.bytes_max };
    let mut rows = query::open(lake, &ask.sql, limits, &asking).await?;
    let mut encoder = Encoder::new(&ask.form, rows.schema())?;
    let mut held = rows.first(ask.held_bytes_max).await?;
    let length_bytes_max = if ask.held_bytes_max == 0 { 0 } else { LENGTH_BYTES_MAX };
    let mut out = Outgoing { output, held: Some(Vec::new()), held_bytes_max: length_bytes_max };
    loop {
        let batch = match held.pop_front() {
            Some(batch) => batch,
            None => match rows.next().await? {
                Some(batch) => batch,
                None => break,
            },
        };
        for part in encoder.parts(&batch) {
            encoder.add(&part)?;
            out.push(&encoder.take())?;
        }
    }
    encoder.finish()?;
    out.push_last(&encoder.take())
}

/// The bytes of an answer on their way out.
struct Outgoing<'a, W> {
    output: &'a mut W,
    /// What is kept back of an answer that has not begun, to tell its length if it is short.
    held: Option<Vec<u8>>,
    held_bytes_max: usize,
}

impl<W: Write> Outgoing<'_, W> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(held) = &mut self.held else { return data(self.output, bytes) };
        held.extend_from_slice(bytes);
        if held.len() <= self.held_bytes_max {
            return Ok(());
        }
        head(self.output, None)?;
        data(self.output, &self.held.take().unwrap_or_default())
    }

    fn push_last(mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(mut held) = self.held.take() else { return data(self.output, bytes) };
        held.extend_from_slice(bytes);
        head(self.output, Some(held.len() as u64))?;
        data(self.output, &held)
    }
}

fn head(output: &mut impl Write, bytes: Option<u64>) -> Result<(), Failure> {
    Frame::of(Kind::Head, &Head { bytes, kind: None }).write(output).map_err(Failure::ours)
}

fn data(output: &mut impl Write, bytes: &[u8]) -> Result<(), Failure> {
    for piece in bytes.chunks(DATA_BYTES) {
        let body = Bytes::copy_from_slice(piece);
        Frame { kind: Kind::Data, body }.write(output).map_err(Failure::ours)?;
    }
    Ok(())
}

/// An answer of [`watch`], as it is written.
struct Pieces<'a> {
    output: &'a mut File,
}

impl Out for BufWriter<Pieces<'_>> {
    fn begin(&mut self, kind: &str, bytes: Option<u64>) -> io::Result<()> {
        Frame::of(Kind::Head, &Head { bytes, kind: Some(kind.to_owned()) }).write(self.get_mut().output)
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(DATA_BYTES)];
        Frame { kind: Kind::Data, body: Bytes::copy_from_slice(piece) }.write(self.output)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn end(output: &mut impl Write, failure: Option<Failure>, retire: bool) -> io::Result<()> {
    Frame::of(Kind::End, &End { failure, retire }).write(output)
}
