//! Starts the parts and stops them.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use warehouse::{Lake, Resources, Store};
use warp::{Filter, Reply};

use crate::broker::EmbeddedBroker;
use crate::data_dir::{Addresses, DataDir};
use crate::listen::Listeners;
use crate::options::Options;
use crate::parts::{Part, Parts, Stage};
use crate::pipeline;
use crate::registry::Registry;
use crate::shop::{self, ShopConfig};

/// The one site of the demo. A write key is a public identifier, good for sending events only.
const SITE_ID: &str = "demo-shop";
const WRITE_KEY: &str = "demo-shop-key";

/// After that the process ends without the parts that still run: what is not landed is read again at the next start.
const STOP_MS_MAX: u64 = 9_500;

/// Runs the whole system until `shutdown`; `ready` gets its addresses when everything answers.
///
/// Changes the process's working directory to the data folder, where the embedded broker expects its file.
///
/// # Errors
/// When a part cannot start, or ends by itself.
pub async fn run(options: Options, ready: impl FnOnce(&Addresses), shutdown: CancellationToken) -> Result<()> {
    let data = DataDir::open(&options.data_dir)?;
    std::env::set_current_dir(data.path()).context("cannot enter the data folder")?;
    let listeners = Listeners::bind(&options).await?;
    let addresses = addresses(&listeners, data.path())?;

    let mut parts = Parts::default();
    let result = tokio::select! {
        started = start(&options, &addresses, listeners, data.path(), &mut parts) => started,
        () = shutdown.cancelled() => Ok(()),
    };
    let result = match result {
        Ok(()) if !shutdown.is_cancelled() => {
            data.announce(&addresses)?;
            ready(&addresses);
            tokio::select! {
                () = shutdown.cancelled() => Ok(()),
                error = parts.first_end() => Err(error),
            }
        }
        other => other,
    };
    data.withdraw();
    parts.stop(Duration::from_millis(STOP_MS_MAX)).await;
    result
}

/// Starts the parts in the order in which they need each other.
async fn start(
    options: &Options,
    addresses: &Addresses,
    listeners: Listeners,
    folder: &Path,
    parts: &mut Parts,
) -> Result<()> {
    let broker = EmbeddedBroker::open(listeners.kafka).await?;
    parts.push(Stage::Base, Part::start("the embedded broker", |stop| broker.serve(stop)));
    parts.push(Stage::Base, serve("the registry", listeners.registry, Registry::open(folder)?.routes()));
    parts.push(Stage::Outside, serve("the shop", listeners.shop, shop::routes(shop_config(addresses))));
    let collector = pipeline::collector(addresses, listeners.collector, listeners.internal).await?;
    parts.push(Stage::Outside, collector);
    parts.push(Stage::Between, pipeline::stream_job(options, addresses, listeners.stream_jobs)?);
    let lake = Lake::open(Store::open(&addresses.store_url)?, Resources::default())?;
    parts.push(Stage::Outside, pipeline::compaction(options, lake.clone()));
    parts.push(Stage::Outside, pipeline::studio(addresses, lake, listeners.studio));
    Ok(())
}

/// Serves only the demo shop.
pub async fn serve_shop(listen: SocketAddr, config: ShopConfig, shutdown: CancellationToken) -> Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("the shop cannot listen on {listen}: name another address by --listen"))?;
    let mut shop = serve("the shop", listener, shop::routes(config));
    tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        error = shop.ended() => Err(error),
    }
}

fn addresses(listeners: &Listeners, folder: &Path) -> Result<Addresses> {
    let store = folder.join("store");
    std::fs::create_dir_all(&store).with_context(|| format!("cannot make {}", store.display()))?;
    let store_url = Url::from_file_path(&store).map_err(|()| anyhow!("{} is no absolute path", store.display()))?;
    let url = |listener: &TcpListener| anyhow::Ok(format!("http://{}", listener.local_addr()?));
    Ok(Addresses {
        collector_url: url(&listeners.collector)?,
        internal_url: url(&listeners.internal)?,
        studio_url: url(&listeners.studio)?,
        kafka_bootstrap: listeners.kafka.local_addr()?.to_string(),
        registry_url: url(&listeners.registry)?,
        store_url: store_url.to_string(),
        write_key: WRITE_KEY.to_owned(),
        site_id: SITE_ID.to_owned(),
        shop_url: url(&listeners.shop)?,
        shop_origin: url(&listeners.shop)?,
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

/// A server without state of its own: it stops at once.
fn serve<R>(
    name: &'static str,
    listener: TcpListener,
    routes: impl Filter<Extract = (R,), Error = warp::Rejection> + Clone + Send + Sync + 'static,
) -> Part
where
    R: Reply + Send + 'static,
{
    Part::start(name, move |stop| async move {
        tokio::select! {
            () = warp::serve(routes).incoming(listener).run() => anyhow::bail!("its accept loop ended"),
            () = stop.cancelled() => Ok(()),
        }
    })
}
