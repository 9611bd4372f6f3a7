//! How much a round of compaction takes at once. A round that ran out of memory is tried again with less: half of its
//! links, down to one; then that one's rows in parts, each sorted and written by itself and all committed together.

use std::sync::{Mutex, PoisonError};

use crate::limits::{ROUND_GROWTH_PART, ROUND_PARTS_MAX};
use crate::merge::Part;
use crate::tables::{self, Table};

/// What a round may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub links_max: usize,
    /// Into how many parts the rows are divided.
    pub parts: u32,
}

impl Share {
    pub const FULL: Self = Self { links_max: usize::MAX, parts: 1 };

    /// Less than a round of `links` that did not fit; `None` when it cannot be divided any further.
    #[must_use]
    pub fn smaller(self, links: usize) -> Option<Self> {
        if links > 1 {
            return Some(Self { links_max: links / 2, ..self });
        }
        (self.parts < ROUND_PARTS_MAX).then_some(Self { links_max: 1, parts: self.parts * 2 })
    }

    /// Less, after a round of `links` that others made void: a shorter one is the sooner done.
    #[must_use]
    pub fn shorter(self, links: usize) -> Self {
        Self { links_max: (links / 2).max(1), ..self }
    }

    /// A little more, after a round that fitted: what did not fit is come near to, and seldom tried again.
    #[must_use]
    pub fn larger(self) -> Self {
        if self.parts > 1 {
            return Self { parts: self.parts / 2, ..self };
        }
        Self { links_max: self.links_max.saturating_add((self.links_max / ROUND_GROWTH_PART).max(1)), ..self }
    }

    /// No more links than another.
    #[must_use]
    pub fn no_longer_than(self, other: Self) -> Self {
        Self { links_max: self.links_max.min(other.links_max), ..self }
    }

    pub fn each_part(self) -> impl Iterator<Item = Part> {
        (0..self.parts).map(move |index| Part { index, of: self.parts })
    }
}

/// The shares of all tables, remembered from round to round: what did not fit is not tried again at once.
#[derive(Debug)]
pub struct Shares(Mutex<Vec<Share>>);

impl Default for Shares {
    fn default() -> Self {
        Self(Mutex::new(vec![Share::FULL; tables::ALL.len()]))
    }
}

impl Shares {
    pub fn of(&self, table: &Table) -> Share {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[table.index()]
    }

    /// The next round may take more.
    pub fn fitted(&self, table: &'static Table) {
        self.set(table, self.of(table).larger());
    }

    pub fn set(&self, table: &Table, share: Share) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[table.index()] = share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_does_not_fit_is_halved_to_one_link_and_then_to_parts_and_never_repeated() {
        let (mut share, mut links, mut tried) = (Share::FULL, 37, Vec::new());
        while let Some(smaller) = share.smaller(links) {
            share = smaller;
            links = links.min(share.links_max);
            assert!(!tried.contains(&share), "{share:?} again");
            tried.push(share);
        }
        let links: Vec<usize> = tried.iter().map(|share| share.links_max).take(5).collect();
        assert_eq!(links, [18, 9, 4, 2, 1]);
        assert_eq!(tried[5], Share { links_max: 1, parts: 2 });
        assert_eq!(share.parts, ROUND_PARTS_MAX);
        for _ in 0..2_000 {
            share = share.larger();
        }
        assert_eq!(share, Share::FULL);
    }

    #[test]
    fn a_round_that_fitted_is_followed_by_one_that_is_little_longer() {
        let of = |links_max| Share { links_max, parts: 1 };
        assert_eq!(of(1).larger(), of(2));
        assert_eq!(of(6).larger(), of(7));
        assert_eq!(of(400).larger(), of(425));
        assert_eq!(Share { links_max: 1, parts: 4 }.larger(), Share { links_max: 1, parts: 2 });
        assert_eq!(of(6).no_longer_than(of(3)), of(3));
        assert_eq!(of(2).no_longer_than(of(3)), of(2));
    }
}
