//! What compaction spends on one round over a landing zone in memory: reading the links' files, merging, writing, committing.
#![allow(clippy::unwrap_used, reason = "a benchmark is read where it fails")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::TryStreamExt;
use landing::Progress;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use support::{Event, HOUR, Landing, NOON, SECOND, Tab};
use tokio::runtime::Runtime;
use warehouse::compact::{Rounds, Summary, compact};
use warehouse::tables::EVENTS;
use warehouse::{Lake, Resources, Store};

const VISITORS: usize = 200;
const EVENTS_PER_VISITOR: usize = 25;
const LINK_EVENTS: usize = VISITORS * EVENTS_PER_VISITOR;
/// Every so many events one comes again that an earlier link holds, and one so much before its neighbours.
const REPEATED_EVERY: usize = 50;
const LATE_EVERY: usize = 97;
const LATE_BY: i64 = HOUR;
const ROUND_LINKS: usize = 2;

/// A lake whose tables hold one link, and what has landed since: of the same visitors, some of it late, some twice.
fn landed(runtime: &Runtime) -> InMemory {
    let mut landing = Landing::new();
    let mut tabs: Vec<_> =
        (0..VISITORS).map(|visitor| Tab::new(&format!("v{visitor}"), &format!("t{visitor}"))).collect();
    let first = link(&mut tabs, 0, &[]);
    landing.land(&first);
    runtime.block_on(compact(&landing.lake(), |_, _| {})).unwrap();
    for number in 1..=ROUND_LINKS {
        landing.land(&link(&mut tabs, number, &first));
    }
    runtime.block_on(in_memory(&landing))
}

fn link(tabs: &mut [Tab], number: usize, before: &[Event]) -> Vec<Event> {
    let begins = NOON + number as i64 * HOUR;
    (0..LINK_EVENTS)
        .map(|index| {
            let at = begins + index as i64 * SECOND / 4;
            let kind = ["pointer", "element_leave", "click", "scroll", "page_view"][index % 5];
            match index {
                index if index % REPEATED_EVERY == 1 && !before.is_empty() => before[index].clone(),
                index if index % LATE_EVERY == 2 => tabs[index % VISITORS].event(kind, at - LATE_BY),
                index => tabs[index % VISITORS].event(kind, at),
            }
        })
        .collect()
}

async fn in_memory(landing: &Landing) -> InMemory {
    let (folder, memory) = (LocalFileSystem::new_with_prefix(landing.path()).unwrap(), InMemory::new());
    for object in folder.list(None).try_collect::<Vec<_>>().await.unwrap() {
        let bytes = folder.get(&object.location).await.unwrap().bytes().await.unwrap();
        memory.put(&object.location, bytes.into()).await.unwrap();
    }
    memory
}

/// Opened anew, so that a round remembers nothing of the one before it.
fn lake(landed: &InMemory) -> Arc<Lake> {
    let store = Store::new("memory:///".parse().unwrap(), Arc::new(landed.fork())).unwrap();
    Lake::open(store, Resources::default()).unwrap()
}

/// The round of `events` alone.
async fn merge(lake: Arc<Lake>, goal: Progress) -> Summary {
    Rounds::new(&lake, goal).next(&EVENTS).await.unwrap().expect("links to do")
}

async fn goal(lake: &Lake) -> Progress {
    let done = lake.least_progress().await.unwrap();
    done.after(&lake.chains.links_after(&done).await.unwrap())
}

fn micro(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let landed = landed(&runtime);
    let goal = runtime.block_on(goal(&lake(&landed)));
    let added = runtime.block_on(merge(lake(&landed), goal.clone()));
    let repeated = ROUND_LINKS * LINK_EVENTS / REPEATED_EVERY;
    assert_eq!(added.events as usize, ROUND_LINKS * LINK_EVENTS - repeated);
    assert!(added.sessions_corrected > 0);

    let mut group = criterion.benchmark_group("warehouse");
    group.sample_size(10).throughput(Throughput::Elements((ROUND_LINKS * LINK_EVENTS) as u64));
    group.bench_function("merge", |bencher| {
        let round = |lake| runtime.block_on(merge(lake, goal.clone()));
        bencher.iter_batched(|| lake(&landed), round, BatchSize::PerIteration);
    });
    group.bench_function("compact", |bencher| {
        let all = |lake: Arc<Lake>| runtime.block_on(async { compact(&lake, |_, _| {}).await.unwrap() });
        bencher.iter_batched(|| lake(&landed), all, BatchSize::PerIteration);
    });
}

criterion_group!(benches, micro);
criterion_main!(benches);
