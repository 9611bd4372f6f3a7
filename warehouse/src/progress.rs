//! How far a table has come, as SQL and as Delta's `txn` actions say it, and what was removed of it.

use std::collections::BTreeMap;

use landing::{Position, Progress, TopicPartition};

/// What every commit of ours says beside its data: each holds all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// What of the landing zone stands in the table.
    pub progress: Progress,
    pub kept: Kept,
}

/// What was removed of a table on purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Removals from `events` so far that this table has followed.
    pub removals: i64,
    /// Generation of the books that belong to this version; 0 while there are none. In `events` and the tables of
    /// recordings.
    pub books: i64,
    /// Landed repeats that stood in removed rows.
    pub repeats: i64,
    /// For each site the day (since the epoch) before which sessions that began are removed.
    pub expired: BTreeMap<String, i32>,
}

/// What days since the epoch count in.
pub(crate) const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// Of the ids under which a commit says what it took of the landing zone.
pub(crate) const LANDING: &str = "landing/";
const REMOVALS: &str = "keeping/removals";
const BOOKS: &str = "keeping/books";
const REPEATS: &str = "keeping/repeats";
const EXPIRED: &str = "keeping/expired/";

/// Condition on rows of events: those that `progress` covers.
pub(crate) fn condition(progress: &Progress) -> String {
    let parts: Vec<String> = progress
        .iter()
        .map(|(partition, position)| {
            format!("(kafka_partition = {} and kafka_offset <= {})", partition.partition, position.end)
        })
        .collect();
    if parts.is_empty() { "false".into() } else { format!("({})", parts.join(" or ")) }
}

/// Condition on rows of any table: of a site, in a session that began before a day (since the epoch).
pub(crate) fn sessions_before(site_id: &str, day: i32) -> String {
    let micros = i64::from(day) * DAY_US;
    format!(
        "(site_id = {} and session_started_at < arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))'))",
        quoted(site_id)
    )
}

/// A text in SQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Marks {
    /// Application id and version of its `txn` actions.
    pub(crate) fn transactions(&self) -> Vec<(String, i64)> {
        let Kept { removals, books, repeats, expired } = &self.kept;
        let progress = self.progress.iter().map(|(partition, position)| {
            let app_id = format!("{LANDING}{}/{}/{}", partition.topic, position.incarnation, partition.partition);
            (app_id, position.end)
        });
        let counts = [(REMOVALS, *removals), (BOOKS, *books), (REPEATS, *repeats)];
        let counts = counts.into_iter().filter(|(_, number)| *number != 0);
        let expired = expired.iter().map(|(site, day)| (format!("{EXPIRED}{site}"), i64::from(*day)));
        progress.chain(counts.map(|(app_id, number)| (app_id.to_owned(), number))).chain(expired).collect()
    }

    /// Takes a `txn` action in; other applications' are ignored.
    pub(crate) fn take(&mut self, app_id: &str, version: i64) {
        let kept = &mut self.kept;
        match app_id {
            REMOVALS => kept.removals = kept.removals.max(version),
            BOOKS => kept.books = kept.books.max(version),
            REPEATS => kept.repeats = kept.repeats.max(version),
            _ => {
                if let (Some(site), Ok(day)) = (app_id.strip_prefix(EXPIRED), i32::try_from(version)) {
                    let known = kept.expired.entry(site.to_owned()).or_insert(day);
                    *known = day.max(*known);
                } else if let Some(position) = app_id.strip_prefix(LANDING) {
                    take_position(&mut self.progress, position, version);
                }
            }
        }
    }
}

/// `position` is `<topic>/<incarnation>/<partition>`.
fn take_position(progress: &mut Progress, position: &str, end: i64) {
    let mut parts = position.rsplitn(3, '/');
    let (Some(partition), Some(incarnation), Some(topic)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    if let (Ok(partition), Ok(incarnation)) = (partition.parse(), incarnation.parse()) {
        progress.set(TopicPartition::new(topic, partition), Position { incarnation, end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_read_back() {
        let mut marks = Marks::default();
        let actions = [
            ("landing/telemetry.events/2/7", 41),
            ("keeping/removals", 3),
            ("keeping/books", 12),
            ("keeping/repeats", 5),
            ("keeping/expired/a/b", 20_000),
            ("another application", 1),
        ];
        for (app_id, version) in actions {
            marks.take(app_id, version);
            marks.take(app_id, version - 1);
        }
        let made = marks.transactions();
        assert_eq!(
            made,
            actions[..5].iter().map(|(app_id, version)| ((*app_id).to_owned(), *version)).collect::<Vec<_>>()
        );
        assert_eq!(condition(&marks.progress), "((kafka_partition = 7 and kafka_offset <= 41))");
        assert_eq!(condition(&Progress::default()), "false");
    }
}
