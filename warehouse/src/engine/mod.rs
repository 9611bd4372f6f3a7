//! DataFusion with bounded memory and disk, over one store.

mod functions;
mod in_turn;
pub(crate) mod inputs;
mod named_twice;
mod requirements;
mod shares;
mod sorted_joins;

use std::sync::Arc;

use anyhow::Context;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
};
use datafusion::error::DataFusionError;
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::memory::InMemory;
use url::Url;

use crate::curated::dictionaries::Dictionaries;
use crate::curated::scan::{STORE_URL, SmallFiles};
pub use crate::engine::functions::operation;
use crate::engine::requirements::physical_rules;
use crate::engine::shares::Shares;
use crate::limits::{
    CONSUMERS_NAMED, FOOTERS_PART, MEMORY_BYTES_MAX, MERGED_AT_ONCE_MAX, PARTITION_BYTES_MIN, SCAN_BYTES_MIN,
    SMALL_FILES_PART, SPILL_BYTES_MAX, WALK_BATCH_ROWS, WALK_MERGE_BYTES,
};
use inputs::Inputs;
use landing::Store;

/// Memory and disk that the engine of one process may take.
#[derive(Clone, Copy, Debug)]
pub struct Resources {
    pub memory_bytes_max: usize,
    pub spill_bytes_max: u64,
}

impl Default for Resources {
    fn default() -> Self {
        Self { memory_bytes_max: MEMORY_BYTES_MAX, spill_bytes_max: SPILL_BYTES_MAX }
    }
}

/// Optimisations of this version of the engine that answer wrongly or fail, each with its issue at apache/datafusion. Tests:
/// `tests/sql`.
const FAULTY: [&str; 2] = [
    // Filters are moved to the column of the same name, which may be another one: rows are lost (25244, 25262).
    "datafusion.optimizer.enable_dynamic_filter_pushdown",
    // "Ordering direction required for DISTINCT with limit" (25350).
    "datafusion.optimizer.enable_distinct_aggregation_soft_limit",
];

/// Makes sessions that share memory, disk and the cache of Parquet footers.
#[derive(Clone, Debug)]
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    bare: SessionState,
    /// Into how many parts a plan is split, to run beside each other.
    partitions: usize,
    memory_bytes_max: usize,
    dictionaries: Arc<Dictionaries>,
    small_files: Arc<SmallFiles>,
}

impl Engine {
    pub fn new(store: &Store, resources: Resources) -> anyhow::Result<Self> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::OsTmpDirectory)
            .with_max_temp_directory_size(resources.spill_bytes_max)
            .with_max_spill_merge_fan_in(MERGED_AT_ONCE_MAX);
        let pool = Shares::new(resources.memory_bytes_max);
        let footers =
            CacheManagerConfig::default().with_metadata_cache_limit(resources.memory_bytes_max / FOOTERS_PART);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, CONSUMERS_NAMED)))
            .with_disk_manager_builder(disk)
            .with_cache_manager(footers)
            .build_arc()
            .context("cannot set up the query engine")?;
        let url = Url::parse(STORE_URL).context("the store's internal name")?;
        runtime.register_object_store(&url, store.objects().clone());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let partitions = cores.min(resources.memory_bytes_max / PARTITION_BYTES_MIN).max(1);
        let bare = bare(runtime.clone(), partitions);
        let (memory_bytes_max, dictionaries) = (resources.memory_bytes_max, Arc::default());
        let small_files = Arc::new(SmallFiles::new(memory_bytes_max / SMALL_FILES_PART));
        Ok(Self { runtime, bare, partitions, memory_bytes_max, dictionaries, small_files })
    }

    pub fn runtime(&self) -> &Arc<RuntimeEnv> {
        &self.runtime
    }

    /// What is known of files that were looked through for visitors and tabs.
    pub(crate) fn dictionaries(&self) -> &Dictionaries {
        &self.dictionaries
    }

    /// Into how many parts a plan is split: more threads have nothing to do.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// Memory of all sessions together.
    pub fn memory_bytes_max(&self) -> usize {
        self.memory_bytes_max
    }

    /// What of it nobody has reserved at the moment.
    pub fn memory_bytes_left(&self) -> usize {
        self.memory_bytes_max.saturating_sub(self.runtime.memory_pool.reserved())
    }

    /// Memory that no operator counts; nothing of it is reserved yet.
    pub fn reserved(&self, what: &str) -> MemoryReservation {
        MemoryConsumer::new(what).register(&self.runtime.memory_pool)
    }

    /// What selects of our own read: nothing as yet.
    pub fn inputs(&self) -> Inputs {
        Inputs::new(self.session())
    }

    /// The same for selects whose memory must not grow with what they read: plans in one part, with at most so many sorts of
    /// all rows in each. Joins sort as well, which spills, instead of holding one side in memory. A sort merges the batches
    /// that it has collected before it writes them to disk, and keeps back memory for that: what the engine keeps back by
    /// itself (10 MB) is too little for more than a few batches.
    pub fn inputs_that_spill(&self, sorts: usize, batch_rows: usize) -> Inputs {
        self.inputs_with(|config| {
            config
                .with_target_partitions(1)
                .with_batch_size(batch_rows)
                .with_sort_spill_reservation_bytes(self.memory_bytes_max / (2 * sorts.max(1)))
                .set_bool("datafusion.optimizer.prefer_hash_join", false)
        })
    }

    /// The same, in batches of that many rows, plans in so many parts.
    pub fn inputs_of(&self, batch_rows: usize, partitions: usize) -> Inputs {
        self.inputs_with(|config| config.with_batch_size(batch_rows).with_target_partitions(partitions))
    }

    /// The same for the events of walks. A statement may read a table of sessions twenty times, each time by a walk with a sort of
    /// its own, and all sorts share the memory: so there is one part, and no room in batches and merges for rows that do
    /// not come.
    pub fn inputs_of_walks(&self) -> Inputs {
        self.inputs_with(|config| {
            config
                .with_target_partitions(1)
                .with_batch_size(WALK_BATCH_ROWS)
                .with_sort_spill_reservation_bytes(WALK_MERGE_BYTES)
        })
    }

    /// The same for few rows among many, in small batches: conditions are looked at while rows are read, so that the pages of the
    /// others are not.
    pub fn inputs_of_few_rows(&self, batch_rows: usize) -> Inputs {
        self.inputs_with(|config| {
            config
                .with_batch_size(batch_rows)
                .with_target_partitions(1)
                .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        })
    }

    fn inputs_with(&self, set: impl FnOnce(SessionConfig) -> SessionConfig) -> Inputs {
        let context = self.session();
        let state = context.state_ref();
        let mut state = state.write();
        *state.config_mut() = set(state.config().clone());
        drop(state);
        Inputs::new(context)
    }

    /// A fresh session. It knows no tables; nothing that it is told is seen by another one.
    pub fn session(&self) -> SessionContext {
        let mut state = self.bare.clone();
        let (catalogs, catalog) = (MemoryCatalogProviderList::new(), MemoryCatalogProvider::new());
        let schema = catalog.register_schema(SCHEMA, Arc::new(MemorySchemaProvider::new()));
        schema.expect("a catalog in memory takes any schema");
        catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
        state.register_catalog_list(Arc::new(catalogs));
        SessionContext::new_with_state(state)
    }

    /// The same for what somebody asks: small files that it reads are kept for what is asked next.
    pub fn session_of_statement(&self) -> SessionContext {
        let context = self.session();
        context.state_ref().write().config_mut().set_extension(self.small_files.clone());
        context
    }
}

