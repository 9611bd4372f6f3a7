//! Files of a table, written again in order.

use datafusion::logical_expr::ScalarUDF;
use deltalake_core::kernel::Add;

use crate::curated::file::Maker;
use crate::curated::scan::Scan;
use crate::curated::writer::write;
use crate::curated::{CuratedFile, Version};
use crate::engine::inputs::Inputs;
use crate::lake::Lake;
use crate::lake::sizes::Size;
use crate::limits::BATCH_ROWS;

/// Which rows go: a condition that is null for none, and the functions that it calls.
#[derive(Clone, Debug)]
pub(super) struct Going {
    pub condition: String,
    pub functions: Vec<ScalarUDF>,
}

impl Going {
    pub(super) fn none() -> Self {
        Self::rows("false".into())
    }

    pub(super) fn rows(condition: String) -> Self {
        Self { condition, functions: Vec::new() }
    }

    /// Files of a version as `curated`.
    pub(super) fn inputs(&self, lake: &Lake, base: &Version, files: &[&CuratedFile]) -> anyhow::Result<Inputs> {
        self.known_to(lake.engine.inputs()).table("curated", Scan::some(base, files))
    }

    fn known_to(&self, inputs: Inputs) -> Inputs {
        self.functions.iter().fold(inputs, |inputs, function| inputs.function(function.clone()))
    }
}

/// Writes the files again without the rows that go, into files that say so much of their maker.
pub(super) async fn without(
    lake: &Lake,
    base: &Version,
    files: &[&CuratedFile],
    going: &Going,
    maker: Maker,
) -> anyhow::Result<Vec<Add>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let mut batch_rows = BATCH_ROWS;
    for file in files {
        let file = base.scan_file(file);
        batch_rows = batch_rows.min(lake.sizes.of(&file.key, file.bytes).await.map(Size::batch_rows)?);
    }
    let inputs =
        going.known_to(lake.engine.inputs_that_spill(1, batch_rows)).table("curated", Scan::some(base, files))?;
    let (columns, order) = (base.table.columns().join(", "), base.table.sort_order);
    let stays = format!("not coalesce({}, false)", going.condition);
    let rows = inputs.select(&format!("select {columns} from curated where {stays} order by {order}")).await?;
    Ok(write(lake.store.objects(), (base.table, maker), rows).await?.added)
}
