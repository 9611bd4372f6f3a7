//! Tables whose rows are imported from another provider's export: no link lands in them, and compaction passes them by.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};

/// A column, what it holds, and where that stands in the provider's published schema.
pub(crate) type Column = (&'static str, Kind, &'static str);

/// What an export's value is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Float,
    Flag,
    /// Epoch microseconds.
    Time,
}

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Number => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Flag => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
        }
    }
}

pub(super) fn fields(columns: &[Column]) -> Vec<Field> {
    columns.iter().map(|(name, kind, _)| Field::new(*name, kind.data_type(), true)).collect()
}
