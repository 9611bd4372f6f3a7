use std::time::Duration;

use schemas::topics::EVENTS_AVRO;

use super::*;
use crate::config::Config;
use crate::testing::{RECEIVED_AT, SCHEMA_ID, batch, clicks, frame, frame_received, origin};

const SNAPSHOT_EVERY_LINKS: u64 = 3;

fn offsets(low: i64, high: i64) -> KafkaOffsets {
    KafkaOffsets { low, high, committed: None }
}

struct Bench {
    work: PartitionWork,
    content: Content,
}

impl Bench {
    fn new(kafka: KafkaOffsets) -> Self {
        let mut content = Content::events(&Config::default());
        content.decoder().learn(SCHEMA_ID, Some(EVENTS_AVRO.to_owned()));
        let mut work = PartitionWork::new("t", 2);
        work.loaded(None, Sessions::default(), kafka);
        Self { work, content }
    }

    fn push(&mut self, offset: i64, payload: &[u8]) {
        self.work.push(origin(offset), Some(payload), Instant::now());
    }

    fn seal(&mut self) -> Option<Link> {
        self.work.process(&mut self.content).unwrap();
        self.work.seal(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400), SNAPSHOT_EVERY_LINKS).unwrap();
        self.work.committing().map(|committing| committing.pending.link.clone())
    }

    fn land(&mut self) -> Link {
        let link = self.seal().expect("something was read");
        self.work.landed();
        link
    }
}

#[test]
fn links_cover_every_offset_whatever_kafka_leaves_out() {
    let mut bench = Bench::new(offsets(5, 100));
    assert_eq!(bench.work.position(), 5);
    assert!(bench.seal().is_none(), "nothing was read");
    // 5 and 6 are control records: the first link covers them.
    bench.push(7, &frame(&batch(1, clicks(0..3))));
    let first = bench.land();
    assert_eq!((first.sequence, first.start, first.end), (0, 5, 7));
    assert_eq!((first.counts.records, first.counts.events, first.files[0].rows), (1, 3, 3));
    assert!(first.files[0].path.starts_with("landing/data/t/p=2/dt=1970-01-02/"), "{}", first.files[0].path);

    bench.push(7, &frame(&batch(1, clicks(0..3))));
    assert!(bench.work.is_clean(), "a record from before the position is left out");
    bench.push(11, &frame(&batch(1, clicks(1..5))));
    let second = bench.land();
    assert_eq!((second.sequence, second.start, second.end), (1, 8, 11));
    assert_eq!((second.counts.events, second.counts.duplicates), (4, 2));
    assert_eq!(landing::check_chain(&[first, second]), []);
    assert_eq!((bench.work.position(), bench.work.committed()), (12, 12));
}

#[test]
fn poison_is_counted_and_kept_for_the_dead_letters() {
    let mut bench = Bench::new(offsets(0, 100));
    bench.push(0, b"\x01not a frame");
    bench.push(1, &frame(&batch(1, clicks(0..2))));
    let link = bench.seal().unwrap();
    assert_eq!((link.counts.records, link.counts.rejected, link.counts.events), (2, 1, 2));
    let committing = bench.work.committing().unwrap();
    let letter = &committing.rejected[0];
    assert_eq!((letter.offset, letter.reason.code, letter.raw.as_slice()), (0, "bad_magic", &b"\x01not a frame"[..]));

    let mut only_poison = Bench::new(offsets(0, 100));
    only_poison.push(0, b"");
    let link = only_poison.seal().unwrap();
    assert!(link.files.is_empty());
    assert_eq!((link.start, link.end, link.counts.rejected), (0, 0, 1));
}

#[test]
fn no_link_covers_records_that_were_not_processed() {
    let mut bench = Bench::new(offsets(0, 100));
    bench.push(0, &frame(&batch(1, clicks(0..1))));
    bench.work.process(&mut bench.content).unwrap();
    bench.push(1, &frame(&batch(1, clicks(1..2))));
    let refused = bench.work.seal(SystemTime::UNIX_EPOCH, SNAPSHOT_EVERY_LINKS).unwrap_err().to_string();
    assert!(refused.contains("t/2: 1 records wait"), "{refused}");
    assert!(bench.work.consumes() && bench.work.committing().is_none());
    assert_eq!(bench.seal().unwrap().end, 1, "what was refused is sealed once they are processed");
}

#[test]
fn records_that_come_while_a_link_is_written_belong_to_the_next() {
    let mut bench = Bench::new(offsets(0, 100));
    bench.push(0, &frame(&batch(1, clicks(0..1))));
    let first = bench.seal().unwrap();
    bench.push(1, &frame(&batch(1, clicks(1..2))));
    bench.work.landed();
    assert!(bench.work.opened_at().is_some());
    let second = bench.land();
    assert_eq!((first.end, second.start, second.end, second.counts.events), (0, 1, 1, 1));
}

