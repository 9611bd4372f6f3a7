use super::*;
use crate::pipeline::usage::CpuSeconds;

fn run(seconds: f64) -> Run {
    let used = |name, seconds| Used {
        name,
        cpu: CpuSeconds { user: seconds, system: 0.0 },
        peak_mib: Some(64.0),
        events: 2_000_000,
    };
    Run {
        processes: vec![used("collector", seconds), used("kafka", 8.0), used("stream-jobs", 4.0)],
        limits: vec![used("rdkafka produce alone", 2.0)],
        posted_s: 20.0,
        landed_s: 25.0,
        compacted_s: Some(3.0),
        answer_median_ms: 30.0,
        answer_p99_ms: 60.0,
        retries: 0,
        records: 40_000,
        bytes: vec![("JSON bodies", 880_000_000), ("Kafka log", 0), ("landing", 0), ("curated", 0)],
    }
}

#[test]
fn the_page_shows_cost_rate_and_ratio() {
    let machine = Machine {
        date: String::new(),
        commit: String::new(),
        cores: 2,
        cpu: String::new(),
        memory_gib: 8.0,
        kernel: String::new(),
        load: String::new(),
        rust: String::new(),
        librdkafka: String::new(),
        parts: Vec::new(),
    };
    let report = Report {
        machine,
        command: "bench pipeline".into(),
        profile: "release".into(),
        warehouse_profile: Some("debug".into()),
        events: 2_000_000,
        warm_up_events: 200_000,
        batches: 44_000,
        events_per_batch: 50.0,
        runs: vec![run(4.0), run(6.0), run(5.0)],
    };
    let text = report.markdown();
    let row =
        "| collector | 2.50 (2.00 to 3.00) | 0.00 (0.00 to 0.00) | 400,000 (333,333 to 500,000) | 64 (64 to 64) |";
    assert!(text.contains(row), "{text}");
    assert!(text.contains("collector / rdkafka produce alone: 2.50 (2.00 to 3.00)"), "{text}");
    assert!(text.contains("- JSON bodies: 400.0 (400.0 to 400.0)"), "{text}");
    assert!(text.contains("release build; warehouse: debug build"), "{text}");
}

#[test]
fn numbers_for_people() {
    assert_eq!(grouped(1_234_567.4, 0), "1,234,567");
    assert_eq!(grouped(999.25, 1), "999.2");
    assert_eq!(grouped(-1234.0, 0), "-1,234");
}

#[test]
fn one_value_stands_alone_and_several_show_their_spread() {
    assert_eq!(spread(&[3.5], 1), "3.5");
    assert_eq!(spread(&[4.0, 1.0, 2.0], 0), "2 (1 to 4)");
    assert_eq!(spread(&[1.0, 2.0], 1), "1.5 (1.0 to 2.0)");
    assert_eq!(spread(&[], 0), "not measured");
}
