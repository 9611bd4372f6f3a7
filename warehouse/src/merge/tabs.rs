//! Tabs of landed events, and which numbers landed of each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::ids::Ids;
use super::visitors::Key;

/// Tabs, each with the numbers that landed of it.
#[derive(Debug, Default)]
pub(super) struct Tabs {
    ids: Arc<Ids>,
    numbers: HashMap<Key, Numbers>,
}

impl Tabs {
    /// The numbers of a tab, to which more are added. `tab` is the hash of the site and the id.
    pub(super) fn of(&mut self, tab: Key, (site_id, id): (&str, &str)) -> &mut Numbers {
        self.numbers.entry(tab).or_insert_with(|| {
            Arc::make_mut(&mut self.ids).add_known(tab, site_id, id);
            Numbers::default()
        })
    }

    /// Puts the numbers in order, when all are known.
    pub(super) fn settle(&mut self) {
        self.numbers.values_mut().for_each(Numbers::settle);
    }

    /// The numbers of a tab, if it is one of them.
    pub(super) fn numbers(&self, tab: Key) -> Option<&Numbers> {
        self.numbers.get(&tab)
    }

    /// Whether one of some tabs is one of them.
    pub(super) fn meets(&self, tabs: &HashSet<Key>) -> bool {
        self.ids.meet(tabs)
    }

    pub(super) fn ids(&self) -> Arc<Ids> {
        self.ids.clone()
    }
}

/// Numbers of events: the first and last of stretches without a gap, since a tab sends them so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers(Vec<(i64, i64)>);

impl Numbers {
    pub(super) fn add(&mut self, seq: i64) {
        match self.0.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(seq) => *last = seq,
            _ => self.0.push((seq, seq)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    fn settle(&mut self) {
        self.0.sort_unstable();
        self.0.dedup_by(|next, kept| {
            let joins = next.0 <= kept.1;
            kept.1 = if joins { kept.1.max(next.1) } else { kept.1 };
            joins
        });
    }

    pub(super) fn hold(&self, seq: i64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= seq);
        after.checked_sub(1).is_some_and(|place| seq <= self.0[place].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_that_landed_are_known_in_whatever_order_they_came() {
        let mut tabs = Tabs::default();
        let numbers = |all: &[i64]| {
            let mut numbers = Numbers::default();
            all.iter().for_each(|seq| numbers.add(*seq));
            numbers
        };
        assert_eq!(numbers(&[4, 5, 6, 9]), Numbers(vec![(4, 6), (9, 9)]));
        tabs.of(1, ("a", "t")).extend(numbers(&[20, 21, 22, 3, i64::MAX]));
        tabs.of(1, ("a", "t")).extend(numbers(&[0, 1, 2, 3, 4, 21, i64::MIN]));
        tabs.of(2, ("a", "u")).add(7);
        tabs.settle();
        let held = |tab: Key| {
            let of = tabs.numbers(tab)?;
            Some([i64::MIN, i64::MAX - 1, i64::MAX].into_iter().chain(-1..25).filter(|seq| of.hold(*seq)).collect())
        };
        assert_eq!(held(1), Some(vec![i64::MIN, i64::MAX, 0, 1, 2, 3, 4, 20, 21, 22]));
        assert_eq!((held(2), held(3)), (Some(vec![7]), None));
    }
}
