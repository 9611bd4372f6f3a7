//! Rows session by session, as an input of selects: only the columns that a select asks for are gathered, and what goes
//! through the sessions in this order sorts nothing.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, Date32Array, Int32Array, RecordBatch, RecordBatchOptions, StringViewArray};
use datafusion::arrow::compute::{SortOptions, cast, take};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::stream;

use super::Ordered;
use crate::curated::scan::viewed;
use crate::curated::writer::Columns;

/// Rows that are gathered at once: dictionaries are looked through for each.
const GATHERED_ROWS: usize = 64 << 10;

/// See [`Ordered::by_session`].
const ORDER: [&str; 4] = ["site_id", "session_id", "tab_id", "seq"];

/// A table of ordered rows, texts as views.
#[derive(Debug)]
pub(crate) struct OrderedTable {
    rows: Arc<Ordered>,
    schema: SchemaRef,
}

impl OrderedTable {
    pub(crate) fn new(rows: Arc<Ordered>) -> Arc<Self> {
        let schema = viewed(&rows.table.schema());
        Arc::new(Self { rows, schema })
    }
}

#[async_trait]
impl TableProvider for OrderedTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => self.schema.clone(),
        };
        let stretch = Stretch { rows: 0..self.rows.rows.len(), of: self.rows.clone(), schema: schema.clone() };
        let order = order(&schema)?;
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(stretch)], None, order, false, limit)?))
    }
}

/// What of the order the columns tell.
fn order(schema: &SchemaRef) -> Result<Option<LexOrdering>> {
    let options = SortOptions { descending: false, nulls_first: false };
    let mut order = Vec::new();
    for name in ORDER.iter().take_while(|name| schema.column_with_name(name).is_some()) {
        order.push(PhysicalSortExpr::new(Arc::new(Column::new_with_schema(name, schema)?), options));
    }
    Ok(LexOrdering::new(order))
}

/// Some columns of some of the rows.
#[derive(Debug)]
struct Stretch {
    of: Arc<Ordered>,
    rows: Range<usize>,
    schema: SchemaRef,
}

impl PartitionStream for Stretch {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batch_rows = context.session_config().batch_size();
        let (of, schema, all) = (self.of.clone(), self.schema.clone(), self.rows.clone());
        let pieces = all.clone().step_by(GATHERED_ROWS).map(move |from| {
            let rows = from..all.end.min(from + GATHERED_ROWS);
            of.batch(&schema, rows).map_err(|error| DataFusionError::External(error.into()))
        });
        let batches = pieces.flat_map(move |piece| match piece {
            Ok(piece) => {
                let starts = (0..piece.num_rows()).step_by(batch_rows.max(1));
                starts.map(|from| Ok(piece.slice(from, batch_rows.min(piece.num_rows() - from)))).collect::<Vec<_>>()
            }
            Err(error) => vec![Err(error)],
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream::iter(batches)))
    }
}

impl Ordered {
    fn batch(&self, schema: &SchemaRef, rows: Range<usize>) -> anyhow::Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let columns = schema.fields().iter().map(|field| {
            let made = match field.name().as_str() {
                "site_id" => self.site_ids(rows.clone())?,
                "event_date" => {
                    Arc::new(Date32Array::from_iter_values(self.rows[rows.clone()].iter().map(|row| row.date)))
                }
                name => self.column(self.table.schema().field_with_name(name)?, rows.clone())?,
            };
            Ok(cast(&made, field.data_type())?)
        });
        let columns = columns.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
    }

    fn site_ids(&self, rows: Range<usize>) -> anyhow::Result<ArrayRef> {
        let sites = StringViewArray::from_iter_values(&self.sites);
        let places = Int32Array::from_iter_values(self.rows[rows].iter().map(|row| row.site as i32));
        Ok(take(&sites, &places, None)?)
    }
}
