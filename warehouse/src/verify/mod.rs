//! `warehouse verify`: adds the books up, from the links to the last table, and names everything that is wrong.
//!
//! Runs beside a live system: curated versions are read first and the chain afterwards, and each table is compared
//! with the links that it says it has taken in.

mod books;
mod curated_files;
mod events;
mod landing;
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

impl Report {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }
}

/// Examples named of one kind of difference; the count is always whole.
const EXAMPLES_MAX: usize = 3;

/// Checks everything. `step` is told what is being checked. Fails only when checking itself is impossible.
pub async fn verify(lake: &Lake, mut step: impl FnMut(&str)) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let contents = lake.store.contents().await?;
    if contents.is_nothing() {
        bail!("{}", lake.store.nothing_here());
    }
    let mut versions = Vec::new();
    for table in tables::ALL.iter().rev() {
        versions.push(lake.table(table).newest().await?);
    }
    versions.reverse();

    step("links");
    let chains = lake.chains.all().await?;
    let links: Vec<Arc<Link>> = chains.values().flatten().cloned().collect();
    landing::check_chains(&chains, &mut report);
    landing::check_state(lake, &chains, &mut report).await?;
    step("landing files");
    let readable = landing::check_files(lake, &links, &mut report).await?;
    landing::note_orphans(lake, EVENTS, &links, &mut report).await?;
    let waiting = links.iter().filter(|link| !versions[0].progress.covers(link)).count() as u64;
    if waiting > 0 {
        let links = key_count(waiting, "link");
        report.notes.push(format!("{links} landed, not compacted yet: checked in the landing zone only"));
    }

    check_presence(contents, &versions, &mut report);

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
        step("every event");
        events::check(lake, &versions[0], &sound[0], &readable, &mut report).await?;
        step("the books");
        books::check(lake, &present, &sound, &links, &mut report).await?;
    }
    replay::check(lake, step, &mut report).await?;
    Ok(report)
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
