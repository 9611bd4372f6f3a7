//! The tables of recordings in SQL: what was compacted, and what has landed since.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::datasource::TableProvider;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

use super::fresh::{Origin, fresh};
use super::rule;
use crate::curated::scan::Scan;
use crate::lake::Lake;
use crate::tables::Table;

/// A table of recordings as it would stand if everything that has landed were compacted now. The version is read before the
/// chain, so no frame falls between them.
pub(crate) async fn open(lake: &Lake, table: &'static Table) -> anyhow::Result<Arc<dyn TableProvider>> {
    let base = lake.recordings.table(table).newest().await?;
    let links = lake.recordings.chains.links_after(&base.progress).await?;
    if links.iter().all(|link| link.files.is_empty()) {
        return Ok(Scan::answering(&base, &base.files.iter().collect::<Vec<_>>()));
    }
    let fresh = fresh(&lake.engine, &base, &links).await?;
    let columns = table.columns().join(", ");
    let inputs = lake.engine.inputs().table("landing", Scan::frames(&links))?.function(is_fresh(fresh));
    // What is cheap comes first: most rows of the other kind are told by it alone.
    let own = rule(table).own;
    let new = format!("select {columns} from landing where {own} and is_fresh(kafka_partition, kafka_offset)");
    let new = inputs.select(&new).await?;
    if base.files.is_empty() {
        return Ok(new.into_view());
    }
    let inputs = lake.engine.inputs().table("curated", Scan::version(&base))?;
    Ok(inputs.select(&format!("select {columns} from curated")).await?.union(new)?.into_view())
}

/// `is_fresh(kafka_partition, kafka_offset)`: whether the frame is a row of the table.
fn is_fresh(origins: HashSet<Origin>) -> ScalarUDF {
    let call = move |arguments: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let number = |column: usize, row: usize| arrays[column].as_primitive::<Int64Type>().value(row);
        let rows = 0..arrays.first().map_or(0, |array| array.len());
        let found = rows.map(|row| Some(origins.contains(&(number(0, row), number(1, row)))));
        Ok(ColumnarValue::Array(Arc::new(found.collect::<BooleanArray>())))
    };
    let inputs = vec![DataType::Int64, DataType::Int64];
    create_udf("is_fresh", inputs, DataType::Boolean, Volatility::Stable, Arc::new(call))
}
