//! One collector's life: bind, start, serve, drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::{Ack, Config, Limits};
use crate::edge::Edge;
use crate::http::accept::Acceptor;
use crate::internal::internal;
use crate::kafka::records::SchemaIds;
use crate::kafka::registry;
use crate::kafka::sink::Sink;
use crate::kafka::watch;
use crate::places::Places;
use crate::places::shares;
use crate::routes::public;

/// Files that the process may need beside one for each connection.
const OTHER_FILES_MAX: usize = 1_024;
/// How often idle senders' rate limits are forgotten.
const HOUSEKEEPING_INTERVAL_MS: u64 = 30_000;
/// End of the drain that is kept for writing the last answers.
const LAST_ANSWERS_MS: u64 = 500;
/// For what is buffered when 202 was the answer.
const FLUSH_MS_MAX: u64 = 5_000;
/// The internal address serves a few operators only.
const INTERNAL_CONNECTIONS_MAX: usize = 64;
/// And has nothing to drain.
const INTERNAL_DRAIN_MS: u64 = 200;

/// Where a collector listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub public: SocketAddr,
    pub internal: SocketAddr,
}

/// A collector that has its ports and serves nothing yet.
pub struct Collector {
    edge: Arc<Edge>,
    public: TcpListener,
    internal: TcpListener,
    addresses: Addresses,
}

impl Collector {
    /// Takes the ports (0 for any free one).
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let public = listen("listen", config.listen).await?;
        let internal = listen("internal_listen", config.internal_listen).await?;
        Self::on(config, public, internal)
    }

    /// On ports that are taken already; the configuration's addresses are not looked at.
    pub fn on(config: Config, public: TcpListener, internal: TcpListener) -> anyhow::Result<Self> {
        allow_files(config.limits.connections_max);
        let addresses = Addresses { public: public.local_addr()?, internal: internal.local_addr()? };
        let edge = Arc::new(Edge::new(config).context("kafka.options")?);
        Ok(Self { edge, public, internal, addresses })
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves until `shutdown`, then drains. `ready` is called once, when events are taken; until then the process is
    /// live and not ready. Fails when Kafka, its topics or the registry are not there in time, or a schema does not fit.
    pub async fn serve(self, ready: impl FnOnce(Addresses), shutdown: CancellationToken) -> anyhow::Result<()> {
        let Collector { edge, public: public_listener, internal: internal_listener, addresses } = self;
        let stop_public = CancellationToken::new();
        let stop_internal = CancellationToken::new();
        let limits = edge.config.limits.clone();
        let places = Arc::clone(&edge.connections);
        let public_acceptor =
            acceptor("public", public_listener, public(Arc::clone(&edge)), limits.clone(), places, &edge);
        let internal_limits = Limits {
            connections_max: INTERNAL_CONNECTIONS_MAX,
            address_share_percent: 100,
            drain_timeout_ms: INTERNAL_DRAIN_MS,
            ..limits.clone()
        };
        let lost = edge.metrics.places_lost.with_label_values(&["internal_connection"]);
        let places = Places::new(shares::connections(&internal_limits), lost);
        let internal_acceptor =
            acceptor("internal", internal_listener, internal(Arc::clone(&edge)), internal_limits, places, &edge);
        let mut serving_public = tokio::spawn(public_acceptor.serve(stop_public.clone()));
        let mut serving_internal = tokio::spawn(internal_acceptor.serve(stop_internal.clone()));
        let watch_ended = CancellationToken::new();

        let working = async {
            let ids = start(&edge, &stop_internal, &watch_ended).await?;
            edge.start(ids);
            info!(public = %addresses.public, internal = %addresses.internal, "ready");
            ready(addresses);
            keep_house(&edge).await;
            anyhow::Ok(())
        };
        // Whatever ends by itself ends the process: half a collector would keep its senders waiting.
        let started = tokio::select! {
            ended = working => ended,
            () = shutdown.cancelled() => Ok(()),
            ended = &mut serving_public => bail!("the accept loop ended: {ended:?}"),
            ended = &mut serving_internal => bail!("the internal accept loop ended: {ended:?}"),
            () = watch_ended.cancelled() => bail!("the thread that watches Kafka ended"),
        };

        edge.health.set_stopping();
        stop_public.cancel();
        let patience = Duration::from_millis(limits.drain_timeout_ms.saturating_sub(LAST_ANSWERS_MS));
        let give_up = edge.give_up.clone();
        let timer = tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            give_up.cancel();
        });
        serving_public.await.context("the accept loop ended")?;
        timer.abort();
        flush_unacknowledged(&edge).await;
        stop_internal.cancel();
        serving_internal.await.context("the internal accept loop ended")?;
        info!("stopped");
        started
    }
}

/// Binds and serves.
pub async fn run(config: Config, shutdown: CancellationToken, ready: impl FnOnce(Addresses)) -> anyhow::Result<()> {
    Collector::bind(config).await?.serve(ready, shutdown).await
}

/// Each connection is an open file, and a shell's usual limit is 1,024: raises it as far as the system lets.
fn allow_files(connections_max: usize) {
    let wanted = (connections_max + OTHER_FILES_MAX) as u64;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(files_max) if files_max < wanted => {
            warn!(
                files_max,
                connections_max, "too few open files are allowed: raise `ulimit -Hn`, or lower connections_max"
            );
        }
        Ok(_) => {}
        Err(error) => warn!(%error, "the limit of open files"),
    }
}

async fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "{setting} = {address}: cannot listen there; is another process using the port? Set {setting} to a free one"
        )
    })
}

fn acceptor(
    name: &'static str,
    listener: TcpListener,
    filter: warp::filters::BoxedFilter<(crate::http::answer::Answer,)>,
    limits: Limits,
    places: Arc<Places>,
    edge: &Edge,
) -> Acceptor {
    let trusted_proxies = edge.config.trusted_proxies.clone();
    Acceptor { name, listener, filter, limits, places, trusted_proxies, metrics: Arc::clone(&edge.metrics) }
}

/// Waits for Kafka, its topics and the registry.
async fn start(
    edge: &Arc<Edge>,
    stop_watch: &CancellationToken,
    watch_ended: &CancellationToken,
) -> anyhow::Result<SchemaIds> {
    match &edge.sink {
        Sink::Null => Ok(SchemaIds { events: 0, replay: 0, dead_letter: 0 }),
        Sink::Kafka(kafka) => {
            watch::watch(Arc::clone(kafka), stop_watch.clone(), watch_ended.clone().drop_guard())
                .context("no thread for watching Kafka")?;
            watch::check_topics(kafka).await?;
            registry::schema_ids(&edge.config.registry, &edge.config.kafka).await
        }
    }
}

/// With `ack = "memory"` answered events may still be on their way to Kafka: only a crash may lose them.
async fn flush_unacknowledged(edge: &Edge) {
    let (Ack::Memory, Sink::Kafka(kafka)) = (edge.config.ack, &edge.sink) else { return };
    let kafka = Arc::clone(kafka);
    let flushed = tokio::task::spawn_blocking(move || kafka.flush(Duration::from_millis(FLUSH_MS_MAX))).await;
    if !matches!(flushed, Ok(Ok(()))) {
        error!(flush_ms = FLUSH_MS_MAX, "kafka did not take all buffered events before the end: they are lost");
    }
}

/// Forgets idle senders now and then.
async fn keep_house(edge: &Edge) {
    let mut interval = tokio::time::interval(Duration::from_millis(HOUSEKEEPING_INTERVAL_MS));
    loop {
        interval.tick().await;
        edge.rates.forget_idle();
    }
}
