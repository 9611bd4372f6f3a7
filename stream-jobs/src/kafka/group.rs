//! The consumer group: what librdkafka tells about the assignment, and what it is told.
//!
//! The callback only notes what happened; the loop reads the chain first and then assigns with explicit offsets. Until
//! then librdkafka waits. Group offsets never decide where reading begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::base_consumer::BaseConsumer;
use rdkafka::consumer::{CommitMode, Consumer, ConsumerContext, RebalanceProtocol, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::config::{Config, GroupProtocol};
use crate::metrics::Metrics;

/// How long Kafka may take to answer a question about offsets.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Every five seconds librdkafka reports lag and which brokers are up.
const STATISTICS_INTERVAL_MS: &str = "5000";

/// After a broker's return the next attempt must come soon (TRUST.md: full rate within 15 s).
const RECONNECT_BACKOFF_MS_MAX: &str = "1000";

/// What happened to the assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupEvent {
    Assigned(Vec<i32>),
    Revoked(Vec<i32>),
}

/// Receives librdkafka's callbacks.
pub(crate) struct GroupContext {
    events: UnboundedSender<GroupEvent>,
    metrics: Metrics,
    topic: String,
    closing: AtomicBool,
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // librdkafka calls every lost connection an error; the chain keeps the data safe meanwhile.
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, "{message}");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => tracing::info!(facility, "{message}"),
            _ => tracing::debug!(facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The loop receives it too.
        tracing::debug!(%error, reason, "Kafka");
    }

    fn stats(&self, statistics: Statistics) {
        let up = statistics.brokers.values().any(|broker| broker.nodeid >= 0 && broker.state == "UP");
        self.metrics.set_not_ready("kafka", (!up).then(|| "no broker can be reached".to_owned()));
        let Some(topic) = statistics.topics.get(&self.topic) else { return };
        for partition in topic.partitions.values().filter(|partition| partition.desired && partition.app_offset >= 0) {
            let lag = (partition.hi_offset - partition.app_offset).max(0);
            self.metrics.lag.with_label_values(&[&partition.partition.to_string()]).set(lag);
        }
    }
}

impl ConsumerContext for GroupContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if self.closing.load(Ordering::Acquire) {
            // Nobody listens any more, and closing waits for an answer.
            answer_revoke(consumer, partitions);
            return;
        }
        let numbers = partitions.elements().iter().map(|element| element.partition()).collect();
        let event = match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => GroupEvent::Assigned(numbers),
            _ => GroupEvent::Revoked(numbers),
        };
        if self.events.send(event).is_err() {
            answer_revoke(consumer, partitions);
        }
    }
}

fn answer_revoke<C: ConsumerContext>(consumer: &impl Consumer<C>, partitions: &TopicPartitionList) {
    let answered = match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(partitions),
        _ => consumer.unassign(),
    };
    if let Err(error) = answered {
        tracing::debug!(%error, "giving partitions back while closing");
    }
}

/// What Kafka says of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KafkaOffsets {
    /// First offset that is still there.
    pub low: i64,
    /// Offset after the last.
    pub high: i64,
    /// The group's committed offset: a hint where the chain ends, never more.
    pub committed: Option<i64>,
}

/// A member of the consumer group.
pub(crate) struct Group {
    pub consumer: Arc<StreamConsumer<GroupContext>>,
    topic: String,
}

impl Drop for Group {
    fn drop(&mut self) {
        // The loop may end between an event and its answer (a test drops it anywhere): librdkafka would wait for ever.
        self.consumer.context().closing.store(true, Ordering::Release);
        answer_revoke(&*self.consumer, &self.consumer.assignment().unwrap_or_default());
    }
}

impl Group {
    /// Makes the member; nothing is read before [`join`](Self::join).
    pub(crate) fn new(config: &Config, metrics: &Metrics) -> Result<(Self, UnboundedReceiver<GroupEvent>)> {
        let (events, receiver) = unbounded_channel();
        let context = GroupContext {
            events,
            metrics: metrics.clone(),
            topic: config.topic.clone(),
            closing: AtomicBool::new(false),
        };
        let consumer = StreamConsumer::from_config_and_context(&consumer_config(config), context)
            .context("the Kafka consumer cannot be made: look at the kafka options")?;
        Ok((Self { consumer: Arc::new(consumer), topic: config.topic.clone() }, receiver))
    }

    pub(crate) fn join(&self) -> Result<()> {
        self.consumer
            .subscribe(&[&self.topic])
            .with_context(|| format!("the topic {} cannot be subscribed", self.topic))
    }

    /// Whether the partitions are gone already: others may read them, so nothing is flushed.
    pub(crate) fn assignment_lost(&self) -> bool {
        self.consumer.assignment_lost()
    }

