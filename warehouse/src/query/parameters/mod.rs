//! Values for the `$1`, `$2` … of a statement. They are put into the plan, never into the text.

mod literals;
mod row;

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::LogicalPlan;
use serde::{Deserialize, Serialize};

use super::Failure;
use crate::format::postgres::{Kind, list_items};
pub(super) use literals::{leave_open, put_in};
pub use row::{parameter_schema, values};

/// Where PostgreSQL begins to count, in days and microseconds after 1970.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_US: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// A value, as a client of PostgreSQL's protocol gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Object identifier of its type; 0 when the statement tells it.
    pub oid: u32,
    pub given: Given,
}

/// In which form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Given {
    Null,
    Text(String),
    Binary(Vec<u8>),
}

/// The plan with the values in it.
pub(super) fn bind(plan: LogicalPlan, parameters: &[Parameter]) -> Result<LogicalPlan, Failure> {
    let inferred = plan.get_parameter_types()?;
    let wanted = count(&inferred);
    if wanted > parameters.len() {
        let text = format!("the statement has ${wanted}, and {} values came with it", parameters.len());
        return Err(Failure::theirs("missing_parameter", text));
    }
    if parameters.is_empty() {
        return Ok(plan);
    }
    let values = parameters.iter().zip(1..).map(|(parameter, place)| {
        let told = inferred.get(&format!("${place}")).and_then(Option::as_ref);
        value(parameter, told).ok_or_else(|| {
            let kind = target(parameter.oid, told);
            Failure::theirs("invalid_value", format!("the value of ${place} is no {kind}"))
        })
    });
    let values = values.collect::<Result<Vec<ScalarValue>, _>>()?;
    Ok(plan.with_param_values(values)?)
}

/// Object identifiers of the types of all parameters; `given` are those that the client said.
pub(super) fn types(plan: &LogicalPlan, given: &[u32]) -> Result<Vec<u32>, Failure> {
    let inferred = plan.get_parameter_types()?;
    let all = 0..count(&inferred).max(given.len());
    let types = all.map(|index| match given.get(index) {
        Some(oid) if *oid != 0 => *oid,
        _ => {
            let told = inferred.get(&format!("${}", index + 1)).and_then(Option::as_ref);
            told.map_or(Kind::Text, Kind::of).oid()
        }
    });
    Ok(types.collect())
}

fn count(parameters: &HashMap<String, Option<DataType>>) -> usize {
    parameters.keys().filter_map(|name| name.strip_prefix('$')?.parse::<usize>().ok()).max().unwrap_or_default()
}

/// The type that a value is read as: what the client says, unless it says text where the statement knows better.
fn target(oid: u32, told: Option<&DataType>) -> DataType {
    match (Kind::of_oid(oid), told) {
        (None | Some(Kind::Text), Some(told)) => told.clone(),
        (None, None) => DataType::Utf8,
        (Some(kind), _) => arrow(kind),
    }
}

fn arrow(kind: Kind) -> DataType {
    match kind {
        Kind::Bool => DataType::Boolean,
        Kind::Int2 => DataType::Int16,
        Kind::Int4 => DataType::Int32,
        Kind::Int8 => DataType::Int64,
        Kind::Float4 => DataType::Float32,
        Kind::Float8 => DataType::Float64,
        Kind::Bytea => DataType::Binary,
        Kind::Date => DataType::Date32,
        Kind::Time => DataType::Time64(TimeUnit::Microsecond),
        Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Kind::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        // Its digits tell how many there are.
        Kind::Numeric | Kind::Text | Kind::Json => DataType::Utf8,
        list => DataType::new_list(arrow(list.item().expect("what is left are arrays")), true),
    }
}

fn value(parameter: &Parameter, told: Option<&DataType>) -> Option<ScalarValue> {
    let target = target(parameter.oid, told);
    match &parameter.given {
        Given::Null => ScalarValue::try_from(&target).ok(),
        Given::Text(text) if Kind::of_oid(parameter.oid) == Some(Kind::Numeric) => number(text),
        Given::Text(text) => from_text(text, &target),
        Given::Binary(bytes) => {
            let kind = Kind::of_oid(parameter.oid).unwrap_or_else(|| Kind::of(&target));
            let value = from_binary(kind, bytes)?;
            if kind == Kind::Text { from_text(&value.to_string(), &target) } else { Some(value) }
        }
    }
}

fn from_text(text: &str, target: &DataType) -> Option<ScalarValue> {
    match target {
        DataType::List(item) => {
            let items = list_items(text)?.into_iter().map(|value| match value {
                Some(value) => from_text(&value, item.data_type()),
                None => ScalarValue::try_from(item.data_type()).ok(),
            });
            let items = items.collect::<Option<Vec<_>>>()?;
            Some(ScalarValue::List(ScalarValue::new_list(&items, item.data_type(), true)))
        }
        DataType::Binary => Some(ScalarValue::Binary(Some(bytes(text)?))),
        target => ScalarValue::try_from_string(text.to_owned(), target).ok(),
    }
}

/// `\x` and hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x").filter(|digits| digits.is_ascii() && digits.len() % 2 == 0)?;
    (0..digits.len()).step_by(2).map(|from| u8::from_str_radix(&digits[from..from + 2], 16).ok()).collect()
}

/// A decimal with every digit that it is written with; a double where there is an exponent.
fn number(text: &str) -> Option<ScalarValue> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain =
        (whole.len() + fraction.len() > 0) && digits.chars().all(|digit| digit.is_ascii_digit() || digit == '.');
    let precision = (whole.trim_start_matches('0').len() + fraction.len()).max(1);
    match (plain, u8::try_from(precision), i8::try_from(fraction.len())) {
        (true, Ok(precision @ ..=38), Ok(scale)) => {
            ScalarValue::try_from_string(text.to_owned(), &DataType::Decimal128(precision, scale)).ok()
        }
        (true, Ok(precision @ ..=76), Ok(scale)) => {
            ScalarValue::try_from_string(text.to_owned(), &DataType::Decimal256(precision, scale)).ok()
        }
        (true, ..) => None,
        _ => text.parse().ok().map(|double| ScalarValue::Float64(Some(double))),
    }
}

fn from_binary(kind: Kind, bytes: &[u8]) -> Option<ScalarValue> {
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
        Kind::Text | Kind::Json => ScalarValue::Utf8(Some(String::from_utf8(bytes.to_vec()).ok()?)),
        Kind::Bytea => ScalarValue::Binary(Some(bytes.to_vec())),
        Kind::Date => ScalarValue::Date32(Some(i32::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_DAYS)?)),
        Kind::Time => ScalarValue::Time64Microsecond(Some(long()?)),
        Kind::Timestamp => ScalarValue::TimestampMicrosecond(Some(long()?.checked_add(EPOCH_US)?), None),
        Kind::TimestampTz => {
            ScalarValue::TimestampMicrosecond(Some(long()?.checked_add(EPOCH_US)?), Some("UTC".into()))
        }
        // No client that was tried sends these so.
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
