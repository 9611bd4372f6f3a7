//! `stream-jobs resume`: an operator's word that a partition may go on although offsets are lost or the topic was made
//! anew. It is written into the chain, so that every reader sees it.

use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use landing::{Chain, Store};
use schemas::landing::{Link, LinkCounts};
use schemas::time::epoch_us;
use uuid::Uuid;

use crate::config::Config;
use crate::consumer::partition::offset_base;
use crate::kafka::group::Group;
use crate::kafka::group::KafkaOffsets;
use crate::metrics::Metrics;

/// What the operator accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Retention removed offsets before they were landed: they are lost.
    Gap,
    /// The topic was made anew and counts from 0 again.
    NewIncarnation,
}

/// Writes the link that lets `partition` go on; gives a line that says what was written.
pub async fn resume(config: &Config, partition: i32, accept: Accept) -> Result<String> {
    let store = Store::open_or_make(&config.store)?;
    let (group, _events) = Group::new(config, &Metrics::default())?;
    let chain = Chain::new(store.objects().clone(), &config.topic, partition);
    let tail = chain.load_tail(None).await?.with_context(|| {
        format!("{}/{partition} has no chain yet: it begins by itself with the first record", config.topic)
    })?;
    let kafka = group.offsets(partition, None).await?;
    let link = bridge(&tail, kafka, accept, SystemTime::now())?;
    chain.commit(&link).await?;
    Ok(match accept {
        Accept::Gap => format!(
            "{}/{partition}: offsets {} to {} are lost; the chain goes on at {}",
            config.topic,
            tail.end + 1,
            link.end,
            link.end + 1
        ),
        Accept::NewIncarnation => format!(
            "{}/{partition}: the topic's incarnation {} begins; its offset {} is {} in the chain",
            config.topic,
            link.incarnation,
            kafka.low,
            link.end + 1
        ),
    })
}

/// A link without rows from the chain's end to just before the topic's first offset; the sessions stay as they are. It takes the
/// key of the next link, so that a worker that still holds the tail is fenced, and not written beside it.
fn bridge(tail: &Link, kafka: KafkaOffsets, accept: Accept, now: SystemTime) -> Result<Link> {
    let end = tail.end - offset_base(tail.incarnation);
    let (incarnation, gap_from) = match accept {
        Accept::Gap => {
            ensure!(
                end + 1 < kafka.low,
                "there is no gap: the chain ends at offset {end} and the topic begins at {}",
                kafka.low
            );
            (tail.incarnation, Some(tail.end + 1))
        }
        Accept::NewIncarnation => {
            if end < kafka.high {
                bail!("the topic was not made anew: the chain ends at offset {end}, the topic before {}", kafka.high);
            }
            (tail.incarnation + 1, None)
        }
    };
    Ok(Link {
        topic: tail.topic.clone(),
        partition: tail.partition,
        incarnation,
        sequence: tail.sequence + 1,
        start: tail.end + 1,
        end: offset_base(incarnation) + kafka.low - 1,
        files: Vec::new(),
        counts: LinkCounts::default(),
        watermark: tail.watermark,
        state: tail.state.clone(),
        writer: Uuid::now_v7(),
        written_at: epoch_us(now),
        gap_from,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use landing::{Chains, CommitError, Progress, check_chain, check_continues};
    use object_store::memory::InMemory;

    use super::*;

    fn tail() -> Link {
        let kafka = KafkaOffsets { low: 0, high: 10, committed: None };
        let first = Link { watermark: Some(5), state: vec!["s".into()], ..testkit::link::link("t", 2, 0, 0..=99) };
        assert!(bridge(&first, kafka, Accept::Gap, SystemTime::now()).is_err());
        first
    }

    #[test]
    fn a_gap_is_bridged_and_said() {
        let kafka = KafkaOffsets { low: 150, high: 200, committed: None };
        let link = bridge(&tail(), kafka, Accept::Gap, SystemTime::now()).unwrap();
        assert_eq!((link.gap_from, link.end, link.state.as_slice()), (Some(100), 149, &["s".to_owned()][..]));
        assert_eq!(check_chain(&[tail(), link]), []);
        assert!(bridge(&tail(), kafka, Accept::NewIncarnation, SystemTime::now()).is_err());
    }

    #[test]
    fn a_new_incarnation_sorts_behind_the_old_one() {
        let kafka = KafkaOffsets { low: 0, high: 10, committed: None };
        let link = bridge(&tail(), kafka, Accept::NewIncarnation, SystemTime::now()).unwrap();
        assert_eq!((link.incarnation, link.end + 1), (2, offset_base(2)));
        assert!(link.start > tail().end);
        assert_eq!(check_chain(&[tail(), link]), []);
    }

    /// A worker that held the tail when the operator resumed the partition comes too late with its link, and the next one goes on
    /// behind the bridge.
    #[tokio::test]
    async fn a_worker_that_still_holds_the_tail_is_fenced() {
        let ways = [
            (Accept::Gap, KafkaOffsets { low: 150, high: 200, committed: None }, 150),
            (Accept::NewIncarnation, KafkaOffsets { low: 0, high: 10, committed: None }, offset_base(2)),
        ];
        for (accept, kafka, next) in ways {
            let objects = Arc::new(InMemory::new());
            let chain = Chain::new(objects.clone(), "t", 2);
            let bridge = bridge(&tail(), kafka, accept, SystemTime::now()).unwrap();
            chain.commit(&tail()).await.unwrap();
            chain.commit(&bridge).await.unwrap();
            let zombie = Link { writer: Uuid::now_v7(), ..testkit::link::link("t", 2, 1, 100..=120) };
            let refused = chain.commit(&zombie).await.unwrap_err();
            assert!(matches!(refused, CommitError::Fenced { start: 100, .. }), "{accept:?}: {refused}");

            let after = testkit::link::link("t", 2, 2, next..=next + 9);
            chain.commit(&Link { incarnation: bridge.incarnation, ..after }).await.unwrap();
            assert_eq!(chain.load_tail(Some(next)).await.unwrap().unwrap().start, next, "{accept:?}");
            let links = Chains::new(objects, "t").links_after(&Progress::default()).await.unwrap();
            assert_eq!(check_continues(&Progress::default(), &links), Ok(()), "{accept:?}");
            let links: Vec<Link> = links.iter().map(|link| link.as_ref().clone()).collect();
            assert_eq!((links.len(), check_chain(&links)), (3, Vec::new()), "{accept:?}");
        }
    }
}
