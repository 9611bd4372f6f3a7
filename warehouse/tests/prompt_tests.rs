//! `warehouse sql` without a statement, at a terminal and in a pipe.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use nix::pty::openpty;
use nix::sys::termios::{LocalFlags, tcgetattr};
use rustix::process::{Pid, Signal, kill_process};
use support::landed;
use support::server::{PATIENCE, working_below};

/// Nothing interrupts it, and it takes years.
const ENDLESS: &str = "select levenshtein(repeat('a',16000000),repeat('b',16000000));";

/// A prompt at a terminal of its own, and the one who sits at it.
struct Terminal {
    /// As which setsid goes on.
    process: Child,
    keys: File,
    /// Modes of the line before anybody changed them.
    usual: LocalFlags,
    shown: Receiver<Vec<u8>>,
    /// What came, and up to where it was looked at.
    text: String,
    seen: usize,
}

impl Terminal {
    fn open(store: &str, state: &Path) -> Self {
        let terminal = openpty(None, None).unwrap();
        let usual = modes(&terminal.master);
        let line = || terminal.slave.try_clone().unwrap();
        // Ctrl-C is a signal to the group in front of a session's controlling terminal.
        let process = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_warehouse"), "--store", store, "--query-time", "1h", "sql"])
            .env("XDG_STATE_HOME", state)
            .env("TERM", "xterm")
            .stdin(Stdio::from(line()))
            .stdout(Stdio::from(line()))
            .stderr(Stdio::from(line()))
            .spawn()
            .unwrap();
        let keys = File::from(terminal.master);
        let mut screen = keys.try_clone().unwrap();
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { process, keys, shown, text: String::new(), seen: 0, usual }
    }

    fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until it is shown; the screen since the last time.
    fn see(&mut self, words: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(place) = self.text[self.seen..].find(words) {
                let end = self.seen + place + words.len();
                let told = self.text[self.seen..end].to_owned();
                self.seen = end;
                return told;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.text += &String::from_utf8_lossy(&bytes),
                Err(error) => panic!("{words:?} is never shown ({error}): {:?}", &self.text[self.seen..]),
            }
        }
    }

    /// Waits until something can be typed; what was shown since the last time. The editor shows the prompt again with many a key,
    /// but asks the terminal to mark what is pasted (xterm's 2004) once for each line.
    fn prompt(&mut self) -> String {
        let told = self.see("\x1b[?2004h");
        self.see("telemetry=> ");
        told
    }

    fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end: {:?}", &self.text[self.seen..]);
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn modes(terminal: impl AsFd) -> LocalFlags {
    tcgetattr(terminal).unwrap().local_flags
}

