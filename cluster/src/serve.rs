//! The processes of a cluster: a scheduler, and executors with the warehouse's store and functions.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::extension::SessionConfigExt;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::start_server;
use clap::Args;
use datafusion::prelude::SessionConfig;
use tokio::runtime::Handle;
use warehouse::{Lake, Resources, Store, passing_on};

use crate::Codec;
use crate::compact::Here;
use crate::plan::MESSAGE_BYTES_MAX;

/// Between two looks for executors that are gone, in seconds.
const LOOK_EVERY_S: u64 = 1;
/// An executor that started before its scheduler is to wait so long for it, in seconds.
const SCHEDULER_WAIT_S: u16 = 30;
/// Parts of answers that nobody fetched, and that no scheduler had removed, go after so long, in seconds.
const PARTS_KEPT_S: u64 = 24 * 3_600;
/// Between two looks for them, in seconds.
const PARTS_LOOK_EVERY_S: u64 = 600;

/// A scheduler. It reads no store: it cuts plans into stages and hands out their tasks.
#[derive(Args, Clone, Debug)]
pub struct Scheduler {
    /// Where clients and executors reach it. Whoever does may run any plan: loopback, or a network of its own
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
    listen: SocketAddr,
    /// Name or address by which executors reach it, if it is another one
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// An executor that was not heard of for so long is gone, and its tasks are run again by others
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    lost_after: u64,
    /// GET /readyz answers 200 when there are so many executors
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    executors_min: usize,
}

impl Scheduler {
    /// Serves until the process ends.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn run(self) -> anyhow::Result<()> {
        let size = u32::try_from(MESSAGE_BYTES_MAX).context("the longest message")?;
        let config = SchedulerConfig {
            bind_host: self.listen.ip().to_string(),
            bind_port: self.listen.port(),
            external_host: self.host.unwrap_or_else(|| self.listen.ip().to_string()),
            scheduling_policy: TaskSchedulingPolicy::PushStaged,
            task_distribution: TaskDistributionPolicy::RoundRobin,
            executor_timeout_seconds: self.lost_after,
            no_executors_grace_period_seconds: self.lost_after,
            expire_dead_executor_interval_seconds: LOOK_EVERY_S,
            min_ready_executors: self.executors_min,
            grpc_server_max_decoding_message_size: size,
            grpc_server_max_encoding_message_size: size,
            grpc_client_max_message_size: size,
            override_config_producer: Some(Arc::new(config)),
            override_session_builder: Some(Arc::new(passing_on)),
            override_physical_codec: Some(Arc::new(Codec::default())),
            ..SchedulerConfig::default()
        };
        let cluster = BallistaCluster::new_from_config(&config).await?;
        let served = start_server(cluster, self.listen, Arc::new(config)).await;
        served.with_context(|| format!("cannot listen on {}; choose another address with --listen", self.listen))
    }
}

/// An executor. It computes tasks: reads files of the store, compacts, keeps its parts of answers in a folder until they are fetched.
#[derive(Args, Clone, Debug)]
pub struct Executor {
    /// Where landing/ and warehouse/ lie, as for `warehouse`: the same for all of a cluster
    #[arg(long, env = "WAREHOUSE_STORE", value_name = "URL")]
    store: String,
    /// The scheduler's address
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: String,
    /// Address to listen on for tasks, and for those who fetch parts of answers. Whoever reaches it may run any plan
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: Ipv4Addr,
    /// Name or address by which the others reach it, if it is another one
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Port for tasks
    #[arg(long, value_name = "PORT", default_value_t = 50052)]
    task_port: u16,
    /// Port for parts of answers
    #[arg(long, value_name = "PORT", default_value_t = 50051)]
    result_port: u16,
    /// Tasks at once; 0 for as many as there are cores
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    slots: usize,
    /// Memory of all tasks together, beyond which they use disk where they can
    #[arg(long, value_name = "BYTES", default_value_t = Resources::default().memory_bytes_max)]
    memory_bytes_max: usize,
    /// Disk for what does not fit
    #[arg(long, value_name = "BYTES", default_value_t = Resources::default().spill_bytes_max)]
    spill_bytes_max: u64,
    /// Folder in which it makes one of its own for parts of answers [default: the system's temporary folder]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// It says so often that it is there; a few times within the scheduler's --lost-after
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    heartbeat: u64,
}

impl Executor {
    /// Computes until it is told to end: SIGTERM and Ctrl-C wait for its tasks.
    ///
    /// # Errors
    /// When the store cannot be opened, or a port is taken. A scheduler that cannot be reached is tried again and again, with a warning
    /// each time: Ballista 55 never reaches the end of [`SCHEDULER_WAIT_S`].
    pub async fn run(self) -> anyhow::Result<()> {
        let store = Store::open(&self.store)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let slots = if self.slots == 0 { cores } else { self.slots };
        let resources = Resources { memory_bytes_max: self.memory_bytes_max, spill_bytes_max: self.spill_bytes_max };
        let lake = Lake::open(store.clone(), resources)?;
        let of_task = Resources {
            memory_bytes_max: resources.memory_bytes_max / slots,
            spill_bytes_max: resources.spill_bytes_max / slots as u64,
        };
        let here = Here { store, resources: of_task, threads: Handle::current() };
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        // Its own, since all of it is removed at the end.
        let folder = tempfile::Builder::new().prefix("warehouse-executor-").tempdir_in(&parent);
        let folder = folder.with_context(|| format!("--folder {}: cannot make a folder in it", parent.display()))?;
        let (scheduler_host, scheduler_port) = host_and_port(&self.scheduler)?;
        let functions = BallistaFunctionRegistry::from(&lake.engine.session().state());
        let runtime = lake.engine.runtime().clone();
        let size = u32::try_from(MESSAGE_BYTES_MAX).context("the longest message")?;
        let config = ExecutorProcessConfig {
            bind_host: self.listen.to_string(),
            external_host: Some(self.host.unwrap_or_else(|| self.listen.to_string())),
            port: self.result_port,
            grpc_port: self.task_port,
            scheduler_host,
            scheduler_port,
            scheduler_connect_timeout_seconds: SCHEDULER_WAIT_S,
            vcores: slots,
            task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
            work_dir: Some(folder.path().display().to_string()),
            job_data_ttl_seconds: PARTS_KEPT_S,
            job_data_clean_up_interval_seconds: PARTS_LOOK_EVERY_S,
            grpc_max_decoding_message_size: size,
            grpc_max_encoding_message_size: size,
            executor_heartbeat_interval_seconds: self.heartbeat,
            // As the runtime is: the warehouse's own limits on memory and disk, for all tasks together.
            memory_pool_size: Some(0),
            override_runtime_producer: Some(Arc::new(move |_| Ok(runtime.clone()))),
            override_function_registry: Some(Arc::new(functions)),
            override_config_producer: Some(Arc::new(config)),
            override_physical_codec: Some(Arc::new(Codec::of_executor(here))),
            ..ExecutorProcessConfig::default()
        };
        Ok(start_executor_process(Arc::new(config)).await?)
    }
}

/// Settings of a process; those of a statement come with it.
fn config() -> SessionConfig {
    SessionConfig::new_with_ballista().with_ballista_grpc_client_max_message_size(MESSAGE_BYTES_MAX)
}

fn host_and_port(address: &str) -> anyhow::Result<(String, u16)> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    parts.with_context(|| format!("--scheduler {address:?}: write it as HOST:PORT, such as 127.0.0.1:50050"))
}