#[test]
fn the_state_is_folded_now_and_then() {
    let mut bench = Bench::new(offsets(0, 100));
    let kinds: Vec<String> = (0..8)
        .map(|offset| {
            bench.push(offset, &frame(&batch(offset as u64, clicks(0..1))));
            let state = bench.land().state;
            state.iter().map(|key| if key.ends_with("snapshot") { 'S' } else { 'd' }).collect()
        })
        .collect();
    assert_eq!(kinds, ["S", "Sd", "Sdd", "S", "Sd", "Sdd", "S", "Sd"]);
}

#[test]
fn a_chain_that_does_not_fit_the_topic_stops_the_partition() {
    let mut bench = Bench::new(offsets(0, 100));
    bench.push(49, &frame(&batch(1, clicks(0..1))));
    let tail = bench.land();
    let stopped_of = |topic: &str, kafka: KafkaOffsets| {
        let mut work = PartitionWork::new(topic, 2);
        work.loaded(Some(tail.clone()), Sessions::default(), kafka);
        work.stopped().unwrap_or_default().to_owned()
    };
    let stopped = |kafka: KafkaOffsets| stopped_of(EVENTS, kafka);
    assert_eq!(stopped(offsets(0, 50)), "");
    assert_eq!(stopped(offsets(50, 50)), "");
    assert!(stopped(offsets(0, 49)).contains("resume --partition 2 --new-incarnation"));
    let of_another = stopped_of("telemetry.replay", offsets(0, 49));
    assert!(of_another.contains("resume --topic telemetry.replay --partition 2 --new-incarnation"), "{of_another}");
    assert!(stopped(offsets(51, 90)).contains("1 offsets before they were landed"));
    assert!(stopped(offsets(51, 90)).contains("--accept-gap"));
}

#[test]
fn a_new_incarnation_counts_on() {
    let base = offset_base(2);
    let mut bench = Bench::new(offsets(0, 100));
    bench.push(0, &frame(&batch(1, clicks(0..1))));
    let tail = Link { incarnation: 2, start: base - 1, end: base - 1, ..bench.land() };
    bench.work = PartitionWork::new("t", 2);
    bench.work.loaded(Some(tail), Sessions::default(), offsets(0, 10));
    assert_eq!(bench.work.position(), 0);
    bench.push(0, &frame(&batch(1, clicks(0..1))));
    let link = bench.land();
    assert_eq!((link.incarnation, link.start, link.end), (2, base, base));
    assert_eq!((bench.work.position(), bench.work.committed()), (1, 1));
}

#[test]
fn what_is_buffered_is_counted_until_it_is_landed() {
    let mut bench = Bench::new(offsets(0, 100));
    bench.push(0, &frame(&batch(1, clicks(0..10))));
    bench.work.process(&mut bench.content).unwrap();
    assert_eq!(bench.work.rows_buffered(), 10);
    assert!(bench.work.bytes_buffered() > 0);
    bench.seal().unwrap();
    assert_eq!(bench.work.rows_buffered(), 0);
    assert!(bench.work.bytes_buffered() > 0);
    bench.work.landed();
    assert_eq!(bench.work.bytes_buffered(), 0);
}

/// Rows that are late or duplicates, of the records before and after one that says when it was received.
fn late_beside(received_at: f64, timestamp_ms: Option<i64>) -> (u64, Option<i64>) {
    let mut bench = Bench::new(offsets(0, 100));
    bench.push(0, &frame(&batch(1, clicks(0..3))));
    let strange = serde_json::json!([{"seq": 0, "type": "click", "at": received_at.clamp(-1e308, 1e308)}]);
    let payload = frame_received(&batch(2, strange), received_at);
    bench.work.push(Origin { offset: 1, timestamp_ms }, Some(&payload), Instant::now());
    for (offset, visitor) in [(2, 3), (3, 4), (4, 1)] {
        let seqs = if visitor == 1 { 3..5 } else { 0..2 };
        bench.push(offset, &frame(&batch(visitor, clicks(seqs))));
    }
    let link = bench.land();
    assert_eq!(link.counts.events, 10);
    (link.counts.late, link.watermark)
}

#[test]
fn no_record_makes_the_others_late_whatever_it_says_of_its_time() {
    let now = RECEIVED_AT as i64;
    let year_ms = 365 * 86_400_000;
    let earliest = now * 1000 - 2 * 60_000_000;
    let watermarks = earliest..=earliest + 60_000_250;
    for received_at in [1e300, -1e300, f64::MAX, 0.0, -1.0, (now + year_ms) as f64, (now + 60_000) as f64] {
        for timestamp_ms in [Some(now), None, Some(-1), Some(i64::MAX), Some(i64::MIN), Some(0), Some(now + year_ms)] {
            let (late, reached) = late_beside(received_at, timestamp_ms);
            // One that nobody can date stands at the epoch.
            let of_itself = u64::from(!(RECEIVED_AT..=1e100).contains(&received_at));
            assert!(late <= of_itself, "{received_at} at {timestamp_ms:?}: {late} late");
            let reached = reached.unwrap();
            assert!(watermarks.contains(&reached), "{received_at} at {timestamp_ms:?}: {reached}");
        }
    }
}
