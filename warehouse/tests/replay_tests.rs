//! Recordings from the landing zone to SQL: each frame once, payloads as they came, written once.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array, BinaryArray};
use datafusion::arrow::compute::{concat_batches, filter_record_batch};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::metadata::PageIndexPolicy;
use serde_json::{Value, json};
use support::recordings::{RECEIVED, Recordings, recorder};
use support::{Landing, NOON, SECOND, Tab, curated_files, number, rows};
use testkit::recorder::{frame, gzip};
use tokio_util::sync::CancellationToken;
use warehouse::Lake;
use warehouse::compact::{Summary, compact, every};
use warehouse::keep::{apply, plan};
use warehouse::tables::REPLAY_CHUNKS;
use warehouse::verify::{Report, verify};

const CHUNKS: &str =
    "select page_view_id, chunk_seq, part, kind, assets, bytes, payload from replay_chunks order by 1, 2, 3";
const ASSETS: &str = "select sha256, content_type, bytes, payload from replay_assets order by 1";

async fn compacted(lake: &Arc<Lake>) -> Summary {
    compact(lake, |_, _| {}).await.unwrap()
}

async fn report(landing: &Landing) -> Report {
    verify(&landing.lake(), |_| {}).await.unwrap()
}

/// Two recordings and their style sheet.
fn bodies() -> Vec<Vec<u8>> {
    let (mut first, mut second) = (recorder(1), recorder(2));
    let style_sheet = first.style_sheet("p{color:red}");
    vec![
        style_sheet,
        second.snapshot(30),
        first.snapshot_in_parts(400, 3).concat(),
        first.mutations(4),
        second.mutations(1),
    ]
}

#[tokio::test]
async fn recordings_are_in_sql_before_and_after_a_compaction_alike() {
    let landing = Landing::new();
    let mut recordings = Recordings::of(landing.path());
    let bodies = bodies();
    recordings.land(&bodies[..3]);
    let lake = landing.lake();
    compacted(&lake).await;
    // What is in the table already, what came twice since, and what is new.
    let after = [&bodies[1..], &bodies[3..]].concat();
    recordings.land(&after);
    recordings.land(&bodies);
    let (chunks, assets) = (rows(&lake, CHUNKS).await, rows(&lake, ASSETS).await);
    let kinds: Vec<_> = chunks.iter().map(|row| (row[1].clone(), row[2].clone(), row[3].clone())).collect();
    assert!(chunks.iter().any(|row| row[4] == json!([assets[0][0]])), "chunks name their assets: {chunks:?}");
    let snapshot = |part: i64| (json!(0), json!(part), json!("snapshot"));
    let mutations = (json!(1), json!(0), json!("mutations"));
    let expected = [snapshot(0), snapshot(1), snapshot(2), mutations.clone(), snapshot(0), mutations];
    assert_eq!(kinds, expected, "each frame once, a page view's in a row");
    assert_eq!(assets.len(), 1);
    assert_eq!(compacted(&lake).await, Summary { frames: 2, commits: 2, ..Summary::default() });
    assert_eq!((rows(&lake, CHUNKS).await, rows(&lake, ASSETS).await), (chunks, assets));
    assert_eq!(compacted(&lake).await, Summary::default(), "nothing is left to do");
    let again = landing.lake();
    assert_eq!(number(&again, "select count(*) from replay_chunks").await, 6, "as another process sees it");
    assert_eq!(report(&landing).await.problems, Vec::<String>::new());
}

#[tokio::test]
async fn without_recordings_there_are_no_tables_of_them() {
    let landing = support::landed();
    let lake = landing.lake();
    compacted(&lake).await;
    assert_eq!(number(&lake, "select count(*) from replay_chunks").await, 0);
    assert_eq!(rows(&lake, "select * from replay_page_views").await, Vec::<Value>::new());
    assert!(!landing.path().join("warehouse/replay_chunks").exists());
    assert_eq!(report(&landing).await.problems, Vec::<String>::new());
}

