//! `erase`: nothing of a visitor is left in the store, all else is as it was, and `verify` stays right; also after a kill at
//! any step.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::Utc;
use datafusion::arrow::array::{Array, ArrayData};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use schemas::topics::EVENTS as TOPIC;
use serde_json::Value;
use support::keep::{counting, files, keeping, killed_at, verified};
use support::{Event, HOUR, Landing, MINUTE, NOON, SECOND, SITE, Tab, number, rows};
use testkit::store::Fault;
use warehouse::compact::compact;
use warehouse::keep::{Erased, apply, erase, plan};
use warehouse::verify::verify;
use warehouse::{Lake, Resources, Store, tables};

/// In every text of the visitor, ids included.
const CANARY: &str = "canary";
const VISITOR: &str = "canary-visitor";
const DAY: i64 = 24 * HOUR;

fn visit(tab: &mut Tab, text: &str, from: i64) -> Vec<Event> {
    let kinds =
        ["page_view", "pointer", "click", "effect", "element_leave", "focus", "request", "scroll", "page_leave"];
    let texts =
        [("page_path", format!("/{text}")), ("page_view_id", format!("{text} page")), ("element_tag", "input".into())];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let events = kinds.into_iter().zip(0..).map(|(kind, step)| tab.event(kind, from + step * SECOND).with(&texts));
    events.collect()
}

/// The visitor beside two others over two days, some of it compacted twice, some not at all. One other has sent an event of
/// the visitor's tab again, as anybody can.
async fn landed() -> Landing {
    let mut landing = Landing::new();
    let mut tabs = [(VISITOR, "canary-tab"), ("a", "ta"), ("z", "tz")].map(|(visitor, tab)| Tab::new(visitor, tab));
    let [canary, a, z] = &mut tabs;
    let first = visit(canary, CANARY, NOON);
    landing.land(&[first.clone(), visit(a, "a", NOON), visit(z, "z", NOON)].concat());
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    let again = Event { visitor: "z".into(), ..first[3].clone() }.with(&[]);
    landing.land(&[vec![again], visit(z, "z", NOON + MINUTE), visit(canary, CANARY, NOON - 2 * MINUTE)].concat());
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    landing.land(&[visit(canary, CANARY, NOON + DAY), visit(a, "a", NOON + DAY)].concat());
    landing
}

/// What lies in a folder, in memory.
async fn in_memory(landing: &Landing) -> InMemory {
    let store = InMemory::new();
    for file in files(landing.path()) {
        let key = Path::from(file.strip_prefix(landing.path()).unwrap().to_str().unwrap());
        store.put(&key, std::fs::read(&file).unwrap().into()).await.unwrap();
    }
    store
}

fn lake(objects: Arc<dyn ObjectStore>) -> Arc<Lake> {
    Lake::open(Store::new("memory:///".parse().unwrap(), objects).unwrap(), Resources::default()).unwrap()
}

async fn erased(lake: &Lake) -> Erased {
    erase(lake, &keeping(), (SITE, VISITOR), |_| {}).await.unwrap()
}

/// Of every table the rows of others.
async fn others(lake: &Arc<Lake>) -> Vec<Vec<Value>> {
    let mut all = Vec::new();
    for table in tables::ALL {
        let sql = format!("select * from {} where visitor_id <> '{VISITOR}' order by {}", table.name, table.sort_order);
        all.push(rows(lake, &sql).await);
    }
    all
}

/// Objects that hold the canary, as they lie or when their pages are decoded.
async fn holders(objects: &dyn ObjectStore) -> Vec<String> {
    let mut holders = Vec::new();
    for file in objects.list(None).try_collect::<Vec<_>>().await.unwrap() {
        let bytes = objects.get(&file.location).await.unwrap().bytes().await.unwrap();
        if contains(&bytes) || file.location.extension() == Some("parquet") && decoded_contains(bytes) {
            holders.push(file.location.to_string());
        }
    }
    holders
}

fn decoded_contains(bytes: Bytes) -> bool {
    let batches = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    batches.into_iter().any(|batch| batch.unwrap().columns().iter().any(|column| in_buffers(&column.to_data())))
}

fn in_buffers(data: &ArrayData) -> bool {
    data.buffers().iter().any(|buffer| contains(buffer)) || data.child_data().iter().any(in_buffers)
}

fn contains(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
}

