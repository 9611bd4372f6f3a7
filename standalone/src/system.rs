//! Starts the parts and stops them.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;
use warehouse::serve::{About, Serving};
use warehouse::{Lake, Resources, Store};
use warp::{Filter, Reply};

use crate::broker::EmbeddedBroker;
use crate::data_dir::{Addresses, DataDir};
use crate::options::{Listeners, Options};
use crate::registry::Registry;
use crate::shop::{self, ShopConfig};

/// The one site of the demo. A write key is a public identifier, good for sending events only.
const SITE_ID: &str = "demo-shop";
const WRITE_KEY: &str = "demo-shop-key";

/// Two, so that the keys are spread as they are on a real broker; more would only make more small files.
const PARTITIONS: i32 = 2;

/// A stop must be over within ten seconds: half for the collector's open requests, half for the stream job's last flush.
const COLLECTOR_DRAIN_MS_MAX: u64 = 4_000;
const STREAM_JOB_FLUSH_MS_MAX: u64 = 4_000;

/// Runs the whole system until `shutdown`; `ready` gets its addresses when everything answers.
///
/// Changes the process's working directory to the data folder, where the embedded broker expects its file.
///
/// # Errors
/// When a part cannot start, or ends by itself.
pub async fn run(options: Options, ready: impl FnOnce(&Addresses), shutdown: CancellationToken) -> Result<()> {
    let data = DataDir::open(&options.data_dir)?;
    std::env::set_current_dir(data.path()).context("cannot enter the data folder")?;
    let listeners = options.listeners()?;
    let addresses = addresses(&listeners, data.path())?;

    let mut broker = EmbeddedBroker::start(listeners.kafka.port()).await?;
    let _registry = serve("the registry", listeners.registry, Registry::open(data.path())?.routes()).await?;
    let _shop = serve("the shop", listeners.shop, shop::routes(shop_config(&addresses))).await?;
    let collector = start_collector(&addresses, &listeners).await?;
    let stream_job = start_stream_job(&options, &addresses, &listeners).await?;
    let warehouse = start_warehouse(&options, &addresses, listeners.studio).await?;
    let mut parts = [collector, stream_job, warehouse];

    data.announce(&addresses)?;
    ready(&addresses);
    let result = tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        error = broker.ended() => Err(error),
        error = first_end(&mut parts) => Err(error),
    };
    data.withdraw();
    for part in parts {
        part.stop().await;
    }
    result
}

/// Serves only the demo shop.
pub async fn serve_shop(listen: SocketAddr, config: ShopConfig, shutdown: CancellationToken) -> Result<()> {
    let _server = serve("the shop", listen, shop::routes(config)).await?;
    shutdown.cancelled().await;
    Ok(())
}

