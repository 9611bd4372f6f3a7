//! `warehouse` on what was landed: compaction measured, and the books checked.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::parts::Parts;
use super::usage::{Used, run_measured};
use anyhow::{Context, Result, ensure};

fn warehouse(bin: &Path, parts: &Parts, arguments: &[&str]) -> Command {
    let mut command = Command::new(bin.join("warehouse"));
    command.args(["--store", &parts.store_url()]).args(arguments).envs(parts.store_environment());
    command
}

/// One whole compaction.
pub(super) fn compact(bin: &Path, parts: &Parts) -> Result<Used> {
    run_measured(warehouse(bin, parts, &["compact"]), "compaction")
}

/// Exactly once, by two independent ways: `verify`, and the number of rows.
pub(super) fn check(bin: &Path, parts: &Parts, events: u64) -> Result<()> {
    let verified = output(warehouse(bin, parts, &["verify"]))?;
    ensure!(
        verified.status.success(),
        "warehouse verify found something wrong:\n{}{}",
        text(&verified.stdout),
        text(&verified.stderr)
    );
    let counted = output(warehouse(
        bin,
        parts,
        &["--query-time", "5m", "sql", "--format", "csv", "select count(*) as n from events"],
    ))?;
    let rows = text(&counted.stdout).lines().last().and_then(|line| line.trim().parse::<u64>().ok());
    ensure!(
        rows == Some(events),
        "{events} events were answered 200, and `events` has {rows:?}:\n{}{}",
        text(&counted.stdout),
        text(&counted.stderr)
    );
    Ok(())
}

fn output(mut command: Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| format!("{command:?} cannot be started"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
