//! Hands records to Kafka and tells each request when all of its records are durable.
//!
//! One delivery slot a request, not a future a record: every record of a request carries the same slot, and the slot's
//! end, when librdkafka has reported on the last of them, is the request's answer.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig};
use tokio::sync::oneshot;
use tracing::{debug, error, info, warn};

use crate::config::{Config, Kafka};
use crate::health::Health;
use crate::kafka::records::{Records, Target};
use crate::log_limit;
use crate::metrics::Metrics;
use crate::places::Place;

/// Batches of many requests go to the broker together; costs a request this much latency (DESIGN section 3).
const LINGER_MS: &str = "20";
/// After a broker's return the next attempt must come soon (TRUST.md: full rate within 15 s).
const RECONNECT_BACKOFF_MS_MAX: &str = "1000";
/// librdkafka's own limit on one record; ours lies below it.
const MESSAGE_BYTES_MAX: usize = 1_000_000;
/// What a record may carry beside its payload: key and Kafka's own fields.
const MESSAGE_OVERHEAD_BYTES: usize = 4 * 1024;
/// librdkafka counts its own bookkeeping into its queue; the window is the limit that matters.
const QUEUE_FACTOR: usize = 2;

/// How a request's records fared; the error says why they are not durable.
pub(crate) type Delivery = Result<(), String>;

/// The records of one request on their way. Its drop, after the last report, is the signal.
pub(crate) struct Slot {
    failure: OnceLock<String>,
    report: Option<oneshot::Sender<Delivery>>,
    handed_over: Instant,
    metrics: Arc<Metrics>,
    /// Held until the last report, for so long librdkafka holds the bytes.
    _place: Place,
}

impl Slot {
    fn fail(&self, reason: String) {
        let _ = self.failure.set(reason);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let delivery = self.failure.take().map_or(Ok(()), Err);
        if delivery.is_ok() {
            self.metrics.delivered_after(self.handed_over.elapsed());
        }
        if let Some(report) = self.report.take() {
            // A request that has given up waiting is no longer there to listen.
            let _ = report.send(delivery);
        }
    }
}

/// librdkafka's callbacks.
struct Callbacks {
    health: Arc<Health>,
}

impl ClientContext for Callbacks {
    /// With its brokers away librdkafka says so for each of them, several times a second.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // A broker that ends with this process is no news.
        if self.health.stopping() {
            return debug!(facility, "{message}");
        }
        let Some(held_back) = log_limit::admit(facility) else { return };
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                error!(facility, held_back, "{message}")
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => warn!(facility, held_back, "{message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => info!(facility, held_back, "{message}"),
            RDKafkaLogLevel::Debug => debug!(facility, held_back, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if self.health.stopping() {
            return;
        }
        if let Some(held_back) = log_limit::admit("kafka") {
            warn!(%error, reason, held_back, "kafka");
        }
    }
}

impl ProducerContext for Callbacks {
    type DeliveryOpaque = Arc<Slot>;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: Arc<Slot>) {
        match result {
            Ok(_) => self.health.kafka_answered(),
            Err((error, _)) => slot.fail(error.to_string()),
        }
    }
}

/// A producer with the thread that takes its delivery reports; the thread ends when nobody else holds the producer.
///
/// Not rdkafka's own `ThreadedProducer`: its poll spins through the last millisecond of each tenth of a second, which is
/// a hundredth of a core for a process that does nothing.
struct Live {
    producer: Arc<BaseProducer<Callbacks>>,
    reports: JoinHandle<()>,
}

/// Reports are taken when they come; after so long the thread looks whether it is still needed.
const POLL_MS: u64 = 5_000;

/// Kafka as the place where records go.
pub(crate) struct KafkaSink {
    pub settings: Kafka,
    client: ClientConfig,
    live: RwLock<Arc<Live>>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    /// Held while a producer is replaced, so that it happens once.
    rebuilding: Mutex<()>,
}

impl KafkaSink {
    /// Makes the producer; connects in the background.
    pub(crate) fn new(config: &Config, health: Arc<Health>, metrics: Arc<Metrics>) -> KafkaResult<Self> {
        let client = client_config(config);
        let live = RwLock::new(Live::new(&client, &health)?);
        Ok(Self { settings: config.kafka.clone(), client, live, health, metrics, rebuilding: Mutex::new(()) })
    }