/// A part that runs until it is told to stop.
struct Part {
    name: &'static str,
    stop: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Part {
    fn start<F>(name: &'static str, part: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(part(stop.clone()));
        Self { name, stop, task }
    }

    /// Resolves when the part ends unasked.
    async fn ended(&mut self) -> anyhow::Error {
        match (&mut self.task).await {
            Ok(Ok(())) => anyhow::anyhow!("{} ended", self.name),
            Ok(Err(error)) => error.context(format!("{} failed", self.name)),
            Err(error) => anyhow::Error::new(error).context(format!("{} failed", self.name)),
        }
    }

    async fn stop(self) {
        self.stop.cancel();
        if self.task.is_finished() {
            return;
        }
        match self.task.await {
            Ok(Ok(())) => tracing::info!("{} stopped", self.name),
            Ok(Err(error)) => tracing::error!("{} stopped with: {error:#}", self.name),
            Err(error) => tracing::error!("{} did not stop: {error}", self.name),
        }
    }
}

async fn first_end(parts: &mut [Part; 3]) -> anyhow::Error {
    let [collector, stream_job, warehouse] = parts;
    tokio::select! {
        error = collector.ended() => error,
        error = stream_job.ended() => error,
        error = warehouse.ended() => error,
    }
}

fn addresses(listeners: &Listeners, folder: &Path) -> Result<Addresses> {
    let store = folder.join("store");
    std::fs::create_dir_all(&store).with_context(|| format!("cannot make {}", store.display()))?;
    let store_url =
        Url::from_file_path(&store).map_err(|()| anyhow::anyhow!("{} is no absolute path", store.display()))?;
    let url = |address: SocketAddr| format!("http://{address}");
    Ok(Addresses {
        collector_url: url(listeners.collector),
        internal_url: url(listeners.internal),
        studio_url: url(listeners.studio),
        kafka_bootstrap: listeners.kafka.to_string(),
        registry_url: url(listeners.registry),
        store_url: store_url.to_string(),
        write_key: WRITE_KEY.to_owned(),
        site_id: SITE_ID.to_owned(),
        shop_url: url(listeners.shop),
        shop_origin: url(listeners.shop),
        pid: std::process::id(),
    })
}

fn shop_config(addresses: &Addresses) -> ShopConfig {
    ShopConfig {
        collector_url: addresses.collector_url.clone(),
        write_key: addresses.write_key.clone(),
        studio_url: Some(addresses.studio_url.clone()),
    }
}

/// Binds before it returns, so that a taken port is an error of the start.
async fn serve<R>(
    name: &'static str,
    address: SocketAddr,
    routes: impl Filter<Extract = (R,), Error = warp::Rejection> + Clone + Send + Sync + 'static,
) -> Result<Server>
where
    R: Reply + Send + 'static,
{
    let listener = listen(name, address).await?;
    Ok(Server(tokio::spawn(warp::serve(routes).incoming(listener).run())))
}

/// A helper server without state of its own: it ends at once when this is dropped.
struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(name: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{name} cannot listen on {address}: name another port, or use --free-ports"))
}

async fn start_collector(addresses: &Addresses, listeners: &Listeners) -> Result<Part> {
    let mut config = collector::Config {
        listen: listeners.collector,
        internal_listen: listeners.internal,
        sites: vec![collector::config::Site {
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

    let collector = collector::Collector::bind(config).await?;
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

async fn start_stream_job(options: &Options, addresses: &Addresses, listeners: &Listeners) -> Result<Part> {
    let config = stream_jobs::Config {
        brokers: addresses.kafka_bootstrap.clone(),
        registry: addresses.registry_url.clone(),
        store: addresses.store_url.clone(),
        internal_address: listeners.stream_jobs,
        // the embedded broker has no KIP-848, and asking it first would only cost time
        group_protocol: stream_jobs::GroupProtocol::Classic,
        flush_interval_ms: u64::try_from(options.flush_every.as_millis()).unwrap_or(u64::MAX),
        revoke_deadline_ms: STREAM_JOB_FLUSH_MS_MAX,
        // A new group at each start: in the old one a killed process would be a member until its session ends, and
        // tansu 0.6 never finds a new leader when that was the leader. Where to read on, the chain says.
        group: format!("stream-jobs-{}", Uuid::now_v7()),
        ..stream_jobs::Config::default()
    };
    let job = stream_jobs::bind(config).await?;
    Ok(Part::start("the stream job", |stop| job.serve(stop)))
}

async fn start_warehouse(options: &Options, addresses: &Addresses, studio: SocketAddr) -> Result<Part> {
    let lake = Lake::open(Store::open(&addresses.store_url)?, Resources::default())?;
    let listener = listen("the studio", studio).await?;
    let serving = Serving {
        about: About {
            shop_url: Some(addresses.shop_url.clone()),
            collector_url: Some(addresses.collector_url.clone()),
            site_id: Some(addresses.site_id.clone()),
            write_key: Some(addresses.write_key.clone()),
            store_url: Some(addresses.store_url.clone()),
        },
        token: None,
        sql: warehouse::sql::Settings::new(&addresses.store_url),
    };
    let interval = options.compact_every;
    Ok(Part::start("the warehouse", move |stop| async move {
        let compacting = tokio::spawn(warehouse::compact::every(Arc::clone(&lake), interval, stop.clone()));
        warehouse::serve::serve(lake, listener, serving, stop).await?;
        compacting.await.context("compaction ended")
    }))
}

/// The same origin by name: people type either.
fn localhost(origin: &str) -> String {
    origin.replace("127.0.0.1", "localhost")
}
