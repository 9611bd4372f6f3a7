use std::collections::{BTreeMap, HashMap};

use schemas::ingest;

use super::*;

const BASE_MS: f64 = 1_795_250_000_000.0;

fn rough(seed: u64, events: u64) -> Vec<Batch> {
    Traffic::new(seed, Profile::rough(BASE_MS, events)).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bodies = |seed| rough(seed, 5_000).into_iter().map(|batch| batch.body).collect::<Vec<_>>();
    assert_eq!(bodies(7), bodies(7));
    assert_ne!(bodies(7), bodies(8));
}

#[test]
fn the_number_of_distinct_events_is_exact() {
    for events in [1, 49, 1_234, 30_000] {
        let batches = rough(3, events);
        let distinct: u64 = batches.iter().filter(|batch| !batch.repeat).map(|batch| u64::from(batch.events)).sum();
        assert_eq!(distinct, events);
    }
}

#[test]
fn every_batch_passes_the_ingest_parser_and_counts_its_types() {
    for batch in rough(11, 20_000) {
        let parsed = ingest::parse(&batch.body).unwrap_or_else(|error| panic!("{error}: {:?}", batch.body));
        assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects);
        let mut counts = TypeCounts::default();
        parsed.events.iter().for_each(|event| counts.add(event.kind));
        assert_eq!(counts, batch.counts);
        assert_eq!(parsed.header.visitor_id.0, batch.visitor_id);
        for event in &parsed.events {
            assert!(event.at.0 <= parsed.header.sent_at.0, "an event is older than its sending");
        }
    }
}

#[test]
fn batches_follow_the_json_schema() {
    let schema = include_str!("../../../schemas/json/batch.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    for batch in rough(12, 3_000) {
        let value = serde_json::from_slice(&batch.body).unwrap();
        if let Err(error) = validator.validate(&value) {
            panic!("{error}");
        }
    }
}

#[test]
fn seq_and_batch_seq_have_no_gaps_in_a_tab() {
    let mut tabs: HashMap<_, BTreeMap<i64, Vec<i64>>> = HashMap::new();
    for batch in rough(13, 40_000) {
        let parsed = ingest::parse(&batch.body).unwrap();
        let seqs = parsed.events.iter().map(|event| event.seq.0).collect::<Vec<_>>();
        let known = tabs.entry(parsed.header.tab_id.0).or_default().insert(parsed.header.batch_seq.0, seqs);
        assert_eq!(known.is_some(), batch.repeat);
    }
    for batches in tabs.values() {
        assert!(batches.keys().copied().eq(0..batches.len() as i64));
        let seqs = batches.values().flatten().copied().collect::<Vec<_>>();
        assert!(seqs.iter().copied().eq(0..seqs.len() as i64));
    }
}

#[test]
fn batches_come_in_the_order_of_sending() {
    let batches = rough(14, 30_000);
    assert!(batches.is_sorted_by(|one, other| one.sent_ms <= other.sent_ms));
    assert!(batches.iter().any(|batch| batch.late) && batches.iter().any(|batch| batch.repeat));
}

#[test]
fn the_mix_is_plausible() {
    const VISITORS: usize = 40;
    let batches: Vec<_> =
        Traffic::new(15, Profile { visitors_at_once: VISITORS, ..Profile::plain(BASE_MS, 60_000) }).collect();
    let mut counts = TypeCounts::default();
    batches.iter().for_each(|batch| counts.add_all(&batch.counts));
    let share = |kind: ingest::EventType| counts.get(kind) as f64 / counts.total() as f64;
    let pointer = share(ingest::EventType::Pointer);
    assert!(
        (0.40..0.50).contains(&pointer),
        "pointer trails are {pointer:.3} of all events: {:?}",
        counts.iter().collect::<Vec<_>>()
    );
    assert!(share(ingest::EventType::Error) < 0.005);
    assert!(counts.iter().count() >= 22, "{:?}", counts.iter().collect::<Vec<_>>());
    assert!(batches.iter().all(|batch| batch.events <= 50));
    let steady = BASE_MS + 120_000.0..BASE_MS + 420_000.0;
    let events: u64 =
        batches.iter().filter(|batch| steady.contains(&batch.sent_ms)).map(|batch| u64::from(batch.events)).sum();
    let rate = events as f64 / 300.0 / VISITORS as f64;
    let expected = EVENTS_PER_SECOND_OF_A_VISITOR;
    assert!((0.7 * expected..1.4 * expected).contains(&rate), "a visitor makes {rate:.2} events a second");
}

#[test]
fn traffic_of_the_past_ends_before_now() {
    for events in [100, 400_000] {
        let profile = Profile::plain(Profile::past(BASE_MS, events), events);
        assert!(Traffic::new(17, profile).all(|batch| batch.sent_ms < BASE_MS), "{events}");
    }
    let hours_ago = |events| (BASE_MS - Profile::past(BASE_MS, events)) / 3_600_000.0;
    assert!((6.0..6.001).contains(&hours_ago(2_200_000)), "{}", hours_ago(2_200_000));
    assert!((30.0..48.0).contains(&hours_ago(50_000_000)), "{}", hours_ago(50_000_000));
}

#[test]
fn visitors_return_after_the_session_gap_and_use_several_tabs() {
    let mut times: HashMap<_, Vec<f64>> = HashMap::new();
    let mut tabs: HashMap<_, Vec<_>> = HashMap::new();
    for batch in Traffic::new(16, Profile { visitors_at_once: 2, ..Profile::plain(BASE_MS, 40_000) }) {
        let parsed = ingest::parse(&batch.body).unwrap();
        let offset_ms = parsed.header.clock.as_ref().unwrap().offset_ms.0;
        times.entry(batch.visitor_id).or_default().extend(parsed.events.iter().map(|event| event.at.0 + offset_ms));
        let seen = tabs.entry(batch.visitor_id).or_default();
        if !seen.contains(&parsed.header.tab_id.0) {
            seen.push(parsed.header.tab_id.0);
        }
    }
    let mut gaps = 0;
    for times in times.values_mut() {
        times.sort_by(f64::total_cmp);
        gaps += times.windows(2).filter(|pair| pair[1] - pair[0] > 1_800_000.0).count();
    }
    assert!(gaps > 3, "{gaps} session gaps");
    assert!(tabs.values().any(|tabs| tabs.len() > 1));
}
