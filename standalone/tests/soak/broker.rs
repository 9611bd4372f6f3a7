//! What somebody who reaches the broker itself can do.

use std::time::{Duration, Instant};

use rand::Rng;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use super::attacks::Attacker;
use super::system::{Tab, kill_broker_log, now_ms, post};

const TOPIC: &str = "telemetry.events";
const WITHIN: Duration = Duration::from_secs(10);
const PARTITIONS: i32 = 2;

/// Records that are no package.
pub(crate) fn poison(attacker: &mut Attacker) -> String {
    let mut cut = vec![0, 0, 0, 0, 1];
    cut.extend((0..40).map(|_| attacker.tab.random.random::<u8>()));
    let payloads: [&[u8]; 4] = [b"\x01poison", b"", b"\x00\x00\x00\xff\xffunknown schema", &cut];
    let payload = payloads[attacker.tab.random.random_range(0..payloads.len())];
    produce(attacker, payload)
}

/// A package whose collector's clock says 1e300.
pub(crate) fn far_future(attacker: &mut Attacker) -> String {
    let Some(mut record) = own_record(attacker) else { return "no record to change".to_owned() };
    let other = Tab::new(attacker.tab.random.random(), 0);
    let Some(received_at) = forge(&mut record, &attacker.tab.tab_id, &other.tab_id) else {
        return "the record is of another shape".to_owned();
    };
    record[received_at..received_at + 8].copy_from_slice(&1e300_f64.to_le_bytes());
    // it may be landed, once, or be refused
    attacker.outcome.given_up.insert((other.tab_id, 0));
    produce(attacker, &record)
}

/// A request at which tansu's storage panics.
pub(crate) fn kill_log(attacker: &mut Attacker) -> String {
    match kill_broker_log(&attacker.target.kafka) {
        Ok(()) => "answered".to_owned(),
        Err(_) => "connection closed".to_owned(),
    }
}

/// Sent as a browser would, and read back from the broker.
fn own_record(attacker: &mut Attacker) -> Option<Vec<u8>> {
    // one event with number 0, from a tab of its own
    let mut tab = Tab::new(attacker.tab.random.random(), 1);
    let click = tab.click(now_ms());
    let batch = tab.batch_of(vec![click]);
    let url = format!("{}/v1/events", attacker.target.collector_url);
    let answer = post(&url, Some(&attacker.target.write_key), &batch.to_string());
    let accepted = answer.is_ok_and(|answer| answer.status == 200);
    let book = if accepted { &mut attacker.outcome.answered_200 } else { &mut attacker.outcome.given_up };
    book.insert((tab.tab_id.clone(), 0));
    let needle = tab.tab_id.clone().into_bytes();
    attacker.tab = tab;
    accepted.then(|| find_record(&attacker.target.kafka, &needle)).flatten()
}

/// The newest record that holds these bytes.
fn find_record(kafka: &str, needle: &[u8]) -> Option<Vec<u8>> {
    let consumer: BaseConsumer =
        client(kafka).set("group.id", "soak").set("enable.auto.commit", "false").create().ok()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        let (low, high) = consumer.fetch_watermarks(TOPIC, partition, WITHIN).ok()?;
        list.add_partition_offset(TOPIC, partition, Offset::Offset((high - 200).max(low))).ok()?;
    }
    consumer.assign(&list).ok()?;
    let until = Instant::now() + WITHIN;
    while Instant::now() < until {
        if let Some(Ok(record)) = consumer.poll(Duration::from_millis(500)) {
            let payload = record.payload().unwrap_or_default();
            if position(payload, needle).is_some() {
                return Some(payload.to_vec());
            }
        }
    }
    None
}

/// Gives the package another tab; where its `received_at` stands: behind `sent_at`, and both are this minute.
fn forge(record: &mut [u8], tab: &str, other: &str) -> Option<usize> {
    let at = position(record, tab.as_bytes())?;
    record[at..at + other.len()].copy_from_slice(other.as_bytes());
    let recent = |at: usize| {
        let bytes: [u8; 8] = record.get(at..at + 8)?.try_into().ok()?;
        Some((f64::from_le_bytes(bytes) - now_ms()).abs() < 60_000.0)
    };
    (at..record.len()).find(|at| recent(*at) == Some(true) && recent(at + 8) == Some(true)).map(|at| at + 8)
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn produce(attacker: &mut Attacker, payload: &[u8]) -> String {
    let producer: Result<BaseProducer, _> = client(&attacker.target.kafka).set("message.timeout.ms", "5000").create();
    let Ok(producer) = producer else { return "no producer".to_owned() };
    let partition = attacker.tab.random.random_range(0..PARTITIONS);
    let record = BaseRecord::<[u8], [u8]>::to(TOPIC).key(b"demo-shop/soak").partition(partition).payload(payload);
    if producer.send(record).is_err() || producer.flush(WITHIN).is_err() {
        return "not produced".to_owned();
    }
    "produced".to_owned()
}

fn client(kafka: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", kafka).set("log_level", "0");
    client
}
