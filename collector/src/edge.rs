//! What the requests of one collector share.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::config::{Config, SinkKind};
use crate::health::Health;
use crate::http::answer::Refusal;
use crate::kafka::producer::KafkaSink;
use crate::kafka::records::SchemaIds;
use crate::kafka::sink::Sink;
use crate::known_assets::KnownAssets;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::places::shares;
use crate::rate_limit::RateLimits;
use crate::sites::Sites;

pub(crate) struct Edge {
    pub config: Config,
    pub sites: Sites,
    pub rates: RateLimits,
    /// Requests and their bytes.
    pub window: Arc<Places>,
    /// Connections on the public address.
    pub connections: Arc<Places>,
    pub sink: Sink,
    /// Assets of recordings that need not be sent again.
    pub assets: KnownAssets,
    pub health: Arc<Health>,
    pub metrics: Arc<Metrics>,
    /// Cancelled when a drain has no more time: whoever still waits is answered.
    pub give_up: CancellationToken,
    schema_ids: OnceLock<SchemaIds>,
}

impl Edge {
    pub(crate) fn new(config: Config) -> anyhow::Result<Self> {
        let without_kafka = config.sink == SinkKind::Null;
        let health = Arc::new(Health::new(without_kafka));
        let metrics = Arc::new(Metrics::new());
        let sink = match config.sink {
            SinkKind::Kafka => {
                Sink::Kafka(Arc::new(KafkaSink::new(&config, Arc::clone(&health), Arc::clone(&metrics))?))
            }
            SinkKind::Null => Sink::Null,
        };
        Ok(Self {
            sites: Sites::new(&config.sites),
            rates: RateLimits::new(&config.rates, config.sites.len()),
            window: Places::new(
                shares::window(&config.limits, config.sites.len()),
                metrics.places_lost.with_label_values(&["body"]),
            ),
            connections: Places::new(
                shares::connections(&config.limits),
                metrics.places_lost.with_label_values(&["connection"]),
            ),
            sink,
            assets: KnownAssets::default(),
            health,
            metrics,
            give_up: CancellationToken::new(),
            schema_ids: OnceLock::new(),
            config,
        })
    }

    /// Lets events in: the schemas are registered and the topics are there.
    pub(crate) fn start(&self, schema_ids: SchemaIds) {
        let _ = self.schema_ids.set(schema_ids);
        self.health.set_started();
    }

    /// The schema ids, if events can be taken now. When Kafka is known to be away, waiting would only fill the window.
    pub(crate) fn schema_ids(&self) -> Result<SchemaIds, Refusal> {
        match self.schema_ids.get() {
            Some(ids) if self.health.takes_events() => Ok(*ids),
            _ => Err(Refusal::NotReady),
        }
    }
}
