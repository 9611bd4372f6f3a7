use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, Decimal256Array, DictionaryArray, DurationMicrosecondArray,
    Float32Array, Float64Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, ListArray, MapBuilder, NullArray,
    RecordBatchOptions, RunArray, StringArray, StringBuilder, StringViewArray, StructArray, Time64NanosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int32Type, IntervalMonthDayNano, Schema, i256};
use datafusion::arrow::record_batch::RecordBatch;
use serde_json::{Value, json as value};

use super::*;

fn answer(columns: Vec<(&str, ArrayRef)>) -> Answer {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let rows = columns.first().map_or(0, |(_, array)| array.len());
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap();
    Answer { schema: batch.schema(), batches: vec![batch] }
}

/// The only value of an answer as JSON, as CSV, and in the table.
fn shown(array: ArrayRef) -> (Value, String, String) {
    let made = answer(vec![("c", array)]);
    let csv = csv(&made).lines().nth(1).unwrap().to_owned();
    let table = table(&made).lines().nth(2).unwrap().trim().to_owned();
    (json(&made)["rows"][0][0].clone(), csv, table)
}

fn expect(array: impl Into<ArrayRef>, json: Value, text: &str) {
    let array = array.into();
    let kind = array.data_type().clone();
    assert_eq!(shown(array), (json, text.into(), text.into()), "{kind}");
}

fn text(value: &str) -> Value {
    value!(value)
}

#[test]
fn numbers_keep_every_digit() {
    let decimal = |digits: i128, scale| {
        Arc::new(Decimal128Array::from(vec![digits]).with_precision_and_scale(38, scale).unwrap())
    };
    expect(
        decimal(12_345_678_901_234_567_890_123_456_789, 9) as ArrayRef,
        text("12345678901234567890.123456789"),
        "12345678901234567890.123456789",
    );
    expect(decimal(-1, 9) as ArrayRef, text("-0.000000001"), "-0.000000001");
    let wide =
        i256::from_string("1234567890123456789012345678901234567890123456789012345678901234567890123456").unwrap();
    let wide = Decimal256Array::from(vec![wide]).with_precision_and_scale(76, 0).unwrap();
    let digits = "1234567890123456789012345678901234567890123456789012345678901234567890123456";
    expect(Arc::new(wide) as ArrayRef, text(digits), digits);
    expect(Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef, value!(u64::MAX), "18446744073709551615");
    expect(
        Arc::new(Int64Array::from(vec![9_007_199_254_740_993])) as ArrayRef,
        value!(9_007_199_254_740_993_i64),
        "9007199254740993",
    );
    expect(Arc::new(Int64Array::from(vec![i64::MIN])) as ArrayRef, value!(i64::MIN), "-9223372036854775808");
}

#[test]
fn floats_are_short_in_their_own_width_and_never_null() {
    expect(Arc::new(Float32Array::from(vec![0.1])) as ArrayRef, value!(0.1), "0.1");
    expect(Arc::new(Float32Array::from(vec![f32::MAX])) as ArrayRef, value!(3.4028235e38), "3.4028235e+38");
    let half = cast(&Float32Array::from(vec![0.1]), &DataType::Float16).unwrap();
    expect(half, value!(0.099_975_585_937_5), "0.0999755859375");
    expect(
        Arc::new(Float64Array::from(vec![0.1 + 0.2])) as ArrayRef,
        value!(0.300_000_000_000_000_04),
        "0.30000000000000004",
    );
    for (number, name) in [(f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity")] {
        expect(Arc::new(Float64Array::from(vec![number])) as ArrayRef, text(name), name);
        expect(Arc::new(Float32Array::from(vec![number as f32])) as ArrayRef, text(name), name);
        expect(cast(&Float64Array::from(vec![number]), &DataType::Float16).unwrap(), text(name), name);
    }
}

#[test]
fn times_are_rfc_3339_in_every_unit() {
    let micros = TimestampMicrosecondArray::from(vec![1_795_250_919_000_500]);
    expect(
        Arc::new(micros.clone().with_timezone("UTC")) as ArrayRef,
        text("2026-11-21T08:48:39.000500Z"),
        "2026-11-21T08:48:39.000500Z",
    );
    expect(Arc::new(micros) as ArrayRef, text("2026-11-21T08:48:39.000500"), "2026-11-21T08:48:39.000500");
    let nanos = TimestampNanosecondArray::from(vec![-1]);
    expect(Arc::new(nanos) as ArrayRef, text("1969-12-31T23:59:59.999999999"), "1969-12-31T23:59:59.999999999");
    let far = TimestampSecondArray::from(vec![i64::MAX]);
    expect(Arc::new(far) as ArrayRef, text("1970-01-01 + 9223372036854775807 s"), "1970-01-01 + 9223372036854775807 s");
    expect(Arc::new(Date32Array::from(vec![-1])) as ArrayRef, text("1969-12-31"), "1969-12-31");
    expect(
        Arc::new(Date32Array::from(vec![i32::MAX])) as ArrayRef,
        text("1970-01-01 + 2147483647 days"),
        "1970-01-01 + 2147483647 days",
    );
    expect(
        Arc::new(Time64NanosecondArray::from(vec![1])) as ArrayRef,
        text("00:00:00.000000001"),
        "00:00:00.000000001",
    );
    expect(
        Arc::new(DurationMicrosecondArray::from(vec![90_000_001])) as ArrayRef,
        text("PT90.000001S"),
        "PT90.000001S",
    );
    let interval = IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(-1, 2, 3)]);
    let written = "-1 mons 2 days 0.000000003 secs";
    expect(Arc::new(interval) as ArrayRef, text(written), written);
}

