//! A table of which only some sites' rows are there.
//!
//! A filter beside those of the statement would not do. The engine evaluates conditions in an order of its own, on all rows,
//! and tells of the value on which one fails: `cast(user_id as int) = 1` would quote other sites' users. So the rows are
//! sieved in a source of their own, below everything that a statement says. Only conditions that cannot fail are handed to what
//! lies behind it, to read less. And a plan shows this source and nothing behind it: no other site's files, rows or
//! statistics.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::{Column, Result, plan_err};
use datafusion::datasource::{TableProvider, TableType, provider_as_source};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{
    BinaryExpr, Expr, LogicalPlanBuilder, Operator, TableProviderFilterPushDown, UNNAMED_TABLE,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::{col, lit};
use futures::{StreamExt, stream};

const SITE: &str = "site_id";

#[derive(Debug)]
pub(super) struct Fenced {
    rows: Arc<dyn TableProvider>,
    sites: Arc<BTreeSet<String>>,
}

impl Fenced {
    pub(super) fn new(rows: Arc<dyn TableProvider>, sites: &BTreeSet<String>) -> Self {
        Self { rows, sites: Arc::new(sites.clone()) }
    }
}

#[async_trait]
impl TableProvider for Fenced {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = filters.iter().map(|filter| match never_fails(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        });
        Ok(support.collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        // Of the rows behind the fence: some of them are not there.
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let mut read = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
        let shown = read.len();
        let shown_schema = Arc::new(schema.project(&read)?);
        let site = schema.index_of(SITE)?;
        let site = read.iter().position(|column| *column == site).unwrap_or_else(|| {
            read.push(site);
            shown
        });
        let rows = self.behind(state, &read, filters).await?;
        let sieve = Sieve { rows, part: 0, site, shown, schema: shown_schema.clone(), sites: self.sites.clone() };
        let parts = (0..sieve.rows.output_partitioning().partition_count()).map(|part| Sieve { part, ..sieve.clone() });
        let parts = parts.map(|part| Arc::new(part) as Arc<dyn PartitionStream>).collect();
        Ok(Arc::new(StreamingTableExec::try_new(shown_schema, parts, None, None, false, None)?))
    }
}

impl Fenced {
    /// Columns of the rows behind the fence, without those that the filters and the sites leave out for certain.
    async fn behind(&self, state: &dyn Session, read: &[usize], filters: &[Expr]) -> Result<Arc<dyn ExecutionPlan>> {
        let sites = self.sites.iter().map(|site| lit(site.as_str())).collect();
        let filter = filters.iter().cloned().fold(col(SITE).in_list(sites, false), Expr::and);
        let rows = LogicalPlanBuilder::scan(UNNAMED_TABLE, provider_as_source(self.rows.clone()), None)?;
        let rows = rows.filter(filter)?;
        let columns = read.iter().map(|column| Expr::Column(Column::from(rows.schema().qualified_field(*column))));
        let columns: Vec<Expr> = columns.collect();
        state.create_physical_plan(&rows.project(columns)?.build()?).await
    }
}

/// Whether the condition only compares columns with constants and with each other: that fails on no row.
fn never_fails(condition: &Expr) -> bool {
    match condition {
        Expr::Column(_) | Expr::Literal(_, _) => true,
        Expr::Not(inner) | Expr::IsNull(inner) | Expr::IsNotNull(inner) => never_fails(inner),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let compares = matches!(
                op,
                Operator::Eq
                    | Operator::NotEq
                    | Operator::Lt
                    | Operator::LtEq
                    | Operator::Gt
                    | Operator::GtEq
                    | Operator::And
                    | Operator::Or
            );
            compares && never_fails(left) && never_fails(right)
        }
        Expr::Between(between) => {
            [&between.expr, &between.low, &between.high].into_iter().all(|part| never_fails(part))
        }
        Expr::InList(list) => never_fails(&list.expr) && list.list.iter().all(never_fails),
        _ => false,
    }
}

/// One part of the rows, sieved.
#[derive(Clone, Debug)]
struct Sieve {
    rows: Arc<dyn ExecutionPlan>,
    part: usize,
    /// Place of the site among the columns that are read.
    site: usize,
    /// Columns that are shown: the first ones.
    shown: usize,
    schema: SchemaRef,
    sites: Arc<BTreeSet<String>>,
}

impl PartitionStream for Sieve {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let sieve = self.clone();
        let batches = match self.rows.execute(self.part, context) {
            Ok(batches) => batches.map(move |batch| sieve.sieved(&batch?)).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        };
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches))
    }
}

impl Sieve {
    fn sieved(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let site = batch.column(self.site);
        let inside: BooleanArray = match site.data_type() {
            DataType::Utf8 => site.as_string::<i32>().iter().map(|site| Some(self.lets_in(site))).collect(),
            DataType::Utf8View => site.as_string_view().iter().map(|site| Some(self.lets_in(site))).collect(),
            other => return plan_err!("{SITE} is {other}, and no text"),
        };
        let shown: Vec<usize> = (0..self.shown).collect();
        Ok(filter_record_batch(batch, &inside)?.project(&shown)?)
    }

    fn lets_in(&self, site: Option<&str>) -> bool {
        site.is_some_and(|site| self.sites.contains(site))
    }
}