/// Every data file of a table with its content.
fn files(landing: &Landing, table: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    curated_files(landing, table).into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[tokio::test]
async fn a_payload_is_written_once_however_many_rounds_follow() {
    let landing = Landing::new();
    let mut recordings = Recordings::of(landing.path());
    let lake = landing.lake();
    let mut kept = BTreeMap::new();
    for number in 1..20 {
        let mut recorder = recorder(number);
        recordings.land(&[recorder.snapshot(20), recorder.mutations(2)]);
        compacted(&lake).await;
        let now = files(&landing, "replay_chunks");
        assert!(kept.iter().all(|(path, bytes)| now.get(path) == Some(bytes)), "a file was written again");
        assert_eq!(now.len(), kept.len() + 1);
        kept = now;
    }
    assert_eq!(number(&lake, "select count(*) from replay_chunks").await, 38);
}

#[tokio::test]
async fn files_hold_payloads_as_they_came_sorted_by_page_view_in_small_pages() {
    let landing = Landing::new();
    let mut recordings = Recordings::of(landing.path());
    let random = |seed: u64, bytes: usize| {
        let mut state = seed;
        let step = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..bytes).map(step).collect::<Vec<u8>>()
    };
    let chunk = |number: u64, seq: u64| {
        let of = recorder(number);
        let header = json!({"v": 1, "kind": "mutations", "visitor_id": of.visitor_id, "tab_id": of.tab_id,
            "page_view_id": of.page_view_id, "chunk_seq": seq, "part": 0, "parts": 1, "first_at": NOON as f64 / 1000.0,
            "last_at": NOON as f64 / 1000.0, "first_q": 0, "last_q": 0, "events": 1, "raw_bytes": 1, "encoding": "gzip",
            "viewport": [1, 1], "masking_version": 1});
        frame(&header, &random(number * 100 + seq, 200_000 + 1_000 * seq as usize))
    };
    let all: Vec<_> = (0..30).flat_map(|seq| [3, 1, 2].map(|number| chunk(number, 29 - seq))).collect();
    let sent: usize = all.iter().map(Vec::len).sum();
    all.chunks(20).for_each(|chunks| drop(recordings.land(chunks)));
    compacted(&landing.lake()).await;

    let files = curated_files(&landing, "replay_chunks");
    assert_eq!(files.len(), 1);
    let file = std::fs::File::open(&files[0]).unwrap();
    let size = file.metadata().unwrap().len() as usize;
    assert!(size < sent * 101 / 100, "{size} bytes of {sent}");
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let metadata = ArrowReaderMetadata::load(&file, options).unwrap();
    let metadata = metadata.metadata();
    let columns = metadata.file_metadata().schema_descr().columns();
    let at = |name: &str| columns.iter().position(|column| column.name() == name).unwrap();
    let (payload, page_view) = (at("payload"), at("page_view_id"));
    assert!(metadata.num_row_groups() > 1);
    for (group, pages) in metadata.row_groups().iter().zip(metadata.offset_index().unwrap()) {
        assert!(group.compressed_size() <= 16 << 20, "{}", group.compressed_size());
        let column = group.column(payload);
        assert_eq!(column.compression(), Compression::UNCOMPRESSED);
        assert!(column.dictionary_page_offset().is_none() && column.statistics().is_none());
        let longest = pages[payload].page_locations().iter().map(|page| page.compressed_page_size).max().unwrap();
        assert!(longest <= 512 << 10, "a page of {longest} bytes");
        assert!(group.column(page_view).statistics().is_some());
    }
    let stored: Vec<_> = batches(&files[0]).iter().flat_map(names).collect();
    assert!(stored.is_sorted() && stored.len() == 90, "{stored:?}");
}

