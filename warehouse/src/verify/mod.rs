//! `warehouse verify`: adds the books up, from the links to the last table, and names everything that is wrong.
//!
//! Runs beside a live system: curated versions are read first and the chain afterwards, and each table is compared
//! with the links that it says it has taken in.

mod books;
mod curated_files;
mod damage;
mod events;
mod landing;
mod places;
mod replay;

use std::sync::Arc;

use anyhow::bail;
use schemas::landing::Link;
use schemas::topics::EVENTS;

use crate::curated::Version;
use crate::lake::Lake;
use crate::tables;
use ::landing::Contents;

/// What was found. Each problem is one line that names the thing.
#[derive(Debug, Default)]
pub struct Report {
    pub problems: Vec<String>,
    /// Worth knowing, not wrong.
    pub notes: Vec<String>,
    /// One line for each part that was checked.
    pub summary: Vec<String>,
}

/// Times that it is checked again when rows were removed meanwhile.
const REMOVALS_MET_MAX: usize = 3;

impl Report {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// Takes another's lines over.
    fn take(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.notes.extend(other.notes);
        self.summary.extend(other.summary);
    }
}

/// Checks everything. `step` is told what is being checked. Fails only when checking itself is impossible.
pub async fn verify(lake: &Lake, mut step: impl FnMut(&str)) -> anyhow::Result<Report> {
    let contents = lake.store.contents().await?;
    if contents.is_nothing() {
        bail!("{}", lake.store.nothing_here());
    }
    for _ in 1..REMOVALS_MET_MAX {
        let versions = versions(lake).await?;
        let report = check(lake, contents, &versions, &mut step).await?;
        if report.problems.is_empty() || same_kept(&versions, &self::versions(lake).await?) {
            return Ok(report);
        }
        // Something was removed meanwhile, which may be all that is missing.
    }
    check(lake, contents, &versions(lake).await?, &mut step).await
}

/// The newest ones. `events` is read last, so that it is at least as far as the others.
async fn versions(lake: &Lake) -> anyhow::Result<Vec<Arc<Version>>> {
    let mut versions = Vec::new();
    for table in tables::ALL.iter().rev() {
        versions.push(lake.table(table).newest().await?);
    }
    versions.reverse();
    Ok(versions)
}

/// Whether nothing was removed between these.
fn same_kept(before: &[Arc<Version>], now: &[Arc<Version>]) -> bool {
    before.iter().zip(now).all(|(before, now)| before.kept == now.kept)
}

async fn check(
    lake: &Lake,
    contents: Contents,
    versions: &[Arc<Version>],
    step: &mut impl FnMut(&str),
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let books = lake.books(&versions[0]).await?;
    step("links");
    let chains = lake.chains.found().await?;
    let links: Vec<Arc<Link>> = chains.values().flatten().cloned().collect();
    landing::check_chains(&chains, &mut report);
    landing::check_state(lake, &chains, &mut report).await?;
    step("landing files");
    let readable = landing::check_files(lake, &links, &|link| books.is_sealed(link), &mut report).await?.readable;
    landing::tell_books(&links, &books, ("events", "event"), &mut report);
    landing::note_orphans(lake, EVENTS, &links, &mut report).await?;
    let waiting = links.iter().filter(|link| !versions[0].progress.covers(link)).count() as u64;
    if waiting > 0 {
        let links = key_count(waiting, "link");
        report.notes.push(format!("{links} landed, not compacted yet: checked in the landing zone only"));
    }

    check_presence(contents, versions, &mut report);

    let mut sound = Vec::new();
    for version in versions.iter().filter(|version| version.exists()) {
        step(version.table.name);
        check_progress(version, &chains, &mut report);
        sound.push(curated_files::check(lake, version, &mut report).await?);
    }
    for table in tables::IMPORTED {
        let version = lake.table(table).newest().await?;
        if version.exists() {
            step(table.name);
            curated_files::check(lake, &version, &mut report).await?;
        }
    }
    let present: Vec<Arc<Version>> = versions.iter().filter(|version| version.exists()).cloned().collect();
    if versions[0].exists() {
        let damaged = !report.problems.is_empty();
        step("every event");
        let done = events::check(lake, &versions[0], &sound[0], (&readable, &books), &mut report).await;
        unless_damaged(done, damaged, "every event", &mut report)?;
        step("the books");
        let done = books::check(lake, &present, &sound, (&links, &books), &mut report).await;
        unless_damaged(done, damaged, "the books", &mut report)?;
    }
    replay::check(lake, step, &mut report).await?;
    Ok(report)
}

/// What cannot be checked because of damage that is told already is told too, and does not end the rest.
fn unless_damaged(done: anyhow::Result<()>, damaged: bool, what: &str, report: &mut Report) -> anyhow::Result<()> {
    match done {
        Err(error) if damaged => {
            report.problem(format!("{what} could not be checked, perhaps because of what is told above: {error:#}"));
            Ok(())
        }
        done => done,
    }
}

/// Which of landing zone and tables are there at all.
fn check_presence(contents: Contents, versions: &[Arc<Version>], report: &mut Report) {
    if !contents.landing && versions.iter().any(|version| !version.files.is_empty()) {
        report.problem("landing/: nothing lies in it, but the tables hold rows: is it mounted, was it removed?");
    } else if !contents.landing {
        report.notes.push("nothing has landed yet".into());
    }
    let missing: Vec<&str> =
        versions.iter().filter(|version| !version.exists()).map(|version| version.table.name).collect();
    if missing.len() == versions.len() {
        report.notes.push("there is no table yet, only what has landed: the first compaction makes them".into());
    } else if !versions[0].exists() {
        report.problem("table events: missing, while tables that are made of it are there");
    } else if !missing.is_empty() {
        report.notes.push(format!("missing: {}; the next compaction makes them again", missing.join(", ")));
    }
}

/// A table has taken in whole links, and none that does not exist.
fn check_progress(version: &Version, chains: &std::collections::BTreeMap<i32, Vec<Arc<Link>>>, report: &mut Report) {
    let name = version.table.name;
    for (partition, position) in version.progress.iter() {
        let links = chains.get(&partition.partition).map_or(&[][..], Vec::as_slice);
        let mut own = links.iter().filter(|link| link.incarnation == position.incarnation);
        let last = own.clone().map(|link| link.end).max();
        if last.is_none_or(|last| position.end > last) {
            let last = last.map_or("has no link".to_owned(), |last| format!("ends at {last}"));
            report.problem(format!(
                "table {name}: it has taken in {partition} to offset {}, but the chain {last}",
                position.end
            ));
        } else if !own.any(|link| link.end == position.end) {
            report
                .problem(format!("table {name}: it has taken in {partition} to offset {}, in mid link", position.end));
        }
    }
}

fn key_count(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
