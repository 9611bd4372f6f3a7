//! The embedded broker: tansu, speaking the real Kafka protocol to the same rdkafka code, on one SQLite file.
//!
//! For a laptop and for tests. Its log survives SIGKILL: SQLite's write-ahead log is on, and what a producer was
//! told is committed.
//!
//! Its own server is not used: that binds its port by itself, and when the task that holds the log panics (tansu 0.6
//! has requests that do so: a producer id to be renewed, records to be deleted), it goes on accepting and answers
//! errors for ever. Here the log is asked for a sign of life, and one that is dead is opened again on the same file.

mod fetch;

use std::pin::pin;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};
use fetch::{Appends, WaitingFetch};
use rama::{Layer, Service};
use tansu_broker::coordinator::group::administrator::Controller;
use tansu_broker::service::{auth, coordinator, storage};
use tansu_service::{BytesFrameLayer, FrameRouteService, TcpBytesLayer, TcpContext, TcpContextLayer};
use tansu_storage::{BrokerRegistrationRequest, Storage, StorageContainer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

/// The SQLite file below the data folder.
const LOG_FILE: &str = "broker.db";
const NODE_ID: i32 = 1;
const CLUSTER_ID: &str = "standalone";
/// Consumer groups of this process, each start another one: who was a member when the log was last open is none any more.
pub const OWN_GROUPS: &str = "stream-jobs-";
/// How often the log is asked whether it lives. A look costs a fraction of a millisecond.
const LOOK_INTERVAL_MS: u64 = 1_000;
/// A log that does not answer for so long is dead; it answers one request after the other, the longest take seconds.
const ANSWER_MS_MAX: u64 = 60_000;
/// Retention: tansu's own interval.
const MAINTENANCE_INTERVAL_MS: u64 = 600_000;
/// Between two attempts to open a log that cannot be opened, as on a full disk.
const REOPEN_INTERVAL_MS: u64 = 1_000;
/// After an accept error (no file handles left) before the next try.
const ACCEPT_RETRY_MS: u64 = 100;
/// Kafka clients have two or three connections each.
const CONNECTIONS_MAX: usize = 1_024;

/// A broker that has its port and its log and serves nobody yet: whoever connects waits.
pub struct EmbeddedBroker {
    listener: TcpListener,
    log: Log,
}

impl EmbeddedBroker {
    /// Opens the log in the working directory, which must be the data folder: tansu takes the path of its SQLite file
    /// relative to it.
    pub async fn open(listener: TcpListener) -> Result<Self> {
        let log = Log::open(&listener).await?;
        Ok(Self { listener, log })
    }

    /// Serves until `stop`.
    pub async fn serve(self, stop: CancellationToken) -> Result<()> {
        let Self { listener, mut log } = self;
        let serving = async {
            loop {
                let why = serve_log(&listener, log).await;
                tracing::error!("the embedded broker's log died and is opened again; nothing in it is lost: {why:#}");
                log = open_again(&listener).await;
                tracing::info!("the embedded broker's log is open again");
            }
        };
        tokio::select! {
            () = serving => Ok(()),
            () = stop.cancelled() => Ok(()),
        }
    }
}

/// Serves connections from one opened log until that log is dead, and says of what.
async fn serve_log(listener: &TcpListener, log: Log) -> anyhow::Error {
    let mut connections = JoinSet::new();
    let mut death = pin!(log.death());
    let why = loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                    connections.spawn(serve_connection(log.clone(), stream));
                }
                Ok(_) => tracing::warn!("the embedded broker has {CONNECTIONS_MAX} connections; one more is closed"),
                Err(error) => {
                    tracing::warn!(%error, "the embedded broker cannot accept");
                    sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                }
            },
            // one that panics ends alone
            Some(_) = connections.join_next() => {}
            why = &mut death => break why,
        }
    };
    connections.shutdown().await;
    why
}

