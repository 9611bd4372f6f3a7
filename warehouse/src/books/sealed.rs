//! Which links are sealed: ranges of offsets, as few as possible.

use schemas::landing::Link;
use serde::{Deserialize, Serialize};

/// Sealed offsets of all partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sealed(Vec<Range>);

/// Offsets of links that follow each other, both ends inclusive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Range {
    partition: i32,
    incarnation: u32,
    start: i64,
    end: i64,
}

impl Sealed {
    pub(super) fn holds(&self, link: &Link) -> bool {
        let Some(range) = self.before(&of(link)).map(|place| &self.0[place]) else { return false };
        same(range, &of(link)) && link.end <= range.end
    }

    /// Takes a link in; offsets that it knows to be lost count as its own.
    pub(super) fn add(&mut self, link: &Link) {
        let new = of(link);
        let place = match self.before(&new).filter(|place| joins(&self.0[*place], &new)) {
            Some(place) => {
                self.0[place].end = self.0[place].end.max(new.end);
                place
            }
            None => {
                let place = self.0.partition_point(|range| *range < new);
                self.0.insert(place, new);
                place
            }
        };
        while self.0.get(place + 1).is_some_and(|next| joins(&self.0[place], next)) {
            let next = self.0.remove(place + 1);
            self.0[place].end = self.0[place].end.max(next.end);
        }
    }

    /// Place of the last range that begins where `range` does or before.
    fn before(&self, range: &Range) -> Option<usize> {
        let key = |range: &Range| (range.partition, range.incarnation, range.start);
        self.0.partition_point(|known| key(known) <= key(range)).checked_sub(1)
    }
}

fn of(link: &Link) -> Range {
    let start = link.gap_from.unwrap_or(link.start);
    Range { partition: link.partition, incarnation: link.incarnation, start, end: link.end }
}

fn same(one: &Range, other: &Range) -> bool {
    (one.partition, one.incarnation) == (other.partition, other.incarnation)
}

/// Whether `next`, which does not begin before, continues the range or overlaps it.
fn joins(range: &Range, next: &Range) -> bool {
    same(range, next) && next.start <= range.end.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(partition: i32, start: i64, end: i64) -> Link {
        testkit::link::link("t", partition, 0, start..=end)
    }

    #[test]
    fn links_in_any_order_become_one_range_and_a_hole_stays() {
        let mut sealed = Sealed::default();
        for (start, end) in [(20, 29), (0, 9), (40, 49)] {
            sealed.add(&link(1, start, end));
        }
        assert!(!sealed.holds(&link(1, 10, 19)) && !sealed.holds(&link(0, 0, 9)) && !sealed.holds(&link(1, 45, 50)));
        sealed.add(&link(1, 10, 19));
        assert_eq!(sealed.0.len(), 2);
        assert!([(0, 9), (10, 19), (25, 29), (40, 49)].iter().all(|(start, end)| sealed.holds(&link(1, *start, *end))));
        sealed.add(&Link { gap_from: Some(30), ..link(1, 35, 39) });
        assert_eq!(sealed.0.len(), 1, "a gap that an operator wrote is part of its link");
        assert!(!sealed.holds(&Link { incarnation: 2, ..link(1, 0, 9) }));
    }
}
