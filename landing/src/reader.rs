//! Reads the links of all partitions of a topic.
//!
//! A link never changes, so those that were read are kept. Between listings only the key that must come next is asked
//! for, which costs one request per partition and round however long the chain is.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use schemas::landing::{Link, data_prefix};
use tokio::sync::Mutex;

use crate::chain::{Chain, LoadError};
use crate::progress::{Position, Progress, TopicPartition};
use crate::rule::{are_whole, check_continues};

/// Links of a partition read at the same time.
const PARALLEL_READS: usize = 16;
/// Partitions asked at the same time: each is one request where nothing has come, and every statement waits for all of them.
const PARALLEL_PARTITIONS: usize = 8;
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
    /// Links up to here were not read.
    after: Option<Position>,
    links: Vec<Arc<Link>>,
    listed_at: Instant,
}

impl Known {
    fn nothing_after(after: Option<Position>) -> Self {
        Self { after, links: Vec::new(), listed_at: Instant::now() }
    }

    fn ends_at(&self, position: Position) -> bool {
        self.links.iter().any(|link| Position::from(link.as_ref()) == position)
    }

    /// Whether no link is missing in it. A list may leave out a link that is there, and a link that was listed may not be found a
    /// moment later.
    fn is_whole(&self) -> bool {
        are_whole(self.after, &self.links)
    }

    /// Where the next list begins: behind the last link that was read, or at the beginning where one is missing.
    fn list_from(&self) -> i64 {
        match self.links.last() {
            Some(last) if self.is_whole() => last.start.saturating_add(1),
            _ => offset_after(self.after),
        }
    }

    /// Where the next link starts.
    fn next_start(&self) -> i64 {
        offset_after(self.links.last().map(|link| link.as_ref().into()).or(self.after))
    }
}

fn offset_after(position: Option<Position>) -> i64 {
    position.map_or(0, |position| position.end.saturating_add(1))
}

impl Chains {
    pub fn new(objects: Arc<dyn ObjectStore>, topic: &str) -> Self {
        Self { objects, topic: topic.to_owned(), known: Mutex::default() }
    }