async fn serve_connection(log: Log, stream: TcpStream) {
    let served = async {
        stream.set_nodelay(true)?;
        let routes = storage::services(FrameRouteService::<(), tansu_broker::Error>::builder(), log.storage)?;
        let routes = auth::services(coordinator::services(routes, log.groups)?)?.build()?;
        let layers = (
            TcpContextLayer::new(TcpContext::default().cluster_id(Some(CLUSTER_ID.to_owned()))),
            TcpBytesLayer::default(),
            BytesFrameLayer::default(),
        );
        let service = layers.into_layer(WaitingFetch { inner: routes, appends: log.appends });
        service.serve(rama::Context::default(), stream).await?;
        anyhow::Ok(())
    };
    if let Err(error) = served.await {
        // clients that leave, for the most part
        tracing::debug!("a connection of the embedded broker: {error:#}");
    }
}

/// Opens the log, again and again: a disk that is full now has room later.
async fn open_again(listener: &TcpListener) -> Log {
    let mut told = String::new();
    loop {
        match Log::open(listener).await {
            Ok(log) => return log,
            Err(error) => {
                let text = format!("{error:#}");
                if text != told {
                    tracing::error!("trying again until it works: {text}");
                    told = text;
                }
                sleep(Duration::from_millis(REOPEN_INTERVAL_MS)).await;
            }
        }
    }
}

/// An opened log with the consumer groups that are kept in it. Clones are the same one.
#[derive(Clone)]
struct Log {
    storage: StorageContainer,
    groups: Controller<StorageContainer>,
    appends: Appends,
}

impl Log {
    async fn open(listener: &TcpListener) -> Result<Self> {
        let address = listener.local_addr().context("the broker's address")?;
        let opened = async {
            let storage = StorageContainer::builder()
                .node_id(NODE_ID)
                .cluster_id(CLUSTER_ID)
                .advertised_listener(Url::parse(&format!("tcp://{address}"))?)
                .storage(Url::parse(&format!("sqlite:///{LOG_FILE}"))?)
                .silent(true)
                .build()
                .await?;
            let registration = BrokerRegistrationRequest {
                broker_id: NODE_ID,
                cluster_id: CLUSTER_ID.to_owned(),
                incarnation_id: Uuid::now_v7(),
                rack: None,
            };
            storage.register_broker(registration).await?;
            forget_own_groups(&storage).await?;
            let groups = Controller::with_storage(storage.clone())?;
            anyhow::Ok(Self { storage, groups, appends: Appends::default() })
        };
        opened.await.with_context(|| format!("cannot open the broker's log {LOG_FILE} in the data folder"))
    }

    /// Resolves when the log no longer answers. Does its retention now and then.
    async fn death(&self) -> anyhow::Error {
        let mut maintain_at = Instant::now();
        loop {
            match timeout(Duration::from_millis(ANSWER_MS_MAX), self.storage.ping()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return anyhow!("{error}"),
                Err(_) => return anyhow!("no answer within {ANSWER_MS_MAX} ms"),
            }
            if maintain_at <= Instant::now() {
                maintain_at = Instant::now() + Duration::from_millis(MAINTENANCE_INTERVAL_MS);
                if let Err(error) = self.storage.maintain(SystemTime::now()).await {
                    tracing::warn!("the embedded broker's retention is tried again later: {error}");
                }
            }
            sleep(Duration::from_millis(LOOK_INTERVAL_MS)).await;
        }
    }
}

/// A member that was joining when the log died would keep the group waiting until its session is over; one that was
/// there joins again. Where to read on, the chain says, and not the group.
async fn forget_own_groups(storage: &StorageContainer) -> Result<(), tansu_storage::Error> {
    let groups = storage.list_groups(None).await?;
    let own: Vec<String> =
        groups.into_iter().map(|group| group.group_id).filter(|group| group.starts_with(OWN_GROUPS)).collect();
    storage.delete_groups(Some(&own)).await?;
    Ok(())
}
