//! `erase` with recordings and other providers' exports: nothing of the visitor is left, inflated or not; every other payload is
//! what it was, and `verify` stays right; also after a kill at any step.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayData};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Value, json};
use support::exports::write_json;
use support::keep::{counting, files, keeping, killed_at, verified};
use support::recordings::{Recordings, recorder};
use support::{Landing, NOON, SECOND, SITE, Tab, number, rows};
use testkit::recorder::Recorder;
use testkit::store::Fault;
use warehouse::compact::compact;
use warehouse::keep::{Erased, erase};
use warehouse::providers::{Order, Provider, import};
use warehouse::verify::verify;
use warehouse::{Lake, Resources, Store};

/// In every asset, page and cookie of the visitor.
const CANARY: &str = "canary";
const COOKIE: &str = "1234567.canary890";
/// The visitor, and another one.
const NUMBERS: [u64; 2] = [1, 2];

fn visitor() -> String {
    recorder(NUMBERS[0]).visitor_id
}

fn visit(of: &Recorder, cookie: &str) -> Vec<support::Event> {
    let mut tab = Tab::new(&of.visitor_id, &of.tab_id);
    let texts = [("page_view_id", of.page_view_id.as_str()), ("ga_client_id", cookie)];
    ["page_view", "click", "page_leave"]
        .into_iter()
        .zip(0..)
        .map(|(kind, step)| tab.event(kind, NOON + step * SECOND).with(&texts))
        .collect()
}

fn ga4(cookie: &str, index: i64) -> Value {
    json!({"event_date": "20261120", "event_timestamp": (NOON + index).to_string(), "event_name": "page_view",
           "user_pseudo_id": cookie, "event_bundle_sequence_id": index.to_string()})
}

/// Both visitors' events and recordings, the recordings in several rounds and one of them not compacted; an asset that both use,
/// and one of each alone; rows of an export, and a rejected one.
async fn landed() -> Landing {
    let mut landing = Landing::new();
    let [mut one, mut two] = NUMBERS.map(recorder);
    landing.land(&[visit(&one, COOKIE), visit(&two, "7654321.1690000000")].concat());
    let mut recordings = Recordings::of(landing.path());
    let shared = "p{color:red}";
    let first = [one.style_sheet(shared), one.style_sheet(&format!("p{{content:'{CANARY}'}}")), two.style_sheet("b{}")];
    recordings.land(&[first.concat(), one.snapshot(40), two.snapshot(30)]);
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    let with_shared = two.style_sheet(shared);
    recordings.land(&[with_shared, one.snapshot_in_parts(300, 3).concat(), two.snapshot_in_parts(300, 2).concat()]);
    recordings.land(&[one.mutations(3), two.mutations(3)]);
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    recordings.land(&[two.mutations(1), one.mutations(2)]);
    let folder = tempfile::tempdir().unwrap();
    let mut exported: Vec<Value> = (0..3).map(|index| ga4(COOKIE, index)).collect();
    exported.extend((3..5).map(|index| ga4("7654321.1690000000", index)));
    let mut bad = ga4(COOKIE, 9);
    bad["event_timestamp"] = json!("no time");
    exported.push(bad);
    let file = write_json(&folder.path().join("events_20261120.json"), &exported);
    let order = Order { provider: Provider::Ga4, files: vec![file], site_id: SITE.into(), intraday: false };
    let summary = import(&landing.lake(), order, |_, _| {}).await.unwrap();
    assert_eq!((summary.rows, summary.rejected), (5, 1));
    landing
}

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
    erase(lake, &keeping(), (SITE, &visitor()), |_| {}).await.unwrap()
}

/// Payloads of the other visitor, and of the assets that their chunks name, by their names.
async fn others(lake: &Arc<Lake>) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let other = recorder(NUMBERS[1]).visitor_id;
    let sql = format!(
        "select page_view_id || '/' || cast(chunk_seq as varchar) || '/' || cast(part as varchar), payload \
         from replay_chunks where visitor_id = '{other}'"
    );
    for row in rows(lake, &sql).await {
        all.insert(row[0].as_str().unwrap().to_owned(), row[1].clone());
    }
    for row in rows(lake, "select sha256, payload from replay_assets where raw_bytes < 14").await {
        all.insert(row[0].as_str().unwrap().to_owned(), row[1].clone());
    }
    for row in rows(lake, "select event_timestamp, user_pseudo_id from ga4_events").await {
        if row[1] != json!(COOKIE) {
            all.insert(row[0].to_string(), row[1].clone());
        }
    }
    all
}

