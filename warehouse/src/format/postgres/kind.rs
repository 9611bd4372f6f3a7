//! Types of PostgreSQL, and which one stands for which of ours.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};

/// A type of PostgreSQL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Bytea,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Json,
    BoolArray,
    Int2Array,
    Int4Array,
    Int8Array,
    Float4Array,
    Float8Array,
    TextArray,
    TimestampTzArray,
}

/// Each type, its object identifier and its name in `pg_type`.
const TYPES: [(Kind, u32, &str); 22] = [
    (Kind::Bool, 16, "bool"),
    (Kind::Bytea, 17, "bytea"),
    (Kind::Int8, 20, "int8"),
    (Kind::Int2, 21, "int2"),
    (Kind::Int4, 23, "int4"),
    (Kind::Text, 25, "text"),
    (Kind::Json, 114, "json"),
    (Kind::Float4, 700, "float4"),
    (Kind::Float8, 701, "float8"),
    (Kind::Date, 1082, "date"),
    (Kind::Time, 1083, "time"),
    (Kind::Timestamp, 1114, "timestamp"),
    (Kind::TimestampTz, 1184, "timestamptz"),
    (Kind::Numeric, 1700, "numeric"),
    (Kind::BoolArray, 1000, "_bool"),
    (Kind::Int2Array, 1005, "_int2"),
    (Kind::Int4Array, 1007, "_int4"),
    (Kind::TextArray, 1009, "_text"),
    (Kind::Int8Array, 1016, "_int8"),
    (Kind::Float4Array, 1021, "_float4"),
    (Kind::Float8Array, 1022, "_float8"),
    (Kind::TimestampTzArray, 1185, "_timestamptz"),
];

impl Kind {
    /// The type that stands for one of ours.
    pub fn of(kind: &DataType) -> Self {
        match kind {
            DataType::Boolean => Self::Bool,
            DataType::Int8 | DataType::UInt8 | DataType::Int16 => Self::Int2,
            DataType::UInt16 | DataType::Int32 => Self::Int4,
            DataType::UInt32 | DataType::Int64 => Self::Int8,
            DataType::Float16 | DataType::Float32 => Self::Float4,
            DataType::Float64 => Self::Float8,
            DataType::UInt64 => Self::Numeric,
            kind if kind.is_decimal() => Self::Numeric,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Bytea
            }
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Timestamp(_, Some(_)) => Self::TimestampTz,
            DataType::Dictionary(_, values) => Self::of(values),
            DataType::RunEndEncoded(_, values) => Self::of(values.data_type()),
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                Self::list_of(item.data_type())
            }
            kind if kind.is_nested() => Self::Json,
            _ => Self::Text,
        }
    }

    fn list_of(item: &DataType) -> Self {
        match Self::of(item) {
            Self::Bool => Self::BoolArray,
            Self::Int2 => Self::Int2Array,
            Self::Int4 => Self::Int4Array,
            Self::Int8 => Self::Int8Array,
            Self::Float4 => Self::Float4Array,
            Self::Float8 => Self::Float8Array,
            Self::Text => Self::TextArray,
            Self::TimestampTz => Self::TimestampTzArray,
            _ => Self::Json,
        }
    }

    /// The type of an array's items.
    pub fn item(self) -> Option<Self> {
        Some(match self {
            Self::BoolArray => Self::Bool,
            Self::Int2Array => Self::Int2,
            Self::Int4Array => Self::Int4,
            Self::Int8Array => Self::Int8,
            Self::Float4Array => Self::Float4,
            Self::Float8Array => Self::Float8,
            Self::TextArray => Self::Text,
            Self::TimestampTzArray => Self::TimestampTz,
            _ => return None,
        })
    }

    /// Object identifier in `pg_type`.
    pub fn oid(self) -> u32 {
        self.entry().1
    }

    /// Name in `pg_type`.
    pub fn name(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> (Self, u32, &'static str) {
        TYPES.into_iter().find(|(kind, ..)| *kind == self).expect("every type is listed")
    }

    /// All types.
    pub fn all() -> impl Iterator<Item = Self> {
        TYPES.into_iter().map(|(kind, ..)| kind)
    }

    /// The type of an object identifier; `varchar`, `name`, `bpchar`, `jsonb`, `uuid` and arrays of them as what they are read as.
    pub fn of_oid(oid: u32) -> Option<Self> {
        match oid {
            18 | 19 | 1042 | 1043 | 2950 => Some(Self::Text),
            1003 | 1014 | 1015 | 2951 => Some(Self::TextArray),
            26 => Some(Self::Int8),
            3802 => Some(Self::Json),
            _ => TYPES.into_iter().find(|(_, known, _)| *known == oid).map(|(kind, ..)| kind),
        }
    }

    /// Bytes of a value in binary, where all have as many.
    pub fn bytes(self) -> Option<i16> {
        match self {
            Self::Bool => Some(1),
            Self::Int2 => Some(2),
            Self::Int4 | Self::Float4 | Self::Date => Some(4),
            Self::Int8 | Self::Float8 | Self::Time | Self::Timestamp | Self::TimestampTz => Some(8),
            _ => None,
        }
    }

    /// Our type from which a value is written in binary; `given` is that of the column.
    pub(super) fn arrow(self, given: &DataType) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Int8 => DataType::Int64,
            Self::Float4 => DataType::Float32,
            Self::Float8 => DataType::Float64,
            Self::Bytea => DataType::LargeBinary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            // As text, whatever they are.
            Self::Text | Self::Numeric | Self::Json => given.clone(),
            array => {
                let item = array.item().expect("what is left are arrays");
                let given = match given {
                    DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                        item.data_type()
                    }
                    other => other,
                };
                DataType::List(Arc::new(Field::new_list_field(item.arrow(given), true)))
            }
        }
    }
}