    /// Links that `progress` does not cover, by partition and start offset.
    pub async fn links_after(&self, progress: &Progress) -> anyhow::Result<Vec<Arc<Link>>> {
        let mut known = self.known.lock().await;
        let mut chains = Vec::new();
        for partition in self.partitions().await? {
            let after = progress.get(&TopicPartition::new(&self.topic, partition));
            let chain = known.remove(&partition).filter(|chain| chain.after <= after);
            chains.push(async move {
                let chain = match chain {
                    Some(chain) => self.read_on(partition, chain).await?,
                    None => self.list(partition, Known::nothing_after(after)).await?,
                };
                Ok::<_, LoadError>((partition, chain))
            });
        }
        let mut chains = stream::iter(chains).buffered(PARALLEL_PARTITIONS);
        let mut found = Vec::new();
        while let Some((partition, chain)) = chains.try_next().await? {
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
            let reaches = |chain: &Known| chain.is_whole() && chain.ends_at(*position);
            let known_chain = known.remove(&place.partition).filter(|chain| chain.after <= before && reaches(chain));
            let chain = match known_chain {
                Some(chain) => chain,
                None => self.list(place.partition, Known::nothing_after(before)).await?,
            };
            ensure!(chain.ends_at(*position), "{place}: the link that ends at offset {} is not there", position.end);
            ensure!(chain.is_whole(), "{place}: a link is not there of those until offset {}", position.end);
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
                chain.after = chain.after.max(Some(position));
            }
        }
    }

    /// All links of all partitions, for who takes what none of them names for something that nobody needs.
    ///
    /// # Errors
    /// When one is missing: its files would be taken for such.
    pub async fn all(&self) -> anyhow::Result<BTreeMap<i32, Vec<Arc<Link>>>> {
        let chains = self.found().await?;
        for links in chains.values() {
            check_continues(&Progress::default(), links)?;
        }
        Ok(chains)
    }

    /// All links of all partitions that the store tells of, whatever is missing between them. Where there are files there may be
    /// links, whether a list tells of them or not.
    pub async fn found(&self) -> anyhow::Result<BTreeMap<i32, Vec<Arc<Link>>>> {
        let mut partitions = self.partitions().await?;
        partitions.extend(self.folders(&data_prefix(&self.topic)).await?.iter().filter_map(|name| {
            let partition = name.strip_prefix("p=")?;
            partition.parse::<i32>().ok()
        }));
        let mut chains = BTreeMap::new();
        for partition in partitions {
            let mut known = self.list(partition, Known::nothing_after(None)).await?;
            if !known.is_whole() {
                // What was written while a list was made may stand in it without what was written before.
                known = self.list(partition, known).await?;
            }
            let links = self.follow(partition, known).await?.links;
            if !links.is_empty() {
                chains.insert(partition, links);
            }
        }
        Ok(chains)
    }

    async fn partitions(&self) -> anyhow::Result<BTreeSet<i32>> {
        let names = self.folders(&format!("landing/commits/{}", self.topic)).await?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The names of what stands in a folder.
    async fn folders(&self, folder: &str) -> anyhow::Result<Vec<String>> {
        let listed = self.objects.list_with_delimiter(Some(&Path::from(folder))).await;
        let listed = listed.with_context(|| format!("cannot list {folder}"))?;
        Ok(listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    async fn read_on(&self, partition: i32, known: Known) -> Result<Known, LoadError> {
        // Between listings nobody looks back: for what is missing there is one each time.
        if known.listed_at.elapsed() >= LISTED_EVERY || !known.is_whole() {
            return self.list(partition, known).await;
        }
        self.follow(partition, known).await
    }

    /// Asks for the key that must come next until none is there: a list may leave out the last link, and no other tells that it does.
    async fn follow(&self, partition: i32, mut known: Known) -> Result<Known, LoadError> {
        let chain = self.chain(partition);
        while let Some(link) = chain.read_link(known.next_start()).await? {
            known.links.push(Arc::new(link));
        }
        Ok(known)
    }

    async fn list(&self, partition: i32, mut known: Known) -> Result<Known, LoadError> {
        let chain = self.chain(partition);
        let mut starts = chain.starts_from(known.list_from()).await?;
        let read: HashSet<i64> = known.links.iter().map(|link| link.start).collect();
        starts.retain(|start| !read.contains(start));
        let links: Vec<Option<Link>> =
            stream::iter(starts).map(|start| chain.read_link(start)).buffered(PARALLEL_READS).try_collect().await?;
        known.links.extend(links.into_iter().flatten().map(Arc::new));
        known.links.sort_by_key(|link| link.start);
        known.listed_at = Instant::now();
        Ok(known)
    }

    fn chain(&self, partition: i32) -> Chain {
        Chain::new(self.objects.clone(), &self.topic, partition)
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use object_store::throttle::{ThrottleConfig, ThrottledStore};
    use schemas::landing::link_key;
    use testkit::store::{FaultyStore, Overlooked};

    use super::*;

    /// Links at 0, 10 and 20.
    async fn landed() -> Arc<InMemory> {
        let store = Arc::new(InMemory::new());
        let chain = Chain::new(store.clone(), "t", 0);
        for (sequence, start) in [(0, 0), (1, 10), (2, 20)] {
            chain.commit(&testkit::link::link("t", 0, sequence, start..=start + 9)).await.unwrap();
        }
        store
    }

    /// Reads a store that once does not tell of a link.
    async fn overlooking(start: i64, by: Overlooked) -> Chains {
        Chains::new(FaultyStore::overlooking(landed().await, &link_key("t", 0, start), by), "t")
    }

    fn progress(links: i64) -> Progress {
        let mut progress = Progress::default();
        (0..links).for_each(|link| progress.advance(&testkit::link::link("t", 0, 0, link * 10..=link * 10 + 9)));
        progress
    }

    fn starts(links: &[Arc<Link>]) -> Vec<i64> {
        links.iter().map(|link| link.start).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn all_partitions_are_asked_in_the_time_of_one() {
        let (store, answered_after) = (InMemory::new(), Duration::from_secs(1));
        let slow = ThrottleConfig { wait_get_per_call: answered_after, ..ThrottleConfig::default() };
        let store = Arc::new(ThrottledStore::new(store, slow));
        for partition in 0..PARALLEL_PARTITIONS as i32 {
            let link = testkit::link::link("t", partition, 0, 0..=9);
            Chain::new(store.clone(), "t", partition).commit(&link).await.unwrap();
        }
        let chains = Chains::new(store, "t");
        let links = chains.links_after(&Progress::default()).await.unwrap();
        assert_eq!(links.iter().map(|link| link.partition).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
        let begun = tokio::time::Instant::now();
        assert_eq!(chains.links_after(&Progress::default()).await.unwrap(), links);
        assert_eq!(begun.elapsed(), answered_after);
    }

    #[tokio::test]
    async fn a_link_that_was_overlooked_once_is_found_the_next_time() {
        for by in [Overlooked::ByList, Overlooked::ByGet] {
            for (read, missing) in [(0, 0), (0, 10), (1, 10)] {
                let (chains, progress) = (overlooking(missing, by).await, progress(read));
                let first = chains.links_after(&progress).await.unwrap();
                assert!(!starts(&first).contains(&missing), "{by:?}: it was overlooked");
                assert!(check_continues(&progress, &first).is_err(), "{by:?}: and missed");
                let second = chains.links_after(&progress).await.unwrap();
                assert_eq!(starts(&second), (read * 10..30).step_by(10).collect::<Vec<_>>(), "{by:?}, from {read}");
            }
        }
    }

    #[tokio::test]
    async fn links_between_are_all_of_them_or_none() {
        for by in [Overlooked::ByList, Overlooked::ByGet] {
            let chains = overlooking(10, by).await;
            let error = chains.links_between(&Progress::default(), &progress(3)).await.unwrap_err().to_string();
            assert!(error.contains("a link is not there"), "{by:?}: {error}");
            let links = chains.links_between(&Progress::default(), &progress(3)).await.unwrap();
            assert_eq!(starts(&links), [0, 10, 20], "{by:?}");
        }
    }

    /// Files are removed by what it says that links name.
    #[tokio::test]
    async fn all_are_all_of_them_or_none() {
        for by in [Overlooked::ByList, Overlooked::ByGet] {
            for missing in [0, 10, 20] {
                let all = overlooking(missing, by).await.all().await.unwrap();
                assert_eq!(starts(&all[&0]), [0, 10, 20], "{by:?}, {missing}");
            }
        }
        for missing in [0, 10] {
            let store = landed().await;
            store.delete(&Path::from(link_key("t", 0, missing))).await.unwrap();
            let chains = Chains::new(store, "t");
            let error = chains.all().await.unwrap_err().to_string();
            assert!(error.contains("missing"), "{error}");
            assert_eq!(starts(&chains.found().await.unwrap()[&0]), [10 - missing, 20]);
        }
    }

    #[tokio::test]
    async fn a_chain_that_no_list_tells_of_is_found_by_its_files() {
        let store = Arc::new(InMemory::new());
        let chain = Chain::new(store.clone(), "t", 3);
        chain.commit(&testkit::link::link("t", 3, 0, 0..=9)).await.unwrap();
        chain.upload(&schemas::landing::data_key("t", 3, "2026-01-01", uuid::Uuid::nil()), "x".into()).await.unwrap();
        let chains = Chains::new(FaultyStore::overlooking(store, &link_key("t", 3, 0), Overlooked::ByFolder), "t");
        assert_eq!(starts(&chains.all().await.unwrap()[&3]), [0]);
    }

    #[tokio::test]
    async fn what_is_missing_for_good_is_told_each_time_and_read_once_it_is_back() {
        let store = landed().await;
        let lost = Path::from(link_key("t", 0, 10));
        let bytes = store.get(&lost).await.unwrap().bytes().await.unwrap();
        store.delete(&lost).await.unwrap();
        let chains = Chains::new(store.clone(), "t");
        for _ in 0..3 {
            assert_eq!(starts(&chains.links_after(&Progress::default()).await.unwrap()), [0, 20]);
        }
        store.put(&lost, bytes.into()).await.unwrap();
        assert_eq!(starts(&chains.links_after(&Progress::default()).await.unwrap()), [0, 10, 20]);
    }
}
