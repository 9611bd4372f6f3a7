//! A table's progress, and what was removed of it, as its Delta log says it.
//!
//! Every commit of ours carries all of it (`txn` actions); others' commits carry none, so the newest one that
//! has any counts. Where another engine has cleaned the log, its checkpoint holds the same actions.

use anyhow::{Context, bail};
use bytes::Bytes;
use datafusion::arrow::array::{Array, AsArray, StructArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake_core::kernel::{Action, Transaction};
use deltalake_core::logstore::LogStoreRef;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::progress::Marks;

/// The marks of a version.
pub(super) async fn marks(log: &LogStoreRef, newest: u64) -> anyhow::Result<Marks> {
    let mut marks = Marks::default();
    for version in (0..=newest).rev() {
        let Some(entry) = log.read_commit_entry(version).await? else {
            return of_cleaned_log(log, version, newest).await;
        };
        take_actions(&entry, &mut marks).with_context(|| format!("commit {version} is damaged"))?;
        if marks != Marks::default() {
            break;
        }
    }
    Ok(marks)
}

/// The commit `missing` is gone: a checkpoint at it or after it, or a compacted piece of the log around it, replaces it.
async fn of_cleaned_log(log: &LogStoreRef, missing: u64, newest: u64) -> anyhow::Result<Marks> {
    let store = log.object_store(None);
    let files: Vec<_> = store.list(Some(&Path::from("_delta_log"))).try_collect().await?;
    let mut marks = Marks::default();
    let mut replaced = false;
    for file in files {
        let name = file.location.filename().unwrap_or_default();
        let Some((first, last)) = versions_of(name) else { continue };
        // A checkpoint says all until its version, a compacted piece what stands between two.
        if !(first..=last).contains(&missing) || last > newest {
            continue;
        }
        replaced = true;
        let bytes = store.get(&file.location).await?.bytes().await?;
        let taken =
            if name.ends_with(".json") { take_actions(&bytes, &mut marks) } else { take_checkpoint(bytes, &mut marks) };
        taken.with_context(|| format!("{name} is damaged"))?;
    }
    if !replaced {
        bail!("commit {missing} is missing, and no checkpoint replaces it");
    }
    Ok(marks)
}

/// First and last version that a file of the log stands for; `None` for commits and for what is no such file. Names by
/// the Delta protocol: `V.checkpoint[.PART.PARTS | .UUID].(parquet | json)`, `FIRST.LAST.compacted.json`.
fn versions_of(name: &str) -> Option<(u64, u64)> {
    let mut parts = name.split('.');
    let (first, second, third) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    match (second, third) {
        ("checkpoint", _) => Some((0, first)),
        (last, "compacted") => Some((first, last.parse().ok()?)),
        _ => None,
    }
}

fn take_actions(lines: &Bytes, marks: &mut Marks) -> anyhow::Result<()> {
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        // Only this action matters; others may be of a kind that this program does not know.
        if let Ok(Action::Txn(Transaction { app_id, version, .. })) = serde_json::from_slice(line) {
            marks.take(&app_id, version);
        } else {
            serde_json::from_slice::<serde::de::IgnoredAny>(line)?;
        }
    }
    Ok(())
}

fn take_checkpoint(bytes: Bytes, marks: &mut Marks) -> anyhow::Result<()> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["txn"]);
    for batch in builder.with_projection(mask).build()? {
        let batch = batch?;
        let Some(actions) = batch.column_by_name("txn").and_then(|column| column.as_struct_opt()) else { continue };
        take_rows(actions, marks)?;
    }
    Ok(())
}

fn take_rows(actions: &StructArray, marks: &mut Marks) -> anyhow::Result<()> {
    let field = |name: &str| actions.column_by_name(name).with_context(|| format!("its txn has no field {name}"));
    let app_ids = cast(field("appId")?, &DataType::Utf8)?;
    let versions = cast(field("version")?, &DataType::Int64)?;
    let (app_ids, versions) = (app_ids.as_string::<i32>(), versions.as_primitive::<Int64Type>());
    for row in (0..actions.len()).filter(|row| actions.is_valid(*row)) {
        marks.take(app_ids.value(row), versions.value(row));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_log_say_which_versions_they_stand_for() {
        assert_eq!(versions_of("00000000000000000020.checkpoint.parquet"), Some((0, 20)));
        assert_eq!(versions_of("00000000000000000020.checkpoint.0000000001.0000000003.parquet"), Some((0, 20)));
        assert_eq!(versions_of("00000000000000000020.checkpoint.80a083e8-7026.json"), Some((0, 20)));
        assert_eq!(versions_of("00000000000000000004.00000000000000000009.compacted.json"), Some((4, 9)));
        for other in
            ["00000000000000000020.json", "_last_checkpoint", "00000000000000000020.crc", "x.checkpoint.parquet"]
        {
            assert_eq!(versions_of(other), None, "{other}");
        }
    }

    #[test]
    fn actions_of_an_unknown_kind_are_passed_over_and_damage_is_not() {
        let mut marks = Marks::default();
        let lines = "{\"later\":{}}\n{\"txn\":{\"appId\":\"landing/t/1/0\",\"version\":7}}\n";
        take_actions(&Bytes::from(lines), &mut marks).unwrap();
        assert_eq!(marks.transactions(), [("landing/t/1/0".to_owned(), 7)]);
        assert!(take_actions(&Bytes::from("{\"txn\":"), &mut marks).is_err());
    }
}
