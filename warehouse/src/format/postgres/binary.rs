//! Values in PostgreSQL's binary format (`*send` functions of its `src/backend/utils/adt`).

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};

use super::{Kind, text};

/// 2000-01-01, where PostgreSQL begins to count, in days and microseconds after 1970.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_US: i64 = EPOCH_DAYS as i64 * 86_400_000_000;
/// Decimal digits in one digit of a numeric.
const GROUP: usize = 4;
const NUMERIC_NEGATIVE: u16 = 0x4000;
const NUMERIC_NAN: u16 = 0xC000;

/// Writes a value that is not null, of an array of [`Kind::arrow`].
pub(super) fn value(kind: Kind, array: &ArrayRef, row: usize, out: &mut Vec<u8>) {
    match kind {
        Kind::Bool => out.push(u8::from(array.as_boolean().value(row))),
        Kind::Int2 => out.extend_from_slice(&array.as_primitive::<Int16Type>().value(row).to_be_bytes()),
        Kind::Int4 => out.extend_from_slice(&array.as_primitive::<Int32Type>().value(row).to_be_bytes()),
        Kind::Int8 => out.extend_from_slice(&array.as_primitive::<Int64Type>().value(row).to_be_bytes()),
        Kind::Float4 => out.extend_from_slice(&array.as_primitive::<Float32Type>().value(row).to_be_bytes()),
        Kind::Float8 => out.extend_from_slice(&array.as_primitive::<Float64Type>().value(row).to_be_bytes()),
        Kind::Bytea => out.extend_from_slice(array.as_binary::<i64>().value(row)),
        Kind::Date => {
            let days = array.as_primitive::<Date32Type>().value(row);
            out.extend_from_slice(&days.saturating_sub(EPOCH_DAYS).to_be_bytes());
        }
        Kind::Time => out.extend_from_slice(&array.as_primitive::<Time64MicrosecondType>().value(row).to_be_bytes()),
        Kind::Timestamp | Kind::TimestampTz => {
            let time = array.as_primitive::<TimestampMicrosecondType>().value(row);
            out.extend_from_slice(&time.saturating_sub(EPOCH_US).to_be_bytes());
        }
        Kind::Text | Kind::Json => text::value(kind, array, row, out),
        Kind::Numeric => {
            let mut digits = Vec::new();
            text::value(kind, array, row, &mut digits);
            numeric(&String::from_utf8_lossy(&digits), out);
        }
        list => items(list.item().expect("what is left are arrays"), &array.as_list::<i32>().value(row), out),
    }
}

/// An array of one dimension that begins at 1.
fn items(kind: Kind, items: &ArrayRef, out: &mut Vec<u8>) {
    let has_null = i32::from(items.null_count() > 0);
    let dimensions = i32::from(!items.is_empty());
    for number in [dimensions, has_null, kind.oid().cast_signed()] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    if dimensions > 0 {
        out.extend_from_slice(&(items.len() as i32).to_be_bytes());
        out.extend_from_slice(&1_i32.to_be_bytes());
    }
    for item in 0..items.len() {
        let start = out.len();
        out.extend_from_slice(&(-1_i32).to_be_bytes());
        if !items.is_null(item) {
            value(kind, items, item, out);
            let bytes = (out.len() - start - 4) as i32;
            out[start..start + 4].copy_from_slice(&bytes.to_be_bytes());
        }
    }
}

/// A decimal number: its digits in groups of four, the weight of the first group, sign and digits behind the point.
fn numeric(number: &str, out: &mut Vec<u8>) {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (NUMERIC_NEGATIVE, digits),
        None => (0, number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number =
        (whole.len() + fraction.len() > 0) && digits.chars().all(|digit| digit.is_ascii_digit() || digit == '.');
    let mut groups: Vec<u16> = Vec::new();
    let mut weight = -1_i16;
    if is_number {
        let whole = format!("{}{whole}", "0".repeat((GROUP - whole.len() % GROUP) % GROUP));
        let padded = format!("{fraction}{}", "0".repeat((GROUP - fraction.len() % GROUP) % GROUP));
        weight = (whole.len() / GROUP) as i16 - 1;
        let all = format!("{whole}{padded}");
        groups =
            (0..all.len()).step_by(GROUP).map(|from| all[from..from + GROUP].parse().unwrap_or_default()).collect();
        let zeros = groups.iter().take_while(|group| **group == 0).count();
        groups.drain(..zeros);
        weight -= zeros as i16;
        while groups.last() == Some(&0) {
            groups.pop();
        }
        if groups.is_empty() {
            weight = 0;
        }
    }
    let sign = if is_number { sign } else { NUMERIC_NAN };
    out.extend_from_slice(&(groups.len() as i16).to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&(fraction.len() as i16).to_be_bytes());
    groups.iter().for_each(|group| out.extend_from_slice(&group.to_be_bytes()));
}
