//! The books of a load: what was answered 200 is in SQL once, what was not is there once or not at all, and nothing else
//! is (TRUST.md, I1 to I3).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Warehouse, eventually};

/// An event for ever: tab id and `seq`.
pub(super) type EventId = (String, i64);

/// The events of a load by what became of them.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub answered_200: BTreeSet<EventId>,
    /// Never answered 200: each may have arrived, once.
    pub given_up: BTreeSet<EventId>,
    /// What no test expects: a 400, or events rejected.
    pub problems: Vec<String>,
}

impl Outcome {
    pub(crate) fn extend(&mut self, other: Outcome) {
        self.answered_200.extend(other.answered_200);
        self.given_up.extend(other.given_up);
        self.problems.extend(other.problems);
    }

    /// Waits until every event that was answered 200 is in SQL.
    pub(crate) fn wait_until_landed(&self, warehouse: &Warehouse, within: Duration) {
        let what = format!("{} events in SQL that were answered 200", self.answered_200.len());
        eventually(&what, within, || {
            let arrived = times_in_sql(warehouse)?;
            match self.answered_200.iter().filter(|id| !arrived.contains_key(*id)).count() {
                0 => Ok(()),
                missing => Err(format!("{missing} of them are missing, and {} events are there", arrived.len())),
            }
        });
    }

    /// Panics when an event is lost, doubled or invented.
    pub(crate) fn expect_in_sql_once(&self, warehouse: &Warehouse) {
        let arrived = times_in_sql(warehouse).unwrap_or_else(|error| panic!("{error}"));
        let lost: Vec<_> = self.answered_200.iter().filter(|id| !arrived.contains_key(*id)).collect();
        let doubled: Vec<_> = arrived.iter().filter(|(_, times)| **times != 1).collect();
        let sent = |id: &EventId| self.answered_200.contains(id) || self.given_up.contains(id);
        let invented: Vec<_> = arrived.keys().filter(|id| !sent(id)).collect();
        assert!(
            lost.is_empty() && doubled.is_empty() && invented.is_empty(),
            "of {} events answered 200, {} are lost ({:?}); {} are doubled ({:?}); {} were sent by nobody ({:?})",
            self.answered_200.len(),
            lost.len(),
            lost.first(),
            doubled.len(),
            doubled.first(),
            invented.len(),
            invented.first(),
        );
    }
}

/// How often each event stands in the table `events`.
fn times_in_sql(warehouse: &Warehouse) -> Result<BTreeMap<EventId, i64>, String> {
    let rows = warehouse.try_sql("select tab_id, seq, count(*) as n from events group by tab_id, seq")?;
    let id = |row: &super::Row| Some(((row["tab_id"].as_str()?.to_owned(), row["seq"].as_i64()?), row["n"].as_i64()?));
    rows.iter().map(|row| id(row).ok_or_else(|| format!("no tab, seq and count in {row:?}"))).collect()
}
