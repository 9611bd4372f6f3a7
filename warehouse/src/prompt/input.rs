//! Where statements come from: a line editor at a terminal, or lines of a pipe.

use std::io::{BufRead, BufReader, Read as _, Stdin, stdin};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use anyhow::{Context, ensure};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use super::completion::{Completion, is_whole};
use super::history::{HISTORY_STATEMENT_BYTES_MAX, HISTORY_STATEMENTS_MAX, file};
use crate::limits::SQL_BYTES_MAX;

const PROMPT: &str = "telemetry=> ";
const WELCOME: &str = r"Statements end with ;   \? helps, \q leaves.";

/// The terminal as it was. The editor changes it while it waits, and cannot change it back when the process is told to stop.
static TERMINAL: OnceLock<Mutex<Termios>> = OnceLock::new();

pub(super) fn restore_terminal() {
    if let Some(Ok(terminal)) = TERMINAL.get().map(Mutex::lock) {
        let _ = tcsetattr(stdin(), SetArg::TCSANOW, &terminal);
    }
}

/// What came.
pub(super) enum Read {
    /// A command, or statements, and the line of the input in which they begin.
    Text(String, usize),
    /// Ctrl-C: what was being typed is dropped.
    Dropped,
    End,
}

pub(super) struct Input(Option<Source>);

enum Source {
    Terminal(Box<Typed>),
    Pipe(Piped),
}

struct Typed {
    editor: Editor<Completion, FileHistory>,
    history: Option<PathBuf>,
}

struct Piped {
    lines: BufReader<Stdin>,
    /// Lines that were read.
    read: usize,
}

impl Input {
    /// # Errors
    /// When the terminal is none that lines can be edited at.
    pub(super) fn terminal() -> anyhow::Result<Self> {
        if let Ok(terminal) = tcgetattr(stdin()) {
            let _ = TERMINAL.set(Mutex::new(terminal));
        }
        let config =
            Config::builder().completion_type(CompletionType::List).max_history_size(HISTORY_STATEMENTS_MAX)?.build();
        let past = FileHistory::with_config(&config);
        let mut editor = Editor::with_history(config, past).context("the terminal")?;
        editor.set_helper(Some(Completion::new()));
        let history = file();
        match &history {
            // There is none before the first statement.
            Some(file) => drop(editor.load_history(file)),
            None => eprintln!("note: no folder for the history: neither XDG_STATE_HOME nor HOME can be used"),
        }
        println!("{WELCOME}");
        Ok(Self(Some(Source::Terminal(Box::new(Typed { editor, history })))))
    }

    pub(super) fn pipe() -> Self {
        Self(Some(Source::Pipe(Piped { lines: BufReader::new(stdin()), read: 0 })))
    }

    /// The next that is whole.
    pub(super) async fn next(&mut self) -> anyhow::Result<Read> {
        let Some(mut source) = self.0.take() else { return Ok(Read::End) };
        let (source, read) = tokio::task::spawn_blocking(move || {
            let read = match &mut source {
                Source::Terminal(typed) => typed.next(),
                Source::Pipe(piped) => piped.next(),
            };
            (source, read)
        })
        .await
        .context("the input")?;
        self.0 = Some(source);
        read
    }
}

impl Typed {
    fn next(&mut self) -> anyhow::Result<Read> {
        match self.editor.readline(PROMPT) {
            Ok(text) if text.trim().is_empty() => Ok(Read::Dropped),
            Ok(text) => {
                self.remember(text.trim_end());
                Ok(Read::Text(text, 1))
            }
            Err(ReadlineError::Interrupted) => Ok(Read::Dropped),
            Err(ReadlineError::Eof) => Ok(Read::End),
            Err(error) => Err(error).context("the terminal"),
        }
    }

    /// At once: whoever ends the process another way finds it the next time.
    fn remember(&mut self, text: &str) {
        if text.len() > HISTORY_STATEMENT_BYTES_MAX || !self.editor.add_history_entry(text).unwrap_or(false) {
            return;
        }
        if let Some(file) = &self.history
            && let Err(error) = self.editor.append_history(file)
        {
            eprintln!("note: the history {} is not written: {error}", file.display());
            self.history = None;
        }
    }
}

impl Piped {
    fn next(&mut self) -> anyhow::Result<Read> {
        let (mut text, mut first) = (String::new(), self.read + 1);
        loop {
            // One more byte than may be, to know that there is one.
            let (before, left) = (text.len(), (SQL_BYTES_MAX + 1 - text.len()) as u64);
            let read = (&mut self.lines).take(left).read_line(&mut text).context("standard input")?;
            ensure!(
                text.len() <= SQL_BYTES_MAX,
                "line {first}: a statement on standard input is longer than {SQL_BYTES_MAX} bytes"
            );
            if read == 0 {
                return Ok(if text.trim().is_empty() { Read::End } else { Read::Text(text, first) });
            }
            self.read += 1;
            if text.trim().is_empty() {
                (text, first) = (String::new(), self.read + 1);
            } else if (before == 0 || text[before..].contains(';')) && is_whole(&text) {
                return Ok(Read::Text(text, first));
            }
        }
    }
}
