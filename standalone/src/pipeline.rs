//! The parts that events pass through, with the settings of a laptop and of the embedded broker.

use std::sync::Arc;

use anyhow::Result;
use tokio::net::TcpListener;
use uuid::Uuid;
use warehouse::Lake;
use warehouse::serve::{About, Serving};

use crate::broker::OWN_GROUPS;
use crate::data_dir::Addresses;
use crate::options::Options;
use crate::parts::Part;

/// Two, so that the keys are spread as they are on a real broker; more would only make more small files.
const PARTITIONS: i32 = 2;

/// A stop must be over within ten seconds: half for the collector's open requests, half for the stream job's last flush.
const COLLECTOR_DRAIN_MS_MAX: u64 = 4_000;
const STREAM_JOB_FLUSH_MS_MAX: u64 = 4_000;

/// What the embedded broker cannot bear: tansu 0.6 refuses a batch that an idempotent producer sends again, and panics
/// when that producer then asks for its next epoch. Without idempotence a batch that is sent again may stand twice in the
/// log, where the stream job marks it as a duplicate; with one request at a time it cannot overtake another.
const PRODUCER_OPTIONS: [(&str, &str); 2] =
    [("enable.idempotence", "false"), ("max.in.flight.requests.per.connection", "1")];
/// tansu takes no metrics of its clients, and librdkafka asks it every five seconds whether it would.
const CLIENT_OPTIONS: [(&str, &str); 1] = [("enable.metrics.push", "false")];
/// What an idle system asks its broker is work for nobody. A fetch waits in the broker for a record, as long as it may; and
/// tansu writes every heartbeat into its log, while the one member of the group is in the same process.
const CONSUMER_OPTIONS: [(&str, &str); 2] = [("fetch.wait.max.ms", "5000"), ("heartbeat.interval.ms", "10000")];

/// The collector; returns when it takes events.
pub(crate) async fn collector(addresses: &Addresses, public: TcpListener, internal: TcpListener) -> Result<Part> {
    let mut config = collector::Config {
        sites: vec![collector::Site {
            site_id: addresses.site_id.clone(),
            write_key: addresses.write_key.clone(),
            allowed_origins: vec![addresses.shop_origin.clone(), localhost(&addresses.shop_origin)],
        }],
        ..collector::Config::default()
    };
    config.limits.drain_timeout_ms = COLLECTOR_DRAIN_MS_MAX;
    config.registry.url.clone_from(&addresses.registry_url);
    config.kafka.bootstrap.clone_from(&addresses.kafka_bootstrap);
    config.kafka.create_topics_partitions = PARTITIONS;
    config.kafka.options.extend(options(&PRODUCER_OPTIONS).chain(options(&CLIENT_OPTIONS)));

    let collector = collector::Collector::on(config, public, internal)?;
    let (told, ready) = tokio::sync::oneshot::channel();
    let mut part = Part::start("the collector", move |stop| {
        let ready = move |_| {
            // nobody waits any more when the start was given up
            let _ = told.send(());
        };
        collector.serve(ready, stop)
    });
    tokio::select! {
        biased;
        Ok(()) = ready => Ok(part),
        error = part.ended() => Err(error),
    }
}

/// The stream job.
pub(crate) fn stream_job(settings: &Options, addresses: &Addresses, internal: TcpListener) -> Result<Part> {
    let mut config = stream_jobs::Config {
        brokers: addresses.kafka_bootstrap.clone(),
        registry: addresses.registry_url.clone(),
        store: addresses.store_url.clone(),
        // the embedded broker has no KIP-848, and asking it first would only cost time
        group_protocol: stream_jobs::GroupProtocol::Classic,
        flush_interval_ms: u64::try_from(settings.flush_every.as_millis()).unwrap_or(u64::MAX),
        revoke_deadline_ms: STREAM_JOB_FLUSH_MS_MAX,
        // A new group at each start: in the old one a killed process would be a member until its session ends, and
        // tansu 0.6 never finds a new leader when that was the leader. Where to read on, the chain says.
        group: format!("{OWN_GROUPS}{}", Uuid::now_v7()),
        ..stream_jobs::Config::default()
    };
    config.kafka.extend([&PRODUCER_OPTIONS[..], &CONSUMER_OPTIONS, &CLIENT_OPTIONS].into_iter().flat_map(options));
    let job = stream_jobs::on(config, internal)?;
    Ok(Part::start("the stream job", |stop| job.serve(stop)))
}

/// Compaction, now and then.
pub(crate) fn compaction(settings: &Options, lake: Arc<Lake>) -> Part {
    let interval = settings.compact_every;
    Part::start("compaction", move |stop| async move {
        warehouse::compact::every(lake, interval, stop).await;
        Ok(())
    })
}

/// The studio's pages and the SQL API.
pub(crate) fn studio(addresses: &Addresses, lake: Arc<Lake>, listener: TcpListener) -> Part {
    let serving = Serving {
        about: About {
            shop_url: Some(addresses.shop_url.clone()),
            collector_url: Some(addresses.collector_url.clone()),
            site_id: Some(addresses.site_id.clone()),
            write_key: Some(addresses.write_key.clone()),
            store_url: Some(addresses.store_url.clone()),
        },
        access: Arc::new(warehouse::access::Access::open()),
        sql: warehouse::sql::Settings::new(&addresses.store_url),
        reports: warehouse::reports::Reports::default(),
        postgres: None,
        flight: None,
    };
    Part::start("the studio", move |stop| warehouse::serve::serve(lake, listener, serving, stop))
}

fn options(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}

/// The same origin by name: people type either.
fn localhost(origin: &str) -> String {
    origin.replace("127.0.0.1", "localhost")
}
