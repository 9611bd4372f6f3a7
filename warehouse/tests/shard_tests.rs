//! Several compactions on one store, each with a part of the partitions: the tables are those that one compaction makes, however
//! they come across each other.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use landing::Progress;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use schemas::landing::Link;
use serde_json::{Value, json};
use support::keep::{counting, files, keeping, killed_at, verified};
use support::recordings::{Recordings, recorder};
use support::{Event, Landing, MINUTE, NOON, SITE, Tab, everything, number, rows, traffic, visit};
use testkit::store::{Fault, FaultyStore};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use warehouse::compact::{Rounds, Summary, compact};
use warehouse::keep::erase;
use warehouse::limits::ROUND_TRIES_MAX;
use warehouse::tables::{self, EVENTS};
use warehouse::verify::verify;
use warehouse::{Lake, Resources, Store};

/// In each partition.
const VISITORS: usize = 3;

async fn in_memory(landing: &Landing) -> Arc<InMemory> {
    let store = InMemory::new();
    put(&store, landing, files(landing.path()).iter()).await;
    Arc::new(store)
}

async fn put(store: &InMemory, landing: &Landing, files: impl Iterator<Item = &PathBuf>) {
    for file in files {
        let key = Path::from(file.strip_prefix(landing.path()).unwrap().to_str().unwrap());
        store.put(&key, std::fs::read(file).unwrap().into()).await.unwrap();
    }
}

fn lake(objects: Arc<dyn ObjectStore>, shard: &str) -> Arc<Lake> {
    let store = Store::new("memory:///".parse().unwrap(), objects).unwrap();
    Lake::of_shard(store, Resources::default(), shard.parse().unwrap()).unwrap()
}

/// What one compaction makes of what has landed.
async fn alone(objects: &InMemory) -> Vec<(&'static str, Vec<Value>)> {
    let lake = lake(Arc::new(objects.fork()), "1/1");
    compact(&lake, |_, _| {}).await.unwrap();
    everything(&lake).await
}