fn batches(path: &Path) -> Vec<RecordBatch> {
    let bytes = std::fs::read(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
    reader.collect::<Result<_, _>>().unwrap()
}

fn names(batch: &RecordBatch) -> Vec<(String, i64, i64)> {
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::datatypes::Int64Type;
    let int = |name: &str| batch[name].as_primitive::<Int64Type>().clone();
    let (ids, seqs, parts) = (batch["page_view_id"].as_string::<i32>(), int("chunk_seq"), int("part"));
    (0..batch.num_rows()).map(|row| (ids.value(row).to_owned(), seqs.value(row), parts.value(row))).collect()
}

#[tokio::test]
async fn a_recording_belongs_to_the_session_of_its_page_view_and_to_no_other_visitor() {
    let mut landing = Landing::new();
    let (mut own, mut lost) = (recorder(1), recorder(3));
    let mut tab = Tab::new(&own.visitor_id, &own.tab_id);
    let page = [("page_view_id", own.page_view_id.clone()), ("page_url", "https://shop.example/boxes".to_owned())];
    let page = page.each_ref().map(|(name, text)| (*name, text.as_str()));
    landing.land(&[tab.event("page_view", NOON).with(&page), tab.event("click", NOON + SECOND).with(&page)]);
    let mut recordings = Recordings::of(landing.path());
    // Somebody else sends a chunk of the same page view.
    let mut later = own.clone();
    later.visitor_id = recorder(2).visitor_id;
    later.snapshot(2);
    later.mutations(1);
    let forged = later.mutations(1);
    let mut bodies = vec![own.snapshot_in_parts(300, 2).concat(), own.mutations(1), forged, lost.snapshot(9)];
    lost.lose_a_chunk();
    bodies.push(lost.mutations(1));
    let cut = lost.snapshot_in_parts(300, 2);
    bodies.push(cut[0].clone());
    recordings.land(&bodies);
    let lake = landing.lake();
    let sql = "select v.visitor_id, v.page_view_id, s.session_id is not null, v.page_url, v.chunks_expected, v.chunks, \
               v.snapshots, v.chunks_lost, v.bytes > 0 from replay_page_views v \
               left join sessions s on s.session_id = v.session_id order by 1";
    let expected = [
        json!([own.visitor_id, own.page_view_id, true, "https://shop.example/boxes", 2, 2, 1, 0, true]),
        json!([later.visitor_id, own.page_view_id, false, null, 3, 1, 0, 2, true]),
        json!([lost.visitor_id, lost.page_view_id, false, null, 4, 2, 1, 2, true]),
    ];
    assert_eq!(rows(&lake, sql).await, expected);
    compacted(&lake).await;
    assert_eq!(rows(&lake, sql).await, expected);
}

#[tokio::test]
async fn what_page_leave_tells_is_missed_when_it_does_not_come() {
    let mut landing = Landing::new();
    let (mut own, other) = (recorder(1), recorder(2));
    let mut tab = Tab::new(&own.visitor_id, &own.tab_id);
    let mut left = |page_view: &str, chunks: f64| {
        let left = tab.event("page_leave", NOON + SECOND).with(&[("page_view_id", page_view)]);
        left.with_numbers(&[("replay_chunks", chunks)])
    };
    let nothing_came = "01934f5e-6001-7000-8000-0000000000cc";
    let events =
        [left(&own.page_view_id, 5.0), left(nothing_came, 3.0), left("01934f5e-6001-7000-8000-0000000000dd", 0.0)];
    landing.land(&events);
    let mut recordings = Recordings::of(landing.path());
    recordings.land(&[own.snapshot(20), own.mutations(1), own.mutations(1)]);
    let lake = landing.lake();
    let sql = "select page_view_id, chunks_expected, chunks, chunks_lost from replay_page_views order by 1";
    let expected = [json!([nothing_came, 3, 0, 3]), json!([own.page_view_id, 5, 3, 2])];
    let ledger = "select l.visitor_id, l.tab_id, l.page_views, l.replay_chunks_expected, l.replay_chunks_received, \
                  l.replay_chunks_lost, e.events_received from replay_ledger l \
                  join ledger e on e.session_id = l.session_id and e.tab_id = l.tab_id";
    for _ in 0..2 {
        let mut found = rows(&lake, sql).await;
        found.sort_by_key(ToString::to_string);
        let mut wanted = expected.to_vec();
        wanted.sort_by_key(ToString::to_string);
        assert_eq!(found, wanted);
        assert_eq!(rows(&lake, ledger).await, [json!([own.visitor_id, own.tab_id, 2, 8, 3, 5, 3])]);
        compacted(&lake).await;
    }
    assert_eq!(
        number(&lake, &format!("select count(*) from replay_ledger where visitor_id = '{}'", other.visitor_id)).await,
        0
    );
}

#[tokio::test]
async fn an_asset_is_kept_once_for_each_day() {
    let landing = Landing::new();
    let mut recordings = Recordings::of(landing.path());
    let lake = landing.lake();
    let style_sheet = || recorder(1).style_sheet("p{color:red}");
    recordings.land(&[style_sheet(), style_sheet()]);
    compacted(&lake).await;
    recordings.land(&[style_sheet()]);
    recordings.received_at = RECEIVED + 24 * 3_600 * SECOND;
    recordings.land(&[style_sheet()]);
    compacted(&lake).await;
    let days = rows(&lake, "select event_date, payload from replay_assets order by 1").await;
    let payload: String = gzip(b"p{color:red}").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(days, [json!(["2026-11-20", payload]), json!(["2026-11-21", payload])]);
    assert_eq!(report(&landing).await.problems, Vec::<String>::new());
}

#[tokio::test]
async fn in_the_background_recordings_wait_for_others_to_fill_a_file_with() {
    let landing = Landing::new();
    let mut recordings = Recordings::of(landing.path());
    let mut link = recordings.land(&[recorder(1).snapshot(20)]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    link.written_at = i64::try_from(now.as_micros()).unwrap();
    let key = schemas::landing::link_key(&link.topic, 0, link.start);
    std::fs::write(landing.path().join(key), serde_json::to_vec(&link).unwrap()).unwrap();
    let (lake, shutdown) = (landing.lake(), CancellationToken::new());
    // Two rounds of everything else, and recordings still wait.
    let rounds = every(lake.clone(), std::time::Duration::from_millis(1), shutdown.clone());
    let events = async {
        let mut landing = landing;
        for round in 0..2 {
            landing.land(&[Tab::new(&format!("v{round}"), &format!("t{round}")).event("page_view", NOON)]);
            let compacted = async || {
                let is_there = landing.path().join("warehouse/events").exists();
                (is_there && curated_files(&landing, "events").len() > round).then_some(())
            };
            testkit::wait::eventually("a round", compacted).await;
        }
        shutdown.cancel();
        landing
    };
    let ((), landing) = tokio::join!(rounds, events);
    assert!(!landing.path().join("warehouse/replay_chunks").exists());
    assert_eq!(number(&lake, "select count(*) from replay_chunks").await, 1, "a query sees what waits");
    assert_eq!(compacted(&landing.lake()).await.frames, 1, "a compaction that is asked for does not wait");
}

async fn sound() -> Landing {
    let landing = Landing::new();
    let mut recordings = Recordings::of(landing.path());
    let bodies = bodies();
    recordings.land(&bodies[..2]);
    recordings.land(&bodies[2..]);
    compacted(&landing.lake()).await;
    assert_eq!(report(&landing).await.problems, Vec::<String>::new());
    landing
}

/// Writes the only file of a table again, changed.
fn rewrite(landing: &Landing, table: &str, change: impl FnOnce(RecordBatch) -> RecordBatch) {
    let path = curated_files(landing, table).into_iter().next_back().unwrap();
    let batches = batches(&path);
    let changed = change(concat_batches(&batches[0].schema(), &batches).unwrap());
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), changed.schema(), None).unwrap();
    writer.write(&changed).unwrap();
    writer.close().unwrap();
}

