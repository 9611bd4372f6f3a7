//! What a stream job spends on each step of a record's path.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use schemas::ingest::parse;
use schemas::package::{Context, encode};
use stream_jobs::stages::{SCHEMA_ID, Stages};

const RECORDS: usize = 100;
const EVENTS_PER_RECORD: usize = 50;
const AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

/// Packages of pointer trails, hovers and clicks, each of a visitor of its own.
fn payloads() -> Vec<Vec<u8>> {
    (0..RECORDS)
        .map(|visitor| {
            let events: Vec<String> = (0..EVENTS_PER_RECORD).map(event).collect();
            let id = |kind: u32| format!("{kind:08}-0000-4000-8000-{visitor:012}");
            let body = format!(
                r#"{{"batch_id":"{}","batch_seq":0,"visitor_id":"{}","tab_id":"{}","page_view_id":"{}","sent_at":1795250920115.25,
                "page":{{"url":"https://shop.example/boxes?size=m&utm_source=mail","title":"Boxes","viewport":[1280,720]}},"events":[{}]}}"#,
                id(1), id(2), id(3), id(4), events.join(",")
            );
            let batch = parse(body.as_bytes()).expect("good");
            assert!(batch.rejects.is_empty(), "{:?}", batch.rejects);
            let context =
                Context { site_id: "shop", received_at: 1_795_250_920_120.0, user_agent: Some(AGENT), client_address: None };
            let mut record = Vec::new();
            encode(&mut record, SCHEMA_ID, &context, &batch.header, &batch.events);
            record
        })
        .collect()
}

fn event(seq: usize) -> String {
    let at = 1_795_250_910_000 + seq * 100;
    let element = r#""element":{"path":"main>ul#boxes>li>a","tag":"a","text":"Box of oak","rect":[10,20,300,40]}"#;
    match seq % 3 {
        0 => format!(
            r#"{{"seq":{seq},"type":"pointer","at":{at},"trail":{{"dt":[0,8.3,8.3],"x":[4,5,7],"y":[3,3,4]}}}}"#
        ),
        1 => format!(r#"{{"seq":{seq},"type":"element_leave","at":{at},"duration_ms":81.5,{element}}}"#),
        _ => format!(r#"{{"seq":{seq},"type":"click","at":{at},"x":44.5,"y":31,"button":0,{element}}}"#),
    }
}

fn micro(criterion: &mut Criterion) {
    let mut stages = Stages::default();
    let mut payloads = payloads();
    let records = Stages::records(&payloads);
    payloads[RECORDS / 2].truncate(60);
    let one_bad = Stages::records(&payloads);
    let packages = stages.decode(&records);
    let mut flat = || stages.transform(&records, &packages).expect("our schema");
    let rows = Stages::assign(flat()).expect("few visitors");
    assert_eq!(rows.iter().map(|rows| rows.num_rows()).sum::<usize>(), RECORDS * EVENTS_PER_RECORD);

    let mut group = criterion.benchmark_group("stream-jobs");
    group.throughput(Throughput::Elements((RECORDS * EVENTS_PER_RECORD) as u64));
    group.bench_function("assign", |bencher| bencher.iter_batched(&mut flat, Stages::assign, BatchSize::SmallInput));
    group.bench_function("decode", |bencher| bencher.iter(|| stages.decode(&records)));
    group.bench_function("decode_one_bad", |bencher| bencher.iter(|| stages.decode(&one_bad)));
    group.bench_function("transform", |bencher| bencher.iter(|| stages.transform(&records, &packages)));
    group.bench_function("append", |bencher| bencher.iter(|| Stages::append(&rows)));
}

criterion_group!(benches, micro);
criterion_main!(benches);
