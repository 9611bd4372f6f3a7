//! Selects over named inputs: a select knows the tables and functions that it was given, and no other.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::datasource::TableProvider;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;

/// What some selects read.
pub struct Inputs(SessionContext);

impl Inputs {
    pub(super) fn new(context: SessionContext) -> Self {
        Self(context)
    }

    /// And a table.
    pub fn table(self, name: &str, rows: Arc<dyn TableProvider>) -> anyhow::Result<Self> {
        self.0.register_table(name, rows)?;
        Ok(self)
    }

    /// And the rows of another select, which are computed when they are read.
    pub fn rows(self, name: &str, rows: DataFrame) -> anyhow::Result<Self> {
        self.table(name, rows.into_view())
    }

    /// And a function.
    #[must_use]
    pub fn function(self, function: ScalarUDF) -> Self {
        self.0.register_udf(function);
        self
    }

    /// Plans a select.
    pub async fn select(&self, sql: &str) -> anyhow::Result<DataFrame> {
        Ok(self.0.sql(sql).await?)
    }

    /// Runs a select and hands out its rows as they come.
    pub async fn each(&self, sql: &str, mut row: impl FnMut(&RecordBatch, usize)) -> anyhow::Result<()> {
        self.each_batch(sql, |batch| {
            (0..batch.num_rows()).for_each(|index| row(batch, index));
            Ok(())
        })
        .await
    }

    /// The same in batches.
    pub async fn each_batch(
        &self,
        sql: &str,
        mut rows: impl FnMut(&RecordBatch) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut batches = self.select(sql).await?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            rows(&batch)?;
        }
        Ok(())
    }

    /// The only number of a select's only row; 0 when there is none.
    pub async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        let mut number = 0;
        self.each(sql, |batch, row| number = batch.column(0).as_primitive::<Int64Type>().value(row)).await?;
        Ok(number)
    }
}

/// A text of a batch from a scan.
pub(crate) fn text(batch: &RecordBatch, column: usize, row: usize) -> &str {
    batch.column(column).as_string_view().value(row)
}

/// A whole number of a batch.
pub(crate) fn number(batch: &RecordBatch, column: usize, row: usize) -> i64 {
    batch.column(column).as_primitive::<Int64Type>().value(row)
}

/// A time of a batch, in epoch microseconds.
pub(crate) fn time(batch: &RecordBatch, column: usize, row: usize) -> i64 {
    batch.column(column).as_primitive::<TimestampMicrosecondType>().value(row)
}
