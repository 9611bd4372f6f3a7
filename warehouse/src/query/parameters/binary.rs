//! Values as clients send them in PostgreSQL's binary format (`*recv` functions of its `src/backend/utils/adt`).
//! None is taken for more than its bytes are: no length that is written in them is believed.

use datafusion::common::ScalarValue;

use super::{arrow, number};
use crate::format::postgres::Kind;

/// Where PostgreSQL begins to count, in days and microseconds after 1970.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_US: i64 = EPOCH_DAYS as i64 * 86_400_000_000;
/// Object identifiers of types that are written otherwise than what they are read as.
const UUID: u32 = 2950;
const JSONB: u32 = 3802;
const JSONB_VERSION: u8 = 1;
const UUID_BYTES: usize = 16;
/// Decimal digits in one digit of a numeric.
const GROUP: i32 = 4;
/// A digit of a numeric is less.
const GROUP_END: i16 = 10_000;
/// The widest decimal has 76 digits, before and behind its point.
const GROUPS_MAX: i16 = 19;
const DIGITS_MAX: i16 = 76;
const NUMERIC_POSITIVE: u16 = 0;
const NUMERIC_NEGATIVE: u16 = 0x4000;
/// Of an item of an array.
const NULL: i32 = -1;

/// A value that is not null; `oid` is 0 where the client did not say its type.
pub(super) fn value(oid: u32, kind: Kind, bytes: &[u8]) -> Option<ScalarValue> {
    let long = || Some(i64::from_be_bytes(bytes.try_into().ok()?));
    Some(match kind {
        Kind::Bool => ScalarValue::Boolean(Some(*<&[u8; 1]>::try_from(bytes).ok()?.first()? != 0)),
        Kind::Int2 => ScalarValue::Int16(Some(i16::from_be_bytes(bytes.try_into().ok()?))),
        Kind::Int4 => ScalarValue::Int32(Some(i32::from_be_bytes(bytes.try_into().ok()?))),
        Kind::Int8 if bytes.len() == 4 => {
            // An object identifier.
            ScalarValue::Int64(Some(i64::from(u32::from_be_bytes(bytes.try_into().ok()?))))
        }
        Kind::Int8 => ScalarValue::Int64(Some(long()?)),
        Kind::Float4 => ScalarValue::Float32(Some(f32::from_be_bytes(bytes.try_into().ok()?))),
        Kind::Float8 => ScalarValue::Float64(Some(f64::from_be_bytes(bytes.try_into().ok()?))),
        Kind::Numeric => number(&numeric(bytes)?)?,
        Kind::Text | Kind::Json => ScalarValue::Utf8(Some(text(oid, bytes)?)),
        Kind::Bytea => ScalarValue::Binary(Some(bytes.to_vec())),
        Kind::Date => ScalarValue::Date32(Some(i32::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_DAYS)?)),
        Kind::Time => ScalarValue::Time64Microsecond(Some(long()?)),
        Kind::Timestamp => ScalarValue::TimestampMicrosecond(Some(long()?.checked_add(EPOCH_US)?), None),
        Kind::TimestampTz => {
            ScalarValue::TimestampMicrosecond(Some(long()?.checked_add(EPOCH_US)?), Some("UTC".into()))
        }
        list => {
            let item = list.item().expect("what is left are arrays");
            let items = items(item, bytes)?;
            ScalarValue::List(ScalarValue::new_list(&items, &arrow(item), true))
        }
    })
}

/// Items of an array of one dimension; the array says their type.
pub(super) fn items(item: Kind, bytes: &[u8]) -> Option<Vec<ScalarValue>> {
    let mut rest = Rest(bytes);
    let (dimensions, _any_null, oid) = (rest.number()?, rest.number()?, rest.number()?.cast_unsigned());
    if Kind::of_oid(oid) != Some(item) {
        return None;
    }
    match dimensions {
        0 => return rest.0.is_empty().then(Vec::new),
        1 => {}
        _ => return None,
    }
    let (count, _first_place) = (rest.number()?, rest.number()?);
    let mut items = Vec::new();
    while !rest.0.is_empty() {
        items.push(match rest.number()? {
            NULL => ScalarValue::try_from(&arrow(item)).ok()?,
            length => value(oid, item, rest.take(usize::try_from(length).ok()?)?)?,
        });
    }
    (i32::try_from(items.len()) == Ok(count)).then_some(items)
}

