//! `warehouse` on what was landed: compaction measured, and the books checked.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;

use super::parts::Parts;
use super::usage::{Used, cpu_of_ended_children, peak_mib};

const SPINNER_INTERVAL: Duration = Duration::from_millis(200);

fn warehouse(bin: &Path, parts: &Parts, arguments: &[&str]) -> Command {
    let mut command = Command::new(bin.join("warehouse"));
    command.args(["--store", &parts.store_url()]).args(arguments).envs(parts.store_environment());
    command
}

/// Runs one compaction to its end; its CPU time is read when it has been waited for, its memory while it runs.
pub(super) fn compact(bin: &Path, parts: &Parts) -> Result<Used> {
    let spinner = ProgressBar::new_spinner().with_message("compacting");
    spinner.enable_steady_tick(SPINNER_INTERVAL);
    let before = cpu_of_ended_children()?;
    let mut child = warehouse(bin, parts, &["compact"])
        .stdin(Stdio::null())
        .spawn()
        .context("warehouse cannot be started; name its folder with --warehouse-bin")?;
    let mut peak = None;
    let status = loop {
        peak = peak_mib(child.id()).or(peak);
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    spinner.finish_and_clear();
    ensure!(status.success(), "warehouse compact ended with {status}; its reason stands above");
    Ok(Used { name: "compaction", cpu: cpu_of_ended_children()? - before, peak_mib: peak, events: 0 })
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