async fn assert_found(landing: &Landing, words: &[&str]) {
    let problems = report(landing).await.problems;
    let found = problems.iter().any(|problem| words.iter().all(|word| problem.contains(word)));
    assert!(found, "no problem with {words:?} among {problems:#?}");
}

#[tokio::test]
async fn verify_names_a_chunk_that_was_removed() {
    let landing = sound().await;
    rewrite(&landing, "replay_chunks", |rows| rows.slice(1, rows.num_rows() - 1));
    assert_found(&landing, &["table replay_chunks", "1 frame landed, but missing in it: ", " chunk 0 part 0"]).await;
}

#[tokio::test]
async fn verify_names_a_chunk_that_stands_twice() {
    let landing = sound().await;
    rewrite(&landing, "replay_chunks", |rows| concat_batches(&rows.schema(), [&rows, &rows.slice(0, 1)]).unwrap());
    assert_found(&landing, &["table replay_chunks", "1 frame in it more than once", "chunk 0 part 0"]).await;
}

#[tokio::test]
async fn verify_names_a_payload_that_was_altered() {
    for (table, column) in [("replay_chunks", "part 0"), ("replay_assets", "2026-11-20")] {
        let landing = sound().await;
        rewrite(&landing, table, |rows| {
            use datafusion::arrow::array::AsArray;
            let place = rows.schema().index_of("payload").unwrap();
            let payloads = rows.column(place).as_binary::<i32>();
            let altered = payloads.iter().enumerate().map(|(row, payload)| {
                let mut payload = payload.unwrap().to_vec();
                if row == 0 {
                    *payload.last_mut().unwrap() ^= 1;
                }
                payload
            });
            let altered = BinaryArray::from_iter_values(altered);
            assert_eq!(altered.len(), rows.num_rows());
            let mut columns = rows.columns().to_vec();
            columns[place] = Arc::new(altered);
            RecordBatch::try_new(rows.schema(), columns).unwrap()
        });
        assert_found(&landing, &[table, "1 frame with another payload than landed", column]).await;
    }
}

