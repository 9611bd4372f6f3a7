//! Columns as every reader of Arrow knows them, whatever the engine makes of them: told before a statement runs and found in its rows,
//! they are the same.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

/// The schema with columns that may all be null, and without views, dictionaries and runs.
pub fn arrow_of(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>()))
}

fn plain(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), kind(field.data_type()), true))
}

fn kind(given: &DataType) -> DataType {
    match given {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => kind(values),
        DataType::RunEndEncoded(_, values) => kind(values.data_type()),
        DataType::List(of) => DataType::List(item(of)),
        DataType::LargeList(of) => DataType::LargeList(item(of)),
        DataType::FixedSizeList(of, size) => DataType::FixedSizeList(item(of), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain).collect()),
        DataType::Map(entries, sorted) => DataType::Map(map(entries), *sorted),
        other => other.clone(),
    }
}

/// Files, plans and functions give what is in a list different names, which nobody asks for.
fn item(of: &FieldRef) -> FieldRef {
    Arc::new(Field::new_list_field(kind(of.data_type()), true))
}

/// Entries and keys of a map are never null.
fn map(entries: &FieldRef) -> FieldRef {
    let DataType::Struct(fields) = entries.data_type() else { return entries.clone() };
    let [key, value] = fields.as_ref() else { return entries.clone() };
    let key = Field::new(key.name(), kind(key.data_type()), false);
    let pair = DataType::Struct([Arc::new(key), plain(value)].into_iter().collect());
    Arc::new(Field::new(entries.name(), pair, false))
}
