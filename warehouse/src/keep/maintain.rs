//! `warehouse maintain`: first what it would do, then, if it is told to, doing it. See [`super`].

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use landing::Staged;
use object_store::ObjectMeta;
use object_store::path::Path;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::dated::Expired;
use super::optimize::{Untidy, tidy, untidy};
use super::removal::{Cut, remove};
use super::zone::Zone;
use super::{Keeping, imports, leftovers, megabytes, recordings, seal};
use crate::books::date;
use crate::curated::Leftover;
use crate::lake::Lake;
use crate::limits::ORPHANS_KEPT;
use crate::tables::{self, EVENTS, Table};

/// What there is to do.
pub struct Plan {
    /// Links to be sealed, and their landing rows.
    links: u64,
    rows: u64,
    /// Landing files that are not needed, or are not when the links are sealed.
    landing: Vec<Path>,
    landing_bytes: u64,
    /// Tables with what of them has expired, and files that hold nothing else.
    expired: Vec<(&'static Table, Cut, Files)>,
    /// Tables that have not followed a removal from `events`: somebody was killed.
    behind: Vec<&'static Table>,
    untidy: Vec<Untidy>,
    leftovers: Vec<(&'static Table, Vec<Leftover>)>,
    orphans: Vec<ObjectMeta>,
    books: Vec<ObjectMeta>,
    staged: Vec<Staged>,
    /// Days of imported tables.
    imports: Vec<Expired>,
    recordings: recordings::Plan,
}

/// Files, and their bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Files {
    files: u64,
    bytes: u64,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.lines().is_empty()
    }

    /// One line for each step.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.links > 0 {
            lines.push(format!(
                "landing: {} links with {} rows into the books, since every table has them",
                self.links, self.rows
            ));
        }
        if !self.landing.is_empty() {
            let (files, bytes) = (self.landing.len(), megabytes(self.landing_bytes));
            lines.push(format!("landing: remove {files} files ({bytes}) that are compacted"));
        }
        for (table, cut, files) in &self.expired {
            for (site, day) in &cut.expired {
                let (day, bytes) = (date(*day), megabytes(files.bytes));
                lines.push(format!(
                    "table {table:?}: remove site {site:?} before {day}: sessions that began earlier ({} files, {bytes}, of all its sites)",
                    files.files
                ));
            }
        }
        lines.extend(
            self.behind.iter().map(|table| format!("table {table:?}: finish a removal that was begun in events")),
        );
        for Untidy { table, site_id, day, files, bytes } in &self.untidy {
            let (day, bytes) = (date(*day), megabytes(*bytes));
            lines.push(format!(
                "table {table:?}: write {files} files ({bytes}) of site {site_id:?} on {day} again, in order"
            ));
        }
        for (table, files) in &self.leftovers {
            let bytes = megabytes(files.iter().map(|file| file.bytes).sum());
            lines.push(format!("table {table:?}: remove {} files ({bytes}) that no version needs", files.len()));
        }
        for (what, files) in [("landing", &self.orphans), ("books", &self.books)] {
            let bytes = megabytes(files.iter().map(|file| file.size).sum());
            if !files.is_empty() {
                lines.push(format!("{what}: remove {} files ({bytes}) that nothing names", files.len()));
            }
        }
        if !self.staged.is_empty() {
            let bytes = megabytes(self.staged.iter().map(|file| file.bytes).sum());
            lines.push(format!(
                "store: remove {} files ({bytes}) that somebody who was killed had begun",
                self.staged.len()
            ));
        }
        lines.extend(self.imports.iter().map(Expired::line));
        lines.extend(self.recordings.lines());
        lines
    }
}

/// Looks for what is to be done. Writes nothing.
pub async fn plan(lake: &Lake, keeping: &Keeping, now: DateTime<Utc>) -> anyhow::Result<Plan> {
    let today = i32::try_from(now.timestamp().div_euclid(24 * 3_600))?;
    let before = |kept: Duration| now - chrono::Duration::from_std(kept).unwrap_or(chrono::Duration::MAX);
    let landing_before = before(keeping.landing).timestamp_micros();
    let old = before(ORPHANS_KEPT);

    let mut links = seal::open_links(lake).await?;
    links.retain(|link| link.written_at < landing_before);
    let found = leftovers::landed(lake, &Zone::of_events(lake).await?, old).await?;
    let sealed = found.sealed.into_iter().filter(|(link, _)| link.written_at < landing_before).map(|(_, file)| file);
    let sealed: Vec<ObjectMeta> = sealed.collect();
    let open = || links.iter().flat_map(|link| &link.files);
    let mut plan = Plan {
        links: links.len() as u64,
        rows: links.iter().map(|link| link.counts.events).sum(),
        landing_bytes: sealed.iter().map(|file| file.size).sum::<u64>() + open().map(|file| file.bytes).sum::<u64>(),
        landing: sealed
            .into_iter()
            .map(|file| file.location)
            .chain(open().map(|file| Path::from(file.path.as_str())))
            .collect(),
        expired: Vec::new(),
        behind: Vec::new(),
        untidy: Vec::new(),
        leftovers: Vec::new(),
        orphans: found.orphans,
        books: leftovers::old_books(lake, &EVENTS, before(keeping.removed)).await?,
        staged: leftovers::staged(lake, old).await?,
        imports: Vec::new(),
        recordings: recordings::Plan::of(lake, keeping, now, (landing_before, before(keeping.removed))).await?,
    };
    let removals = lake.table(&EVENTS).newest().await?.kept.removals;
    for table in tables::ALL.iter().copied() {
        let version = lake.table(table).newest().await?;
        if version.exists() && version.kept.removals != removals {
            plan.behind.push(table);
        }
        let cut = keeping.retention.cut(&version, today);
        if !cut.expired.is_empty() {
            let gone = version
                .files
                .iter()
                .filter(|file| cut.expired.get(&file.site_id).is_some_and(|day| file.event_date < *day));
            let files = gone.fold(Files::default(), |sum, file| Files {
                files: sum.files + 1,
                bytes: sum.bytes + file.bytes.unsigned_abs(),
            });
            plan.expired.push((table, cut, files));
        }
        plan.untidy.extend(untidy(&version, today));
    }
    for table in tables::IMPORTED.iter().copied() {
        plan.imports.extend(Expired::of(&*lake.table(table).newest().await?, &keeping.retention, today));
    }
    for table in tables::ALL.iter().chain(tables::IMPORTED).copied() {
        let left = leftovers::of_table(lake, table, before(keeping.removed)).await?;
        if !left.is_empty() {
            plan.leftovers.push((table, left));
        }
    }
    Ok(plan)
}

