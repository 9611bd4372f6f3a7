//! What `maintain` does with recordings, beside what it does with events.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use object_store::ObjectMeta;
use object_store::path::Path;
use schemas::landing::Link;

use super::super::dated::Expired;
use super::super::optimize::Untidy;
use super::super::rewrite::Going;
use super::super::zone::Zone;
use super::super::{Keeping, leftovers, megabytes};
use super::removal::remove;
use super::seal::{open_links, seal};
use super::tidy::{tidy, untidy};
use crate::books::date;
use crate::curated::Leftover;
use crate::lake::Lake;
use crate::limits::ORPHANS_KEPT;
use crate::tables::{RECORDINGS, Table};

/// What there is to do.
#[derive(Default)]
pub(in super::super) struct Plan {
    /// Landing files that are not needed, or are not when their links are sealed.
    landing: HashSet<String>,
    landing_bytes: u64,
    /// Whether some links are to be sealed before.
    open: bool,
    expired: Vec<Expired>,
    untidy: Vec<Untidy>,
    leftovers: Vec<(&'static Table, Vec<Leftover>)>,
    /// Files that nothing names: of the landing zone, of the books.
    orphans: Vec<ObjectMeta>,
}

impl Plan {
    /// Looks for it. `landing_before` and `removed_before` are the times before which these go.
    pub(in super::super) async fn of(
        lake: &Lake,
        keeping: &Keeping,
        now: DateTime<Utc>,
        (landing_before, removed_before): (i64, DateTime<Utc>),
    ) -> anyhow::Result<Self> {
        let today = i32::try_from(now.timestamp().div_euclid(24 * 3_600))?;
        let old = now - chrono::Duration::from_std(ORPHANS_KEPT)?;
        let mut plan = Self::default();
        let zone = Zone::of_recordings(lake).await?;
        let found = leftovers::landed(lake, &zone, old).await?;
        plan.orphans = found.orphans;
        for (_, file) in found.sealed.into_iter().filter(|(link, _)| link.written_at < landing_before) {
            plan.take(file.location.as_ref(), file.size);
        }
        let mut open: Option<Vec<Arc<Link>>> = None;
        for table in RECORDINGS {
            let version = lake.table(table).newest().await?;
            let mut links = open_links(lake, &version).await?;
            links.retain(|link| link.written_at < landing_before);
            // Files of links that both tables have.
            match &mut open {
                None => open = Some(links),
                Some(open) => open.retain(|link| version.progress.covers(link)),
            }
            plan.expired.extend(Expired::of(&version, &keeping.retention, today));
            plan.untidy.extend(untidy(&version, today));
            let left = leftovers::of_table(lake, table, removed_before).await?;
            if !left.is_empty() {
                plan.leftovers.push((table, left));
            }
            plan.orphans.extend(leftovers::old_books(lake, table, removed_before).await?);
        }
        for file in open.unwrap_or_default().iter().flat_map(|link| &link.files) {
            plan.open = true;
            plan.take(&file.path, file.bytes);
        }
        Ok(plan)
    }

    fn take(&mut self, file: &str, bytes: u64) {
        if self.landing.insert(file.to_owned()) {
            self.landing_bytes += bytes;
        }
    }

    pub(in super::super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.landing.is_empty() {
            let (files, bytes) = (self.landing.len(), megabytes(self.landing_bytes));
            lines.push(format!("landing: remove {files} files of recordings ({bytes}) that are compacted"));
        }
        lines.extend(self.expired.iter().map(Expired::line));
        for Untidy { table, site_id, day, files, bytes } in &self.untidy {
            let (day, bytes) = (date(*day), megabytes(*bytes));
            lines.push(format!("table {table:?}: put {files} files ({bytes}) of site {site_id:?} on {day} together"));
        }
        for (table, files) in &self.leftovers {
            let bytes = megabytes(files.iter().map(|file| file.bytes).sum());
            lines.push(format!("table {table:?}: remove {} files ({bytes}) that no version needs", files.len()));
        }
        if !self.orphans.is_empty() {
            let bytes = megabytes(self.orphans.iter().map(|file| file.size).sum());
            lines.push(format!("recordings: remove {} files ({bytes}) that nothing names", self.orphans.len()));
        }
        lines
    }

    /// Whether files are to be deleted.
    pub(in super::super) fn deletes(&self) -> bool {
        !(self.landing.is_empty() && self.leftovers.is_empty() && self.orphans.is_empty())
    }

    /// Commits what changes the tables.
    pub(in super::super) async fn change(&self, lake: &Lake, done: &mut impl FnMut(String)) -> anyhow::Result<()> {
        for table in RECORDINGS.into_iter().filter(|_| self.open) {
            let wanted = |link: &Link| link.files.iter().all(|file| self.landing.contains(&file.path));
            let links = seal(lake, table, wanted).await?;
            done(format!("table {table:?}: {links} links into the books"));
        }
        for expired in &self.expired {
            let removed = remove(lake, expired.table, &Going::rows(expired.condition()?), false).await?;
            done(format!("table {}: {} frames removed from {} files", removed.table, removed.rows, removed.files));
        }
        for one in &self.untidy {
            let (before, after) = tidy(lake, one).await?;
            let (table, site, day) = (one.table, &one.site_id, date(one.day));
            done(format!("table {table:?}: {before} files of site {site:?} on {day} put together as {after}"));
        }
        Ok(())
    }

    /// Deletes files, when nobody reads them any more.
    pub(in super::super) async fn delete(&self, lake: &Lake, done: &mut impl FnMut(String)) -> anyhow::Result<()> {
        for (table, files) in &self.leftovers {
            let removed = lake.table(table).delete(files).await?;
            done(format!("table {table:?}: {removed} files removed that no version needs"));
        }
        // Of a link that is not sealed after all nothing goes.
        let zone = Zone::of_recordings(lake).await?;
        let sealed = leftovers::landed(lake, &zone, Utc::now()).await?.sealed;
        let sealed = sealed.into_iter().map(|(_, file)| file.location);
        let sealed: Vec<Path> = sealed.filter(|file| self.landing.contains(file.as_ref())).collect();
        let orphans: Vec<Path> = self.orphans.iter().map(|file| file.location.clone()).collect();
        for (what, files) in [("compacted landing files", sealed), ("files that nothing names", orphans)] {
            if !files.is_empty() {
                done(format!("recordings: {} {what} removed", leftovers::delete(lake, &files).await?));
            }
        }
        Ok(())
    }
}