#[tokio::test]
async fn nothing_of_the_visitor_is_left_and_all_else_is() {
    let objects = Arc::new(in_memory(&landed().await).await);
    let before = others(&lake(objects.clone())).await;
    assert!(holders(objects.as_ref()).await.len() > 20, "the search finds it before");
    let found = erased(&lake(objects.clone())).await;
    assert_eq!(holders(objects.as_ref()).await, Vec::<String>::new());
    assert!(found.left.is_nothing(), "{found:?}");
    let rows = |name: &str| found.removed.iter().find(|removed| removed.table == name).unwrap().rows;
    assert_eq!((rows("events"), rows("pointer"), rows("sessions")), (27, 3, 2));
    assert_eq!(found.landing_files, 3);
    assert!(!found.lines().join("\n").contains(CANARY), "{:?}", found.lines());
    assert_eq!(others(&lake(objects.clone())).await, before);
    verified(&lake(objects.clone())).await;

    let again = erased(&lake(objects.clone())).await;
    assert!(again.removed.iter().all(|removed| removed.rows == 0) && again.left.is_nothing(), "{again:?}");
    let nobody = erase(&lake(objects.clone()), &keeping(), (SITE, "it's nobody"), |_| {}).await.unwrap();
    assert!(nobody.left.is_nothing());
    verified(&lake(objects)).await;
}

#[tokio::test]
async fn what_lands_afterwards_comes_in_again_and_is_told() {
    let mut landing = landed().await;
    // Of a process that knew the tables before, and their logs.
    let other = landing.lake();
    compact(&other, |_, _| {}).await.unwrap();
    erased(&landing.lake()).await;
    let mut tab = Tab::new(VISITOR, "canary-tab-2");
    landing.land(&visit(&mut tab, CANARY, NOON + DAY + HOUR));
    assert_eq!(
        number(&landing.lake(), &format!("select count(*) from events where visitor_id = '{VISITOR}'")).await,
        9
    );
    compact(&other, |_, _| {}).await.unwrap();
    verified(&landing.lake()).await;
    let found = erased(&other).await;
    assert_eq!((found.removed[0].rows, found.left.is_nothing()), (9, true));
    verified(&landing.lake()).await;
}

/// Runs an erasure that is cut off at the `n`th change of the store, before or after it was done: none comes through any more,
/// as after a kill. Whether it came so far.
async fn cut_off(objects: Arc<dyn ObjectStore>, n: usize, fault: Fault) -> bool {
    let (faulty, reached) = killed_at(objects, n, fault);
    let _ = erase(&lake(faulty), &keeping(), (SITE, VISITOR), |_| {}).await;
    reached.load(Ordering::SeqCst)
}

#[tokio::test]
async fn what_was_killed_at_any_step_is_finished_by_the_next_run() {
    let begun = in_memory(&landed().await).await;
    let before = others(&lake(Arc::new(begun.fork()))).await;
    let (counting, changes) = counting(Arc::new(begun.fork()));
    erased(&lake(counting)).await;
    let changes = changes.load(Ordering::SeqCst);
    assert!(changes > 60, "{changes}");

    let every = changes.div_ceil(12);
    for (step, n) in (0..changes).step_by(every).enumerate() {
        let fault = if step % 2 == 0 { Fault::Before } else { Fault::LostAnswer };
        let objects = Arc::new(begun.fork());
        assert!(cut_off(objects.clone(), n, fault).await, "change {n} of {changes}");
        let report = verify(&lake(objects.clone()), |_| {}).await.unwrap();
        assert_eq!(report.problems, Vec::<String>::new(), "cut off at {n} of {changes}: {:?}", report.notes);
        let found = erased(&lake(objects.clone())).await;
        assert!(found.left.is_nothing(), "cut off at {n} of {changes}: {found:?}");
        assert_eq!(holders(objects.as_ref()).await, Vec::<String>::new(), "cut off at {n} of {changes}");
        assert_eq!(others(&lake(objects.clone())).await, before, "cut off at {n} of {changes}");
        verified(&lake(objects)).await;
    }
}

#[tokio::test]
async fn a_removal_that_was_cut_off_is_finished_by_that_of_another_visitor_or_by_maintain() {
    let begun = in_memory(&landed().await).await;
    let mut cut_between_tables = 0;
    for n in (4..).step_by(11) {
        let objects = Arc::new(begun.fork());
        if !cut_off(objects.clone(), n, Fault::LostAnswer).await {
            break;
        }
        let notes = verify(&lake(objects.clone()), |_| {}).await.unwrap().notes;
        if !notes.iter().any(|note| note.contains("a removal of rows was begun")) {
            continue;
        }
        cut_between_tables += 1;
        if cut_between_tables % 2 == 0 {
            erase(&lake(objects.clone()), &keeping(), (SITE, "a"), |_| {}).await.unwrap();
        } else {
            let plan = plan(&lake(objects.clone()), &keeping(), Utc::now()).await.unwrap();
            assert!(plan.lines().iter().any(|line| line.contains("finish a removal")), "{:?}", plan.lines());
            apply(&lake(objects.clone()), &keeping(), &plan, |_| {}).await.unwrap();
        }
        verified(&lake(objects.clone())).await;
        let left = format!("select count(*) from sessions where visitor_id = '{VISITOR}'");
        assert_eq!(number(&lake(objects), &left).await, 0);
    }
    assert!(cut_between_tables > 1, "both ways");
}

