//! Answers as the messages of PostgreSQL's protocol 3: `RowDescription`, then one `DataRow` for each row
//! (<https://www.postgresql.org/docs/current/protocol-message-formats.html>), in text or, column by column, in binary.
//!
//! Types without a name in PostgreSQL are told as `text`, or `json` where they have parts.

mod binary;
mod kind;
mod text;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::arrow::error::ArrowError;

pub use kind::Kind;
pub(crate) use text::{list_items, text};

/// Bytes of a text value in `pg_type`: of any length.
const ANY_LENGTH: i16 = -1;
const NULL: i32 = -1;
/// At the end of a column's name: tells it from others of the same name, and is not shown.
pub(crate) const MARK: char = '\u{1}';

/// What a column is called and how it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    /// In binary, and otherwise in text.
    pub binary: bool,
}

/// The columns of an answer. `formats` is that of `Bind`: none for text, one for all columns, or one for each; true is binary.
pub fn columns(schema: &Schema, formats: &[bool]) -> Vec<Column> {
    let fields = schema.fields().iter().enumerate();
    let format = |index: usize| match formats {
        [] => false,
        [all] => *all,
        each => each.get(index).copied().unwrap_or(false),
    };
    let column = |(index, field): (usize, &FieldRef)| Column {
        // The protocol ends a name by NUL.
        name: field.name().trim_end_matches(MARK).replace('\0', " "),
        kind: Kind::of(field.data_type()),
        binary: format(index),
    };
    fields.map(column).collect()
}

/// The message that tells the columns.
pub fn row_description(columns: &[Column]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&(columns.len() as i16).to_be_bytes());
    for column in columns {
        body.extend_from_slice(column.name.as_bytes());
        body.push(0);
        // of no table, and no column of it
        body.extend_from_slice(&[0; 6]);
        body.extend_from_slice(&column.kind.oid().to_be_bytes());
        body.extend_from_slice(&column.kind.bytes().unwrap_or(ANY_LENGTH).to_be_bytes());
        body.extend_from_slice(&NULL.to_be_bytes());
        body.extend_from_slice(&i16::from(column.binary).to_be_bytes());
    }
    message(b'T', &body)
}

/// The messages that tell what a statement asks for and what it answers: the types of its parameters, and its columns.
pub fn description(parameters: &[u32], schema: &Schema) -> Vec<u8> {
    let mut body = (parameters.len() as i16).to_be_bytes().to_vec();
    parameters.iter().for_each(|oid| body.extend_from_slice(&oid.to_be_bytes()));
    let mut told = message(b't', &body);
    told.extend_from_slice(&row_description(&columns(schema, &[])));
    told
}

/// A message: its tag, its length with that of the length itself, its body.
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(5 + body.len());
    message.push(tag);
    message.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
    message.extend_from_slice(body);
    message
}

/// Writes the rows of a batch as messages.
pub fn data_rows(batch: &RecordBatch, columns: &[Column], out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let arrays = batch.columns().iter().zip(columns).map(|(array, column)| match column.binary {
        true => cast(array, &column.kind.arrow(array.data_type())),
        false => Ok(array.clone()),
    });
    let arrays: Vec<ArrayRef> = arrays.collect::<Result<_, _>>()?;
    for row in 0..batch.num_rows() {
        out.push(b'D');
        let length = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&(columns.len() as i16).to_be_bytes());
        for (array, column) in arrays.iter().zip(columns) {
            sized(out, |out| {
                if array.is_null(row) || *array.data_type() == DataType::Null {
                    return false;
                }
                match column.binary {
                    true => binary::value(column.kind, array, row, out),
                    false => text::value(column.kind, array, row, out),
                }
                true
            })?;
        }
        let bytes = i32::try_from(out.len() - length).map_err(|_| too_large())?;
        out[length..length + 4].copy_from_slice(&bytes.to_be_bytes());
    }
    Ok(())
}

/// A value with its length in front, or null when `write` says that there is none.
fn sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> bool) -> Result<(), ArrowError> {
    let start = out.len();
    out.extend_from_slice(&NULL.to_be_bytes());
    if write(out) {
        let bytes = i32::try_from(out.len() - start - 4).map_err(|_| too_large())?;
        out[start..start + 4].copy_from_slice(&bytes.to_be_bytes());
    }
    Ok(())
}

fn too_large() -> ArrowError {
    ArrowError::ComputeError("a row is larger than PostgreSQL's protocol can tell (2 GiB)".into())
}

#[cfg(test)]
mod tests;
