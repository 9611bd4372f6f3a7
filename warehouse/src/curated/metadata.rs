//! What the log of a table says about the table itself, and how an older one is extended.

use anyhow::anyhow;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::{Metadata, MetadataExt, StructType};
use deltalake_core::table::state::DeltaTableState;

use crate::limits::CHECKPOINT_COMMITS;
use crate::tables::Table;

/// Properties of every table. Other engines read statistics of the first 32 columns unless told which; of a column that
/// has none, some (deltalake) then take 0 for its least and greatest value and leave files out.
pub(super) fn properties(table: &'static Table) -> [(&'static str, String); 2] {
    [
        ("delta.checkpointInterval", CHECKPOINT_COMMITS.to_string()),
        ("delta.dataSkippingStatsColumns", table.statistics_columns.join(",")),
    ]
}

/// The table's columns as the log says them.
pub(super) fn kernel_schema(table: &'static Table) -> anyhow::Result<StructType> {
    table.schema().as_ref().try_into_kernel().map_err(|error| anyhow!("{error}"))
}

/// The metadata with all columns and properties of ours, if some are not there. Columns that we do not know (of a later
/// program) stay.
pub(super) fn lacking(table: &'static Table, state: &DeltaTableState) -> anyhow::Result<Option<Metadata>> {
    let (wanted, have) = (kernel_schema(table)?, state.schema());
    let columns: Vec<_> = wanted.fields().filter(|field| have.field(field.name()).is_none()).cloned().collect();
    let configuration = state.metadata().configuration();
    let properties: Vec<_> =
        properties(table).into_iter().filter(|(key, value)| configuration.get(*key) != Some(value)).collect();
    if columns.is_empty() && properties.is_empty() {
        return Ok(None);
    }
    let mut metadata = state.metadata().clone();
    if !columns.is_empty() {
        metadata = metadata.with_schema(&StructType::try_new(have.fields().cloned().chain(columns))?)?;
    }
    for (key, value) in properties {
        metadata = metadata.add_config_key(key.to_owned(), value)?;
    }
    Ok(Some(metadata))
}
