//! What the collector spends on the contracts: reading a body, writing its package.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use schemas::ingest::parse;
use schemas::package::{Context, encode};
use serde_json::Value;

/// One batch with the event of every good example.
fn body() -> (Vec<u8>, u64) {
    let mut examples: Vec<_> = std::fs::read_dir("examples/good").expect("the examples").flatten().collect();
    examples.sort_by_key(std::fs::DirEntry::path);
    let read = |path| serde_json::from_slice::<Value>(&std::fs::read(path).expect("readable")).expect("JSON");
    let mut batches = examples.iter().map(|file| read(file.path()));
    let mut batch = batches.next().expect("an example");
    let events = batch["events"].as_array_mut().expect("a list");
    events.extend(batches.map(|other| other["events"][0].clone()));
    let count = events.len() as u64;
    (serde_json::to_vec(&batch).expect("JSON"), count)
}

fn micro(criterion: &mut Criterion) {
    let (body, events) = body();
    let mut group = criterion.benchmark_group("schemas");
    group.throughput(Throughput::Elements(events));
    group.bench_function("parse", |bencher| bencher.iter(|| parse(black_box(&body)).expect("good")));
    let batch = parse(&body).expect("good");
    assert!(batch.rejects.is_empty());
    let context = Context { site_id: "shop", received_at: 1.0, user_agent: Some("agent"), client_address: None };
    let mut record = Vec::new();
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            record.clear();
            encode(&mut record, 1, &context, &batch.header, black_box(&batch.events));
        });
    });
}

criterion_group!(benches, micro);
criterion_main!(benches);