/// Objects that hold the canary or the visitor's id: as they lie, decoded, or with payloads inflated.
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
    batches.into_iter().any(|batch| {
        let batch = batch.unwrap();
        let inflated = batch.column_by_name("payload").is_some_and(|payloads| {
            use datafusion::arrow::array::AsArray;
            payloads.as_binary::<i32>().iter().flatten().any(|payload| {
                let mut text = Vec::new();
                let _ = flate2::read::GzDecoder::new(payload).read_to_end(&mut text);
                contains(&text)
            })
        });
        inflated || batch.columns().iter().any(|column| in_buffers(&column.to_data()))
    })
}

fn in_buffers(data: &ArrayData) -> bool {
    data.buffers().iter().any(|buffer| contains(buffer)) || data.child_data().iter().any(in_buffers)
}

fn contains(bytes: &[u8]) -> bool {
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    holds(CANARY) || holds(&visitor())
}

#[tokio::test]
async fn nothing_of_the_visitor_is_left_and_every_other_payload_is() {
    let objects = Arc::new(in_memory(&landed().await).await);
    let before = others(&lake(objects.clone())).await;
    assert_eq!(before.len(), 5 + 2 + 2, "chunks, assets and rows: {:?}", before.keys());
    let held = holders(objects.as_ref()).await;
    for part in ["landing/data/telemetry.replay", "replay_chunks", "replay_assets", "ga4_events", "_rejected"] {
        assert!(held.iter().any(|file| file.contains(part)), "the search finds it before in {part}: {held:?}");
    }
    let found = erased(&lake(objects.clone())).await;
    assert_eq!(holders(objects.as_ref()).await, Vec::<String>::new());
    assert!(found.left.is_nothing(), "{found:?}");
    let rows = |name: &str| found.removed.iter().find(|removed| removed.table == name).unwrap().rows;
    assert_eq!((rows("replay_chunks"), rows("replay_assets"), rows("ga4_events")), (6, 1, 3));
    assert!(found.looked_into >= 7, "{found:?}");
    assert_eq!(others(&lake(objects.clone())).await, before);
    verified(&lake(objects.clone())).await;

    let again = erased(&lake(objects.clone())).await;
    assert!(again.removed.iter().all(|removed| removed.rows == 0) && again.left.is_nothing(), "{again:?}");
    verified(&lake(objects)).await;
}

#[tokio::test]
async fn what_lands_afterwards_and_what_others_show_is_told() {
    let landing = landed().await;
    erased(&landing.lake()).await;
    let mut recordings = Recordings::after(landing.path(), &landing.lake()).await;
    // Another's page that shows the visitor's id, as a support desk's does.
    let mut desk = recorder(3);
    let mut one = recorder(NUMBERS[0]);
    recordings.land(&[desk.style_sheet(&format!("p{{content:'{}'}}", visitor())), desk.snapshot(2), one.snapshot(3)]);
    assert_eq!(
        number(&landing.lake(), &format!("select count(*) from replay_chunks where visitor_id = '{}'", visitor()))
            .await,
        1
    );
    let found = erased(&landing.lake()).await;
    assert_eq!(found.left.frames, 0, "it is compacted and erased");
    assert_eq!(found.left.shown.len(), 1, "{found:?}");
    let lines = found.lines();
    assert!(lines.iter().any(|line| line.starts_with("LEFT 1 recorded chunks of other visitors")), "{lines:?}");
    verified(&landing.lake()).await;
}

/// Runs an erasure that is cut off at the `n`th change of the store, before or after it was done. Whether it came so far.
async fn cut_off(objects: Arc<dyn ObjectStore>, n: usize, fault: Fault) -> bool {
    let (faulty, reached) = killed_at(objects, n, fault);
    let _ = erase(&lake(faulty), &keeping(), (SITE, &visitor()), |_| {}).await;
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

    let every = changes.div_ceil(9);
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
