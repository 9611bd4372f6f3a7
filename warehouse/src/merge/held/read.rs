//! A Parquet file of the store, read whole.

use std::sync::Arc;

use anyhow::{Context, ensure};
use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::basic::Type;
use datafusion::parquet::file::metadata::RowGroupMetaData;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// Reads the columns that the schema names, those that hold nothing but nulls left out: one batch for each row group,
/// since a dictionary ends with it. A file of another length is refused. The memory is reserved before rows are decoded, and what
/// they do not take of it is given back.
pub(super) async fn rows(
    objects: Arc<dyn ObjectStore>,
    (key, length): (String, u64),
    schema: SchemaRef,
    memory: &MemoryReservation,
) -> anyhow::Result<Vec<RecordBatch>> {
    let bytes = async { objects.get(&Path::from(key.as_str())).await?.bytes().await };
    let bytes = bytes.await.with_context(|| format!("cannot read {key}"))?;
    ensure!(bytes.len() as u64 == length, "{key} has {} bytes and should have {length}", bytes.len());
    let file = open(bytes, &schema).with_context(|| format!("cannot read {key}"))?;
    let groups = file.metadata.metadata().row_groups();
    let reserved = groups.iter().map(|group| file.memory_bytes(group)).sum();
    memory.try_grow(reserved)?;
    let read = tokio::task::spawn_blocking(move || file.decode(&schema)).await?;
    let batches = read.with_context(|| format!("cannot read {key}"))?;
    let taken = batches.iter().map(RecordBatch::get_array_memory_size).sum::<usize>();
    memory.shrink(reserved.saturating_sub(taken));
    memory.try_grow(taken.saturating_sub(reserved))?;
    Ok(batches)
}

struct Opened {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
    /// Which of the file's columns are wanted.
    wanted: Vec<usize>,
}

fn open(bytes: Bytes, schema: &Schema) -> anyhow::Result<Opened> {
    let plain = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new().with_skip_arrow_metadata(true))?;
    let fields = plain.schema().fields();
    let wanted = (0..fields.len()).filter(|index| schema.column_with_name(fields[*index].name()).is_some()).collect();
    Ok(Opened { bytes, metadata: in_dictionaries(&plain)?, wanted })
}

/// A file as it is read: its texts in dictionaries.
pub(super) fn in_dictionaries(plain: &ArrowReaderMetadata) -> anyhow::Result<ArrowReaderMetadata> {
    let fields: Vec<Field> = plain.schema().fields().iter().map(in_dictionary).collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    Ok(ArrowReaderMetadata::try_new(plain.metadata().clone(), options)?)
}

/// The type of texts in memory.
fn in_dictionary(field: &FieldRef) -> Field {
    match field.data_type() {
        DataType::Utf8 => field.as_ref().clone().with_data_type(dictionary()),
        _ => field.as_ref().clone(),
    }
}

pub(super) fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

impl Opened {
    /// The most that the rows take in memory, texts with their dictionary.
    fn memory_bytes(&self, group: &RowGroupMetaData) -> usize {
        let whole = |number: i64| usize::try_from(number).unwrap_or_default();
        let columns = group.columns().iter().map(|column| match column.column_type() {
            Type::BYTE_ARRAY => whole(column.uncompressed_size()) + 4 * whole(column.num_values()),
            _ => 8 * whole(column.num_values()),
        });
        columns.sum()
    }

    fn decode(&self, schema: &Schema) -> anyhow::Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        for (index, group) in self.metadata.metadata().row_groups().iter().enumerate() {
            let mask = ProjectionMask::roots(self.metadata.parquet_schema(), self.wanted.iter().copied());
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone())
                .with_row_groups(vec![index])
                .with_projection(mask)
                .with_batch_size(usize::try_from(group.num_rows())?)
                .build()?;
            for batch in reader {
                batches.push(narrowed(&batch?, schema)?);
            }
        }
        Ok(batches)
    }
}

/// The batch without columns of nulls only, in the types of the schema.
pub(super) fn narrowed(batch: &RecordBatch, schema: &Schema) -> anyhow::Result<RecordBatch> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if column.null_count() == column.len() {
            continue;
        }
        let wanted = match schema.field_with_name(field.name())?.data_type() {
            DataType::Utf8 => dictionary(),
            other => other.clone(),
        };
        let column = if *column.data_type() == wanted { column.clone() } else { cast(column, &wanted)? };
        columns.push((field.name().clone(), column));
    }
    Ok(RecordBatch::try_from_iter(columns)?)
}
