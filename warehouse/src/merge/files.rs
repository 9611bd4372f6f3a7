//! Which files of a version hold rows that change.

use std::collections::HashSet;

use crate::curated::scan::{FILE_INDEX, file_of};
use crate::engine::inputs::Inputs;

/// Places of the files of `curated` that hold rows of the condition.
pub(crate) async fn files_where(inputs: &Inputs, condition: &str) -> anyhow::Result<HashSet<usize>> {
    let mut files = HashSet::new();
    let sql = format!("select distinct {FILE_INDEX} from curated where {condition}");
    inputs
        .each(&sql, |batch, row| {
            files.insert(file_of(batch, 0, row) as usize);
        })
        .await?;
    Ok(files)
}
