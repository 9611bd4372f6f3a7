//! Reads the links of the landing zone.
//!
//! A link never changes, so those that were read are kept. Between listings only the key that must come next is asked
//! for, which costs one request per partition and round however long the chain is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use schemas::landing::{Link, commits_prefix, link_key, link_start};
use tokio::sync::Mutex;

use crate::limits::{LINKS_LISTED_EVERY, PARALLEL_READS};
use crate::progress::{Progress, TopicPartition};

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
            let topic_partition = TopicPartition { topic: self.topic.clone(), partition };
            let after = progress.get(&topic_partition).map_or(-1, |position| position.end);
            let chain = match known.remove(&partition).filter(|chain| chain.after <= after) {
                Some(chain) => self.read_on(partition, chain).await?,
                None => self.list(partition, Known { after, links: Vec::new(), listed_at: Instant::now() }).await?,
            };
            found.extend(chain.links.iter().filter(|link| !progress.covers(link)).cloned());
            known.insert(partition, chain);
        }
        Ok(found)
    }

    /// Drops links from memory that every table has taken in.
    pub async fn forget(&self, progress: &Progress) {
        let mut known = self.known.lock().await;
        for (partition, chain) in known.iter_mut() {
            let key = TopicPartition { topic: self.topic.clone(), partition: *partition };
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

    async fn read_on(&self, partition: i32, mut chain: Known) -> anyhow::Result<Known> {
        if chain.listed_at.elapsed() >= LINKS_LISTED_EVERY {
            return self.list(partition, chain).await;
        }
        loop {
            let next = chain.links.last().map_or(chain.after, |link| link.end) + 1;
            match read(self.objects.clone(), link_key(&self.topic, partition, next)).await? {
                Some(link) => chain.links.push(link),
                None => return Ok(chain),
            }
        }
    }

    async fn list(&self, partition: i32, mut chain: Known) -> anyhow::Result<Known> {
        let last = chain.links.last().map_or(chain.after, |link| link.start);
        let folder = Path::from(commits_prefix(&self.topic, partition));
        let listing = match u64::try_from(last) {
            Ok(_) => self.objects.list_with_offset(Some(&folder), &Path::from(link_key(&self.topic, partition, last))),
            Err(_) => self.objects.list(Some(&folder)),
        };
        let mut keys: Vec<String> = listing
            .map_ok(|object| object.location.to_string())
            .try_collect()
            .await
            .with_context(|| format!("cannot list {folder}"))?;
        keys.retain(|key| link_start(key).is_some_and(|start| start > last));
        keys.sort_unstable();
        let links: Vec<Option<Arc<Link>>> = stream::iter(keys)
            .map(|key| read(self.objects.clone(), key))
            .buffered(PARALLEL_READS)
            .try_collect()
            .await?;
        chain.links.extend(links.into_iter().flatten());
        chain.listed_at = Instant::now();
        Ok(chain)
    }
}

/// The link at a key, if there is one.
async fn read(objects: Arc<dyn ObjectStore>, key: String) -> anyhow::Result<Option<Arc<Link>>> {
    let answer = match objects.get(&Path::from(key.as_str())).await {
        Ok(answer) => answer.bytes().await,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => Err(error),
    };
    let bytes = answer.with_context(|| format!("cannot read the link {key}"))?;
    let link: Link = serde_json::from_slice(&bytes).with_context(|| format!("the link {key} is no link"))?;
    if link_key(&link.topic, link.partition, link.start) != key {
        bail!("the link {key} names itself {}", link_key(&link.topic, link.partition, link.start));
    }
    Ok(Some(Arc::new(link)))
}

/// Checks that the links (by partition and start) continue what `progress` covers, without a hole.
pub fn check_continues(progress: &Progress, links: &[Arc<Link>]) -> anyhow::Result<()> {
    let mut reached = progress.clone();
    for link in links {
        let covered_from = link.gap_from.unwrap_or(link.start);
        match reached.get(&TopicPartition::from(link.as_ref())) {
            Some(position) if position.incarnation == link.incarnation && covered_from > position.end + 1 => bail!(
                "{}/{}: a link is missing: offsets {} to {} stand in none; restore it, or write the gap into the chain",
                link.topic,
                link.partition,
                position.end + 1,
                covered_from - 1
            ),
            None if link.sequence != 0 => bail!(
                "{}/{}: the chain begins with link {} at offset {}: the links before it are missing",
                link.topic,
                link.partition,
                link.sequence,
                link.start
            ),
            _ => reached.advance(link),
        }
    }
    Ok(())
}
