//! How far a reader has come: for each topic-partition the last offset that it has taken in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemas::landing::Link;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    pub topic: String,
    pub partition: i32,
}

impl TopicPartition {
    pub fn new(topic: &str, partition: i32) -> Self {
        Self { topic: topic.to_owned(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.topic, self.partition)
    }
}

impl From<&Link> for TopicPartition {
    fn from(link: &Link) -> Self {
        Self { topic: link.topic.clone(), partition: link.partition }
    }
}

/// The last offset of a partition, in one incarnation of its topic. A later incarnation is further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub incarnation: u32,
    pub end: i64,
}

impl From<&Link> for Position {
    fn from(link: &Link) -> Self {
        Self { incarnation: link.incarnation, end: link.end }
    }
}

/// Positions of all partitions; none for a partition that nothing was taken of yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress(BTreeMap<TopicPartition, Position>);

impl Progress {
    pub fn get(&self, partition: &TopicPartition) -> Option<Position> {
        self.0.get(partition).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &Position)> {
        self.0.iter()
    }

    /// Whether the link was taken in.
    pub fn covers(&self, link: &Link) -> bool {
        self.get(&link.into()).is_some_and(|position| Position::from(link) <= position)
    }

    /// Whether it is at least as far as `other` in every partition.
    pub fn reaches(&self, other: &Self) -> bool {
        other.0.iter().all(|(partition, position)| self.get(partition).is_some_and(|own| own >= *position))
    }

    /// Takes a link in; a link that is behind changes nothing.
    pub fn advance(&mut self, link: &Link) {
        self.set(link.into(), link.into());
    }

    /// The progress with some links in it.
    #[must_use]
    pub fn after(&self, links: &[Arc<Link>]) -> Self {
        let mut progress = self.clone();
        links.iter().for_each(|link| progress.advance(link));
        progress
    }

    /// Takes a position in; one that is behind changes nothing.
    pub fn set(&mut self, partition: TopicPartition, position: Position) {
        let own = self.0.entry(partition).or_insert(position);
        *own = (*own).max(position);
    }

    /// The progress of whoever has taken in what either has: what each partition has reached in the one that is further.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        let mut progress = self.clone();
        other.iter().for_each(|(partition, position)| progress.set(partition.clone(), *position));
        progress
    }

    /// The progress of both: what each partition has reached in the one that is behind.
    pub fn least(&self, other: &Self) -> Self {
        let both = self.0.iter().filter_map(|(partition, own)| {
            other.get(partition).map(|position| (partition.clone(), position.min(*own)))
        });
        Self(both.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(incarnation: u32, end: i64) -> Progress {
        let mut progress = Progress::default();
        progress.set(TopicPartition::new("telemetry.events", 7), Position { incarnation, end });
        progress
    }

    #[test]
    fn goes_forward_only() {
        let mut here = progress(2, 10);
        here.set(TopicPartition::new("telemetry.events", 7), Position { incarnation: 2, end: 9 });
        assert_eq!(here, progress(2, 10));
        here.set(TopicPartition::new("telemetry.events", 7), Position { incarnation: 3, end: 2 });
        assert!(here.reaches(&progress(2, 99)), "a later incarnation is further");
        assert_eq!(here.least(&progress(2, 99)), progress(2, 99));
        assert!(!Progress::default().reaches(&progress(2, 0)));
    }
}
