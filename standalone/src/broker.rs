//! The embedded broker: tansu, speaking the real Kafka protocol to the same rdkafka code, on one SQLite file.
//!
//! For a laptop and for tests. Its log survives SIGKILL: SQLite's write-ahead log is on, and what a producer was
//! told is committed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tansu_broker::broker::Broker;
use tansu_broker::coordinator::group::administrator::Controller;
use tansu_storage::StorageContainer;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

/// The SQLite file below the data folder.
const LOG_FILE: &str = "broker.db";
const NODE_ID: i32 = 1;
/// The broker answers within milliseconds; a loaded machine may take longer.
const START_MS_MAX: u64 = 30_000;
const PROBE_INTERVAL_MS: u64 = 20;

/// A running broker; it ends when this is dropped.
pub struct EmbeddedBroker {
    bootstrap: String,
    task: JoinHandle<Result<()>>,
}

impl EmbeddedBroker {
    /// Starts the broker on a loopback port and waits until it accepts connections.
    ///
    /// The working directory must be the data folder: tansu takes the path of its SQLite file relative to it.
    pub async fn start(port: u16) -> Result<Self> {
        let listener = Url::parse(&format!("tcp://127.0.0.1:{port}")).context("broker address")?;
        let storage = Url::parse(&format!("sqlite:///{LOG_FILE}")).context("broker storage")?;
        let mut broker = Broker::<Controller<StorageContainer>, StorageContainer>::builder()
            .node_id(NODE_ID)
            .cluster_id("standalone")
            .incarnation_id(Uuid::now_v7())
            .advertised_listener(listener.clone())
            .listener(listener)
            .storage(storage)
            .silent(true)
            .build()
            .await
            .with_context(|| format!("cannot open the broker's log {LOG_FILE} in the data folder"))?;
        let task = tokio::spawn(async move {
            broker.serve(tokio::time::Instant::now()).await.context("the embedded broker ended")
        });
        let broker = Self { bootstrap: format!("127.0.0.1:{port}"), task };
        broker.wait_until_open().await?;
        Ok(broker)
    }

    /// Resolves when the broker ends by itself, which is always an error.
    pub async fn ended(&mut self) -> anyhow::Error {
        match (&mut self.task).await {
            Ok(Ok(())) => anyhow::anyhow!("the embedded broker ended"),
            Ok(Err(error)) => error,
            Err(error) => anyhow::Error::new(error).context("the embedded broker failed"),
        }
    }

    async fn wait_until_open(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_millis(START_MS_MAX);
        while TcpStream::connect(&self.bootstrap).await.is_err() {
            if self.task.is_finished() || Instant::now() > deadline {
                bail!(
                    "the embedded broker does not listen on {}: is the port taken? choose another one",
                    self.bootstrap
                );
            }
            tokio::time::sleep(Duration::from_millis(PROBE_INTERVAL_MS)).await;
        }
        Ok(())
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        self.task.abort();
    }
}
