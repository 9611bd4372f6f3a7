//! Reads the links of all partitions of a topic.
//!
//! A link never changes, so those that were read are kept. Between listings only the key that must come next is asked
//! for, which costs one request per partition and round however long the chain is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use schemas::landing::Link;
use tokio::sync::Mutex;

use crate::chain::{Chain, LoadError};
use crate::progress::{Position, Progress, TopicPartition};

/// Links read at the same time.
const PARALLEL_READS: usize = 16;
/// Between two listings of a partition's links the reader only asks for the key that must come next; a listing also
/// finds what an operator's explicit gap left out.
const LISTED_EVERY: Duration = Duration::from_secs(30);

/// Reader of one topic's chains.
#[derive(Debug)]
pub struct Chains {
    objects: Arc<dyn ObjectStore>,
    topic: String,
    known: Mutex<BTreeMap<i32, Known>>,
}

/// The links of a partition that were read, in the order of their starts.
#[derive(Debug)]
struct Known {
    /// Links that start here or before were not read.
    after: i64,
    links: Vec<Arc<Link>>,
    listed_at: Instant,
}

impl Chains {
    pub fn new(objects: Arc<dyn ObjectStore>, topic: &str) -> Self {
        Self { objects, topic: topic.to_owned(), known: Mutex::default() }
    }

    /// Links that `progress` does not cover, by partition and start offset.
    pub async fn links_after(&self, progress: &Progress) -> anyhow::Result<Vec<Arc<Link>>> {
        let mut known = self.known.lock().await;
        let mut found = Vec::new();
        for partition in self.partitions().await? {
            let after = progress.get(&TopicPartition::new(&self.topic, partition)).map_or(-1, |position| position.end);
            let chain = match known.remove(&partition).filter(|chain| chain.after <= after) {
                Some(chain) => self.read_on(partition, chain).await?,
                None => self.list(partition, Known { after, links: Vec::new(), listed_at: Instant::now() }).await?,
            };
            found.extend(chain.links.iter().filter(|link| !progress.covers(link)).cloned());
            known.insert(partition, chain);
        }
        Ok(found)
    }

    /// Links that the one covers and the other does not, by partition and start offset. Asks the store only for what is not
    /// known.
    ///
    /// # Errors
    /// When a link cannot be read, or is not there although the one covers it.
    pub async fn links_between(&self, from: &Progress, to: &Progress) -> anyhow::Result<Vec<Arc<Link>>> {
        let mut known = self.known.lock().await;
        let mut found = Vec::new();
        for (place, position) in to.iter().filter(|(place, _)| place.topic == self.topic) {
            let before = from.get(place);
            if before.is_some_and(|before| before >= *position) {
                continue;
            }
            let after = before.map_or(-1, |before| before.end);
            let ends = |chain: &Known| chain.links.iter().any(|link| Position::from(link.as_ref()) == *position);
            let chain = match known.remove(&place.partition).filter(|chain| chain.after <= after && ends(chain)) {
                Some(chain) => chain,
                None => {
                    let chain = Known { after, links: Vec::new(), listed_at: Instant::now() };
                    self.list(place.partition, chain).await?
                }
            };
            ensure!(ends(&chain), "{place}: the link that ends at offset {} is not there", position.end);
            let between = |link: &&Arc<Link>| to.covers(link) && !from.covers(link);
            found.extend(chain.links.iter().filter(between).cloned());
            known.insert(place.partition, chain);
        }
        Ok(found)
    }

    /// Drops links from memory that every table has taken in.
    pub async fn forget(&self, progress: &Progress) {
        let mut known = self.known.lock().await;
        for (partition, chain) in known.iter_mut() {
            let key = TopicPartition::new(&self.topic, *partition);
            if let Some(position) = progress.get(&key) {
                chain.links.retain(|link| !progress.covers(link));
                chain.after = chain.after.max(position.end);
            }
        }
    }

    /// All links of all partitions, as they are in the store.
    pub async fn all(&self) -> anyhow::Result<BTreeMap<i32, Vec<Arc<Link>>>> {
        let mut chains = BTreeMap::new();
        for partition in self.partitions().await? {
            let chain = Known { after: -1, links: Vec::new(), listed_at: Instant::now() };
            chains.insert(partition, self.list(partition, chain).await?.links);
        }
        Ok(chains)
    }

    async fn partitions(&self) -> anyhow::Result<Vec<i32>> {
        let folder = Path::from(format!("landing/commits/{}", self.topic));
        let listed = self.objects.list_with_delimiter(Some(&folder)).await;
        let listed = listed.with_context(|| format!("cannot list {folder}"))?;
        let mut partitions: Vec<i32> =
            listed.common_prefixes.iter().filter_map(|path| path.filename()?.parse().ok()).collect();
        partitions.sort_unstable();
        Ok(partitions)
    }

    async fn read_on(&self, partition: i32, mut known: Known) -> Result<Known, LoadError> {
        if known.listed_at.elapsed() >= LISTED_EVERY {
            return self.list(partition, known).await;
        }
        let chain = self.chain(partition);
        loop {
            let next = known.links.last().map_or(known.after, |link| link.end) + 1;
            match chain.read_link(next).await? {
                Some(link) => known.links.push(Arc::new(link)),
                None => return Ok(known),
            }
        }
    }

    async fn list(&self, partition: i32, mut known: Known) -> Result<Known, LoadError> {
        let last = known.links.last().map_or(known.after, |link| link.start);
        let chain = self.chain(partition);
        let links: Vec<Option<Link>> = stream::iter(chain.starts_from(last.saturating_add(1)).await?)
            .map(|start| chain.read_link(start))
            .buffered(PARALLEL_READS)
            .try_collect()
            .await?;
        known.links.extend(links.into_iter().flatten().map(Arc::new));
        known.listed_at = Instant::now();
        Ok(known)
    }

    fn chain(&self, partition: i32) -> Chain {
        Chain::new(self.objects.clone(), &self.topic, partition)
    }
}
