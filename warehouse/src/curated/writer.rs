//! Writes rows, sorted by their partition first, as Parquet files of a curated table.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Context;
use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::{cast, filter_record_batch, not, partition};
use datafusion::arrow::datatypes::{DataType, Date32Type, Field, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::DataFrame;
use deltalake_core::kernel::Add;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::encode::Encoder;
use super::file::{Maker, data_key, file_name};
use super::properties::properties;
use super::scan::viewed;
use super::statistics::Collector;
use crate::limits::{FILE_BYTES_MAX, FILE_MEMORY_BYTES_MAX, FILE_ROWS_MAX};
use crate::tables::{PARTITION_COLUMNS, Table};

/// Files that were written and are in no version yet.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub added: Vec<Add>,
    pub rows: u64,
}

/// Writes the rows, which hold the columns of the table in any order, sorted by the table's order.
pub(crate) async fn write(
    objects: &Arc<dyn ObjectStore>,
    of: (&'static Table, Maker),
    rows: DataFrame,
) -> anyhow::Result<Written> {
    write_apart(objects, of, rows, None).await
}

/// As [`write()`], some of the rows in files of their own: those of which a further column says so, by a maker of theirs.
pub(crate) async fn write_apart(
    objects: &Arc<dyn ObjectStore>,
    (table, maker): (&'static Table, Maker),
    rows: DataFrame,
    apart: Option<(&str, Maker)>,
) -> anyhow::Result<Written> {
    let mut writer = Writer::new(objects, table, maker);
    let mut beside = apart.map(|(column, maker)| (column, Writer::new(objects, table, maker)));
    let written = async {
        let mut batches = rows.execute_stream().await.with_context(|| format!("table {}", table.name))?;
        while let Some(batch) = batches.try_next().await? {
            let Some((column, beside)) = &mut beside else {
                writer.add(&batch).await?;
                continue;
            };
            let chosen = batch.column(batch.schema().index_of(column)?).as_boolean();
            writer.add(&filter_record_batch(&batch, &not(chosen)?)?).await?;
            beside.add(&filter_record_batch(&batch, chosen)?).await?;
        }
        writer.close().await?;
        match &mut beside {
            Some((_, beside)) => beside.close().await,
            None => Ok(()),
        }
    };
    let done = written.await;
    let mut written = writer.written;
    if let Some((_, Writer { written: more, .. })) = beside {
        written.added.extend(more.added);
        written.rows += more.rows;
    }
    if let Err(error) = done {
        discard(objects, table, &written.added).await;
        return Err(error);
    }
    Ok(written)
}

/// Rows in their order, of which columns can be asked.
pub(crate) trait Columns: Send + Sync + 'static {
    /// A column of the table's files, texts in a dictionary.
    fn column(&self, field: &Field, rows: Range<usize>) -> anyhow::Result<ArrayRef>;
}

/// Rows of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub site_id: String,
    /// Days since the epoch.
    pub event_date: i32,
    pub rows: Range<usize>,
}

