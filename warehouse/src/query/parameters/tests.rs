use super::*;

fn read(oid: u32, text: &str, told: Option<&DataType>) -> Option<ScalarValue> {
    value(&Parameter { oid, given: Given::Text(text.to_owned()) }, told)
}

#[test]
fn a_text_is_read_as_the_type_that_the_client_or_the_statement_says() {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let noon = ScalarValue::TimestampMicrosecond(Some(1_795_176_000_000_000), Some("UTC".into()));
    for text in ["2026-11-20 12:00:00+00", "2026-11-20T12:00:00Z", "2026-11-20 14:00:00+02:00"] {
        assert_eq!(read(0, text, Some(&time)), Some(noon.clone()), "{text}");
        assert_eq!(read(1184, text, None), Some(noon.clone()), "{text}");
    }
    assert_eq!(read(20, "-7", None), Some(ScalarValue::Int64(Some(-7))));
    // A driver that calls everything text.
    assert_eq!(read(1043, "7", Some(&DataType::Int64)), Some(ScalarValue::Int64(Some(7))));
    assert_eq!(read(0, "7", None), Some(ScalarValue::Utf8(Some("7".into()))));
    assert_eq!(read(16, "t", None), Some(ScalarValue::Boolean(Some(true))));
    assert_eq!(read(17, "\\x00ff", None), Some(ScalarValue::Binary(Some(vec![0, 255]))));
    assert_eq!(read(1700, "-12.50", None), Some(ScalarValue::Decimal128(Some(-1250), 4, 2)));
    // As it is written, so that a decimal is sent whatever the value is.
    assert_eq!(read(1700, "1.5e3", None), Some(ScalarValue::Decimal128(Some(1500), 4, 0)));
    assert_eq!(read(1700, "-15E-3", None), Some(ScalarValue::Decimal128(Some(-15), 3, 3)));
    let list = ScalarValue::new_list(&[ScalarValue::from("a,b"), ScalarValue::Utf8(None)], &DataType::Utf8, true);
    assert_eq!(read(1009, "{\"a,b\",NULL}", None), Some(ScalarValue::List(list)));
    let not = [(20, "seven"), (20, "1.5"), (1184, "noon"), (17, "ff"), (17, "\\xä"), (1009, "a")];
    let no_decimals = [".", "", "e5", "1e", "1e77", "1e-2147483648", "1e9999999999", "NaN", "--1", "1.2.3"];
    for (oid, text) in not.into_iter().chain(no_decimals.map(|text| (1700, text))) {
        assert_eq!(read(oid, text, None), None, "{oid} {text}");
    }
}

#[test]
fn binary_is_read_as_long_as_it_is_whole() {
    let read = |oid: u32, bytes: &[u8]| value(&Parameter { oid, given: Given::Binary(bytes.to_vec()) }, None);
    assert_eq!(read(20, &7_i64.to_be_bytes()), Some(ScalarValue::Int64(Some(7))));
    assert_eq!(read(26, &7_u32.to_be_bytes()), Some(ScalarValue::Int64(Some(7))));
    assert_eq!(read(25, "ä".as_bytes()), Some(ScalarValue::Utf8(Some("ä".into()))));
    let second = ScalarValue::TimestampMicrosecond(Some(946_684_801_000_000), Some("UTC".into()));
    assert_eq!(read(1184, &1_000_000_i64.to_be_bytes()), Some(second));
    for (oid, bytes) in [(20, &[0; 7][..]), (25, &[0xff][..]), (1184, &i64::MAX.to_be_bytes()[..]), (16, &[][..])] {
        assert_eq!(read(oid, bytes), None, "{oid} {bytes:?}");
    }
}

#[test]
fn a_null_has_the_type_that_values_have() {
    let null = |oid: u32, told: Option<&DataType>| {
        let null = value(&Parameter { oid, given: Given::Null }, told).unwrap();
        (null.is_null(), Kind::of(&null.data_type()))
    };
    for kind in Kind::all().filter(|kind| *kind != Kind::Json) {
        assert_eq!(null(kind.oid(), None), (true, kind));
    }
    assert_eq!(null(0, Some(&DataType::Float64)), (true, Kind::Float8));
    assert_eq!(null(0, None), (true, Kind::Text));
}

#[test]
fn only_types_whose_binary_format_is_known_are_read_in_it() {
    let check = |oid: u32, given: Given| check_formats(&[Parameter { oid, given }]);
    for oid in [0, 705, 20, 1700, 2950, 2951, 3802, 1016] {
        assert_eq!(check(oid, Given::Binary(Vec::new())), Ok(()));
    }
    for (oid, name) in [(1186, "interval"), (99_999, "99999")] {
        let failure = check(oid, Given::Binary(Vec::new())).unwrap_err();
        assert!(failure.code() == "not_supported" && failure.to_string().contains(name), "{failure}");
        assert_eq!((check(oid, Given::Null), check(oid, Given::Text(String::new()))), (Ok(()), Ok(())));
    }
}
