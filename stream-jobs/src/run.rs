//! One worker's life: take the internal address, check, work, leave the group.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use landing::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, GroupProtocol};
use crate::consumer::{self, Parts, RunError};
use crate::content::Content;
use crate::kafka::dead_letters::DeadLetters;
use crate::kafka::group::Group;
use crate::kafka::registry::Registry;
use crate::metrics::Metrics;
use crate::{checks, internal};

/// How long librdkafka may take to leave the group once everything is flushed.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);

/// A worker whose internal address is taken and that has not begun yet.
pub struct Bound {
    config: Config,
    listener: TcpListener,
    internal_address: SocketAddr,
    metrics: Metrics,
}

/// Takes the internal address (port 0: any free one). Fails when it is taken.
pub async fn bind(config: Config) -> Result<Bound> {
    let listener = internal::bind(config.internal_address).await?;
    on(config, listener)
}

/// On an internal address that is taken already; the configuration's one is not looked at.
pub fn on(config: Config, listener: TcpListener) -> Result<Bound> {
    let internal_address = listener.local_addr().context("the internal address cannot be read back")?;
    let metrics = Metrics::default();
    metrics.set_not_ready("start", Some("the self checks have not passed yet".into()));
    Ok(Bound { config, listener, internal_address, metrics })
}

impl Bound {
    /// Where `/metrics` and `/health` are answered.
    pub fn internal_addr(&self) -> SocketAddr {
        self.internal_address
    }

    /// Checks itself, then works until `shutdown`, then flushes once more. Fails with one line for each thing that is
    /// missing at start, or when the consumer cannot go on.
    ///
    /// The work runs on a thread of its own: decoding and encoding would hold up whatever shares the caller's runtime.
    pub async fn serve(self, shutdown: CancellationToken) -> Result<()> {
        let Self { config, listener, metrics, .. } = self;
        let stop_internal = CancellationToken::new();
        let mut internal = tokio::spawn(internal::serve(listener, metrics.clone(), stop_internal.clone()));
        let (done, outcome) = tokio::sync::oneshot::channel();
        let patience = config.revoke_deadline() + LEAVE_TIMEOUT;
        let ending = shutdown.clone();
        let worker = std::thread::Builder::new().name("stream-jobs".into()).spawn(move || {
            let finished = work_on_this_thread(&config, metrics, shutdown);
            // The receiver is only gone when nobody waits any more.
            let _ = done.send(finished);
        });
        worker.context("the worker's thread cannot be started")?;
        let finished = tokio::select! {
            finished = outcome => finished.context("the worker's thread ended in a panic")?,
            ended = &mut internal => bail!("the internal address is no longer served: {ended:?}"),
            () = async { ending.cancelled().await; tokio::time::sleep(patience).await } => {
                tracing::warn!("leaving the group takes too long: the broker will notice by itself");
                Ok(())
            }
        };
        stop_internal.cancel();
        // It was asked to end; a panic of it changes nothing any more.
        let _ = internal.await;
        finished
    }
}

/// [`bind`] and [`Bound::serve`].
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<()> {
    bind(config).await?.serve(shutdown).await
}

fn work_on_this_thread(config: &Config, metrics: Metrics, shutdown: CancellationToken) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let metrics = Counted { replay: metrics.of_replay(), events: metrics };
    runtime.block_on(async {
        let finished = check_and_work(config, &metrics, &shutdown).await;
        match finished {
            Err(RunError::GroupProtocolUnsupported) if config.group_protocol == GroupProtocol::Auto => {
                tracing::info!("the broker does not offer KIP-848: the classic group protocol is used");
                let classic = Config { group_protocol: GroupProtocol::Classic, ..config.clone() };
                Ok(check_and_work(&classic, &metrics, &shutdown).await?)
            }
            finished => Ok(finished?),
        }
    })
}

/// The metrics of each topic, which are registered once.
struct Counted {
    events: Metrics,
    replay: Metrics,
}

async fn check_and_work(config: &Config, metrics: &Counted, shutdown: &CancellationToken) -> Result<(), RunError> {
    let store = Store::open_or_make(&config.store).map_err(anyhow::Error::from)?;
    let events = parts(config, Content::events(config), store, metrics.events.clone())?;
    tokio::select! {
        checked = checks::run(config, &events) => checked?,
        () = shutdown.cancelled() => return Ok(()),
    }
    metrics.events.set_not_ready("start", None);
    let Some(replay_config) = config.of_replay() else {
        return consumer::run(config, events, shutdown.clone()).await;
    };
    let replay = beside(&events, &replay_config, Content::replay(), metrics.replay.clone())?;
    // Where one of them cannot go on the other one is dropped, which is like a SIGKILL: the chain says what was done.
    let events = consumer::run(config, events, shutdown.clone());
    let replay = consumer::run(&replay_config, replay, shutdown.clone());
    tokio::try_join!(events, replay).map(|_| ())
}

/// Everything that the loop of one topic works with; connects to nothing yet.
pub(crate) fn parts(config: &Config, content: Content, store: Store, metrics: Metrics) -> Result<Parts> {
    let (group, group_events) = Group::new(config, &metrics)?;
    Ok(Parts {
        group,
        group_events,
        store,
        registry: Registry::new(&config.registry)?,
        dead_letters: Arc::new(DeadLetters::new(config)?),
        metrics,
        content,
    })
}

/// The same of another topic, which shares all that it can with `parts`.
fn beside(parts: &Parts, config: &Config, content: Content, metrics: Metrics) -> Result<Parts> {
    let (group, group_events) = Group::new(config, &metrics)?;
    let (store, registry) = (parts.store.clone(), parts.registry.clone());
    Ok(Parts { group, group_events, store, registry, dead_letters: parts.dead_letters.clone(), metrics, content })
}
