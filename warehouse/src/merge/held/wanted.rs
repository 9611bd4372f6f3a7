//! Whose rows a round reads of older files.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{BooleanArray, RecordBatch};

use super::pairs::Pairs;
use crate::merge::visitors::Key;

/// Whose rows are wanted: of these visitors, and of these tabs, each by the hash of its site and itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub visitors: Arc<HashMap<Key, i64>>,
    pub tabs: Arc<HashMap<Key, i64>>,
}

impl Wanted {
    /// Those of one visitor.
    pub(crate) fn of_visitor(visitor: Key) -> Self {
        Self { visitors: Arc::new(HashMap::from([(visitor, 0)])), ..Self::default() }
    }

    /// Which rows of a batch they are; of a site, where the rows do not name theirs.
    pub(super) fn rows(&self, rows: &RecordBatch, site_id: Option<&str>) -> BooleanArray {
        let of = |column: &str, known: &HashMap<Key, i64>| {
            let pairs = Pairs::among(rows, site_id, column);
            let wanted: Vec<bool> = pairs.keys().iter().map(|key| known.contains_key(key)).collect();
            (pairs.of_row, wanted)
        };
        let (visitors, wanted_visitors) = of("visitor_id", &self.visitors);
        if self.tabs.is_empty() {
            return visitors.iter().map(|visitor| Some(wanted_visitors[*visitor as usize])).collect();
        }
        let (tabs, wanted_tabs) = of("tab_id", &self.tabs);
        let both = visitors.iter().zip(&tabs);
        both.map(|(visitor, tab)| Some(wanted_visitors[*visitor as usize] || wanted_tabs[*tab as usize])).collect()
    }
}
