//! What a walk asks of what was before: books of tabs, and what came again.

use std::collections::HashMap;

use super::held::{Held, Pairs};
use super::visitors::{EventId, Key, key};
use crate::tables::walk::{Before, Past};

/// Of some visitors' tabs and events.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By site, visitor and tab.
    before: HashMap<Key, Before>,
    repeats: HashMap<EventId, i64>,
}

impl Known {
    /// Of a row of the books.
    pub(super) const COLUMNS: [&'static str; 7] =
        ["visitor_id", "tab_id", "session_started_at", "first_seq", "last_seq", "last_batch_seq", "duplicates"];

    /// Nothing of before, and repeats by event.
    pub(super) fn of_repeats(repeats: HashMap<EventId, i64>) -> Self {
        Self { before: HashMap::new(), repeats }
    }

    /// Takes in rows of the books: those of sessions that are computed again, which are from the given times on of each visitor,
    /// say what came again; the others what was before.
    pub(super) fn take(&mut self, books: &Held, first: &HashMap<Key, i64>) -> anyhow::Result<()> {
        let (visitors, tabs) = (Pairs::of(books, "visitor_id"), Pairs::of(books, "tab_id"));
        let [visitor_keys, tab_keys] = [&visitors, &tabs].map(Pairs::keys);
        let started = books.times("session_started_at")?;
        let (first_seq, last_seq) = (books.numbers("first_seq")?, books.numbers("last_seq")?);
        let (last_batch_seq, duplicates) = (books.numbers("last_batch_seq")?, books.numbers("duplicates")?);
        for row in 0..started.len() {
            let (visitor, tab) = (visitors.of_row[row] as usize, tabs.of_row[row] as usize);
            if first.get(&visitor_keys[visitor]).is_some_and(|first| started[row] >= *first) {
                if duplicates[row] > 0 {
                    *self.repeats.entry((tab_keys[tab], first_seq[row])).or_default() += duplicates[row];
                }
                continue;
            }
            let ((site, visitor), (_, tab)) = (visitors.pairs[visitor], tabs.pairs[tab]);
            let of = self.before.entry(key(&[site, visitor, tab])).or_insert(Before {
                last_seq: i64::MIN,
                last_batch_seq: i64::MIN,
                session_started_at: i64::MIN,
            });
            of.last_seq = of.last_seq.max(last_seq[row]);
            of.last_batch_seq = of.last_batch_seq.max(last_batch_seq[row]);
            of.session_started_at = of.session_started_at.max(started[row]);
        }
        Ok(())
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