/// A header that says nothing, before a column's first page.
fn spoil_first_page(file: &Path, column: &str) {
    let mut bytes = std::fs::read(file).unwrap();
    let metadata = ArrowReaderMetadata::load(&bytes::Bytes::from(bytes.clone()), ArrowReaderOptions::new()).unwrap();
    let columns = metadata.metadata().row_group(0).columns();
    let chunk = columns.iter().find(|chunk| chunk.column_path().string() == column).unwrap();
    let from = chunk.byte_range().0 as usize;
    bytes[from..from + 4].fill(0xff);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn verify_names_what_is_in_no_landing_file_and_files_that_are_damaged() {
    let landing = sound().await;
    rewrite(&landing, "replay_chunks", |rows| {
        use datafusion::arrow::array::Int64Array;
        let place = rows.schema().index_of("kafka_offset").unwrap();
        let mut columns = rows.columns().to_vec();
        columns[place] = Arc::new(Int64Array::from_iter_values(700..700 + rows.num_rows() as i64));
        filter_record_batch(&RecordBatch::try_new(rows.schema(), columns).unwrap(), &vec![true; rows.num_rows()].into())
            .unwrap()
    });
    assert_found(&landing, &["table replay_chunks", "in it, but in no landing file of the chain"]).await;

    let landing = sound().await;
    let folder = landing.path().join("landing/data/telemetry.replay/p=0/dt=2026-11-20");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&file, bytes).unwrap();
    assert_found(&landing, &["landing file", "checksum"]).await;
    for column in ["page_view_id", "kafka_offset", "payload"] {
        std::fs::write(&file, &whole).unwrap();
        spoil_first_page(&file, column);
        let path = file.strip_prefix(landing.path()).unwrap().to_str().unwrap();
        let what = format!("cannot be read: column {column} in row group 0: ");
        assert_found(&landing, &[&format!("landing file {path}: {what}")]).await;
    }
    std::fs::remove_file(&file).unwrap();
    assert_found(&landing, &["landing file", "missing"]).await;

    let landing = sound().await;
    std::fs::remove_file(&curated_files(&landing, "replay_assets")[0]).unwrap();
    assert_found(&landing, &["table replay_assets", "missing"]).await;
}

/// Compacted, and its landing files gone.
async fn sealed() -> Landing {
    let landing = sound().await;
    maintained(&landing, NOON).await;
    let left = support::keep::files(&landing.path().join("landing/data"));
    assert_eq!(left, Vec::<PathBuf>::new());
    let report = report(&landing).await;
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.summary.iter().any(|line| line.starts_with("books of replay_chunks")), "{:?}", report.summary);
    landing
}

async fn maintained(landing: &Landing, now: i64) -> Vec<String> {
    let (lake, keeping) = (landing.lake(), support::keep::keeping());
    let now = chrono::DateTime::from_timestamp_micros(now).unwrap();
    let plan = plan(&lake, &keeping, now).await.unwrap();
    let mut told = Vec::new();
    apply(&lake, &keeping, &plan, |line| told.push(line)).await.unwrap();
    told
}