/// Plans the statements of a session in one part from now on.
pub(crate) fn plan_in_one_part(context: &SessionContext) {
    context.state_ref().write().config_mut().options_mut().execution.target_partitions = 1;
}

/// Names of what a session knows its tables by.
const CATALOG: &str = "telemetry";
const SCHEMA: &str = "public";

/// A session without tables, of which the others are copies: making the functions and rules takes longer than a small statement.
fn bare(runtime: Arc<RuntimeEnv>, partitions: usize) -> SessionState {
    let config = SessionConfig::new()
        .with_information_schema(true)
        .with_target_partitions(partitions)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .set_usize("datafusion.optimizer.repartition_file_min_size", SCAN_BYTES_MIN)
        // Where it pays, the scan says so.
        .set_bool("datafusion.execution.parquet.pushdown_filters", false)
        // Without it `now()` and `to_timestamp` have no zone, and are answered without the Z of RFC 3339.
        .set_str("datafusion.execution.time_zone", "UTC");
    let config = FAULTY.iter().fold(config, |config, option| config.set_bool(option, false));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_analyzer_rules(functions::analyzer_rules())
        .with_physical_optimizer_rules(physical_rules())
        .build();
    let context = SessionContext::new_with_state(state);
    functions::register(&context);
    context.state()
}

/// A session of one who passes plans on: it knows our functions and the store's name, and there is nothing in that store.
///
/// # Errors
/// When the engine does not take the store's name, which is a constant.
pub fn passing_on(config: SessionConfig) -> datafusion::common::Result<SessionState> {
    let context = SessionContext::new_with_config(config);
    functions::register(&context);
    let url = Url::parse(STORE_URL).map_err(|error| DataFusionError::External(error.into()))?;
    context.runtime_env().register_object_store(&url, Arc::new(InMemory::new()));
    Ok(context.state())
}

/// The text without line breaks: errors are one line.
pub(crate) fn one_line(text: &impl ToString) -> String {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the engine says when spilled data reaches its limit: an I/O error that only its words tell from others
/// (`disk_manager.rs` of datafusion-execution).
const SPILL_LIMIT_WORDS: &str = "the spilling process has exceeded the allowable limit";

/// Whether the limit of spilled data is what an error is about.
pub(crate) fn spill_exhausted(error: &dyn std::error::Error) -> bool {
    error.to_string().contains(SPILL_LIMIT_WORDS)
}

/// What asked for how much, if the limit of memory or of spilled data is what ended the work.
pub(crate) fn memory_exhausted(error: &anyhow::Error) -> Option<String> {
    let error = error.chain().find_map(|cause| cause.downcast_ref::<DataFusionError>())?;
    match error.find_root() {
        DataFusionError::ResourcesExhausted(text) => Some(one_line(text)),
        root if spill_exhausted(root) => Some(one_line(root)),
        _ => None,
    }
}