    /// Takes the partitions at these offsets; `None`: at the end, for one that is paused and sought later.
    pub(crate) fn take(&self, partitions: &[(i32, Option<i64>)]) -> Result<()> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for (partition, offset) in partitions {
            list.add_partition_offset(&self.topic, *partition, offset.map_or(Offset::End, Offset::Offset))?;
        }
        match self.consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => self.consumer.incremental_assign(&list)?,
            _ => self.consumer.assign(&list)?,
        }
        Ok(())
    }

    /// Gives the partitions back.
    pub(crate) fn give_back(&self, partitions: &[i32]) -> Result<()> {
        match self.consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => self.consumer.incremental_unassign(&self.list(partitions))?,
            _ => self.consumer.unassign()?,
        }
        Ok(())
    }

    pub(crate) fn pause(&self, partition: i32) -> Result<()> {
        Ok(self.consumer.pause(&self.list(&[partition]))?)
    }

    pub(crate) fn resume(&self, partition: i32) -> Result<()> {
        Ok(self.consumer.resume(&self.list(&[partition]))?)
    }

    /// The next record of the partition will be the one at `offset`.
    pub(crate) async fn seek(&self, partition: i32, offset: i64) -> Result<()> {
        let (consumer, topic) = (self.consumer.clone(), self.topic.clone());
        tokio::task::spawn_blocking(move || consumer.seek(&topic, partition, Offset::Offset(offset), ANSWER_TIMEOUT))
            .await?
            .with_context(|| format!("{}/{partition} cannot be set to offset {offset}", self.topic))
    }

    /// Commits the group's offset; it serves lag metrics and hints, never correctness, so its failure is no error.
    pub(crate) fn commit(&self, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        let committed = list
            .add_partition_offset(&self.topic, partition, Offset::Offset(offset))
            .and_then(|()| self.consumer.commit(&list, CommitMode::Async));
        if let Err(error) = committed {
            tracing::debug!(%error, partition, offset, "committing the group's offset");
        }
    }

    /// The group's committed offset.
    pub(crate) async fn committed(&self, partition: i32) -> Result<Option<i64>> {
        let (consumer, list) = (self.consumer.clone(), self.list(&[partition]));
        let committed = tokio::task::spawn_blocking(move || consumer.committed_offsets(list, ANSWER_TIMEOUT)).await??;
        Ok(committed.elements().first().and_then(|element| match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }))
    }

    /// First and last offset that Kafka has.
    pub(crate) async fn offsets(&self, partition: i32, committed: Option<i64>) -> Result<KafkaOffsets> {
        let (consumer, topic) = (self.consumer.clone(), self.topic.clone());
        let (low, high) =
            tokio::task::spawn_blocking(move || consumer.fetch_watermarks(&topic, partition, ANSWER_TIMEOUT))
                .await?
                .with_context(|| format!("the offsets of {}/{partition} cannot be asked for", self.topic))?;
        Ok(KafkaOffsets { low, high, committed })
    }

    fn list(&self, partitions: &[i32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(&self.topic, *partition);
        }
        list
    }
}

/// Whom a librdkafka option is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Consumer,
    Producer,
}

/// Options of one client: the `own` ones, and over them the configured ones that are not for the other role.
pub(crate) fn client_config(config: &Config, role: Role, own: &[(&str, &str)]) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", &config.brokers)
        .set("client.id", "stream-jobs")
        .set("reconnect.backoff.max.ms", RECONNECT_BACKOFF_MS_MAX);
    own.iter().for_each(|(key, value)| _ = client.set(*key, *value));
    for (key, value) in config.kafka.iter().filter(|(key, _)| role_of(key).is_none_or(|its| its == role)) {
        client.set(key, value);
    }
    client
}

/// `None`: both.
fn role_of(key: &str) -> Option<Role> {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| key.starts_with(prefix));
    let consumer =
        ["fetch.", "group.", "queued.", "session.", "heartbeat.", "max.poll.", "max.partition.", "partition."];
    let producer = ["enable.idempotence", "max.in.flight", "acks", "linger.", "compression.", "message.", "retries"];
    if begins(&consumer) {
        Some(Role::Consumer)
    } else if begins(&producer) {
        Some(Role::Producer)
    } else {
        None
    }
}

fn consumer_config(config: &Config) -> ClientConfig {
    let (protocol, value) = match config.group_protocol {
        GroupProtocol::Classic => ("partition.assignment.strategy", "range,roundrobin"),
        GroupProtocol::Consumer | GroupProtocol::Auto => ("group.protocol", "consumer"),
    };
    let mut client = client_config(config, Role::Consumer, &[(protocol, value)]);
    client
        .set("group.id", &config.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // The chain says where to read; an offset that Kafka does not have is a fault to look at, never a reset.
        .set("auto.offset.reset", "error")
        .set("statistics.interval.ms", STATISTICS_INTERVAL_MS);
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configured_options_go_over_our_own_and_to_their_own_client_only() {
        let kafka = [("enable.idempotence", "false"), ("fetch.wait.max.ms", "1000"), ("sasl.username", "me")];
        let kafka = kafka.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let config = Config { kafka, group_protocol: GroupProtocol::Classic, ..Config::default() };
        let producer = client_config(&config, Role::Producer, &[("enable.idempotence", "true"), ("acks", "all")]);
        let consumer = consumer_config(&config);
        assert_eq!(producer.get("enable.idempotence"), Some("false"));
        assert_eq!((producer.get("acks"), producer.get("fetch.wait.max.ms")), (Some("all"), None));
        assert_eq!((consumer.get("fetch.wait.max.ms"), consumer.get("enable.idempotence")), (Some("1000"), None));
        assert_eq!(consumer.get("auto.offset.reset"), Some("error"));
        assert_eq!((producer.get("sasl.username"), consumer.get("sasl.username")), (Some("me"), Some("me")));
    }
}