/// Files below a folder, whatever their names, in which the canary stands.
fn holders_on_disk(folder: &std::path::Path) -> Vec<PathBuf> {
    let holds = |file: &PathBuf| {
        let bytes = std::fs::read(file).unwrap();
        let is_parquet = bytes.starts_with(b"PAR1");
        contains(&bytes) || is_parquet && decoded_contains(bytes.into())
    };
    files(folder).into_iter().filter(holds).collect()
}

/// As a kill in the middle of a PUT leaves it in a folder: lists do not show it.
fn cut_off_put(of: &std::path::Path) -> PathBuf {
    let staged = of.with_file_name(format!("{}#1", of.file_name().unwrap().to_str().unwrap()));
    std::fs::copy(of, &staged).unwrap();
    staged
}

#[tokio::test]
async fn what_a_kill_in_the_middle_of_a_put_left_is_told_while_it_is_young_and_goes_when_it_is_old() {
    for by_maintain in [false, true] {
        let landing = landed().await;
        let data = files(&landing.path().join(format!("landing/data/{TOPIC}")));
        let log = files(&landing.path().join("warehouse/events/_delta_log"));
        let log = log.iter().find(|file| contains(&std::fs::read(file).unwrap())).expect("statistics name the visitor");
        let staged = [&data[0], log].map(|of| cut_off_put(of));
        let found = erased(&landing.lake()).await;
        assert_eq!(found.left.young_files, 2, "{found:?}");
        assert_eq!(holders_on_disk(landing.path()), staged, "no list shows them, and nothing else is left");

        let old = SystemTime::now() - Duration::from_secs(25 * 3_600);
        for file in &staged {
            std::fs::File::options().write(true).open(file).unwrap().set_modified(old).unwrap();
        }
        if by_maintain {
            let plan = plan(&landing.lake(), &keeping(), Utc::now()).await.unwrap();
            assert!(plan.lines().iter().any(|line| line.starts_with("store: remove 2 files")), "{:?}", plan.lines());
            apply(&landing.lake(), &keeping(), &plan, |_| {}).await.unwrap();
        } else {
            let found = erased(&landing.lake()).await;
            assert!(found.left.is_nothing(), "{found:?}");
        }
        assert_eq!(holders_on_disk(landing.path()), Vec::<PathBuf>::new());
        verified(&landing.lake()).await;
    }
}

/// A round that began before the erasure may still write a file, and be killed.
#[tokio::test]
async fn a_file_that_came_after_the_fence_is_told_if_it_holds_the_visitor() {
    let landing = landed().await;
    let lake = landing.lake();
    compact(&lake, |_, _| {}).await.unwrap();
    let version = lake.table(&tables::EVENTS).newest().await.unwrap();
    let folder = landing.path().join("warehouse/events");
    let written = version.files.iter().map(|file| folder.join(&file.path)).find(|file| {
        let bytes = std::fs::read(file).unwrap();
        decoded_contains(bytes.into())
    });
    let written = written.expect("rows of the visitor");
    let bytes = std::fs::read(&written).unwrap();
    let late = written.with_file_name("ct-killed.parquet");
    let writes = |step: &str| {
        if step == "what is left" {
            std::fs::write(&late, &bytes).unwrap();
        }
    };
    let found = erase(&lake, &keeping(), (SITE, VISITOR), writes).await.unwrap();
    assert_eq!(found.left.young_files, 1, "{found:?}");
    assert!(erased(&landing.lake()).await.left.is_nothing(), "the next fence is younger");
    assert!(!late.exists());
}

#[tokio::test]
async fn landing_files_that_nothing_names_are_told_while_they_are_young() {
    let landing = landed().await;
    let named = files(&landing.path().join(format!("landing/data/{TOPIC}")));
    std::fs::copy(&named[0], named[0].with_file_name("killed.parquet")).unwrap();
    let found = erased(&landing.lake()).await;
    assert_eq!(found.left.young_files, 1, "{found:?}");
    assert!(
        found.lines().iter().any(|line| line.starts_with("LEFT 1 files that nothing names")),
        "{:?}",
        found.lines()
    );
}