    /// Hands all `records` to librdkafka, in order. The receiver hears once, when all are durable or one is not.
    pub(crate) fn submit(&self, records: &Records, place: Place) -> Result<oneshot::Receiver<Delivery>, String> {
        let (report, delivery) = oneshot::channel();
        let slot = Arc::new(Slot {
            failure: OnceLock::new(),
            report: Some(report),
            handed_over: Instant::now(),
            metrics: Arc::clone(&self.metrics),
            _place: place,
        });
        let live = self.live();
        for (target, payload) in records.iter() {
            let topic = match target {
                Target::Events => &self.settings.events_topic,
                Target::Replay => &self.settings.replay_topic,
                Target::DeadLetter => &self.settings.dead_letter_topic,
            };
            let record = BaseRecord::with_opaque_to(topic, Arc::clone(&slot)).key(&records.key).payload(payload);
            if let Err((error, _)) = live.producer.send(record) {
                slot.fail(error.to_string());
                return Err(error.to_string());
            }
            self.metrics.record_bytes.inc_by(payload.len() as u64);
        }
        Ok(delivery)
    }

    /// Asks the broker for the events topic. Blocks up to `timeout`.
    pub(crate) fn probe(&self, timeout: Duration) -> KafkaResult<()> {
        self.metadata(&self.settings.events_topic, timeout)?;
        self.health.kafka_answered();
        Ok(())
    }

    /// Replaces the producer when it is dead. What the old one still held is reported as failed, and its senders
    /// send it again.
    pub(crate) fn rebuild_if_dead(&self) {
        let _once = self.rebuilding.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(reason) = self.live().dead() else { return };
        error!(reason, "kafka: the producer failed for good and is replaced");
        match Live::new(&self.client, &self.health) {
            Ok(new) => {
                let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
                let old = std::mem::replace(&mut *live, new);
                drop(live);
                // its requests are answered now, not when its thread looks
                old.producer.purge(PurgeConfig::default().queue().inflight());
                self.metrics.producers_rebuilt.inc();
            }
            Err(error) => error!(%error, "kafka: no new producer; trying again"),
        }
    }

    /// Waits until all records are reported on. Blocks up to `timeout`.
    pub(crate) fn flush(&self, timeout: Duration) -> KafkaResult<()> {
        self.live().producer.flush(timeout)
    }

    /// The client configuration, for administration.
    pub(crate) fn client_config(&self) -> &ClientConfig {
        &self.client
    }

    /// What the cluster knows about a topic. Blocks up to `timeout`.
    pub(crate) fn metadata(&self, topic: &str, timeout: Duration) -> KafkaResult<Metadata> {
        self.live().producer.client().fetch_metadata(Some(topic), timeout)
    }

    fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Live {
    fn new(client: &ClientConfig, health: &Arc<Health>) -> KafkaResult<Arc<Self>> {
        let callbacks = Callbacks { health: Arc::clone(health) };
        let producer = Arc::new(BaseProducer::from_config_and_context(client, callbacks)?);
        let polled = Arc::clone(&producer);
        let reports = thread::Builder::new().name("kafka-reports".into()).spawn(move || {
            while Arc::strong_count(&polled) > 1 {
                polled.poll(Duration::from_millis(POLL_MS));
            }
        });
        let reports =
            reports.map_err(|error| KafkaError::ClientCreation(format!("no thread for delivery reports: {error}")))?;
        Ok(Arc::new(Self { producer, reports }))
    }

    /// Why it has to be replaced.
    fn dead(&self) -> Option<String> {
        if self.reports.is_finished() {
            return Some("nobody takes its delivery reports any more".to_owned());
        }
        self.producer.client().fatal_error().map(|(code, reason)| format!("{code}: {reason}"))
    }
}

fn client_config(config: &Config) -> ClientConfig {
    let limits = &config.limits;
    let message_bytes_max = MESSAGE_BYTES_MAX.max(limits.record_bytes_max + MESSAGE_OVERHEAD_BYTES);
    let queue_kib_max = limits.window_bytes_max.saturating_mul(QUEUE_FACTOR) / 1024;
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", &config.kafka.bootstrap)
        .set("client.id", "collector")
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("compression.codec", "zstd")
        .set("linger.ms", LINGER_MS)
        // The partitioner of the Java client, so that all producers agree on a visitor's partition.
        .set("partitioner", "murmur2_random")
        // Nobody waits for a record after its request was answered 503; the sender sends it again.
        .set("message.timeout.ms", config.ack_timeout_ms.to_string())
        .set("message.max.bytes", message_bytes_max.to_string())
        .set("queue.buffering.max.kbytes", queue_kib_max.to_string())
        .set("queue.buffering.max.messages", "1000000")
        .set("reconnect.backoff.max.ms", RECONNECT_BACKOFF_MS_MAX)
        .set("socket.nagle.disable", "true");
    for (option, value) in &config.kafka.options {
        client.set(option, value);
    }
    client
}
