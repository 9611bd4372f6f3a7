//! A part of the rows of some links, for those that do not fit into memory together.

/// Some of a round's rows. Every row is in exactly one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub index: u32,
    pub of: u32,
}

impl Part {
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Condition on rows of events, by `event_part`; none when all are taken.
    pub fn of_events(self) -> Option<String> {
        (self.of > 1).then(|| format!("event_part(site_id, tab_id, seq) = {}", self.index))
    }

    /// Condition that keeps each visitor's rows together, by `visitor_part`; none when all are taken.
    pub fn of_visitors(self) -> Option<String> {
        (self.of > 1).then(|| format!("visitor_part(site_id, visitor_id) = {}", self.index))
    }
}
