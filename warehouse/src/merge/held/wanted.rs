//! Whose rows a round reads of older files.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::datatypes::TimestampMicrosecondType;

use super::pairs::Pairs;
use crate::curated::CuratedFile;
use crate::merge::ids::Ids;
use crate::merge::visitors::Key;

/// Whose rows are wanted: of these visitors, each by the hash of its site and itself, and of these tabs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Each with the time (epoch microseconds) from which its rows are wanted.
    pub visitors: Arc<HashMap<Key, i64>>,
    pub tabs: Arc<Ids>,
    /// The column that holds the rows' times; none where those of any time are wanted.
    pub time: Option<&'static str>,
}

impl Wanted {
    /// Whether they are nobody's.
    pub(super) fn is_empty(&self) -> bool {
        self.visitors.is_empty() && self.tabs.is_empty()
    }

    /// Whose rows of a curated file are wanted, where those of visitors are from a day (since the epoch) on, and those of tabs of any
    /// day: an event is its tab and number for ever. None where the file holds none. `tab_id`: place of that column in the files.
    pub(super) fn of_file(&self, file: &CuratedFile, since: i64, tab_id: Option<usize>) -> Option<Self> {
        let of = match i64::from(file.event_date) >= since {
            true => self.clone(),
            false => Self { tabs: self.tabs.clone(), ..Self::default() },
        };
        let alone = of.visitors.is_empty() && !of.tabs.is_empty();
        let bounds = tab_id.filter(|_| alone).and_then(|column| file.bounds(column));
        let held = match bounds.as_ref().map(|(least, greatest)| (least.try_as_str(), greatest.try_as_str())) {
            Some((Some(Some(least)), Some(Some(greatest)))) => of.tabs.any_between(&file.site_id, least, greatest),
            _ => !of.is_empty(),
        };
        held.then_some(of)
    }

    /// Columns by which they are told, of rows that do not name their site.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static str> {
        ["visitor_id"].into_iter().chain(self.time).chain((!self.tabs.is_empty()).then_some("tab_id"))
    }

    /// All of some visitors.
    pub(crate) fn of_visitors(visitors: impl IntoIterator<Item = Key>) -> Self {
        let visitors = Arc::new(visitors.into_iter().map(|visitor| (visitor, i64::MIN)).collect());
        Self { visitors, ..Self::default() }
    }

    /// Which rows of a batch they are; of a site, where the rows do not name theirs.
    pub(super) fn rows(&self, rows: &RecordBatch, site_id: Option<&str>) -> BooleanArray {
        let times = self.time.and_then(|time| rows.column_by_name(time));
        let times = times.map(|times| times.as_primitive::<TimestampMicrosecondType>());
        let visitors = Pairs::among(rows, site_id, "visitor_id");
        let from: Vec<Option<i64>> = visitors.keys().iter().map(|key| self.visitors.get(key).copied()).collect();
        let of_visitors = (0..rows.num_rows()).map(|row| {
            let at = times.filter(|times| times.is_valid(row)).map_or(i64::MAX, |times| times.value(row));
            from[visitors.of_row[row] as usize].is_some_and(|from| at >= from)
        });
        if self.tabs.is_empty() {
            return of_visitors.map(Some).collect();
        }
        let tabs = Pairs::among(rows, site_id, "tab_id");
        let wanted: Vec<bool> = tabs.keys().iter().map(|key| self.tabs.hold(key)).collect();
        of_visitors.zip(&tabs.of_row).map(|(one, tab)| Some(one || wanted[*tab as usize])).collect()
    }
}
