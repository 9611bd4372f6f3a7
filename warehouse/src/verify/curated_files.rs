//! The files of a curated version: there, whole, with the rows that the Delta log says.

use bytes::Bytes;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::{Report, key_count};
use crate::curated::Version;
use crate::lake::Lake;

/// Files held in memory at the same time.
const PARALLEL_FILES: usize = 2;

/// Reads every file of the version; gives back the places of those that can be read.
pub async fn check(lake: &Lake, version: &Version, report: &mut Report) -> anyhow::Result<Vec<usize>> {
    let checked: Vec<(usize, Result<u64, String>)> = stream::iter(version.files.iter().enumerate())
        .map(|(index, file)| async move {
            let key = version.scan_file(file).key;
            let bytes = match lake.store.objects().get(&Path::from(key.as_str())).await {
                Ok(answer) => answer.bytes().await?,
                Err(object_store::Error::NotFound { .. }) => return Ok((index, Err("missing".to_owned()))),
                Err(error) => return Err(anyhow::Error::from(error)),
            };
            Ok((index, rows(bytes).map_err(|error| format!("cannot be read: {error}"))))
        })
        .buffered(PARALLEL_FILES)
        .try_collect()
        .await?;

    let name = version.table.name();
    let mut sound = Vec::new();
    let mut total = 0;
    for (index, found) in checked {
        let file = &version.files[index];
        match found {
            Ok(rows) => {
                sound.push(index);
                total += rows;
                if file.rows.is_some_and(|logged| logged != rows) {
                    let logged = file.rows.unwrap_or_default();
                    report.problem(format!("table {name}: file {}: {}, not {logged} as its log says", file.path, key_count(rows, "row")));
                }
            }
            Err(problem) => report.problem(format!("table {name}: file {}: {problem}", file.path)),
        }
    }
    let files = key_count(version.files.len() as u64, "file");
    report.summary.push(format!("table {name}: {} in {files}, version {}", key_count(total, "row"), version.number));
    Ok(sound)
}

/// Decodes all of it.
fn rows(bytes: Bytes) -> anyhow::Result<u64> {
    let mut rows = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}
