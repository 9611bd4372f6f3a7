//! Refused records on their way to the dead-letter topic.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use futures::future::try_join_all;
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use schemas::dead_letter::{DeadLetter, encode};
use tokio::sync::OnceCell;

use crate::decode::Reason;
use crate::registry::{Registry, Unreachable};

/// The stage that these dead letters name.
const STAGE: &str = "stream-jobs";
/// How long one attempt to deliver may take; the partition waits, and comes back.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// One refused record.
#[derive(Clone, Debug)]
pub struct RejectedRecord {
    pub offset: i64,
    pub reason: Reason,
    /// Whole; the encoder cuts it.
    pub raw: Vec<u8>,
}

/// Writes dead letters with acks=all.
pub struct DeadLetters {
    producer: FutureProducer,
    topic: String,
    schema_id: OnceCell<u32>,
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DeadLetters").field("topic", &self.topic).finish()
    }
}

impl DeadLetters {
    pub fn new(client: &ClientConfig, topic: &str) -> Result<Self> {
        let producer = client
            .clone()
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("compression.type", "zstd")
            .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
            .create()
            .context("the dead-letter producer cannot be made")?;
        Ok(Self { producer, topic: topic.to_owned(), schema_id: OnceCell::new() })
    }

    /// Registers the schema, once; called at start, so that a registry that is down later does not matter.
    pub async fn register(&self, registry: &Registry) -> Result<u32, Unreachable> {
        self.schema_id.get_or_try_init(|| registry.register_dead_letter(&self.topic)).await.copied()
    }

    /// Delivers all, or none counts as delivered: after an error some may stand twice in the topic, none is missing.
    pub async fn send(&self, registry: &Registry, source: (&str, i32), rejected: &[RejectedRecord]) -> Result<()> {
        if rejected.is_empty() {
            return Ok(());
        }
        let schema_id = self.register(registry).await?;
        let rejected_at = now_ms();
        let deliveries = rejected.iter().map(|record| async move {
            let (payload, key) = self.encode(schema_id, source, record, rejected_at);
            let letter = FutureRecord::to(&self.topic).key(&key).payload(&payload);
            self.producer.send(letter, DELIVERY_TIMEOUT).await.map_err(|(error, _)| error)
        });
        try_join_all(deliveries)
            .await
            .with_context(|| format!("the dead-letter topic {} cannot be written", self.topic))?;
        Ok(())
    }

    fn encode(
        &self,
        id: u32,
        (topic, partition): (&str, i32),
        record: &RejectedRecord,
        rejected_at: f64,
    ) -> (Vec<u8>, String) {
        let letter = DeadLetter {
            stage: STAGE,
            code: record.reason.code,
            message: &record.reason.message,
            rejected_at,
            source: Some((topic, partition, record.offset)),
            raw: &record.raw,
            ..DeadLetter::default()
        };
        let mut payload = Vec::new();
        encode(&mut payload, id, &letter);
        (payload, format!("{topic}/{partition}/{}", record.offset))
    }
}

fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}
