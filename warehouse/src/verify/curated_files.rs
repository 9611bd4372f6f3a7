//! The files of a curated version: there, whole, with the rows that the Delta log says.

use bytes::Bytes;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::{Report, key_count};
use crate::curated::{CuratedFile, Version};
use crate::lake::Lake;

/// Files held in memory at the same time.
const PARALLEL_FILES: usize = 2;

/// Reads every file of the version; gives back those that can be read, as they are.
pub(super) async fn check(lake: &Lake, version: &Version, report: &mut Report) -> anyhow::Result<Vec<CuratedFile>> {
    let keys: Vec<String> = version.files.iter().map(|file| version.scan_file(file).key).collect();
    let checked: Vec<Result<(u64, i64), String>> = stream::iter(keys)
        .map(|key| {
            let objects = lake.store.objects().clone();
            async move {
                let bytes = match objects.get(&Path::from(key.as_str())).await {
                    Ok(answer) => answer.bytes().await?,
                    Err(object_store::Error::NotFound { .. }) => return Ok(Err("missing".to_owned())),
                    Err(error) => return Err(anyhow::Error::from(error)),
                };
                let size = i64::try_from(bytes.len())?;
                Ok(rows(bytes).map(|rows| (rows, size)).map_err(|error| format!("cannot be read: {error}")))
            }
        })
        .buffered(PARALLEL_FILES)
        .try_collect()
        .await?;

    let name = version.table.name;
    let mut sound = Vec::new();
    let mut total = 0;
    for (file, found) in version.files.iter().zip(checked) {
        match found {
            Ok((rows, bytes)) => {
                sound.push(file.found(bytes));
                total += rows;
                if bytes != file.bytes {
                    report.problem(format!(
                        "table {name}: file {}: {bytes} bytes, not {} as its log says",
                        file.path, file.bytes
                    ));
                }
                if file.rows.is_some_and(|logged| logged != rows) {
                    let logged = file.rows.unwrap_or_default();
                    report.problem(format!(
                        "table {name}: file {}: {}, not {logged} as its log says",
                        file.path,
                        key_count(rows, "row")
                    ));
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
