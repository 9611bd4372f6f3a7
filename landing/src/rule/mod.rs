//! The rule that a chain has no hole: between two links that follow each other no offset is missing.

use std::sync::Arc;

use schemas::landing::Link;
use thiserror::Error;

use crate::progress::{Position, Progress};

/// What is wrong with a link, or between it and the one before.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LinkError {
    #[error(
        "{topic}/{partition}: the chain begins with link {sequence} at offset {start}: {sequence} links before it are missing"
    )]
    BeginningMissing { topic: String, partition: i32, sequence: u64, start: i64 },
    #[error(
        "{topic}/{partition}: a link is missing: offsets {from} to {to} stand in none; restore it, or write the gap into \
         the chain"
    )]
    Missing { topic: String, partition: i32, from: i64, to: i64 },
    #[error("{topic}/{partition}: links overlap: offsets {from} to {to} stand in two")]
    Overlap { topic: String, partition: i32, from: i64, to: i64 },
    #[error("{topic}/{partition}: the link at offset {start} has sequence {found}, not {expected}")]
    Sequence { topic: String, partition: i32, start: i64, expected: u64, found: u64 },
    #[error("{topic}/{partition}: the link at offset {start} ends before it starts, at {end}")]
    Backwards { topic: String, partition: i32, start: i64, end: i64 },
}

/// Everything that is wrong with a partition's links, given in the order of their start offsets.
pub fn check_chain(links: &[Link]) -> Vec<LinkError> {
    let mut wrong = Vec::new();
    wrong.extend(links.first().and_then(|first| hole(None, first)));
    wrong.extend(links.iter().filter(|link| link.end < link.start).map(|link| LinkError::Backwards {
        topic: link.topic.clone(),
        partition: link.partition,
        start: link.start,
        end: link.end,
    }));
    for pair in links.windows(2) {
        let (before, link) = (&pair[0], &pair[1]);
        wrong.extend(hole(Some(before.into()), link).or_else(|| doubled(before, link)));
    }
    wrong
}

/// Checks that the links (by partition and start) continue what `progress` covers, without a hole.
pub fn check_continues(progress: &Progress, links: &[Arc<Link>]) -> Result<(), LinkError> {
    let mut reached = progress.clone();
    for link in links {
        if let Some(error) = hole(reached.get(&link.as_ref().into()), link) {
            return Err(error);
        }
        reached.advance(link);
    }
    Ok(())
}

/// Whether the links of one partition follow `before`, and each other, without a hole.
pub(crate) fn are_whole(before: Option<Position>, links: &[Arc<Link>]) -> bool {
    let ends = links.iter().map(|link| Some(Position::from(link.as_ref())));
    std::iter::once(before).chain(ends).zip(links).all(|(before, link)| hole(before, link).is_none())
}

/// What is missing between `before` (nothing: the chain's beginning) and `link`. Offsets of two incarnations of a topic
/// are not compared, and a gap that an operator wrote is none.
fn hole(before: Option<Position>, link: &Link) -> Option<LinkError> {
    let names = || (link.topic.clone(), link.partition);
    let from = match before {
        None if link.sequence != 0 => {
            let (topic, partition) = names();
            return Some(LinkError::BeginningMissing { topic, partition, sequence: link.sequence, start: link.start });
        }
        Some(before) if before.incarnation == link.incarnation => before.end.saturating_add(1),
        _ => return None,
    };
    let covered_from = link.gap_from.unwrap_or(link.start);
    (covered_from > from).then(|| {
        let (topic, partition) = names();
        LinkError::Missing { topic, partition, from, to: covered_from - 1 }
    })
}

/// What two neighbours without a hole between them say twice or out of order.
fn doubled(before: &Link, link: &Link) -> Option<LinkError> {
    let (topic, partition) = (link.topic.clone(), link.partition);
    if link.incarnation != before.incarnation {
        return None;
    }
    let covered_from = link.gap_from.unwrap_or(link.start);
    if covered_from <= before.end {
        return Some(LinkError::Overlap { topic, partition, from: covered_from, to: before.end.min(link.end) });
    }
    let (start, expected, found) = (link.start, before.sequence.saturating_add(1), link.sequence);
    (found != expected).then_some(LinkError::Sequence { topic, partition, start, expected, found })
}

#[cfg(test)]
mod tests;
