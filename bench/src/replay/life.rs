//! What compaction wrote in the life of the recordings: all files that ever were in the table, beside those that are in it now.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::landing::Link;
use schemas::topics::REPLAY;

use crate::delta::{Added, Files};
use crate::files::files_below;

const TABLE: &str = "warehouse/replay_chunks";
/// What names a frame for ever: where it stood in Kafka.
const ORIGIN: [&str; 2] = ["kafka_partition", "kafka_offset"];

#[derive(Debug, Default, PartialEq)]
pub(super) struct Life {
    /// Bytes and number of the files that compaction and `maintain` wrote, and of those that are left.
    pub written: u64,
    pub files_written: u64,
    pub kept: u64,
    pub files_kept: u64,
    /// How many payloads were written how many times.
    pub times: BTreeMap<u32, u64>,
}

impl Life {
    /// Reads it from the log, and from the files themselves: those that were replaced must lie there still.
    pub(super) fn of(lake: &Path) -> Result<Self> {
        let table = lake.join(TABLE);
        let mut life = Self::default();
        let mut times: HashMap<(i64, i64), u32> = HashMap::new();
        let files = Files::of(&table)?;
        for Added { path, size } in &files.written {
            count(&table.join(path), &mut times).with_context(|| path.clone())?;
            life.written += size;
        }
        life.files_written = files.written.len() as u64;
        life.kept = files.kept.values().sum();
        life.files_kept = files.kept.len() as u64;
        times.into_values().for_each(|written| *life.times.entry(written).or_default() += 1);
        ensure!(!life.times.is_empty(), "{} holds no recordings", table.display());
        Ok(life)
    }

    /// Bytes written over bytes kept, in the table alone.
    pub(super) fn amplification(&self) -> f64 {
        self.written as f64 / self.kept as f64
    }

    /// The same with so many bytes of landing files, which were written before.
    pub(super) fn amplification_with(&self, landed: u64) -> f64 {
        (landed + self.written) as f64 / self.kept as f64
    }

    pub(super) fn payloads(&self) -> u64 {
        self.times.values().sum()
    }

    /// How often compaction wrote the payload that it wrote most.
    pub(super) fn most(&self) -> u32 {
        self.times.keys().next_back().copied().unwrap_or_default()
    }
}

/// Counts the frames of a file of the table.
fn count(file: &Path, times: &mut HashMap<(i64, i64), u32>) -> Result<()> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?;
    let origin = ProjectionMask::columns(builder.parquet_schema(), ORIGIN);
    for batch in builder.with_projection(origin).build()? {
        let batch = batch?;
        let column = |name: &str| {
            let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
            column.with_context(|| format!("it has no numbers {name}"))
        };
        let [partitions, offsets] = ORIGIN.map(column);
        for origin in partitions?.values().iter().zip(offsets?.values()) {
            *times.entry((*origin.0, *origin.1)).or_default() += 1;
        }
    }
    Ok(())
}

/// Bytes of the stream job's files of recordings, assets included.
pub(super) fn landed(lake: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in files_below(&lake.join("landing/commits").join(REPLAY), "json")? {
        let link: Link = serde_json::from_slice(&fs::read(&file)?).with_context(|| file.display().to_string())?;
        bytes += link.files.iter().map(|file| file.bytes).sum::<u64>();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;

    use super::*;

    #[test]
    fn what_was_replaced_counts_as_written_and_not_as_kept() {
        let lake = std::env::temp_dir().join(format!("bench-life-{}", std::process::id()));
        let (log, commits) = (lake.join(TABLE).join("_delta_log"), lake.join("landing/commits").join(REPLAY));
        [&log, &commits].iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
        let file = |name: &str, offsets: &[i64]| {
            let column = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
            let rows = [column(vec![0; offsets.len()]), column(offsets.to_vec())];
            let rows = RecordBatch::try_from_iter(ORIGIN.into_iter().zip(rows)).unwrap();
            let mut writer =
                ArrowWriter::try_new(File::create(lake.join(TABLE).join(name)).unwrap(), rows.schema(), None).unwrap();
            writer.write(&rows).unwrap();
            writer.close().unwrap();
        };
        file("a", &[0, 1]);
        file("b", &[2]);
        file("c", &[0, 1, 2]);
        file("d", &[3]);
        let add = |name: &str, size: u64| format!(r#"{{"add":{{"path":"{name}","size":{size},"dataChange":true}}}}"#);
        let remove = |name: &str| format!(r#"{{"remove":{{"path":"{name}"}}}}"#);
        let commit = |number: u64, lines: &[String]| {
            fs::write(log.join(format!("{number:020}.json")), lines.join("\n")).unwrap()
        };
        commit(0, &[r#"{"protocol":{"minReaderVersion":1}}"#.into(), add("a", 20), add("b", 10)]);
        commit(1, &[add("c", 30), remove("a"), remove("b")]);
        commit(2, &[add("d", 10)]);
        let life = Life::of(&lake).unwrap();
        assert_eq!((life.written, life.files_written, life.kept, life.files_kept), (70, 4, 40, 2));
        assert_eq!(life.times, BTreeMap::from([(1, 1), (2, 3)]));
        assert_eq!((life.payloads(), life.most(), life.amplification()), (4, 2, 1.75));
        assert_eq!((landed(&lake).unwrap(), life.amplification_with(10)), (0, 2.0));
        fs::remove_dir_all(&lake).unwrap();
    }
}
