//! Values as a client of Arrow sends them: a row, in a stream. It is another's, and read in a worker only.

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::reader::StreamReader;

use super::{Given, Parameter, arrow};
use crate::format::postgres::{Kind, text};
use crate::query::Failure;

/// The values of a stream with one row.
pub fn values(stream: &[u8]) -> Result<Vec<Parameter>, Failure> {
    let rows = StreamReader::try_new(stream, None).and_then(Iterator::collect::<Result<Vec<RecordBatch>, _>>);
    let rows = rows.map_err(|error| unreadable(&error))?;
    let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
    match rows.iter().find(|batch| batch.num_rows() > 0) {
        Some(row) if count == 1 => Ok(row.columns().iter().map(value).collect()),
        None if rows.iter().all(|batch| batch.num_columns() == 0) => Ok(Vec::new()),
        _ => {
            let text = format!("a statement is asked with one row of values, and {count} rows came; ask once for each");
            Err(Failure::theirs("invalid_value", text))
        }
    }
}

fn value(column: &ArrayRef) -> Parameter {
    let kind = Kind::of(column.data_type());
    // The statement may know more than a client that has nothing to send.
    let oid = if *column.data_type() == DataType::Null { 0 } else { kind.oid() };
    let given = match column.logical_nulls().is_some_and(|nulls| nulls.is_null(0)) {
        true => Given::Null,
        false => Given::Text(text(kind, column, 0)),
    };
    Parameter { oid, given }
}

/// The types of parameters, as Arrow has them; each may be null.
pub fn parameter_schema(types: &[u32]) -> Schema {
    let kind = |oid: u32| Kind::of_oid(oid).map_or(DataType::Utf8, arrow);
    let fields = types.iter().zip(1..).map(|(oid, place)| Field::new(format!("${place}"), kind(*oid), true));
    Schema::new(fields.collect::<Vec<_>>())
}

fn unreadable(error: &ArrowError) -> Failure {
    Failure::theirs("invalid_value", format!("the values of the statement are no stream of Arrow: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{
        Float64Array, Int64Array, ListArray, NullArray, StringArray, TimestampMicrosecondArray,
    };
    use datafusion::arrow::datatypes::Int32Type;
    use datafusion::arrow::ipc::writer::StreamWriter;

    use super::*;

    fn stream(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn a_row_is_read_with_the_types_that_it_has() {
        let time = TimestampMicrosecondArray::from(vec![1_795_176_000_000_000]).with_timezone("UTC");
        let numbers = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]);
        let given = values(&stream(vec![
            ("a", Arc::new(Int64Array::from(vec![7]))),
            ("b", Arc::new(StringArray::from(vec![Some("it's")]))),
            ("c", Arc::new(StringArray::from(vec![None::<&str>]))),
            ("d", Arc::new(NullArray::new(1))),
            ("e", Arc::new(time)),
            ("f", Arc::new(Float64Array::from(vec![0.5]))),
            ("g", Arc::new(numbers)),
        ]));
        let text = |oid: u32, text: &str| Parameter { oid, given: Given::Text(text.into()) };
        let null = |oid: u32| Parameter { oid, given: Given::Null };
        let expected = [
            text(20, "7"),
            text(25, "it's"),
            null(25),
            null(0),
            text(1184, "2026-11-20 12:00:00+00"),
            text(701, "0.5"),
            text(1007, "{1,NULL}"),
        ];
        assert_eq!(given.unwrap(), expected);
    }

    #[test]
    fn other_rows_than_one_and_what_is_no_stream_are_refused() {
        let two = stream(vec![("a", Arc::new(Int64Array::from(vec![1, 2])))]);
        let none = stream(vec![("a", Arc::new(Int64Array::from(Vec::<i64>::new())))]);
        for wrong in [two.as_slice(), &none, b"", b"abc", &two[..two.len() / 2], &[255; 40]] {
            assert_eq!(values(wrong).unwrap_err().code(), "invalid_value", "{wrong:?}");
        }
    }

    #[test]
    fn parameters_are_told_by_place() {
        let schema = parameter_schema(&[20, 1184, 99_999]);
        let told: Vec<String> =
            schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
        assert_eq!(told, ["$1 Int64", "$2 Timestamp(µs, \"UTC\")", "$3 Utf8"]);
    }
}
