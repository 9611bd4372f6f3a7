//! `warehouse sql` without a statement: statement after statement, from a terminal with a prompt, or from a pipe without one.
//!
//! A thread of its own waits for what is typed ([`input`]); statements run in worker processes, as everybody's, so that Ctrl-C can
//! end one in the middle of whatever it does. [`command`] holds what begins with a backslash, as in psql.

mod command;
mod completion;
mod history;
mod input;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use futures::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Format;
use crate::query::split::{statements, without_comments};
use crate::query::{Limits, Scope};
use crate::show::{print, print_answer, rows, told};
use crate::sql::{Form, Pool, Question, Settings};
use command::Command;
use input::{Input, Read};

/// Asks until the input ends; the exit code says whether all statements were answered, where nobody sits at a terminal.
///
/// # Errors
/// When a statement of a pipe fails, or the process is told to stop.
pub(crate) async fn run(settings: &Settings, format: Format, shutdown: CancellationToken) -> anyhow::Result<ExitCode> {
    let interrupts = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let pool = Pool::start(Settings { workers_max: 1, ..settings.clone() });
    let at_terminal = std::io::stdin().is_terminal();
    let input = if at_terminal { Input::terminal()? } else { Input::pipe() };
    let mut prompt = Prompt { pool, format, timing: false, at_terminal, interrupts };
    let done = tokio::select! {
        done = prompt.talk(input) => done,
        () = shutdown.cancelled() => {
            input::restore_terminal();
            Err(anyhow::anyhow!("stopped"))
        }
    };
    prompt.pool.stop().await;
    done.map(|()| ExitCode::SUCCESS)
}

struct Prompt {
    pool: Pool,
    format: Format,
    /// Whether the time of each statement is told.
    timing: bool,
    at_terminal: bool,
    /// Ctrl-C while a statement runs; while something is typed, the terminal tells it as a key.
    interrupts: Signal,
}

impl Prompt {
    async fn talk(&mut self, mut input: Input) -> anyhow::Result<()> {
        loop {
            let read = tokio::select! {
                read = input.next() => read?,
                _ = self.interrupts.recv(), if !self.at_terminal => bail!("stopped"),
            };
            match read {
                Read::Text(text, line) => {
                    if self.take(&text, line).await? {
                        return Ok(());
                    }
                }
                Read::Dropped => {}
                Read::End => return Ok(()),
            }
        }
    }

    /// Does what was typed; true when that was to leave.
    async fn take(&mut self, text: &str, line: usize) -> anyhow::Result<bool> {
        match Command::of(text) {
            Some(Command::Quit) => return Ok(true),
            Some(Command::Help) => print(command::HELP.as_bytes())?,
            Some(Command::Relations(kinds)) => print(command::relations(kinds).as_bytes())?,
            Some(Command::Timing) => {
                self.timing = !self.timing;
                let told = if self.timing { "told" } else { "not told any more" };
                print(format!("The time of each statement is {told}.\n").as_bytes())?;
            }
            Some(Command::Columns(name)) => {
                let asked = self.columns(&name).await;
                self.tell(asked, line)?;
            }
            Some(Command::Unknown(why)) => self.tell(Err(anyhow::anyhow!(why)), line)?,
            None => {
                for sql in statements(text) {
                    let began = Instant::now();
                    let asked = self.answer(sql).await;
                    self.tell(asked, line + lines_before(text, sql))?;
                    if self.timing {
                        let milliseconds = began.elapsed().as_secs_f64() * 1_000.0;
                        print(format!("Time: {milliseconds:.1} ms\n").as_bytes())?;
                    }
                }
            }
        }
        Ok(false)
    }

    /// Tells what is wrong at a terminal, and goes on; in a pipe nobody sees what follows.
    fn tell(&self, done: anyhow::Result<()>, line: usize) -> anyhow::Result<()> {
        match done.map_err(told) {
            Err(error) if self.at_terminal => {
                eprintln!("{}", format!("{error:#}").replace('\n', " "));
                Ok(())
            }
            done => done.with_context(|| format!("line {line}")),
        }
    }

    async fn answer(&mut self, sql: &str) -> anyhow::Result<()> {
        // A table is held as a whole.
        let limits = if self.format == Format::Table { Limits::answer() } else { Limits::streamed() };
        let (format, form) = (self.format, self.format.form());
        self.unless_interrupted(question(sql, form, limits), async |mut reply| print_answer(&mut reply, format).await)
            .await
    }

    async fn columns(&mut self, name: &str) -> anyhow::Result<()> {
        let asked = question(&format!("select * from {name} limit 0"), Form::Arrow, Limits::answer());
        self.unless_interrupted(asked, async |mut reply| {
            print(command::columns(&rows(&mut reply).await?.schema).as_bytes())
        })
        .await
    }

    /// Asks, unless Ctrl-C comes first: that ends the statement's process.
    async fn unless_interrupted(
        &mut self,
        question: Question,
        show: impl AsyncFnOnce(crate::sql::Reply) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if self.at_terminal {
            // A Ctrl-C that came when the last one had ended is not for this one.
            let _ = self.interrupts.recv().now_or_never();
        }
        let work = async { show(self.pool.ask(&question).await?).await };
        tokio::select! {
            biased;
            _ = self.interrupts.recv() => bail!("the statement was stopped"),
            done = work => done,
        }
    }
}

/// Lines of the text that end before the first word of a statement in it.
fn lines_before(text: &str, statement: &str) -> usize {
    let begins = without_comments(statement).as_ptr().addr() - text.as_ptr().addr();
    text[..begins].matches('\n').count()
}

fn question(sql: &str, form: Form, limits: Limits) -> Question {
    let sql = sql.trim().to_owned();
    let (asker, parameters) = (String::new(), Vec::new());
    Question { asker, sql, scope: Scope::All, form, parameters, limits, held_bytes_max: 0 }
}
