//! What becomes of every good example of the contract: its landing row, and its rows in `events`, `sessions` and
//! `page_views`. A difference that you meant is taken over by `INSTA_UPDATE=always`.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use schemas::ingest::parse;
use schemas::landing::{DataFile, Link, LinkCounts, data_key, link_key};
use schemas::package::{Context, encode};
use schemas::topics::EVENTS;
use serde_json::{Map, Value};
use stream_jobs::stages::{SCHEMA_ID, Stages};
use tempfile::tempdir;
use uuid::Uuid;
use warehouse::compact::compact;
use warehouse::format::{self, Answer};
use warehouse::query::{Limits, query};
use warehouse::{Lake, Resources, Store};

/// Collector clock, 5 ms after the examples were sent.
const RECEIVED_AT: f64 = 1_795_250_920_120.25;
const AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
/// Of the examples that somebody made with a finger.
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

/// A row by the names of its columns.
type Row = Map<String, Value>;

/// Name and text of each example.
fn examples() -> BTreeMap<String, String> {
    let folder = Path::new("../schemas/examples/good");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// As the stream job lands them, each example as a site of its own.
fn landing_rows(examples: &BTreeMap<String, String>) -> Vec<RecordBatch> {
    let payloads: Vec<Vec<u8>> = examples
        .iter()
        .map(|(name, body)| {
            let batch = parse(body.as_bytes()).unwrap();
            assert!(batch.rejects.is_empty(), "{name}: {:?}", batch.rejects);
            let agent = if body.contains(r#""pointer_type": "touch""#) { PHONE } else { AGENT };
            let context =
                Context { site_id: name, received_at: RECEIVED_AT, user_agent: Some(agent), client_address: None };
            let mut record = Vec::new();
            encode(&mut record, SCHEMA_ID, &context, &batch.header, &batch.events);
            record
        })
        .collect();
    let mut stages = Stages::default();
    let records = Stages::records(&payloads);
    let packages = stages.decode(&records);
    Stages::assign(stages.transform(&records, &packages).unwrap()).unwrap()
}

/// Lands the rows in one file and one link.
fn land(store: &Path, rows: &[RecordBatch], records: i64) {
    let bytes = Stages::append(rows).unwrap();
    let count = rows.iter().map(|rows| rows.num_rows() as u64).sum();
    let file = DataFile {
        path: data_key(EVENTS, 0, "2026-11-21", Uuid::nil()),
        rows: count,
        bytes: bytes.len() as u64,
        checksum: String::new(),
        occurred_min: 0,
        occurred_max: 0,
    };
    let put = |path: PathBuf, bytes: &[u8]| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    put(store.join(&file.path), &bytes);
    let link = Link {
        topic: EVENTS.into(),
        partition: 0,
        incarnation: 0,
        sequence: 0,
        start: 0,
        end: records - 1,
        files: vec![file],
        counts: LinkCounts { records: records as u64, events: count, ..LinkCounts::default() },
        watermark: None,
        state: Vec::new(),
        writer: Uuid::nil(),
        written_at: 0,
        gap_from: None,
    };
    put(store.join(link_key(EVENTS, 0, 0)), &serde_json::to_vec(&link).unwrap());
}

/// Rows of an answer by their site.
fn by_site(answer: &Answer) -> BTreeMap<String, Vec<Row>> {
    let json = format::json(answer);
    let names = json["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap().to_owned());
    let names: Vec<String> = names.collect();
    let mut sites: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in json["rows"].as_array().unwrap() {
        let row: Row = names.iter().cloned().zip(row.as_array().unwrap().iter().cloned()).collect();
        sites.entry(row["site_id"].as_str().unwrap().to_owned()).or_default().push(row);
    }
    sites
}

async fn tables(lake: &Lake) -> Vec<(&'static str, BTreeMap<String, Vec<Row>>)> {
    let mut tables = Vec::new();
    for (table, order) in [("events", "seq"), ("sessions", "session_id"), ("page_views", "page_view_id")] {
        let sql = format!("select * from {table} order by site_id, {order}");
        tables.push((table, by_site(&query(lake, &sql, Limits::answer()).await.unwrap())));
    }
    tables
}

/// A row without what is null, counted as nothing, or alike in `known`, and without its place among the examples.
fn told(row: &Row, known: Option<&Row>) -> String {
    let nothing = |name: &str, value: &Value| {
        value.is_null() || (name.ends_with("_count") && *value == 0) || name == "kafka_offset"
    };
    let new = row.iter().filter(|(name, value)| !nothing(name, value));
    let new = new.filter(|(name, value)| known.is_none_or(|known| known.get(*name) != Some(value)));
    new.map(|(name, value)| format!("  {name}: {value}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_good_example_lands_and_stands_in_the_tables() {
    let examples = examples();
    let landed = landing_rows(&examples);
    let store = tempdir().unwrap();
    land(store.path(), &landed, examples.len() as i64);
    let url = url::Url::from_directory_path(store.path()).unwrap();
    let lake = Lake::open(Store::open(url.as_str()).unwrap(), Resources::default()).unwrap();
    let before = tables(&lake).await;
    compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!(tables(&lake).await, before, "the same before and after compaction");

    let landed = by_site(&Answer { schema: landed[0].schema(), batches: landed });
    assert!(landed.keys().eq(examples.keys()), "every example lands");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        for (name, rows) in &landed {
            let mut text: String = rows.iter().map(|row| format!("landing\n{}", told(row, None))).collect();
            for (table, sites) in &before {
                for (row, landed) in sites[name].iter().zip(rows) {
                    // what of the event is as it landed is not said again
                    text.push_str(&format!("{table}\n{}", told(row, (*table == "events").then_some(landed))));
                }
            }
            insta::assert_snapshot!(name.as_str(), text);
        }
    });
}
