//! What goes by its own day and not with a session: recordings, exports of other providers. A day of a site goes whole, so no
//! file is written again for it.

use anyhow::Context;

use super::retention::Retention;
use crate::books::date;
use crate::curated::Version;
use crate::progress::quoted;
use crate::tables::Table;

/// Days of a site that are over for too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expired {
    pub table: &'static Table,
    pub site_id: String,
    /// The first day that stays, since the epoch.
    pub day: i32,
    pub files: u64,
    pub bytes: u64,
}

impl Expired {
    /// Of a version, where it holds any.
    pub(super) fn of(version: &Version, retention: &Retention, today: i32) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for file in &version.files {
            let Some(days) = retention.days(&file.site_id, version.table) else { continue };
            let day = today - days;
            if file.event_date >= day {
                continue;
            }
            let bytes = file.bytes.unsigned_abs();
            match all.iter_mut().find(|own| own.site_id == file.site_id) {
                Some(own) => {
                    own.files += 1;
                    own.bytes += bytes;
                }
                None => {
                    let (table, site_id) = (version.table, file.site_id.clone());
                    all.push(Self { table, site_id, day, files: 1, bytes });
                }
            }
        }
        all
    }

    /// Condition on its rows.
    pub(super) fn condition(&self) -> anyhow::Result<String> {
        let day = chrono::NaiveDate::from_epoch_days(self.day).context("a day beyond all calendars")?;
        Ok(format!("(site_id = {} and event_date < date '{day}')", quoted(&self.site_id)))
    }

    pub(super) fn line(&self) -> String {
        let Self { table, site_id, day, files, bytes } = self;
        let (day, bytes) = (date(*day), super::megabytes(*bytes));
        format!("table {table:?}: remove the days of site {site_id:?} before {day} ({files} files, {bytes})")
    }
}
