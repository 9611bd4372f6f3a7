//! Refused records on their way to the dead-letter topic.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use schemas::dead_letter::{DeadLetter, encode};
use schemas::time::epoch_ms;
use tokio::sync::OnceCell;

use crate::config::Config;
use crate::kafka::decode::Reason;
use crate::kafka::group::{Role, client_config};
use crate::kafka::registry::{Registry, Unreachable};

/// The stage that these dead letters name.
const STAGE: &str = "stream-jobs";
/// How long one attempt to deliver may take; the partition waits, and comes back.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// One refused record.
#[derive(Clone, Debug)]
pub(crate) struct RejectedRecord {
    pub offset: i64,
    pub reason: Reason,
    /// Whole; the encoder cuts it.
    pub raw: Vec<u8>,
}

/// Keeps the first error of an attempt.
struct Reports;

impl ClientContext for Reports {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        // The consumer of the same broker tells what there is to tell.
        tracing::debug!(facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "the dead-letter producer");
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Arc<OnceLock<KafkaError>>;

    fn delivery(&self, result: &DeliveryResult<'_>, failure: Self::DeliveryOpaque) {
        if let Err((error, _)) = result {
            let _ = failure.set(error.clone());
        }
    }
}

/// Writes dead letters with acks=all. Its producer has no thread that polls it: dead letters are rare, and a poll that
/// waits costs a hundredth of a core.
pub(crate) struct DeadLetters {
    producer: Arc<BaseProducer<Reports>>,
    topic: String,
    schema_id: OnceCell<u32>,
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DeadLetters").field("topic", &self.topic).finish()
    }
}

impl DeadLetters {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let timeout_ms = DELIVERY_TIMEOUT.as_millis().to_string();
        let own = [
            ("acks", "all"),
            ("enable.idempotence", "true"),
            ("compression.type", "zstd"),
            ("message.timeout.ms", &timeout_ms),
        ];
        let producer = BaseProducer::from_config_and_context(&client_config(config, Role::Producer, &own), Reports)
            .context("the dead-letter producer cannot be made: look at the kafka options")?;
        Ok(Self { producer: Arc::new(producer), topic: config.dead_letter_topic.clone(), schema_id: OnceCell::new() })
    }

    /// Registers the schema, once; called at start, so that a registry that is down later does not matter.
    pub(crate) async fn register(&self, registry: &Registry) -> Result<u32, Unreachable> {
        self.schema_id.get_or_try_init(|| registry.register_dead_letter(&self.topic)).await.copied()
    }

    /// Delivers all, or none counts as delivered: after an error some may stand twice in the topic, none is missing.
    pub(crate) async fn send(
        &self,
        registry: &Registry,
        source: (&str, i32),
        rejected: &[RejectedRecord],
    ) -> Result<()> {
        if rejected.is_empty() {
            return Ok(());
        }
        let schema_id = self.register(registry).await?;
        let rejected_at = epoch_ms(SystemTime::now());
        let failure = Arc::new(OnceLock::new());
        for record in rejected.iter().take_while(|_| failure.get().is_none()) {
            let (payload, key) = self.encode(schema_id, source, record, rejected_at);
            let mut letter = BaseRecord::with_opaque_to(&self.topic, failure.clone()).key(&key).payload(&payload);
            while let Err((error, refused)) = self.producer.send(letter) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    // what was handed over before is delivered or not, as after any error
                    let _ = failure.set(error);
                    break;
                }
                // As many as the producer holds are on their way.
                self.delivered(&failure).await?;
                letter = refused;
            }
        }
        self.delivered(&failure).await
    }

    /// Waits for what was handed over.
    async fn delivered(&self, failure: &OnceLock<KafkaError>) -> Result<()> {
        let producer = self.producer.clone();
        let flushed = tokio::task::spawn_blocking(move || producer.flush(DELIVERY_TIMEOUT)).await?;
        if let Some(error) = failure.get().cloned().or(flushed.err()) {
            bail!("the dead-letter topic {} cannot be written: {error}", self.topic);
        }
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
