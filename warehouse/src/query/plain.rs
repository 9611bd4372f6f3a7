//! Texts of an answer as plain strings. Inside they are views, which share what rows have in common; but not every reader of
//! Arrow knows views, and those of an answer would hold pages of which it shows one text.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatchOptions;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

/// The schema with plain strings in the place of views.
pub(super) fn schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(field).collect::<Vec<_>>();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Rows in that schema.
pub(super) fn batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| match column.data_type() {
        same if same == field.data_type() => Ok(column.clone()),
        _ => cast(column, field.data_type()),
    });
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<_, _>>()?, &rows)
}

fn field(field: &FieldRef) -> FieldRef {
    match kind(field.data_type()) {
        same if same == *field.data_type() => field.clone(),
        plain => Arc::new(Field::clone(field).with_data_type(plain)),
    }
}

fn kind(kind: &DataType) -> DataType {
    match kind {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) => DataType::List(field(item)),
        DataType::LargeList(item) => DataType::LargeList(field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(field(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    use super::*;

    #[tokio::test]
    async fn texts_are_plain_wherever_they_stand() {
        let view = |text: &str| format!("arrow_cast('{text}', 'Utf8View')");
        let sql = format!(
            "select {a} as text, make_array({a}, null) as list, named_struct('t', {a}, 'n', 1) as pair, \
             map([{a}], [{b}]) as map, make_array(make_array({b})) as deep, 1 as number",
            a = view("a"),
            b = view("a text that is too long for a view"),
        );
        let given = SessionContext::new().sql(&sql).await.unwrap().collect().await.unwrap().remove(0);
        assert!(format!("{:?}", given.schema()).contains("Utf8View"));
        let schema = schema(&given.schema());
        let plain = batch(&given, &schema).unwrap();
        assert!(!format!("{:?}", plain.schema()).contains("Utf8View"), "{schema:?}");
        let shown = |batch: &RecordBatch| {
            datafusion::arrow::util::pretty::pretty_format_batches(std::slice::from_ref(batch)).unwrap().to_string()
        };
        assert_eq!(shown(&plain), shown(&given));
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let rows = RecordBatchOptions::new().with_row_count(Some(3));
        let none = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &rows).unwrap();
        assert_eq!(batch(&none, &none.schema()).unwrap().num_rows(), 3);
    }
}
