//! The files of a curated version: there, whole, with the rows that the Delta log says.

use bytes::Bytes;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::damage::damage;
use super::{Report, key_count};
use crate::curated::file::are_bytes_of;
use crate::curated::{CuratedFile, Version};
use crate::lake::Lake;
use crate::limits::REPLAY_BATCH_ROWS;
use crate::tables::RECORDINGS;

/// Files held in memory at the same time.
const PARALLEL_FILES: usize = 2;
/// Rows that are decoded at once.
const DECODED_ROWS: usize = 1_024;

/// Reads every file of the version; gives back those that can be read, as they are.
pub(super) async fn check(lake: &Lake, version: &Version, report: &mut Report) -> anyhow::Result<Vec<CuratedFile>> {
    let keys: Vec<String> = version.files.iter().map(|file| version.scan_file(file).key).collect();
    let batch_rows = if RECORDINGS.contains(&version.table) { REPLAY_BATCH_ROWS } else { DECODED_ROWS };
    let checked: Vec<Result<Found, String>> = stream::iter(keys)
        .map(|key| {
            let objects = lake.store.objects().clone();
            async move {
                let bytes = match objects.get(&Path::from(key.as_str())).await {
                    Ok(answer) => answer.bytes().await?,
                    Err(object_store::Error::NotFound { .. }) => return Ok(Err("missing".to_owned())),
                    Err(error) => return Err(anyhow::Error::from(error)),
                };
                anyhow::Ok(found(bytes, &key, batch_rows).await)
            }
        })
        .buffered(PARALLEL_FILES)
        .try_collect()
        .await?;

    let name = version.table.name;
    let mut sound = Vec::new();
    let (mut total, mut unsigned) = (0, 0);
    for (file, found) in version.files.iter().zip(checked) {
        match found {
            Ok(Found { rows, bytes, as_written }) => {
                sound.push(file.found(bytes));
                unsigned += u64::from(file.checksum().is_none());
                if !as_written {
                    report.problem(format!(
                        "table {name}: file {}: its checksum is not the one in its name: another content",
                        file.path
                    ));
                }
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
    if unsigned > 0 {
        report.notes.push(format!(
            "table {name}: {} without a checksum, written by another program or an earlier version: a changed byte in \
             them may go unseen",
            key_count(unsigned, "file")
        ));
    }
    Ok(sound)
}

struct Found {
    rows: u64,
    bytes: i64,
    /// Whether the checksum in its name, if it has one, is that of the content.
    as_written: bool,
}

/// Looks at a file's bytes, or says why it cannot be read. The decoder may break on what is damaged.
async fn found(bytes: Bytes, key: &str, batch_rows: usize) -> Result<Found, String> {
    let as_written = are_bytes_of(key, &bytes);
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let whole = bytes.clone();
    let decoded = tokio::task::spawn_blocking(move || rows(whole, batch_rows)).await;
    match decoded.map_err(anyhow::Error::from).and_then(|rows| rows) {
        Ok(rows) => Ok(Found { rows, bytes: size, as_written }),
        Err(error) => {
            let changed = if as_written { "" } else { ", its checksum is not the one in its name" };
            let what = damage(&bytes).await.unwrap_or_else(|| format!("{error:#}"));
            Err(format!("cannot be read{changed}: {what}"))
        }
    }
}

/// Decodes all of it.
fn rows(bytes: Bytes, batch_rows: usize) -> anyhow::Result<u64> {
    let mut rows = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.with_batch_size(batch_rows).build()? {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}
