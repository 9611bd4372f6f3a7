//! Physical limits: what the libraries below spend on the same bytes when nothing else is done with them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde::de::IgnoredAny;

use super::usage::{CpuSeconds, cpu_of};
use crate::traffic::Batch;

/// What the collector sets its producer to (`collector/src/kafka/producer.rs`); the plain producer gets the same.
pub(crate) const PRODUCER_OPTIONS: [(&str, &str); 5] = [
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("compression.codec", "zstd"),
    ("linger.ms", "20"),
    ("partitioner", "murmur2_random"),
];
/// Topic of the plain producer.
const TOPIC: &str = "bench.limit";
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// A broker that says nothing for this long has a problem.
const SILENCE_MAX: Duration = Duration::from_secs(30);
const FLUSH_TIMEOUT: Duration = Duration::from_secs(120);

/// The records of a topic, as the collector made them.
pub(crate) struct Records {
    items: Vec<(Vec<u8>, Vec<u8>)>,
    pub partitions: i32,
    /// Records of the whole topic; more than were kept if they were too large for memory.
    pub count_in_topic: u64,
    /// What reading cost: the limit of every consumer.
    pub reading: CpuSeconds,
}

impl Records {
    /// Bytes of the values that were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.items.iter().map(|(_, payload)| payload.len() as u64).sum()
    }

    /// Records that were read.
    pub(crate) fn count(&self) -> u64 {
        self.items.len() as u64
    }

    /// Part of the topic's records that were read (1: all).
    pub(crate) fn part(&self) -> f64 {
        self.items.len() as f64 / self.count_in_topic.max(1) as f64
    }
}

/// Reads a topic with rdkafka, doing nothing else. The records are kept in memory until they are produced; beyond `bytes_max` a
/// part of them stands for all.
pub(crate) fn read(bootstrap: &str, topic: &str, bytes_max: usize) -> Result<Records> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "bench")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "false")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), SILENCE_MAX)?;
    let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len() as i32);
    let mut assignment = TopicPartitionList::new();
    let mut count_in_topic = 0u64;
    for partition in 0..partitions {
        let (low, high) = consumer.fetch_watermarks(topic, partition, SILENCE_MAX)?;
        count_in_topic += u64::try_from(high - low).unwrap_or_default();
        assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    let before = cpu_of(std::process::id())?;
    consumer.assign(&assignment)?;
    let mut items = Vec::with_capacity(usize::try_from(count_in_topic).unwrap_or_default());
    let (mut bytes, mut heard) = (0, Instant::now());
    while (items.len() as u64) < count_in_topic && bytes < bytes_max {
        match consumer.poll(POLL_TIMEOUT) {
            Some(record) => {
                let record = record?;
                let (key, payload) = (record.key().unwrap_or_default(), record.payload().unwrap_or_default());
                bytes += payload.len();
                items.push((key.to_vec(), payload.to_vec()));
                heard = Instant::now();
            }
            None if heard.elapsed() > SILENCE_MAX => {
                bail!("{topic}: {} of {count_in_topic} records came, then none for {SILENCE_MAX:?}", items.len())
            }
            None => {}
        }
    }
    let reading = cpu_of(std::process::id())? - before;
    Ok(Records { items, partitions, count_in_topic, reading })
}

/// Makes the topic that [`produce`] writes to, with as many partitions as the records came from.
pub(crate) async fn create_topic(bootstrap: &str, records: &Records) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", bootstrap).create()?;
    let topic = NewTopic::new(TOPIC, records.partitions, TopicReplication::Fixed(1));
    for created in admin.create_topics([&topic], &AdminOptions::new()).await? {
        created.map_err(|(topic, code)| anyhow!("topic {topic} cannot be made: {code}"))?;
    }
    Ok(())
}

/// Produces the records with these settings and nothing else; returns the CPU time of this process.
pub(crate) fn produce(bootstrap: &str, records: &Records, options: &[(&str, &str)]) -> Result<CpuSeconds> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    for (option, value) in options {
        config.set(*option, *value);
    }
    let producer: BaseProducer = config.create().context("the plain producer cannot be made")?;
    let before = cpu_of(std::process::id())?;
    for (key, payload) in &records.items {
        send(&producer, key, payload)?;
    }
    producer.flush(FLUSH_TIMEOUT)?;
    Ok(cpu_of(std::process::id())? - before)
}

fn send(producer: &BaseProducer, key: &[u8], payload: &[u8]) -> Result<()> {
    let mut record = BaseRecord::to(TOPIC).key(key).payload(payload);
    loop {
        match producer.send(record) {
            Ok(()) => {
                producer.poll(Duration::ZERO);
                return Ok(());
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                producer.poll(POLL_TIMEOUT);
                record = refused;
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

/// CPU time of reading the bodies' JSON: only its syntax, and by the ingest contract's own parser.
pub(crate) fn parse(batches: &[Batch]) -> Result<(CpuSeconds, CpuSeconds)> {
    let start = cpu_of(std::process::id())?;
    for batch in batches {
        black_box(serde_json::from_slice::<IgnoredAny>(&batch.body)?);
    }
    let between = cpu_of(std::process::id())?;
    for batch in batches {
        black_box(schemas::ingest::parse(&batch.body)?);
    }
    Ok((between - start, cpu_of(std::process::id())? - between))
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;

    use super::*;

    #[test]
    fn what_is_produced_is_read_again() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, 2, 1).unwrap();
        let items = (0..500u32).map(|number| (number.to_le_bytes().to_vec(), vec![b'x'; 400])).collect();
        let made = Records { items, partitions: 2, count_in_topic: 500, reading: CpuSeconds::default() };
        produce(&cluster.bootstrap_servers(), &made, &[("acks", "all"), ("linger.ms", "5")]).unwrap();
        let mut read = read(&cluster.bootstrap_servers(), TOPIC, usize::MAX).unwrap();
        assert_eq!((read.partitions, read.count_in_topic, read.part()), (2, 500, 1.0));
        read.items.sort();
        let mut expected = made.items;
        expected.sort();
        assert_eq!(read.items, expected);
    }

    #[test]
    fn a_part_stands_for_all() {
        let items = vec![(Vec::new(), Vec::new()); 3];
        let records = Records { items, partitions: 1, count_in_topic: 12, reading: CpuSeconds::default() };
        assert_eq!(records.part(), 0.25);
    }
}