#[test]
fn every_encoding_of_a_value_shows_the_value() {
    expect(Arc::new(StringViewArray::from(vec!["é"])) as ArrayRef, text("é"), "é");
    expect(Arc::new(BinaryArray::from(vec![&[0xff_u8, 0x00][..]])) as ArrayRef, text("ff00"), "ff00");
    let keys = Int32Array::from(vec![1, 0]);
    let values = Int64Array::from(vec![7, 9_007_199_254_740_993]);
    let dictionary = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).unwrap();
    expect(Arc::new(dictionary) as ArrayRef, value!(9_007_199_254_740_993_i64), "9007199254740993");
    let ends = Int32Array::from(vec![1, 3]);
    let runs = RunArray::<Int32Type>::try_new(&ends, &Float32Array::from(vec![Some(0.1), None])).unwrap();
    expect(Arc::new(runs) as ArrayRef, value!(0.1), "0.1");
    let made = json(&answer(vec![("n", Arc::new(NullArray::new(1)) as ArrayRef)]));
    assert_eq!(made["rows"], value!([[null]]));
}

#[test]
fn nested_values_lose_nothing() {
    let lists = ListArray::from_iter_primitive::<Float64Type, _, _>([Some([Some(0.0), None, Some(f64::NAN)])]);
    let ones: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let twos: ArrayRef = Arc::new(Int32Array::from(vec![2]));
    let named = |name: &str| Arc::new(Field::new(name, DataType::Int32, true));
    let plain = StructArray::from(vec![(named("a"), ones.clone()), (named("b"), twos.clone())]);
    let alike = StructArray::from(vec![(named("a"), ones), (named("a"), twos)]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("k");
    map.values().append_value("v");
    map.append(true).unwrap();
    let made = json(&answer(vec![
        ("list", Arc::new(lists)),
        ("plain", Arc::new(plain)),
        ("alike", Arc::new(alike)),
        ("map", Arc::new(map.finish())),
    ]));
    assert_eq!(made["rows"][0], value!([[0.0, null, "NaN"], {"a": 1, "b": 2}, [["a", 1], ["a", 2]], {"k": "v"}]));
}

#[test]
fn odd_shapes_of_answers_are_answers() {
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let alike = answer(vec![("a", numbers.clone()), ("a", numbers), ("", Arc::new(NullArray::new(2)))]);
    assert_eq!(json(&alike)["rows"], value!([[1, 1, null], [2, 2, null]]));
    assert_eq!(csv(&alike), "a,a,\"\"\n1,1,\n2,2,\n");
    let none = answer(vec![("a", Arc::new(Int32Array::from(Vec::<i32>::new())))]);
    assert_eq!((csv(&none), &json(&none)["rows"]), ("a\n".to_owned(), &value!([])));
    let bare = answer(Vec::new());
    assert_eq!(json(&bare), value!({"columns": [], "rows": []}));
    assert!(table(&bare).ends_with("(0 rows)\n") && arrow(&bare).is_ok());
}

#[test]
fn csv_tells_null_from_empty_and_keeps_every_row() {
    let one = answer(vec![("c", Arc::new(StringArray::from(vec![Some("a"), None, Some(""), Some("b")])))]);
    assert_eq!(csv(&one), "c\na\n\n\"\"\nb\n");
    let made = answer(vec![
        ("t", Arc::new(StringArray::from(vec![None, Some(""), Some(" x"), Some("a,\"b\"\r\nc")]))),
        ("n", Arc::new(Int32Array::from(vec![None, Some(1), None, Some(-2)]))),
    ]);
    assert_eq!(csv(&made), "t,n\n,\n\"\",1\n\" x\",\n\"a,\"\"b\"\"\r\nc\",-2\n");
    let bytes = csv(&made);
    let mut reader = ::csv::Reader::from_reader(bytes.as_bytes());
    let read: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(read[3], ["a,\"b\"\r\nc", "-2"]);
}

#[test]
fn csv_disarms_formulas_and_keeps_numbers() {
    let texts = StringArray::from(vec!["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "plain", "5-1"]);
    let made = csv(&answer(vec![("t", Arc::new(texts))]));
    assert_eq!(made, "t\n'=1+1\n'+1\n'-1\n'@x\n'\tx\n\"'\rx\"\n'＝1\nplain\n5-1\n");
    let decimal = Decimal128Array::from(vec![-15]).with_precision_and_scale(38, 1).unwrap();
    let made = csv(&answer(vec![
        ("f", Arc::new(Float64Array::from(vec![-1.0]))),
        ("i", Arc::new(Int64Array::from(vec![-1]))),
        ("d", Arc::new(decimal)),
    ]));
    assert_eq!(made, "f,i,d\n-1.0,-1,-1.5\n");
}

#[test]
fn a_table_shows_what_would_steer_the_terminal() {
    let made = table(&answer(vec![("text", Arc::new(StringArray::from(vec!["a\u{1b}[2J\nb\u{202e}c"])))]));
    assert_eq!(made, "text\n─────────────────────────\na\\u{1b}[2J\\u{a}b\\u{202e}c\n(1 row)\n");
}
