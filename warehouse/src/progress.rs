//! How far a table has come, as SQL and as Delta's `txn` actions say it.

use landing::{Position, Progress, TopicPartition};

/// Condition on rows of events: those that `progress` covers.
pub(crate) fn condition(progress: &Progress) -> String {
    let parts: Vec<String> = progress
        .iter()
        .map(|(partition, position)| {
            format!("(kafka_partition = {} and kafka_offset <= {})", partition.partition, position.end)
        })
        .collect();
    if parts.is_empty() { "false".into() } else { format!("({})", parts.join(" or ")) }
}

/// Application id and version of its `txn` actions.
pub(crate) fn transactions(progress: &Progress) -> impl Iterator<Item = (String, i64)> + '_ {
    progress.iter().map(|(partition, position)| {
        (format!("landing/{}/{}/{}", partition.topic, position.incarnation, partition.partition), position.end)
    })
}

/// Takes a `txn` action in; other applications' are ignored.
pub(crate) fn take_transaction(progress: &mut Progress, app_id: &str, version: i64) {
    let Some(rest) = app_id.strip_prefix("landing/") else { return };
    let mut parts = rest.rsplitn(3, '/');
    let (Some(partition), Some(incarnation), Some(topic)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    if let (Ok(partition), Ok(incarnation)) = (partition.parse(), incarnation.parse()) {
        progress.set(TopicPartition::new(topic, partition), Position { incarnation, end: version });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_read_back() {
        let mut progress = Progress::default();
        take_transaction(&mut progress, "landing/telemetry.events/2/7", 41);
        let made: Vec<_> = transactions(&progress).collect();
        assert_eq!(made, [("landing/telemetry.events/2/7".to_owned(), 41)]);
        assert_eq!(condition(&progress), "((kafka_partition = 7 and kafka_offset <= 41))");
        let mut other = Progress::default();
        take_transaction(&mut other, "another application", 1);
        assert_eq!((other.clone(), condition(&other)), (Progress::default(), "false".to_owned()));
    }
}