#[tokio::test]
async fn without_landing_files_a_removed_a_doubled_and_an_altered_chunk_are_found_by_the_books() {
    let landing = sealed().await;
    rewrite(&landing, "replay_chunks", |rows| rows.slice(1, rows.num_rows() - 1));
    assert_found(&landing, &["table replay_chunks", "partition 0 on 2026-11-20", "not ", "as the books say"]).await;

    let landing = sealed().await;
    rewrite(&landing, "replay_chunks", |rows| concat_batches(&rows.schema(), [&rows, &rows.slice(0, 1)]).unwrap());
    assert_found(&landing, &["table replay_chunks", "1 frame in it more than once", "chunk 0 part 0"]).await;

    // The checksum as well: nothing in the row itself tells it.
    let landing = sealed().await;
    rewrite(&landing, "replay_chunks", |rows| {
        use datafusion::arrow::array::{AsArray, Int64Array};
        use datafusion::arrow::datatypes::Int64Type;
        let place = |name: &str| rows.schema().index_of(name).unwrap();
        let mut columns = rows.columns().to_vec();
        let mut payloads: Vec<Vec<u8>> =
            rows["payload"].as_binary::<i32>().iter().map(|payload| payload.unwrap().to_vec()).collect();
        *payloads[0].last_mut().unwrap() ^= 1;
        let mut checksums = rows["checksum"].as_primitive::<Int64Type>().values().to_vec();
        checksums[0] = xxhash_rust::xxh3::xxh3_64(&payloads[0]).cast_signed();
        columns[place("payload")] = Arc::new(BinaryArray::from_iter_values(payloads));
        columns[place("checksum")] = Arc::new(Int64Array::from(checksums));
        RecordBatch::try_new(rows.schema(), columns).unwrap()
    });
    assert_found(&landing, &["table replay_chunks", "as the books say, but others than these"]).await;
}

#[tokio::test]
async fn a_chunk_that_is_damaged_on_disk_is_named() {
    let landing = sound().await;
    let file = curated_files(&landing, "replay_chunks").remove(0);
    let payload = {
        use datafusion::arrow::array::AsArray;
        batches(&file)[0]["payload"].as_binary::<i32>().value(0).to_vec()
    };
    let mut bytes = std::fs::read(&file).unwrap();
    let place = bytes.windows(payload.len()).position(|window| window == payload).unwrap();
    bytes[place + payload.len() / 2] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_found(&landing, &["table replay_chunks: file ", "checksum"]).await;
    assert_found(&landing, &["table replay_chunks", "1 frame with another payload than landed: ", " chunk 0 part 0"])
        .await;
}

#[tokio::test]
async fn small_files_are_put_together_once_and_never_again() {
    let landing = Landing::new();
    let mut recordings = Recordings::of(landing.path());
    let mut counts = Vec::new();
    for night in 0..3 {
        for number in 1..6 {
            let mut recorder = recorder(night * 10 + number);
            recordings.land(&[recorder.snapshot(400), recorder.mutations(2)]);
            compacted(&landing.lake()).await;
        }
        let before = rows(&landing.lake(), CHUNKS).await;
        maintained(&landing, NOON + 24 * 3_600 * SECOND).await;
        maintained(&landing, NOON + 24 * 3_600 * SECOND).await;
        assert_eq!(rows(&landing.lake(), CHUNKS).await, before);
        counts.push(landing.lake().table(&REPLAY_CHUNKS).newest().await.unwrap().files.len());
    }
    // Late ones of a day are put together among themselves.
    assert_eq!(counts, [1, 2, 3]);
    // Files that were replaced lie there still.
    let mut times: BTreeMap<(String, i64, i64), u64> = BTreeMap::new();
    for path in curated_files(&landing, "replay_chunks") {
        for name in batches(&path).iter().flat_map(names) {
            *times.entry(name).or_default() += 1;
        }
    }
    assert!(times.len() == 30 && times.values().all(|times| *times == 2), "by its round and once more: {times:?}");
    assert_eq!(report(&landing).await.problems, Vec::<String>::new());
}

#[tokio::test]
async fn recordings_go_after_a_month_and_their_assets_a_week_later() {
    let landing = sound().await;
    let count = async |table: &str| number(&landing.lake(), &format!("select count(*) from {table}")).await;
    let day = 24 * 3_600 * SECOND;
    maintained(&landing, NOON + 30 * day).await;
    assert_eq!((count("replay_chunks").await, count("replay_assets").await), (6, 1));
    let told = maintained(&landing, NOON + 31 * day).await;
    assert!(told.iter().any(|line| line == "table replay_chunks: 6 frames removed from 1 files"), "{told:#?}");
    assert_eq!((count("replay_chunks").await, count("replay_assets").await), (0, 1));
    assert_eq!(report(&landing).await.problems, Vec::<String>::new());
    maintained(&landing, NOON + 38 * day).await;
    assert_eq!(count("replay_assets").await, 0);
    assert_eq!(report(&landing).await.problems, Vec::<String>::new());
}
