//! Starts the parts and stops them.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;
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
    let stream_job = start_stream_job(&options, &addresses, &listeners);
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
    let store_url = Url::from_file_path(&store).map_err(|()| anyhow::anyhow!("{} is no absolute path", store.display()))?;
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
