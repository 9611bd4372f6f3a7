//! Answers as Parquet files, which go out row group by row group.

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;

use super::{distinct, unwritable};
use crate::limits::{ANSWER_ROW_GROUP_BYTES, ROW_GROUP_ROWS};
use crate::query::Failure;

pub(in crate::sql) struct Parquet {
    schema: SchemaRef,
    writer: ArrowWriter<Vec<u8>>,
}

impl Parquet {
    pub(super) fn new(schema: &Schema) -> Result<Self, Failure> {
        let fields = distinct(schema);
        let fields = fields.fields().iter().map(|field| {
            let kind = written(field.data_type());
            field.as_ref().clone().with_data_type(kind)
        });
        let schema = SchemaRef::new(Schema::new(fields.collect::<Vec<Field>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_max_row_group_bytes(Some(ANSWER_ROW_GROUP_BYTES));
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties.build())).map_err(failed)?;
        Ok(Self { schema, writer })
    }

    pub(super) fn add(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        let columns = rows.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| cast(column, field.data_type()));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>().map_err(unwritable)?;
        let rows = RecordBatch::try_new(self.schema.clone(), columns).map_err(unwritable)?;
        self.writer.write(&rows).map_err(failed)
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.inner_mut())
    }

    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.writer.finish().map_err(failed)?;
        Ok(())
    }
}

/// The type as which a column is written: Parquet has no intervals of three parts, and no runs.
fn written(kind: &DataType) -> DataType {
    match kind {
        DataType::Interval(_) => DataType::Utf8,
        DataType::RunEndEncoded(_, values) => values.data_type().clone(),
        kind => kind.clone(),
    }
}

fn failed(error: ParquetError) -> Failure {
    match error {
        ParquetError::NYI(what) => Failure::theirs(
            "not_supported",
            format!("Parquet cannot hold a column of this type: {what}; cast it to text, or ask for another format"),
        ),
        other => unwritable(other),
    }
}