/// All is taken in, nothing is wrong, and the tables are as they should be.
async fn assert_as(objects: Arc<dyn ObjectStore>, wanted: &[(&'static str, Vec<Value>)], what: &str) {
    let lake = lake(objects, "1/1");
    assert_eq!(compact(&lake, |_, _| {}).await.unwrap(), Summary::default(), "{what}: something was left");
    let report = verify(&lake, |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new(), "{what}");
    for ((table, found), (_, wanted)) in everything(&lake).await.iter().zip(wanted) {
        assert_eq!(found.len(), wanted.len(), "{what}: rows of {table}");
        for (found, wanted) in found.iter().zip(wanted) {
            assert_eq!(found, wanted, "{what}: {table}");
        }
    }
}

/// The table of a commit's key, but for the one that makes the table.
fn committed_table(key: &str) -> Option<&str> {
    let (table, commit) = key.strip_prefix("warehouse/")?.split_once("/_delta_log/")?;
    (commit.ends_with(".json") && !commit.starts_with(&"0".repeat(20))).then_some(table)
}

/// Takes some links into every table, in rounds of their own.
async fn take(lake: &Lake, links: &[Arc<Link>]) {
    let goal = lake.table(&EVENTS).newest().await.unwrap().progress.after(links);
    let mut rounds = Rounds::new(lake, goal);
    for table in tables::ALL {
        while rounds.next(table).await.unwrap().is_some() {}
    }
}

async fn links_of(lake: &Lake, partition: i32) -> Vec<Arc<Link>> {
    let links = lake.chains.links_after(&Progress::default()).await.unwrap();
    links.into_iter().filter(|link| link.partition == partition).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_at_the_same_time_make_the_tables_of_one() {
    let begun = in_memory(&traffic(3, VISITORS)).await;
    let wanted = alone(&begun).await;
    for shards in [vec!["1/2", "2/2"], vec!["1/2", "2/2", "2/3", "1/1"]] {
        let objects = Arc::new(begun.fork());
        let all: Vec<_> = shards
            .iter()
            .map(|shard| {
                let lake = lake(objects.clone(), shard);
                tokio::spawn(async move { compact(&lake, |_, _| {}).await })
            })
            .collect();
        for one in all {
            one.await.unwrap().unwrap();
        }
        assert_as(objects, &wanted, &shards.join(" ")).await;
    }
}

#[tokio::test]
async fn a_part_leaves_the_others_in_the_landing_zone_where_they_are_seen() {
    let begun = in_memory(&traffic(2, VISITORS)).await;
    let wanted = alone(&begun).await;
    let one = lake(begun.clone(), "2/2");
    let summary = compact(&one, |_, _| {}).await.unwrap();
    assert_eq!(summary.links, 4, "two partitions of two links");
    let version = one.table(&EVENTS).newest().await.unwrap();
    let taken: Vec<i32> = version.progress.iter().map(|(partition, _)| partition.partition).collect();
    assert_eq!(taken, [1, 3]);
    assert_eq!(everything(&one).await, wanted);
    compact(&lake(begun.clone(), "1/2"), |_, _| {}).await.unwrap();
    assert_as(begun, &wanted, "one after the other").await;
}

/// Tables that differ in how they come to their rows.
const CONTENDED: [&str; 4] = ["events", "pointer", "ledger", "sessions"];

/// Before each commit of the one to these tables, the other commits to them and all others.
#[tokio::test]
async fn a_refused_commit_is_committed_as_it_is_when_the_other_has_to_do_with_others() {
    let begun = in_memory(&traffic(4, VISITORS)).await;
    let wanted = alone(&begun).await;
    let other = lake(begun.clone(), "2/2");
    let left = Arc::new(Mutex::new(links_of(&other, 1).await.into_iter()));
    let met = Arc::new(Mutex::new(HashSet::new()));
    let (seen, told) = (met.clone(), other.clone());
    let before = move |key: &str| {
        let next = match committed_table(key) {
            Some(table) if CONTENDED.contains(&table) && seen.lock().unwrap().insert(table.to_owned()) => {
                left.lock().unwrap().next()
            }
            _ => None,
        };
        let other = told.clone();
        async move {
            if let Some(link) = next {
                take(&other, &[link]).await;
            }
        }
        .boxed()
    };
    let deleted = Arc::new(AtomicUsize::new(0));
    let count = deleted.clone();
    let ours = FaultyStore::after(begun.clone(), before, move |_, key| {
        count.fetch_add(usize::from(key == "(deletion)"), Ordering::SeqCst);
        Fault::None
    });
    compact(&lake(ours, "1/2"), |_, _| {}).await.unwrap();
    assert_eq!(met.lock().unwrap().len(), CONTENDED.len(), "every one of them was contended");
    assert_eq!(deleted.load(Ordering::SeqCst), 0, "no round was thrown away");
    compact(&other, |_, _| {}).await.unwrap();
    assert_as(begun, &wanted, "interleaved").await;
}

/// What the one reads is changed by the other: a visitor in two partitions, as when partitions were added, and a tab's number
/// under two visitors, as anybody can send it.
#[tokio::test]
async fn who_is_in_two_parts_is_computed_by_one_after_the_other() {
    let mut tab = Tab::new("both", "both");
    let (early, middle, late) =
        (visit(&mut tab, NOON), visit(&mut tab, NOON + 25 * MINUTE), visit(&mut tab, NOON + 50 * MINUTE));
    let again: Vec<Event> = early.iter().map(|event| Event { visitor: "thief".into(), ..event.clone() }).collect();
    for (name, others) in [("a session is closed by the other part", middle), ("the same numbers", again)] {
        let mut landing = Landing::new();
        landing.in_partition(0).land(&[early.clone(), late.clone(), visit(&mut Tab::new("a", "a"), NOON)].concat());
        landing.in_partition(1).land(&[others, visit(&mut Tab::new("z", "z"), NOON)].concat());
        let begun = in_memory(&landing).await;
        let wanted = alone(&begun).await;
        for at in tables::ALL.iter().filter(|table| CONTENDED[..3].contains(&table.name)) {
            let objects = Arc::new(begun.fork());
            let other = lake(objects.clone(), "2/2");
            let done = Arc::new(AtomicUsize::new(0));
            let before = move |key: &str| {
                let turn = committed_table(key) == Some(at.name) && done.fetch_add(1, Ordering::SeqCst) == 0;
                let other = other.clone();
                async move {
                    if turn {
                        compact(&other, |_, _| {}).await.unwrap();
                    }
                }
                .boxed()
            };
            let ours = FaultyStore::after(objects.clone(), before, |_, _| Fault::None);
            compact(&lake(ours, "1/2"), |_, _| {}).await.unwrap();
            if at.name == "events" && name == "the same numbers" {
                // Who is first has the events: here the other is.
                let sound = verify(&lake(objects.clone(), "1/1"), |_| {}).await.unwrap();
                assert_eq!(sound.problems, Vec::<String>::new());
                let lake = lake(objects, "1/1");
                assert_eq!(number(&lake, "select count(*) from events").await, 32);
                assert_eq!(number(&lake, "select sum(duplicates) from ledger").await, 8);
                continue;
            }
            assert_as(objects, &wanted, &format!("{name}, at {at:?}")).await;
        }
    }
}

#[tokio::test]
async fn a_part_that_is_killed_at_any_step_is_finished_by_its_successor_beside_the_other() {
    let begun = in_memory(&traffic(2, VISITORS)).await;
    let wanted = alone(&begun).await;
    let (store, changes) = counting(Arc::new(begun.fork()));
    compact(&lake(store, "1/2"), |_, _| {}).await.unwrap();
    let changes = changes.load(Ordering::SeqCst);
    assert!(changes > 20, "{changes}");
    let mut met = 0;
    for (step, n) in (0..changes).step_by(changes.div_ceil(5)).enumerate() {
        let fault = if step % 2 == 0 { Fault::Before } else { Fault::LostAnswer };
        let objects = Arc::new(begun.fork());
        let (killed, reached) = killed_at(objects.clone(), n, fault);
        let (ours, other) = (lake(killed, "1/2"), lake(objects.clone(), "2/2"));
        let (_, done) = tokio::join!(compact(&ours, |_, _| {}), compact(&other, |_, _| {}));
        done.unwrap();
        met += usize::from(reached.load(Ordering::SeqCst));
        compact(&lake(objects.clone(), "1/2"), |_, _| {}).await.unwrap();
        assert_as(objects, &wanted, &format!("killed at {n} of {changes}")).await;
    }
    assert!(met > 2, "{met}");
}

/// Counts the commits to a table that come to the store, which takes none of them.
fn refusing(objects: Arc<dyn ObjectStore>, table: &'static str) -> (Arc<FaultyStore>, Arc<AtomicUsize>) {
    let refused = Arc::new(AtomicUsize::new(0));
    let count = refused.clone();
    let store = FaultyStore::new(objects, move |_, key| match committed_table(key) == Some(table) {
        true => {
            count.fetch_add(1, Ordering::SeqCst);
            Fault::Before
        }
        false => Fault::None,
    });
    (store, refused)
}

#[tokio::test]
async fn commits_that_are_refused_for_ever_end_and_are_told() {
    let begun = in_memory(&traffic(1, VISITORS)).await;
    for table in ["events", "sessions"] {
        let (store, refused) = refusing(Arc::new(begun.fork()), table);
        let error = format!("{:#}", compact(&lake(store, "1/2"), |_, _| {}).await.unwrap_err());
        assert!(error.contains(&format!("table {table}: {ROUND_TRIES_MAX} commits in a row were refused")), "{error}");
        assert!(error.contains("--shard 1/2"), "{error}");
        assert_eq!(refused.load(Ordering::SeqCst), ROUND_TRIES_MAX, "{table}");
    }
}

#[tokio::test]
async fn a_table_that_stops_stops_what_is_computed_from_it_and_nothing_else() {
    let begun = in_memory(&traffic(1, VISITORS)).await;
    let wanted = alone(&begun).await;
    let stopped = ["ledger", "sessions"];
    let objects = Arc::new(begun.fork());
    let (store, _) = refusing(objects.clone(), "ledger");
    compact(&lake(store, "1/1"), |_, _| {}).await.unwrap_err();
    let whole = lake(objects.clone(), "1/1");
    let events = whole.table(&EVENTS).newest().await.unwrap();
    for table in tables::ALL {
        let reached = whole.table(table).newest().await.unwrap().progress.reaches(&events.progress);
        assert_eq!(reached, !stopped.contains(&table.name), "{table:?}");
    }
    compact(&whole, |_, _| {}).await.unwrap();
    assert_as(objects, &wanted, "the rest is taken in later").await;
}

/// One file that is damaged would keep the rows of everybody else out of all tables.
#[tokio::test]
async fn a_partition_that_cannot_be_taken_in_keeps_no_other_from_going_on() {
    let landing = traffic(3, VISITORS);
    Recordings::of(landing.path()).land(&[recorder(1).snapshot(10)]);
    let begun = in_memory(&landing).await;
    let wanted = alone(&begun).await;
    let objects = Arc::new(begun.fork());
    let whole = lake(objects.clone(), "1/1");
    let links = whole.chains.links_after(&Progress::default()).await.unwrap();
    let damaged = links.iter().rfind(|link| link.partition == 1).unwrap();
    let file = Path::from(damaged.files[0].path.as_str());
    let bytes = objects.get(&file).await.unwrap().bytes().await.unwrap();
    objects.put(&file, vec![0; bytes.len()].into()).await.unwrap();
    for _ in 0..2 {
        let error = format!("{:#}", compact(&whole, |_, _| {}).await.unwrap_err());
        assert!(error.starts_with("partition 1 stopped in table events, others went on: "), "{error}");
        assert!(error.contains(file.as_ref()), "{error}");
        for table in tables::ALL {
            let progress = &whole.table(table).newest().await.unwrap().progress;
            let left = links.iter().filter(|link| !progress.covers(link)).map(|link| link.partition);
            assert!(left.clone().count() > 0 && left.clone().all(|partition| partition == 1), "{table:?}");
        }
        assert_eq!(number(&whole, "select count(*) from replay_chunks").await, 1, "recordings too");
    }
    objects.put(&file, bytes.into()).await.unwrap();
    compact(&whole, |_, _| {}).await.unwrap();
    assert_as(objects, &wanted, "what was left is taken in later").await;
}

/// Another takes a link of ours before each of our commits: rounds become shorter until one is as short as the other's.
#[tokio::test]
async fn a_part_that_loses_to_its_twin_again_and_again_gets_through() {
    let begun = in_memory(&traffic(8, VISITORS)).await;
    let wanted = alone(&begun).await;
    let twin = lake(begun.clone(), "1/2");
    let left = Arc::new(Mutex::new(links_of(&twin, 0).await.into_iter()));
    let lost = left.clone();
    let before = move |key: &str| {
        let next = committed_table(key).filter(|table| *table == "events").and_then(|_| left.lock().unwrap().next());
        let twin = twin.clone();
        async move {
            if let Some(link) = next {
                let goal = twin.table(&EVENTS).newest().await.unwrap().progress.after(&[link]);
                Rounds::new(&twin, goal).next(&EVENTS).await.unwrap().unwrap();
            }
        }
        .boxed()
    };
    compact(&lake(FaultyStore::after(begun.clone(), before, |_, _| Fault::None), "1/2"), |_, _| {}).await.unwrap();
    assert_eq!(lost.lock().unwrap().len(), 0, "the twin took all that it could");
    compact(&lake(begun.clone(), "2/2"), |_, _| {}).await.unwrap();
    assert_as(begun, &wanted, "after a lost race").await;
}

/// Both have recordings of their own, and an asset that is kept once.
#[tokio::test]
async fn recordings_of_two_parts_are_appended_once_each_and_a_common_asset_once() {
    const FRAMES: &str = "select page_view_id, chunk_seq, part, checksum from replay_chunks order by 1, 2, 3";
    for common in [false, true] {
        let landing = Landing::new();
        for partition in 0..2 {
            let mut page = recorder(u64::try_from(partition).unwrap() + 1);
            let own = if common { "p{color:red}".to_owned() } else { format!("p{{color:{partition}}}") };
            let bodies = [page.style_sheet(&own), page.snapshot(10), page.mutations(2)];
            Recordings::of(landing.path()).in_partition(partition).land(&bodies);
        }
        let begun = in_memory(&landing).await;
        let wanted = rows(&lake(Arc::new(begun.fork()), "1/1"), FRAMES).await;
        let contended = if common { "replay_assets" } else { "replay_chunks" };
        let (other, done) = (lake(begun.clone(), "2/2"), Arc::new(AtomicUsize::new(0)));
        let before = move |key: &str| {
            let is_due = committed_table(key) == Some(contended) && done.fetch_add(1, Ordering::SeqCst) == 0;
            let other = other.clone();
            async move {
                if is_due {
                    compact(&other, |_, _| {}).await.unwrap();
                }
            }
            .boxed()
        };
        let ours = lake(FaultyStore::after(begun.clone(), before, |_, _| Fault::None), "1/2");
        let summary = compact(&ours, |_, _| {}).await.unwrap();
        assert_eq!((summary.frames, summary.commits), (if common { 2 } else { 3 }, 2), "a common asset: {common}");
        let lake = lake(begun, "1/1");
        assert_eq!(compact(&lake, |_, _| {}).await.unwrap(), Summary::default());
        assert_eq!(rows(&lake, FRAMES).await, wanted);
        let assets = number(&lake, "select count(*) from replay_assets").await;
        assert_eq!(assets, if common { 1 } else { 2 });
        assert_eq!(verify(&lake, |_| {}).await.unwrap().problems, Vec::<String>::new());
    }
}

/// An erasure comes between: it has made void what was being written, and a part begins a round after that. Before its commit, the
/// other part's comes first, so that its files are older than the newest version, and in no version.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_leaves_the_files_of_a_round_that_is_committed_again() {
    let mut landing = traffic(2, VISITORS);
    let objects = in_memory(&landing).await;
    let (reached, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (told, awaited) = (reached.clone(), go_on.clone());
    let held = move |key: &str| {
        let (told, awaited) = (told.clone(), awaited.clone());
        let is_due = committed_table(key) == Some("events");
        async move {
            if is_due {
                told.add_permits(1);
                awaited.acquire().await.unwrap().forget();
            }
        }
        .boxed()
    };
    let ours = lake(FaultyStore::after(objects.clone(), held, |_, _| Fault::None), "1/2");
    let other = lake(objects.clone(), "2/2");

    let mut round = None;
    let between = |step: &str| {
        let meanwhile = async {
            match step {
                "statements that are running" => {
                    let known = files(landing.path());
                    for partition in 0..2 {
                        let mut tab = Tab::new(&format!("new {partition}"), &format!("new {partition}"));
                        landing.in_partition(partition).land(&visit(&mut tab, NOON + MINUTE));
                    }
                    put(&objects, &landing, files(landing.path()).iter().filter(|file| !known.contains(file))).await;
                    let ours = ours.clone();
                    let mut compacting = tokio::spawn(async move { compact(&ours, |_, _| {}).await });
                    tokio::select! {
                        due = reached.acquire() => due.unwrap().forget(),
                        ended = &mut compacting => panic!("it came to no commit: {ended:?}"),
                    }
                    round = Some(compacting);
                    compact(&other, |_, _| {}).await.unwrap();
                }
                "what is left" => {
                    go_on.add_permits(Semaphore::MAX_PERMITS);
                    round.take().unwrap().await.unwrap().unwrap();
                }
                _ => {}
            }
        };
        tokio::task::block_in_place(|| Handle::current().block_on(meanwhile));
    };
    let erasing = lake(objects.clone(), "1/1");
    let erased = erase(&erasing, &keeping(), (SITE, "v3-0"), between).await.unwrap();
    assert!(erased.left.is_nothing(), "{erased:?}");

    let lake = lake(objects, "1/1");
    assert_eq!(compact(&lake, |_, _| {}).await.unwrap(), Summary::default(), "something was left");
    verified(&lake).await;
    let new = number(&lake, "select count(*) from events where visitor_id like 'new %'").await;
    assert_eq!((new, number(&lake, "select count(*) from events where visitor_id = 'v3-0'").await), (16, 0));
}

fn process(landing: &Landing, shard: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warehouse"));
    command.args(["--store", &landing.url(), "compact", "--shard", shard]);
    command
}

#[tokio::test]
async fn processes_with_a_part_each_make_the_tables_of_one_though_one_is_killed() {
    let landing = traffic(6, VISITORS);
    let wanted = alone(in_memory(&landing).await.as_ref()).await;
    let mut killed = process(&landing, "1/2").spawn().unwrap();
    let mut other = process(&landing, "2/2").spawn().unwrap();
    let log = landing.path().join("warehouse/events/_delta_log");
    testkit::wait::eventually("the first commits", || async { log.exists().then_some(()) }).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let again = process(&landing, "1/2").output().unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(String::from_utf8_lossy(&again.stdout).starts_with("part 1/2: "), "{again:?}");
    assert!(other.wait().unwrap().success());
    let lake = landing.lake();
    assert_eq!(compact(&lake, |_, _| {}).await.unwrap(), Summary::default(), "something was left");
    assert_eq!(verify(&lake, |_| {}).await.unwrap().problems, Vec::<String>::new());
    assert_eq!(everything(&lake).await, wanted);
    assert_eq!(json!(rows(&lake, "select count(distinct kafka_partition) from events").await), json!([[4]]));
}
