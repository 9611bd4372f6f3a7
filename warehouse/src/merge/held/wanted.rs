//! Whose rows a round reads of older files.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::datatypes::TimestampMicrosecondType;

use super::pairs::Pairs;
use crate::merge::visitors::Key;

/// Whose rows are wanted: of these visitors, and of these tabs, each by the hash of its site and itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Each with the time (epoch microseconds) from which its rows are wanted.
    pub visitors: Arc<HashMap<Key, i64>>,
    pub tabs: Arc<HashMap<Key, i64>>,
    /// The column that holds the rows' times; none where those of any time are wanted.
    pub time: Option<&'static str>,
}

impl Wanted {
    /// Whether they are nobody's.
    pub(super) fn is_empty(&self) -> bool {
        self.visitors.is_empty() && self.tabs.is_empty()
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
        let known = |column: &str, known: &HashMap<Key, i64>| {
            let pairs = Pairs::among(rows, site_id, column);
            let known: Vec<Option<i64>> = pairs.keys().iter().map(|key| known.get(key).copied()).collect();
            (pairs.of_row, known)
        };
        let times = self.time.and_then(|time| rows.column_by_name(time));
        let times = times.map(|times| times.as_primitive::<TimestampMicrosecondType>());
        let (visitors, from) = known("visitor_id", &self.visitors);
        let of_visitors = (0..rows.num_rows()).map(|row| {
            let at = times.filter(|times| times.is_valid(row)).map_or(i64::MAX, |times| times.value(row));
            from[visitors[row] as usize].is_some_and(|from| at >= from)
        });
        if self.tabs.is_empty() {
            return of_visitors.map(Some).collect();
        }
        let (tabs, wanted) = known("tab_id", &self.tabs);
        of_visitors.zip(tabs).map(|(one, tab)| Some(one || wanted[tab as usize].is_some())).collect()
    }
}
