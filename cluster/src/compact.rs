//! A compaction as a plan: a task for each part of Kafka's partitions, which is what `warehouse compact --shard` does on a machine.
//!
//! No task needs to know whether another has done its part, or half of it: each commits only what is right beside what was
//! committed. So a task whose executor is gone is run again elsewhere, and one that was thought to be gone may go on.

use std::fmt;
use std::sync::Arc;

use anyhow::Context;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::TryStreamExt;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use warehouse::compact::{Summary, compact};
use warehouse::{Lake, Resources, Shard, Store};

/// More parts at once than this wait for each other's commits more than they compute.
const PARTS_MAX: usize = 16;

/// What a process compacts with.
#[derive(Clone, Debug)]
pub struct Here {
    pub store: Store,
    /// Of each task.
    pub resources: Resources,
    /// Threads with stacks on which the selects of a compaction can be planned.
    pub threads: Handle,
}

/// The plan of a compaction of the lake in so many parts.
///
/// # Errors
/// When the engine does not take it.
pub fn plan(lake: &Lake, parts: usize) -> Result<Arc<dyn ExecutionPlan>> {
    let parts = parts.clamp(1, PARTS_MAX);
    let schema = Arc::new(Schema::new(vec![Field::new("part", DataType::Utf8, false)]));
    let rows = (1..=parts).map(|number| -> Result<Vec<RecordBatch>> {
        let part: ArrayRef = Arc::new(StringArray::from(vec![format!("{number}/{parts}")]));
        Ok(vec![RecordBatch::try_new(schema.clone(), vec![part])?])
    });
    let named = MemorySourceConfig::try_new_exec(&rows.collect::<Result<Vec<_>>>()?, schema.clone(), None)?;
    Ok(Arc::new(CompactExec::new(named, lake.store.url().as_str(), None)))
}

/// Adds up what the tasks did.
pub fn summary(rows: &RecordBatch) -> Summary {
    let sum = |column: usize| -> u64 { rows.column(column).as_primitive::<UInt64Type>().values().iter().sum() };
    Summary { links: sum(0), events: sum(1), sessions_corrected: sum(2), frames: sum(3), commits: sum(4) }
}

/// Compacts the parts that its input names, one row of numbers for each.
#[derive(Debug)]
pub struct CompactExec {
    parts: Arc<dyn ExecutionPlan>,
    /// Address of the store that is meant.
    store: String,
    here: Option<Here>,
    properties: Arc<PlanProperties>,
}

impl CompactExec {
    pub(crate) fn new(parts: Arc<dyn ExecutionPlan>, store: &str, here: Option<Here>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema()),
            parts.output_partitioning().clone(),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self { parts, store: store.to_owned(), here, properties: Arc::new(properties) }
    }

    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// What this process has, if it is of the store that is meant.
    fn here(&self) -> Result<Here> {
        let Some(here) = &self.here else { return internal_err!("only an executor compacts") };
        if here.store.url().as_str() != self.store {
            let text = format!(
                "this executor was started with the store {}, and the compaction is of {}; start all of a cluster with one --store",
                here.store.url(),
                self.store
            );
            return Err(DataFusionError::Configuration(text));
        }
        Ok(here.clone())
    }
}

/// Of what comes back, the fields of [`Summary`].
fn schema() -> SchemaRef {
    let names = ["links", "events", "sessions_corrected", "frames", "commits"];
    Arc::new(Schema::new(names.map(|name| Field::new(name, DataType::UInt64, false)).to_vec()))
}

impl DisplayAs for CompactExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CompactExec")
    }
}

impl ExecutionPlan for CompactExec {
    fn name(&self) -> &'static str {
        "CompactExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.parts]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([parts]) => Ok(Arc::new(Self::new(parts, &self.store, self.here.clone()))),
            Err(children) => internal_err!("a compaction with {} inputs", children.len()),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let here = self.here()?;
        let parts = self.parts.execute(partition, context)?;
        let rows = parts.and_then(move |named| compacted(here.clone(), named));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), rows)))
    }
}

/// Compacts the parts of a batch, one after the other. What fails is tried again, by whoever is free: so it is told as what may go
/// better the next time.
async fn compacted(here: Here, named: RecordBatch) -> Result<RecordBatch> {
    let mut sum = Summary::default();
    for part in named.column(0).as_string::<i32>().iter().flatten() {
        let (store, resources, part) = (here.store.clone(), here.resources, part.to_owned());
        let work = async move {
            let part: Shard = part.parse().map_err(anyhow::Error::msg)?;
            let lake = Lake::of_shard(store, resources, part)?;
            compact(&lake, |_, _| {}).await.with_context(|| format!("part {part}"))
        };
        let done = AbortOnDropHandle::new(here.threads.spawn(work)).await;
        let done = done.context("the compaction").and_then(|done| done);
        sum += done.map_err(|error| DataFusionError::IoError(std::io::Error::other(format!("{error:#}"))))?;
    }
    let numbers = [sum.links, sum.events, sum.sessions_corrected, sum.frames, sum.commits];
    let columns = numbers.map(|number| Arc::new(UInt64Array::from(vec![number])) as ArrayRef);
    Ok(RecordBatch::try_new(schema(), columns.to_vec())?)
}
