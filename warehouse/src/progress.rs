//! How far a table has come: for each topic-partition the last offset whose events stand in it.

use std::collections::BTreeMap;
use std::fmt;

use schemas::landing::Link;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    pub topic: String,
    pub partition: i32,
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

    /// Whether the link's events stand in the table.
    pub fn covers(&self, link: &Link) -> bool {
        self.get(&link.into()).is_some_and(|position| Position::from(link) <= position)
    }

    /// Whether the table is at least as far as `other` in every partition.
    pub fn reaches(&self, other: &Self) -> bool {
        other.0.iter().all(|(partition, position)| self.get(partition).is_some_and(|own| own >= *position))
    }

    /// Takes a link in; a link that is behind changes nothing.
    pub fn advance(&mut self, link: &Link) {
        self.set(link.into(), link.into());
    }

    /// Takes a position in; one that is behind changes nothing.
    pub fn set(&mut self, partition: TopicPartition, position: Position) {
        let own = self.0.entry(partition).or_insert(position);
        *own = (*own).max(position);
    }

    /// The progress of both: what each partition has reached in the one that is behind.
    pub fn least(&self, other: &Self) -> Self {
        let both = self.0.iter().filter_map(|(partition, own)| {
            other.get(partition).map(|position| (partition.clone(), position.min(*own)))
        });
        Self(both.collect())
    }

    /// Condition on rows of events: those that it covers.
    pub fn condition(&self) -> String {
        let parts: Vec<String> = self
            .0
            .iter()
            .map(|(partition, position)| {
                format!("(kafka_partition = {} and kafka_offset <= {})", partition.partition, position.end)
            })
            .collect();
        if parts.is_empty() { "false".into() } else { format!("({})", parts.join(" or ")) }
    }

    /// Delta `txn` actions: application id and version.
    pub fn transactions(&self) -> impl Iterator<Item = (String, i64)> + '_ {
        self.0.iter().map(|(partition, position)| {
            (format!("landing/{}/{}/{}", partition.topic, position.incarnation, partition.partition), position.end)
        })
    }

    /// Takes a `txn` action in; other applications' are ignored.
    pub fn take_transaction(&mut self, app_id: &str, version: i64) {
        let Some(rest) = app_id.strip_prefix("landing/") else { return };
        let mut parts = rest.rsplitn(3, '/');
        let (Some(partition), Some(incarnation), Some(topic)) = (parts.next(), parts.next(), parts.next()) else {
            return;
        };
        if let (Ok(partition), Ok(incarnation)) = (partition.parse(), incarnation.parse()) {
            self.set(TopicPartition { topic: topic.to_owned(), partition }, Position { incarnation, end: version });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(end: i64) -> Progress {
        let mut progress = Progress::default();
        progress.take_transaction("landing/telemetry.events/2/7", end);
        progress
    }

    #[test]
    fn transactions_read_back() {
        let made: Vec<_> = progress(41).transactions().collect();
        assert_eq!(made, [("landing/telemetry.events/2/7".to_owned(), 41)]);
        let mut other = Progress::default();
        other.take_transaction("another application", 1);
        assert_eq!(other, Progress::default());
    }

    #[test]
    fn goes_forward_only() {
        let mut here = progress(10);
        here.take_transaction("landing/telemetry.events/2/7", 9);
        assert_eq!(here, progress(10));
        here.take_transaction("landing/telemetry.events/3/7", 2);
        assert!(here.reaches(&progress(99)), "a later incarnation is further");
        assert_eq!(here.least(&progress(99)), progress(99));
        assert!(!Progress::default().reaches(&progress(0)));
    }
}
