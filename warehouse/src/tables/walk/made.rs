//! Rows that a walk makes.

use std::sync::Arc;

use anyhow::{bail, ensure};
use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, StringViewBuilder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{DataType, SchemaRef};

/// Rows in the making.
pub struct Made {
    schema: SchemaRef,
    columns: Vec<Column>,
}

/// One value of a row.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    Text(Option<&'a str>),
    /// A whole number, or a time in epoch microseconds.
    Number(Option<i64>),
    Float(Option<f64>),
    Flag(bool),
}

enum Column {
    Texts(StringViewBuilder),
    Numbers(Int64Builder),
    Times(TimestampMicrosecondBuilder),
    Floats(Float64Builder),
    Flags(BooleanBuilder),
}

impl Made {
    pub fn new(schema: SchemaRef) -> anyhow::Result<Self> {
        let columns = schema.fields().iter().map(|field| Column::new(field.data_type())).collect::<Result<_, _>>()?;
        Ok(Self { schema, columns })
    }

    /// One more row, its values in the order of the columns.
    pub fn add<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) -> anyhow::Result<()> {
        let mut columns = self.columns.iter_mut();
        for cell in cells {
            let Some(column) = columns.next() else { bail!("a row has more values than columns") };
            column.add(cell)?;
        }
        ensure!(columns.next().is_none(), "a row has fewer values than columns");
        Ok(())
    }

    /// What there is of them, handed out.
    pub fn batch(&mut self) -> anyhow::Result<RecordBatch> {
        Ok(RecordBatch::try_new(self.schema.clone(), self.columns.iter_mut().map(Column::finish).collect())?)
    }
}

impl Column {
    fn new(kind: &DataType) -> anyhow::Result<Self> {
        Ok(match kind {
            DataType::Utf8View => Self::Texts(StringViewBuilder::new()),
            DataType::Int64 => Self::Numbers(Int64Builder::new()),
            DataType::Timestamp(_, _) => Self::Times(TimestampMicrosecondBuilder::new().with_data_type(kind.clone())),
            DataType::Float64 => Self::Floats(Float64Builder::new()),
            DataType::Boolean => Self::Flags(BooleanBuilder::new()),
            other => bail!("no walk makes values of the type {other}"),
        })
    }

    fn add(&mut self, cell: Cell<'_>) -> anyhow::Result<()> {
        match (self, cell) {
            (Self::Texts(column), Cell::Text(text)) => column.append_option(text),
            (Self::Numbers(column), Cell::Number(number)) => column.append_option(number),
            (Self::Times(column), Cell::Number(time)) => column.append_option(time),
            (Self::Floats(column), Cell::Float(number)) => column.append_option(number),
            (Self::Flags(column), Cell::Flag(flag)) => column.append_value(flag),
            (_, cell) => bail!("{cell:?} stands in a column of another type"),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Texts(column) => Arc::new(column.finish()),
            Self::Numbers(column) => Arc::new(column.finish()),
            Self::Times(column) => Arc::new(column.finish()),
            Self::Floats(column) => Arc::new(column.finish()),
            Self::Flags(column) => Arc::new(column.finish()),
        }
    }
}

/// A value that is held until its row is whole.
#[derive(Debug)]
pub enum Held {
    Text(Option<String>),
    Number(Option<i64>),
    Float(Option<f64>),
    Flag(bool),
}

impl Cell<'_> {
    pub fn held(self) -> Held {
        match self {
            Self::Text(text) => Held::Text(text.map(str::to_owned)),
            Self::Number(number) => Held::Number(number),
            Self::Float(number) => Held::Float(number),
            Self::Flag(flag) => Held::Flag(flag),
        }
    }
}

impl Held {
    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Text(text) => Cell::Text(text.as_deref()),
            Self::Number(number) => Cell::Number(*number),
            Self::Float(number) => Cell::Float(*number),
            Self::Flag(flag) => Cell::Flag(*flag),
        }
    }
}
