//! Signals to processes that a test, or a benchmark, has started.

use std::io;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// Asks it to end, as an operator does.
pub fn terminate(child: &Child) -> io::Result<()> {
    Ok(kill_process(Pid::from_child(child), Signal::TERM)?)
}