#[test]
fn a_prompt_completes_remembers_and_stops() {
    let (landing, state) = (landed(), tempfile::tempdir().unwrap());
    let mut terminal = Terminal::open(&landing.url(), state.path());
    terminal.prompt();
    // A statement over two lines.
    terminal.type_in("select type, count(*) as n\r");
    terminal.type_in("from events group by 1 order by 1;\r");
    let told = terminal.see("(2 rows)");
    assert!(told.contains("click") && told.contains("pointer"), "{told}");
    terminal.prompt();
    terminal.type_in("select count(*) as views from page_views_\u{7f} where time_on\t > 0;\r");
    assert!(terminal.see("(1 row)").contains("time_on_page_ms"), "Tab completes a column");
    terminal.prompt();
    terminal.type_in("\\d ledg\t\r");
    terminal.see("events_lost");
    terminal.prompt();
    terminal.type_in("\\dt\r");
    assert!(terminal.prompt().contains("page_views"));
    terminal.type_in("\\timing\r");
    terminal.prompt();
    terminal.type_in("select * from nothing;\r");
    assert!(terminal.see("Time: ").contains("not found"), "what is wrong is told, and it goes on");
    terminal.prompt();
    terminal.type_in("\\?\r");
    terminal.see("Ctrl-C stops a statement");
    terminal.prompt();
    // Typed and dropped.
    terminal.type_in("select 1 +\x03");
    terminal.prompt();
    terminal.type_in(ENDLESS);
    terminal.type_in("\r");
    let deadline = Instant::now() + PATIENCE;
    while working_below(terminal.process.id().cast_signed()).is_empty() {
        assert!(Instant::now() < deadline, "it never works on the statement");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    terminal.type_in("\x03");
    terminal.see("the statement was stopped");
    terminal.prompt();
    terminal.type_in("select 6 * 7 as answer;\r");
    terminal.see("42");
    terminal.prompt();
    terminal.type_in("\x04");
    assert!(terminal.ended().success());

    let history = state.path().join("customer-telemetry/sql_history");
    assert_eq!(std::fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600, "statements may name people");
    let mut terminal = Terminal::open(&landing.url(), state.path());
    terminal.prompt();
    terminal.type_in("\x1b[A\r");
    terminal.see("42");
    terminal.prompt();
    terminal.type_in("exit\r");
    assert!(terminal.ended().success());
}

/// A process that is told to stop leaves the terminal as it was: what is typed is shown again.
#[test]
fn a_prompt_that_is_told_to_stop_restores_the_terminal() {
    let (landing, state) = (landed(), tempfile::tempdir().unwrap());
    let mut terminal = Terminal::open(&landing.url(), state.path());
    terminal.prompt();
    assert_ne!(modes(&terminal.keys), terminal.usual, "the editor shows what is typed itself");
    kill_process(Pid::from_child(&terminal.process), Signal::TERM).unwrap();
    assert_eq!(terminal.ended().code(), Some(1));
    assert_eq!(modes(&terminal.keys), terminal.usual);
}

#[test]
fn a_pipe_is_answered_statement_by_statement_without_a_prompt() {
    let (landing, state) = (landed(), tempfile::tempdir().unwrap());
    let piped = |text: &str, arguments: &[&str]| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(["--store", &landing.url(), "sql"])
            .args(arguments)
            .env("XDG_STATE_HOME", state.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end before it has read everything.
        let _ = process.stdin.take().unwrap().write_all(text.as_bytes());
        let done = process.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    let two = "-- the first\nselect count(*) as n\nfrom events;\n\n select 'a;b' as t; select 2 as two\n";
    assert_eq!(piped(two, &["--format", "csv"]), (Some(0), "n\n20\nt\na;b\ntwo\n2\n".into(), String::new()));
    let failing = "select 1 as one;\n\nselect 2 as two; -- so\n  select *\n  from nothing;\nselect 3 as three;\n";
    let (code, shown, said) = piped(failing, &["--format", "csv"]);
    assert_eq!((code, shown.as_str()), (Some(1), "one\n1\ntwo\n2\n"), "it ends at the first that fails");
    assert!(said.starts_with("line 4: ") && said.contains("nothing") && said.lines().count() == 1, "{said}");
    let (code, shown, _) = piped("\\d clicks\n\\q\nselect 1;", &[]);
    assert!(code == Some(0) && shown.contains("element_path") && !shown.contains("(1 row)"), "{shown}");
    let (code, _, said) = piped(&format!("select '{}';", "x".repeat(70_000)), &[]);
    assert!(code == Some(1) && said.contains("longer than 65536 bytes"), "{said}");
    assert_eq!(piped("", &[]), (Some(0), String::new(), String::new()));
    assert!(!state.path().join("customer-telemetry").exists(), "a pipe leaves no history");
}

/// Ctrl-C ends a pipe, also while nothing comes.
#[test]
fn a_pipe_is_interrupted_while_it_waits() {
    let landing = landed();
    let mut process = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["--store", &landing.url(), "sql", "--format", "csv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.as_mut().unwrap().write_all(b"select 1 as one;\n").unwrap();
    let mut shown = [0; 6];
    process.stdout.as_mut().unwrap().read_exact(&mut shown).unwrap();
    assert_eq!(&shown, b"one\n1\n", "it is answered before the pipe ends");
    kill_process(Pid::from_child(&process), Signal::INT).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while process.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let done = process.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&done.stderr), "stopped\n");
}
