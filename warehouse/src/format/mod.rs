//! Answers as JSON, CSV, a table for people, or Arrow IPC. Every value is hostile: it may hold control characters,
//! spreadsheet formulas, or a fake line break. And every value is exact: no format shows another number, or nothing,
//! because it is hard to write.

mod arrow;
mod csv;
mod json;
pub mod postgres;
mod table;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;

pub use self::arrow::arrow_of;
pub use self::csv::{csv, csv_header, csv_rows};
pub use self::json::{JSON_END, cell, distinct_names, json, json_head, json_lines, json_rows};
pub use self::table::table;

/// Rows of an answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

/// Arrow IPC stream.
pub fn arrow(answer: &Answer) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), &answer.schema)?;
    for batch in &answer.batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}

#[cfg(test)]
mod tests;
