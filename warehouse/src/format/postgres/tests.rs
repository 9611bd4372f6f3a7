use std::sync::Arc;

use datafusion::arrow::array::{
    BinaryArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Float64Type, Int32Type};
use serde_json::Value;

use super::*;

/// Values of the only column, row after row.
fn told(array: ArrayRef, binary: bool) -> Vec<Option<Vec<u8>>> {
    let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap();
    let mut out = Vec::new();
    data_rows(&batch, &columns(&batch.schema(), &[binary]), &mut out).unwrap();
    let mut values = Vec::new();
    let mut rest = out.as_slice();
    while !rest.is_empty() {
        assert_eq!((rest[0], &rest[5..7]), (b'D', &[0, 1][..]));
        let end = 1 + i32::from_be_bytes(rest[1..5].try_into().unwrap()) as usize;
        let length = i32::from_be_bytes(rest[7..11].try_into().unwrap());
        values.push((length >= 0).then(|| rest[11..end].to_vec()));
        rest = &rest[end..];
    }
    values
}

fn texts(array: ArrayRef) -> Vec<Option<String>> {
    told(array, false).into_iter().map(|value| value.map(|bytes| String::from_utf8(bytes).unwrap())).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn text_is_as_postgresql_writes_it() {
    assert_eq!(texts(Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))), [some("t"), None, some("f")]);
    let time = TimestampMicrosecondArray::from(vec![1_795_176_000_500_000]);
    assert_eq!(texts(Arc::new(time.clone())), [some("2026-11-20 12:00:00.500")]);
    assert_eq!(texts(Arc::new(time.with_timezone("UTC"))), [some("2026-11-20 12:00:00.500+00")]);
    assert_eq!(texts(Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..]]))), [some("\\x00ff")]);
    assert_eq!(texts(Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY]))), [some("NaN"), some("Infinity")]);
    let list = ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(1.5), None]), Some(vec![])]);
    assert_eq!(texts(Arc::new(list)), [some("{1.5,NULL}"), some("{}")]);
}

#[test]
fn lists_in_text_are_read_as_they_are_written() {
    let items = [Value::from("a,b"), Value::Null, Value::from("\\\"}"), Value::from("NULL"), Value::from("")];
    let written = text::told(Kind::TextArray, &Value::from(items.to_vec()));
    let read = list_items(&written).unwrap();
    assert_eq!(read, [some("a,b"), None, some("\\\"}"), some("NULL"), some("")]);
    assert_eq!(list_items("{1, 2}").unwrap(), [some("1"), some("2")]);
    assert_eq!(list_items("{}").unwrap(), []);
    assert_eq!((list_items("{{1}}"), list_items("1"), list_items("{\"a}")), (None, None, None));
}

#[test]
fn binary_is_as_postgresql_sends_it() {
    assert_eq!(told(Arc::new(Int64Array::from(vec![-2])), true), [Some((-2_i64).to_be_bytes().to_vec())]);
    // 2000-01-01T00:00:01Z
    let time = TimestampMicrosecondArray::from(vec![946_684_801_000_000]).with_timezone("UTC");
    assert_eq!(told(Arc::new(time), true), [Some(1_000_000_i64.to_be_bytes().to_vec())]);
    assert_eq!(told(Arc::new(StringViewArray::from(vec![Some("ä"), None])), true), [Some("ä".into()), None]);
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(7), None])]);
    let words: [i32; 8] = [1, 1, 23, 2, 1, 4, 7, -1];
    assert_eq!(told(Arc::new(list), true), [Some(words.iter().flat_map(|word| word.to_be_bytes()).collect())]);
}

#[test]
fn decimals_are_groups_of_four_digits() {
    let groups = |value: i128, scale: i8| {
        let array = Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).unwrap();
        let bytes = told(Arc::new(array), true).remove(0).unwrap();
        bytes.chunks(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect::<Vec<_>>()
    };
    // count, weight, sign, digits behind the point, groups: as `select numeric_send(…)` shows them
    assert_eq!(groups(-123_456_789, 4), [3, 1, 0x4000, 4, 1, 2345, 6789]);
    assert_eq!(groups(50, 2), [1, -1, 0, 2, 5000]);
    assert_eq!(groups(10_000, 0), [1, 1, 0, 0, 1]);
    assert_eq!(groups(0, 2), [0, 0, 0, 2]);
}

#[test]
fn a_description_has_the_types_and_formats() {
    let batch = RecordBatch::try_from_iter([("a", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)]).unwrap();
    let told = row_description(&columns(&batch.schema(), &[]));
    assert_eq!(told[..9], [b'T', 0, 0, 0, 26, 0, 1, b'a', 0]);
    assert_eq!(told[15..19], 25_u32.to_be_bytes());
    assert!(Kind::all().all(|kind| Kind::of_oid(kind.oid()) == Some(kind)));
}
