//! What comes of a walk, as an input of selects. The events are gone through when the select runs, and not held.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::DataFrame;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};

use super::held::Stretch;
use crate::limits::WALK_BATCH_ROWS;
use crate::tables::walk::{Events, Made, Past, Walk, Walker};

/// A walk and its events.
#[derive(Debug)]
pub(super) struct Walked {
    walk: &'static Walk,
    past: Arc<dyn Past>,
    events: Source,
    schema: SchemaRef,
}

/// Events with the columns that a walk reads, in its order.
#[derive(Debug)]
pub(super) enum Source {
    Held(Arc<Stretch>),
    Selected(DataFrame),
}

impl Walked {
    pub(super) fn new(walk: &'static Walk, past: Arc<dyn Past>, events: Source) -> Arc<Self> {
        Arc::new(Self { walk, past, events, schema: walk.schema() })
    }
}

#[async_trait]
impl TableProvider for Walked {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let events = match &self.events {
            Source::Held(rows) => Planned::Held(rows.clone()),
            // A compaction of large rows has smaller batches yet, and reads in them.
            Source::Selected(rows) if state.config().batch_size() < WALK_BATCH_ROWS => {
                Planned::Selected(state.create_physical_plan(rows.logical_plan()).await?, None)
            }
            Source::Selected(rows) => {
                Planned::Selected(rows.clone().create_physical_plan().await?, Some(rows.task_ctx().into()))
            }
        };
        let rows = Steps { walk: self.walk, past: self.past.clone(), events, schema: self.schema.clone() };
        Ok(Arc::new(StreamingTableExec::try_new(
            self.schema.clone(),
            vec![Arc::new(rows)],
            projection,
            None,
            false,
            limit,
        )?))
    }
}

#[derive(Debug)]
struct Steps {
    walk: &'static Walk,
    past: Arc<dyn Past>,
    events: Planned,
    schema: SchemaRef,
}

#[derive(Debug)]
enum Planned {
    Held(Arc<Stretch>),
    /// And the session that it was planned in, if that is not the one of whoever asks.
    Selected(Arc<dyn ExecutionPlan>, Option<Arc<TaskContext>>),
}

impl Planned {
    fn batches(&self, context: Arc<TaskContext>) -> BoxStream<'static, Result<RecordBatch>> {
        match self {
            Self::Held(rows) => stream::iter(rows.pieces()).boxed(),
            Self::Selected(plan, own) => match execute_stream(plan.clone(), own.clone().unwrap_or(context)) {
                Ok(batches) => batches.boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            },
        }
    }
}

impl PartitionStream for Steps {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = match Made::new(self.schema.clone()) {
            Ok(made) => walked((self.walk.begin)(&self.past), made, self.events.batches(context)).boxed(),
            Err(error) => stream::iter([Err(failed(error))]).boxed(),
        };
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}

/// The rows that are whole after each batch of events.
fn walked(
    walker: Box<dyn Walker>,
    made: Made,
    batches: BoxStream<'static, Result<RecordBatch>>,
) -> impl futures::Stream<Item = Result<RecordBatch>> + Send {
    stream::try_unfold((Some(walker), made, batches), |(walker, mut made, mut batches)| async move {
        let Some(mut walker) = walker else { return Ok(None) };
        let walking = match batches.try_next().await? {
            Some(batch) => {
                walker.walk(&Events::of(&batch), &mut made).map_err(failed)?;
                Some(walker)
            }
            None => {
                walker.end(&mut made).map_err(failed)?;
                None
            }
        };
        Ok::<_, DataFusionError>(Some((made.batch().map_err(failed)?, (walking, made, batches))))
    })
}

fn failed(error: anyhow::Error) -> DataFusionError {
    DataFusionError::External(error.into())
}