/// Does what the plan says, telling each step when it is done. What has changed meanwhile is left to the next plan.
pub async fn apply(lake: &Lake, keeping: &Keeping, plan: &Plan, mut done: impl FnMut(String)) -> anyhow::Result<()> {
    if plan.links > 0 {
        let wanted = plan.landing_wanted();
        let links = seal::seal(lake, |link| link.files.iter().all(|file| wanted.contains(file.path.as_str()))).await?;
        done(format!("landing: {links} links into the books"));
    }
    if !plan.expired.is_empty() || !plan.behind.is_empty() {
        let cut = |table: &'static Table| {
            let own = plan.expired.iter().find(|(of, _, _)| *of == table);
            own.map(|(_, cut, _)| cut.clone()).unwrap_or_default()
        };
        for removed in remove(lake, &cut, false).await?.into_iter().filter(|removed| removed.rows > 0) {
            done(format!("table {}: {} rows removed from {} files", removed.table, removed.rows, removed.files));
        }
    }
    for one in &plan.untidy {
        let (before, after) = tidy(lake, one).await?;
        let (table, site, day) = (one.table, &one.site_id, date(one.day));
        done(format!("table {table:?}: {before} files of site {site:?} on {day} written again as {after}"));
    }
    for expired in &plan.imports {
        let removed = imports::remove(lake, expired.table, &expired.condition()?).await?;
        done(format!("table {}: {} rows removed from {} files", removed.table, removed.rows, removed.files));
    }
    plan.recordings.change(lake, &mut done).await?;
    if !plan.deletes() {
        return Ok(());
    }
    // Whoever reads what these held before the steps above has begun, or looked at the tables, before now.
    tokio::time::sleep(keeping.readers_wait).await;
    for (table, files) in &plan.leftovers {
        let removed = lake.table(table).delete(files).await?;
        done(format!("table {table:?}: {removed} files removed that no version needs"));
    }
    let wanted = plan.landing_wanted();
    // Of a link that is not sealed after all nothing goes.
    let zone = Zone::of_events(lake).await?;
    let sealed = leftovers::landed(lake, &zone, Utc::now()).await?.sealed.into_iter().map(|(_, file)| file.location);
    let sealed: Vec<Path> = sealed.filter(|file| wanted.contains(file.as_ref())).collect();
    let locations = |files: &[ObjectMeta]| files.iter().map(|file| file.location.clone()).collect::<Vec<_>>();
    for (what, files) in [
        ("compacted landing files", sealed),
        ("landing files that nothing names", locations(&plan.orphans)),
        ("files of the books that nothing names", locations(&plan.books)),
    ] {
        if !files.is_empty() {
            done(format!("{} {what} removed", leftovers::delete(lake, &files).await?));
        }
    }
    if !plan.staged.is_empty() {
        let removed = leftovers::delete_staged(&plan.staged).await?;
        done(format!("{removed} files removed that somebody who was killed had begun"));
    }
    plan.recordings.delete(lake, &mut done).await
}

impl Plan {
    /// Whether files are to be deleted.
    fn deletes(&self) -> bool {
        let nothing = self.landing.is_empty()
            && self.leftovers.is_empty()
            && self.orphans.is_empty()
            && self.books.is_empty()
            && self.staged.is_empty();
        self.recordings.deletes() || !nothing
    }

    fn landing_wanted(&self) -> HashSet<&str> {
        self.landing.iter().map(AsRef::as_ref).collect()
    }
}

/// Plans and applies now and then every `interval` until `shutdown`, which ends it at once: what was not finished is found
/// again. Errors are logged.
pub async fn every(lake: Arc<Lake>, keeping: Keeping, interval: Duration, shutdown: CancellationToken) {
    loop {
        let (lake, keeping) = (lake.clone(), keeping.clone());
        let run = async move {
            let plan = plan(&lake, &keeping, Utc::now()).await?;
            apply(&lake, &keeping, &plan, |line| tracing::info!("{line}")).await
        };
        let run = AbortOnDropHandle::new(tokio::spawn(run));
        let ended = tokio::select! {
            ended = run => ended.map_err(anyhow::Error::from).and_then(|ended| ended),
            () = shutdown.cancelled() => return,
        };
        if let Err(error) = ended {
            tracing::error!("maintenance failed, trying again in {interval:?}: {error:#}");
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