/// Writes rows that are at hand, row groups of at most `group_rows` rows, on so many threads.
pub(crate) async fn write_columns(
    objects: &Arc<dyn ObjectStore>,
    (table, maker): (&'static Table, Maker),
    columns: Arc<impl Columns>,
    partitions: Vec<Partition>,
    group_rows: usize,
    threads: usize,
) -> anyhow::Result<Vec<Add>> {
    let mut added = Vec::new();
    // One file goes out while the next one is encoded.
    let mut sent: Option<AbortOnDropHandle<anyhow::Result<Add>>> = None;
    let written = async {
        for mut left in partitions {
            while !left.rows.is_empty() {
                let (columns, rows) = (columns.clone(), left.rows.clone());
                let encoding = move || encode_file(table, columns.as_ref(), rows, group_rows, threads);
                let encoded = tokio::task::spawn_blocking(encoding).await?;
                if let Some(sent) = sent.take() {
                    added.push(sent.await??);
                }
                let (bytes, statistics) = encoded?;
                left.rows.start += usize::try_from(statistics.rows())?;
                let (objects, place) = (objects.clone(), (left.site_id.clone(), left.event_date));
                let sending = async move { put(&objects, table, place, bytes, (&statistics, maker)).await };
                sent = Some(AbortOnDropHandle::new(tokio::spawn(sending)));
            }
        }
        if let Some(sent) = sent.take() {
            added.push(sent.await??);
        }
        anyhow::Ok(())
    };
    if let Err(error) = written.await {
        discard(objects, table, &added).await;
        return Err(error.context(format!("table {}", table.name)));
    }
    Ok(added)
}

/// A file of the first of some rows: as many row groups as it may hold.
fn encode_file(
    table: &'static Table,
    columns: &impl Columns,
    mut rows: Range<usize>,
    group_rows: usize,
    threads: usize,
) -> anyhow::Result<(Vec<u8>, Collector)> {
    let mut file = Encoder::new(table, threads)?;
    rows.end = rows.end.min(rows.start + FILE_ROWS_MAX);
    while !rows.is_empty() && file.bytes() < FILE_BYTES_MAX && file.memory_bytes() < FILE_MEMORY_BYTES_MAX {
        let group = rows.start..rows.end.min(rows.start + group_rows);
        rows.start = group.end;
        file.add(group, &|field, rows| columns.column(field, rows))?;
    }
    file.finish()
}

/// Removes what was written: nothing names it, and a round that fails again and again (memory, a full disk) would fill
/// the store with it.
pub(crate) async fn discard(objects: &Arc<dyn ObjectStore>, table: &'static Table, files: &[Add]) {
    for file in files {
        let key = data_key(table, &file.path);
        if let Err(error) = objects.delete(&Path::from(key.as_str())).await {
            tracing::debug!(key, %error, "could not delete the file of a failed round");
        }
    }
}

struct Writer {
    objects: Arc<dyn ObjectStore>,
    table: &'static Table,
    maker: Maker,
    schema: SchemaRef,
    /// The same with texts as views, as rows come.
    views: SchemaRef,
    open: Option<OpenFile>,
    written: Written,
}

struct OpenFile {
    site_id: String,
    event_date: i32,
    parquet: ArrowWriter<Vec<u8>>,
    /// What its rows take in memory when nothing is shared.
    memory_bytes: u64,
    statistics: Collector,
}

impl Writer {
    fn new(objects: &Arc<dyn ObjectStore>, table: &'static Table, maker: Maker) -> Self {
        let schema = table.file_schema();
        let (objects, views) = (objects.clone(), viewed(&schema));
        Self { objects, table, maker, schema, views, open: None, written: Written::default() }
    }

    async fn add(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let keys = batch.project(&[batch.schema().index_of("site_id")?, batch.schema().index_of("event_date")?])?;
        let site_ids = cast(keys.column(0), &DataType::Utf8View)?;
        let columns = self.schema.fields().iter().map(|field| batch.schema().index_of(field.name()));
        let rows = batch.project(&columns.collect::<Result<Vec<_>, _>>()?)?;
        let typed =
            rows.columns().iter().zip(self.views.fields()).map(|(column, field)| cast(column, field.data_type()));
        let rows = RecordBatch::try_new(self.views.clone(), typed.collect::<Result<Vec<_>, _>>()?)
            .with_context(|| format!("table {}: rows of another shape", self.table.name))?;
        for range in partition(keys.columns())?.ranges() {
            let site_id = site_ids.as_string_view().value(range.start);
            let event_date = keys.column(1).as_primitive::<Date32Type>().value(range.start);
            self.turn_to(site_id, event_date).await?;
            let file = self.open.as_mut().expect("turn_to opened a file");
            let rows = rows.slice(range.start, range.len());
            file.memory_bytes += memory_bytes(&rows);
            file.parquet.write(&rows)?;
            file.statistics.add(&rows);
        }
        Ok(())
    }

    /// Makes the open file one of this partition that has room.
    async fn turn_to(&mut self, site_id: &str, event_date: i32) -> anyhow::Result<()> {
        let fits = self.open.as_ref().is_some_and(|file| {
            (file.site_id.as_str(), file.event_date) == (site_id, event_date)
                && file.statistics.rows() < FILE_ROWS_MAX as u64
                && file.memory_bytes < FILE_MEMORY_BYTES_MAX
                && file.parquet.bytes_written() + file.parquet.in_progress_size() < FILE_BYTES_MAX
        });
        if fits {
            return Ok(());
        }
        self.close().await?;
        self.open = Some(OpenFile {
            site_id: site_id.to_owned(),
            event_date,
            parquet: ArrowWriter::try_new(Vec::new(), self.schema.clone(), Some(properties(self.table)?))?,
            memory_bytes: 0,
            statistics: Collector::new(self.table),
        });
        Ok(())
    }

    async fn close(&mut self) -> anyhow::Result<()> {
        let Some(file) = self.open.take() else { return Ok(()) };
        let bytes = file.parquet.into_inner()?;
        self.written.rows += file.statistics.rows();
        let place = (file.site_id, file.event_date);
        let of = (&file.statistics, self.maker);
        self.written.added.push(put(&self.objects, self.table, place, bytes, of).await?);
        Ok(())
    }
}

/// Puts a file of a partition (site and date) into the store.
pub(crate) async fn put(
    objects: &Arc<dyn ObjectStore>,
    table: &'static Table,
    (site_id, event_date): (String, i32),
    bytes: Vec<u8>,
    (statistics, maker): (&Collector, Maker),
) -> anyhow::Result<Add> {
    let date = chrono::NaiveDate::from_epoch_days(event_date).context("event_date is out of range")?;
    let name = file_name(Uuid::now_v7(), &bytes, maker);
    let path = format!("{}/event_date={date}/{name}", folder(&site_id));
    let size = i64::try_from(bytes.len())?;
    let key = data_key(table, &path);
    objects.put(&Path::from(key.as_str()), bytes.into()).await.with_context(|| format!("cannot write {key}"))?;
    let values = PARTITION_COLUMNS.map(str::to_owned).into_iter().zip([Some(site_id), Some(date.to_string())]);
    Ok(Add {
        path,
        partition_values: values.collect(),
        size,
        modification_time: chrono::Utc::now().timestamp_millis(),
        data_change: true,
        stats: Some(statistics.json()),
        ..Add::default()
    })
}

fn memory_bytes(rows: &RecordBatch) -> u64 {
    let bytes = rows.columns().iter().map(|column| match column.as_string_view_opt() {
        Some(texts) => texts.total_bytes_len() + size_of_val(texts.views().as_ref()),
        None => column.to_data().get_slice_memory_size().unwrap_or_default(),
    });
    bytes.sum::<usize>() as u64
}

/// A folder name for people; the true value stands in the log.
fn folder(site_id: &str) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    format!("site_id={}", site_id.chars().take(64).map(safe).collect::<String>())
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;
    use futures::TryStreamExt;
    use object_store::local::LocalFileSystem;

    use super::*;
    use crate::tables;

    #[tokio::test]
    async fn a_round_that_fails_leaves_no_file_behind() {
        let folder = tempfile::tempdir().unwrap();
        let table = tables::named("page_views").unwrap();
        let place = folder.path().join("warehouse").join(table.name);
        std::fs::create_dir_all(&place).unwrap();
        let objects: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let columns: Vec<String> = table
            .file_schema()
            .fields()
            .iter()
            .map(|field| format!("{} as \"{}\"", if field.is_nullable() { "null" } else { "0" }, field.name()))
            .collect();
        let rows = format!(
            "select site_id, date '2026-11-26' as event_date, {} from (values ('a'), ('b')) t(site_id) order by site_id",
            columns.join(", ")
        );
        let rows = async || SessionContext::new().sql(&rows).await.unwrap();
        assert_eq!(
            write(&objects, (table, Maker::Any), rows().await).await.unwrap().added.len(),
            2,
            "one file for each site"
        );
        let files = async || objects.list(None).try_collect::<Vec<_>>().await.unwrap().len();
        assert_eq!(files().await, 2);

        // where the second site's folder is to be, there is a file
        std::fs::remove_dir_all(place.join("site_id=b")).unwrap();
        std::fs::write(place.join("site_id=b"), "").unwrap();
        let before = files().await;
        let failed = format!("{:#}", write(&objects, (table, Maker::Any), rows().await).await.unwrap_err());
        assert!(failed.contains("site_id=b"), "{failed}");
        assert_eq!(files().await, before, "the first site's file is gone again");
    }
}
