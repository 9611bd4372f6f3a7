//! The sequence numbers seen of one tab, as intervals: a tab counts without gaps, so one interval is the rule.

use serde::{Deserialize, Serialize};

/// Most intervals kept of a tab. More means forged numbers; the lowest are forgotten, and compaction, which sees all
/// rows, still finds their duplicates.
const INTERVALS_MAX: usize = 512;

/// A set of whole numbers; intervals are inclusive, ascending, and never touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen(Vec<(i64, i64)>);

impl Seen {
    /// Adds a number; false when it was in the set.
    pub(super) fn insert(&mut self, number: i64) -> bool {
        if let Some(last) = self.0.last_mut()
            && last.1.checked_add(1) == Some(number)
        {
            last.1 = number;
            return true;
        }
        // The first interval that begins after the number.
        let next = self.0.partition_point(|interval| interval.0 <= number);
        if next > 0 && number <= self.0[next - 1].1 {
            return false;
        }
        let joins_before = next > 0 && self.0[next - 1].1.checked_add(1) == Some(number);
        let joins_after = next < self.0.len() && number.checked_add(1) == Some(self.0[next].0);
        match (joins_before, joins_after) {
            (true, true) => {
                self.0[next - 1].1 = self.0[next].1;
                self.0.remove(next);
            }
            (true, false) => self.0[next - 1].1 = number,
            (false, true) => self.0[next].0 = number,
            (false, false) => {
                self.0.insert(next, (number, number));
                if self.0.len() > INTERVALS_MAX {
                    self.0.remove(0);
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_set(numbers in prop::collection::vec(-20_i64..20, 0..80)) {
            let (mut seen, mut set) = (Seen::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(seen.insert(number), set.insert(number));
            }
            prop_assert!(seen.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", seen);
        }
    }

    #[test]
    fn the_ends_of_the_range_and_forged_numbers() {
        let mut seen = Seen::default();
        for number in [i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1] {
            assert!(seen.insert(number));
            assert!(!seen.insert(number));
        }
        for number in 0..2000 {
            seen.insert(number * 2);
        }
        assert_eq!(seen.0.len(), INTERVALS_MAX);
    }
}
