//! Events as a walk sees them: columns by name, whatever their texts are held in.

use anyhow::{Context, anyhow};
use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, DictionaryArray, Float64Array, Int64Array,
    PrimitiveArray, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use schemas::ingest::EventType;

use super::made::Cell;
use crate::tables::EVENTS;

/// Columns as `events` has them, texts as views.
pub fn as_in_events(names: &[&str]) -> Vec<Field> {
    let events = EVENTS.schema();
    let own = names.iter().map(|name| events.field_with_name(name).expect("a test reads the columns of every walk"));
    own.map(|field| match field.data_type() {
        DataType::Utf8 => field.clone().with_data_type(DataType::Utf8View),
        _ => field.clone(),
    })
    .collect()
}

/// Some events, in order.
pub struct Events<'a>(&'a RecordBatch);

/// A text column.
#[derive(Clone, Copy)]
pub enum Texts<'a> {
    Views(&'a StringViewArray),
    Shared(&'a DictionaryArray<Int32Type>, &'a StringArray),
}

/// A column of whatever type a row may have.
pub enum Column<'a> {
    Texts(Texts<'a>),
    Numbers(&'a Int64Array),
    Times(&'a TimestampMicrosecondArray),
    Floats(&'a Float64Array),
}

impl<'a> Events<'a> {
    pub fn of(rows: &'a RecordBatch) -> Self {
        Self(rows)
    }

    pub fn count(&self) -> usize {
        self.0.num_rows()
    }

    pub fn texts(&self, name: &str) -> anyhow::Result<Texts<'a>> {
        let column = self.column(name)?;
        if let Some(views) = column.as_string_view_opt() {
            return Ok(Texts::Views(views));
        }
        let shared = column.as_dictionary_opt::<Int32Type>();
        let shared = shared.and_then(|shared| Some(Texts::Shared(shared, shared.values().as_string_opt::<i32>()?)));
        shared.ok_or_else(|| anyhow!("{name} is no text"))
    }

    /// Several text columns.
    pub fn all_texts(&self, names: &[&str]) -> anyhow::Result<Vec<Texts<'a>>> {
        names.iter().map(|name| self.texts(name)).collect()
    }

    /// Several columns, to copy values of.
    pub fn columns(&self, names: &[&str]) -> anyhow::Result<Vec<Column<'a>>> {
        let of = |name: &&str| {
            Ok(match self.column(name)?.data_type() {
                DataType::Int64 => Column::Numbers(self.numbers::<Int64Type>(name)?),
                DataType::Float64 => Column::Floats(self.numbers::<Float64Type>(name)?),
                DataType::Timestamp(_, _) => Column::Times(self.numbers::<TimestampMicrosecondType>(name)?),
                _ => Column::Texts(self.texts(name)?),
            })
        };
        names.iter().map(of).collect()
    }

    /// Numbers of a type.
    pub fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> anyhow::Result<&'a PrimitiveArray<T>> {
        self.column(name)?.as_primitive_opt::<T>().with_context(|| format!("{name} is of another type"))
    }

    /// Times that every event has, in epoch microseconds.
    pub fn times(&self, name: &str) -> anyhow::Result<&'a [i64]> {
        Ok(self.numbers::<TimestampMicrosecondType>(name)?.values())
    }

    pub fn flags(&self, name: &str) -> anyhow::Result<&'a BooleanArray> {
        self.column(name)?.as_boolean_opt().with_context(|| format!("{name} is no flag"))
    }

    /// The type of each event; none for one that this program does not know.
    pub fn types(&self) -> anyhow::Result<Vec<Option<EventType>>> {
        let rows = 0..self.count();
        let named = |name: Option<&str>| name.and_then(EventType::from_name);
        Ok(match self.texts("type")? {
            Texts::Views(views) => rows.map(|row| named(views.is_valid(row).then(|| views.value(row)))).collect(),
            Texts::Shared(shared, values) => {
                let known: Vec<_> = values.iter().map(named).collect();
                rows.map(|row| shared.key(row).and_then(|code| known[code])).collect()
            }
        })
    }

    fn column(&self, name: &str) -> anyhow::Result<&'a ArrayRef> {
        self.0.column_by_name(name).with_context(|| format!("events without {name}"))
    }
}

impl<'a> Texts<'a> {
    pub fn value(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Views(views) => views.is_valid(row).then(|| views.value(row)),
            Self::Shared(shared, values) => shared.key(row).map(|code| values.value(code)),
        }
    }

    /// The text of an event that always has one; empty if it has none nevertheless.
    pub fn given(&self, row: usize) -> &'a str {
        self.value(row).unwrap_or_default()
    }
}

/// The value of a row, if it has one.
pub fn value<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

impl<'a> Column<'a> {
    pub fn cell(&self, row: usize) -> Cell<'a> {
        match self {
            Self::Texts(column) => Cell::Text(column.value(row)),
            Self::Numbers(column) => Cell::Number(value(column, row)),
            Self::Times(column) => Cell::Number(value(column, row)),
            Self::Floats(column) => Cell::Float(value(column, row)),
        }
    }
}
