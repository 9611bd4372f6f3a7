//! What a walk asks of what was before: books of tabs, and what came again.

use std::collections::HashMap;

use super::visitors::{EventId, Key, key};
use crate::engine::inputs::{Inputs, number, text};
use crate::tables::walk::{Before, Past};

/// Of some visitors' tabs and events.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By site, visitor and tab.
    before: HashMap<Key, Before>,
    repeats: HashMap<EventId, i64>,
}

impl Known {
    /// Those of the rows of `kept`, and repeats by event.
    pub(super) async fn read(kept: &Inputs, repeats: HashMap<EventId, i64>) -> anyhow::Result<Self> {
        let sql = "select site_id, visitor_id, tab_id, max(last_seq), max(last_batch_seq), \
                   cast(max(session_started_at) as bigint) from kept group by site_id, visitor_id, tab_id";
        let mut before = HashMap::new();
        kept.each(sql, |batch, row| {
            let tab = key(&[text(batch, 0, row), text(batch, 1, row), text(batch, 2, row)]);
            let [last_seq, last_batch_seq, session_started_at] = [3, 4, 5].map(|column| number(batch, column, row));
            before.insert(tab, Before { last_seq, last_batch_seq, session_started_at });
        })
        .await?;
        Ok(Self { before, repeats })
    }
}

impl Past for Known {
    fn before(&self, site_id: &str, visitor_id: &str, tab_id: &str) -> Option<Before> {
        self.before.get(&key(&[site_id, visitor_id, tab_id])).copied()
    }

    fn repeats(&self, site_id: &str, tab_id: &str, seq: i64) -> i64 {
        if self.repeats.is_empty() {
            return 0;
        }
        self.repeats.get(&(key(&[site_id, tab_id]), seq)).copied().unwrap_or_default()
    }
}
