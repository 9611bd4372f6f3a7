//! Rows session by session, as an input of selects: only the columns that a select asks for are gathered, of the rows of the
//! types that it asks for, and what goes through the sessions in this order sorts nothing.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, AsArray, Date32Array, DictionaryArray, Int32Array, RecordBatch, RecordBatchOptions, StringArray,
    StringViewArray,
};
use datafusion::arrow::compute::{SortOptions, cast};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result};
use datafusion::datasource::{TableProvider, TableType};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::stream;

use super::order::{Ordered, Row, by_tab, places};
use super::pairs::Texts;
use super::read::dictionary;
use crate::curated::scan::viewed;
use crate::tables::walk::{Order, Walk};

/// Rows that are gathered at once: dictionaries are looked through for each.
const GATHERED_ROWS: usize = 64 << 10;

/// A table of rows session by session, texts as views.
#[derive(Debug)]
pub(crate) struct OrderedTable {
    rows: Arc<Ordered>,
    schema: SchemaRef,
}

impl OrderedTable {
    /// See [`Ordered::by_session`].
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

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let of_type = |filter: &Expr| filter.column_refs().iter().all(|column| column.name == "type");
        Ok(filters
            .iter()
            .map(|filter| match of_type(filter) && !filter.is_volatile() {
                true => TableProviderFilterPushDown::Exact,
                false => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => self.schema.clone(),
        };
        let rows = match filters.is_empty() {
            true => None,
            false => Some(Arc::new(self.rows.of_types(of_conditions(state, filters)?)?)),
        };
        let stretch = Stretch { of: self.rows.clone(), rows, schema: schema.clone() };
        let order = order(&schema)?;
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(stretch)], None, order, false, limit)?))
    }
}

/// Which types the conditions ask for.
fn of_conditions(state: &dyn Session, conditions: &[Expr]) -> Result<impl Fn(&[Option<&str>]) -> Result<Vec<bool>>> {
    let schema = Arc::new(Schema::new(vec![Field::new("type", DataType::Utf8View, true)]));
    let known = DFSchema::try_from(schema.clone())?;
    let conditions = conditions.iter().map(|condition| state.create_physical_expr(condition.clone(), &known));
    let conditions = conditions.collect::<Result<Vec<Arc<dyn PhysicalExpr>>>>()?;
    Ok(move |types: &[Option<&str>]| {
        let names = types.iter().copied().collect::<StringViewArray>();
        let names = RecordBatch::try_new(schema.clone(), vec![Arc::new(names)])?;
        let mut wanted = vec![true; types.len()];
        for condition in &conditions {
            let holds = condition.evaluate(&names)?.into_array(types.len())?;
            for (wanted, holds) in wanted.iter_mut().zip(holds.as_boolean()) {
                *wanted &= holds == Some(true);
            }
        }
        Ok(wanted)
    })
}

/// What of the order the columns tell.
fn order(schema: &SchemaRef) -> Result<Option<LexOrdering>> {
    let options = SortOptions { descending: false, nulls_first: false };
    let mut order = Vec::new();
    for name in Order::Sessions.columns().iter().take_while(|name| schema.column_with_name(name).is_some()) {
        order.push(PhysicalSortExpr::new(Arc::new(Column::new_with_schema(name, schema)?), options));
    }
    Ok(LexOrdering::new(order))
}

/// Some columns of the rows, or of some of them.
#[derive(Debug)]
pub(crate) struct Stretch {
    of: Arc<Ordered>,
    rows: Option<Arc<Vec<Row>>>,
    schema: SchemaRef,
}

impl Stretch {
    /// What a walk reads, in its order, texts in dictionaries.
    pub(crate) fn of_walk(of: Arc<Ordered>, walk: &Walk) -> anyhow::Result<Arc<Self>> {
        let all = of.table.schema();
        let columns = (walk.reads)();
        let fields = columns.iter().map(|name| {
            let field = all.field_with_name(name)?.clone();
            Ok(if *field.data_type() == DataType::Utf8 { field.with_data_type(dictionary()) } else { field })
        });
        let schema = Arc::new(Schema::new(fields.collect::<anyhow::Result<Vec<Field>>>()?));
        let mut rows = match walk.types {
            [] => None,
            some => Some(of.of_types(|types| {
                let wanted = |name: &str| some.iter().any(|kind| kind.name() == name);
                Ok(types.iter().map(|name| name.is_some_and(wanted)).collect())
            })?),
        };
        if walk.order == Order::Tabs {
            rows = Some(by_tab(rows.as_deref().unwrap_or(&of.rows)));
        }
        Ok(Arc::new(Self { of, rows: rows.map(Arc::new), schema }))
    }

    /// The rows, gathered piece by piece.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Result<RecordBatch>> + Send + use<> {
        let (of, schema, some) = (self.of.clone(), self.schema.clone(), self.rows.clone());
        let count = some.as_ref().map_or(of.rows.len(), |some| some.len());
        (0..count).step_by(GATHERED_ROWS).map(move |from| {
            let rows = some.as_deref().unwrap_or(&of.rows);
            let rows = &rows[from..count.min(from + GATHERED_ROWS)];
            of.batch(&schema, rows).map_err(|error| DataFusionError::External(error.into()))
        })
    }
}

impl PartitionStream for Stretch {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batch_rows = context.session_config().batch_size();
        let batches = self.pieces().flat_map(move |piece| match piece {
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
    /// Rows of the types that are wanted of some. That is asked of the few types and not of each row.
    fn of_types(&self, wanted: impl Fn(&[Option<&str>]) -> Result<Vec<bool>>) -> Result<Vec<Row>> {
        let mut asked = Vec::with_capacity(self.held.len());
        for held in &self.held {
            let types = Texts::of(&held.rows, "type");
            let wanted = wanted(&types.all().map(Some).chain([None]).collect::<Vec<_>>())?;
            asked.push((types, wanted));
        }
        let of_type = |row: &&Row| {
            let (types, wanted) = &asked[row.batch as usize];
            // the last one is for none
            wanted[usize::try_from(types.code(row.row as usize)).unwrap_or(wanted.len() - 1)]
        };
        Ok(self.rows.iter().filter(of_type).copied().collect())
    }

    fn batch(&self, schema: &SchemaRef, rows: &[Row]) -> anyhow::Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let own = self.table.schema();
        let places = places(rows);
        let columns = schema.fields().iter().map(|field| {
            let made = match field.name().as_str() {
                "site_id" => self.site_ids(rows)?,
                "event_date" => Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| row.date))),
                name => self.gathered(own.field_with_name(name)?, rows, &places, None)?,
            };
            Ok(cast(&made, field.data_type())?)
        });
        let columns = columns.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
    }

    fn site_ids(&self, rows: &[Row]) -> anyhow::Result<ArrayRef> {
        let places = Int32Array::from_iter_values(rows.iter().map(|row| row.site as i32));
        let sites = StringArray::from_iter_values(&self.sites);
        Ok(Arc::new(DictionaryArray::try_new(places, Arc::new(sites))?))
    }
}