fn text(oid: u32, bytes: &[u8]) -> Option<String> {
    match oid {
        UUID => uuid(bytes),
        JSONB => String::from_utf8(bytes.strip_prefix(&[JSONB_VERSION])?.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; UUID_BYTES] = bytes.try_into().ok()?;
    Some(uuid::Uuid::from_bytes(bytes).hyphenated().to_string())
}

/// The text of a decimal number: groups of four digits, of which the first has a weight, a sign, and how many digits are behind the
/// point. None for what is no number, and for one with more digits than a decimal has.
fn numeric(bytes: &[u8]) -> Option<String> {
    let (head, digits) = bytes.split_at_checked(8)?;
    let word = |place: usize| i16::from_be_bytes([head[2 * place], head[2 * place + 1]]);
    let (count, weight, sign, scale) = (word(0), word(1), word(2).cast_unsigned(), word(3));
    if digits.len() != 2 * usize::try_from(count).ok()? {
        return None;
    }
    let groups: Vec<i16> = digits.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect();
    let is_small = (-GROUPS_MAX..GROUPS_MAX).contains(&weight) && (0..=DIGITS_MAX).contains(&scale);
    if !is_small || groups.iter().any(|group| !(0..GROUP_END).contains(group)) {
        return None;
    }
    let sign = match sign {
        NUMERIC_POSITIVE => "",
        NUMERIC_NEGATIVE => "-",
        _ => return None,
    };
    // Groups that are not written are zeros.
    let group = |place: i32| {
        let index = usize::try_from(i32::from(weight) - place).ok();
        format!("{:04}", index.and_then(|index| groups.get(index)).copied().unwrap_or_default())
    };
    let whole: String = (0..=i32::from(weight)).rev().map(group).collect();
    let scale = i32::from(scale);
    let fraction: String = (1..=(scale + GROUP - 1) / GROUP).map(|place| group(-place)).collect();
    let fraction = &fraction[..usize::try_from(scale).ok()?];
    Some(if fraction.is_empty() { format!("{sign}0{whole}") } else { format!("{sign}0{whole}.{fraction}") })
}

/// What is left of an array's bytes.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::DataType;

    use super::*;

    fn read(oid: u32, bytes: &[u8]) -> Option<ScalarValue> {
        value(oid, Kind::of_oid(oid).unwrap(), bytes)
    }

    fn words(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// Numbers and what is added to them as bytes.
    fn array(numbers: &[i32], more: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        bytes.extend_from_slice(more);
        bytes
    }

    #[test]
    fn decimals_are_groups_of_four_digits() {
        let read = |groups: &[i16]| read(1700, &words(groups));
        // count, weight, sign, digits behind the point, groups: as `select numeric_send(…)` shows them
        for (sent, meant) in [
            (&[3, 1, 0x4000, 4, 1, 2345, 6789][..], "-12345.6789"),
            (&[1, -1, 0, 2, 5000], "0.50"),
            (&[1, -2, 0, 8, 7], "0.00000007"),
            (&[1, 1, 0, 0, 1], "10000"),
            (&[0, 0, 0, 2], "0.00"),
        ] {
            assert_eq!(read(sent), Some(number(meant).unwrap()), "{meant}");
        }
        for wrong in [
            &[][..],
            &[1, 0, 0],
            &[1, 0, 0, 0],
            &[-1, 0, 0, 0],
            &[i16::MAX, 0, 0, 0, 1],
            &[1, 0, 0, 0, 1, 2],
            &[1, 0, 0, 0, 10_000],
            &[1, 0, 0, 0, -1],
            &[1, 0, 1, 0, 1],
            // not a number, more digits than there are
            &[0, 0, 0xC000_u16.cast_signed(), 0],
            &[1, i16::MAX, 0, 0, 1],
            &[1, i16::MIN, 0, 0, 1],
            &[1, 0, 0, i16::MAX, 1],
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn identifiers_and_json_are_read_as_texts() {
        let text = |text: &str| Some(ScalarValue::Utf8(Some(text.to_owned())));
        let id: Vec<u8> = (0..16).collect();
        assert_eq!(read(2950, &id), text("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!(read(3802, b"\x01{\"a\":1}"), text("{\"a\":1}"));
        assert_eq!(read(114, b"{\"a\":1}"), text("{\"a\":1}"));
        for (oid, wrong) in [(2950, &id[1..]), (3802, b"{}"), (3802, b""), (3802, b"\x01\xff"), (114, b"\xff")] {
            assert_eq!(read(oid, wrong), None, "{oid} {wrong:?}");
        }
    }

    #[test]
    fn arrays_are_read_as_long_as_they_are_whole() {
        let list =
            |items: &[ScalarValue], kind: &DataType| Some(ScalarValue::List(ScalarValue::new_list(items, kind, true)));
        let sent = array(&[1, 1, 23, 2, 1, 4, 7, -1], b"");
        assert_eq!(read(1007, &sent), list(&[ScalarValue::from(7), ScalarValue::Int32(None)], &DataType::Int32));
        let texts = array(&[1, 0, 25, 1, 1, 3], b"a,b");
        assert_eq!(read(1009, &texts), list(&[ScalarValue::from("a,b")], &DataType::Utf8));
        let id = "00000000-0000-0000-0000-000000000007";
        let ids = array(&[1, 0, 2950, 1, 1, 16, 0, 0, 0, 7], b"");
        assert_eq!(read(2951, &ids), list(&[ScalarValue::from(id)], &DataType::Utf8));
        let double = array(&[1, 0, 701, 1, 1, 8], &1.5_f64.to_be_bytes());
        assert_eq!(read(1022, &double), list(&[ScalarValue::from(1.5)], &DataType::Float64));
        let yes = array(&[1, 0, 16, 1, 1, 1], &[1]);
        assert_eq!(read(1000, &yes), list(&[ScalarValue::from(true)], &DataType::Boolean));
        assert_eq!(read(1016, &array(&[0, 0, 20], b"")), list(&[], &DataType::Int64));
        for wrong in [
            &[][..],
            &[0, 0],
            // of another type, of several dimensions
            &[1, 0, 20, 1, 1, 4, 7],
            &[2, 0, 23, 1, 1, 1, 1, 4, 7],
            &[-1, 0, 23],
            // other counts and lengths than come
            &[0, 0, 23, 1],
            &[1, 0, 23, 2, 1, 4, 7],
            &[1, 0, 23, i32::MAX, 1, 4, 7],
            &[1, 0, 23, -1, 1],
            &[1, 0, 23, 1, 1, 8, 7],
            &[1, 0, 23, 1, 1, i32::MAX, 7],
            &[1, 0, 23, 1, 1, -2, 7],
            &[1, 0, 23, 1, 1, 0],
        ] {
            assert_eq!(read(1007, &array(wrong, b"")), None, "{wrong:?}");
        }
    }
}
