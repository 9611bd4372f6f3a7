//! Files that can hold rows of a statement, by what the log says of each: its site, its day, the least and greatest values of its
//! columns. The others are not opened.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::{DFSchema, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;

/// Leaves out the files that hold no row for which all conditions hold. Where that cannot be told, all stay.
pub(super) fn without_others(
    files: Vec<PartitionedFile>,
    state: &dyn Session,
    schema: &SchemaRef,
    conditions: &[Expr],
) -> Vec<PartitionedFile> {
    match holding(&files, state, schema, conditions) {
        Ok(Some(can_hold)) => files.into_iter().zip(can_hold).filter(|(_, can)| *can).map(|(file, _)| file).collect(),
        Ok(None) | Err(_) => files,
    }
}

/// Whether each file can hold such rows.
fn holding(
    files: &[PartitionedFile],
    state: &dyn Session,
    schema: &SchemaRef,
    conditions: &[Expr],
) -> Result<Option<Vec<bool>>> {
    if files.is_empty() {
        return Ok(None);
    }
    let statistics: Option<Vec<_>> = files.iter().map(|file| file.statistics.clone()).collect();
    let (Some(statistics), Some(condition)) = (statistics, conjunction(conditions.iter().cloned())) else {
        return Ok(None);
    };
    let condition = state.create_physical_expr(condition, &DFSchema::try_from(Arc::clone(schema))?)?;
    let predicate = PruningPredicateBuilder::new().with_file_schema(schema.clone()).try_build(condition)?;
    predicate.prune(&PrunableStatistics::new(statistics, schema.clone())).map(Some)
}
