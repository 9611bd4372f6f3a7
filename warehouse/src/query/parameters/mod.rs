//! Values for the `$1`, `$2` … of a statement. They are put into the plan, never into the text.

mod binary;
mod literals;
mod row;
mod told;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use serde::{Deserialize, Serialize};

use super::Failure;
use crate::format::postgres::{Kind, list_items};
use literals::highest;
pub(super) use literals::{as_members, put_in};
pub use row::{parameter_schema, values};
pub(super) use told::Told;

/// As many as `ParameterDescription` and `Bind` can count.
const PLACES_MAX: usize = u16::MAX as usize;
/// Digits of the widest decimal.
const DECIMAL_DIGITS_MAX: usize = 76;
/// The object identifier of texts of which a client does not say what they are.
const UNKNOWN: u32 = 705;

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

/// A parameter for each place of a statement, without values; `given` are the types that the client said.
pub(super) fn open(statement: &mut Statement, given: &[u32]) -> Result<Vec<Parameter>, Failure> {
    let places = highest(statement).max(given.len());
    if places > PLACES_MAX {
        let text = format!("the statement has ${places}; a statement has at most {PLACES_MAX} parameters");
        return Err(Failure::theirs("too_complex", text));
    }
    let said = (0..places).map(|index| given.get(index).copied().unwrap_or_default());
    Ok(said.map(|oid| Parameter { oid, given: Given::Null }).collect())
}

/// Whether something is looked for in a list that is a parameter.
pub(super) fn has_lists(statement: &Statement) -> bool {
    !as_members(&mut statement.clone()).is_empty()
}

/// The plan with the values in it, and object identifiers of the types that all parameters have.
pub(super) fn bind(plan: LogicalPlan, parameters: &[Parameter]) -> Result<(Vec<u32>, LogicalPlan), Failure> {
    let told = Told::of(&plan)?;
    let wanted = told.places();
    if wanted > parameters.len() {
        let text = format!("the statement has ${wanted}, and {} values came with it", parameters.len());
        return Err(Failure::theirs("missing_parameter", text));
    }
    if parameters.is_empty() {
        return Ok((Vec::new(), plan));
    }
    let values = parameters.iter().zip(1..).map(|(parameter, place)| {
        value(parameter, told.at(place)).ok_or_else(|| {
            let kind = named(parameter.oid, told.at(place));
            Failure::theirs("invalid_value", format!("the value of ${place} is no {kind}"))
        })
    });
    let values = values.collect::<Result<Vec<ScalarValue>, _>>()?;
    let types = parameters.iter().zip(1..).map(|(parameter, place)| oid(parameter.oid, told.at(place)));
    Ok((types.collect(), plan.with_param_values(values)?))
}

/// # Errors
/// Names the type of a value that is sent in a binary format which is not known here.
pub(super) fn check_formats(parameters: &[Parameter]) -> Result<(), Failure> {
    for (parameter, place) in parameters.iter().zip(1..) {
        let Parameter { oid, given: Given::Binary(_) } = parameter else { continue };
        if ![0, UNKNOWN].contains(oid) && Kind::of_oid(*oid).is_none() {
            let text = format!(
                "${place} is of type {}, which is read as text only: send it as text, or say another type",
                unread(*oid)
            );
            return Err(Failure::theirs("not_supported", text));
        }
    }
    Ok(())
}

/// The name of a type that has none of [`Kind`].
fn unread(oid: u32) -> String {
    let name = match oid {
        1115 => "timestamp[]",
        1182 => "date[]",
        1186 => "interval",
        1231 => "numeric[]",
        1266 => "timetz",
        3807 => "jsonb[]",
        _ => return format!("{oid} (of pg_type)"),
    };
    name.to_owned()
}

/// The type that is told of a parameter: what the client says, then what the statement does.
pub(super) fn oid(said: u32, told: Option<&DataType>) -> u32 {
    match said {
        0 => told.map_or(Kind::Text, Kind::of).oid(),
        said => said,
    }
}

/// What a value should have been, for who sent it.
fn named(oid: u32, told: Option<&DataType>) -> String {
    match Kind::of_oid(oid) {
        Some(Kind::Numeric) => format!("decimal number of at most {DECIMAL_DIGITS_MAX} digits"),
        _ => target(oid, told).to_string(),
    }
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
        Given::Null => null(parameter.oid, &target),
        Given::Text(text) if Kind::of_oid(parameter.oid) == Some(Kind::Numeric) => number(text),
        Given::Text(text) => from_text(text, &target),
        Given::Binary(bytes) => {
            let kind = Kind::of_oid(parameter.oid).unwrap_or_else(|| Kind::of(&target));
            let value = binary::value(parameter.oid, kind, bytes)?;
            if kind == Kind::Text { from_text(&value.to_string(), &target) } else { Some(value) }
        }
    }
}

/// A null of the type that values have.
fn null(oid: u32, target: &DataType) -> Option<ScalarValue> {
    match Kind::of_oid(oid) {
        Some(Kind::Numeric) => Some(ScalarValue::Decimal128(None, 38, 10)),
        _ => ScalarValue::try_from(target).ok(),
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

/// A decimal with every digit that it is written with, also where there is an exponent.
fn number(text: &str) -> Option<ScalarValue> {
    let text = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => &shifted(digits, exponent.parse().ok()?)?,
        None => text,
    };
    let (whole, fraction) = plain(text)?;
    let precision = (whole.trim_start_matches('0').len() + fraction.len()).max(1);
    let scale = i8::try_from(fraction.len()).ok()?;
    let kind = match u8::try_from(precision).ok()? {
        precision @ ..=38 => DataType::Decimal128(precision, scale),
        precision if usize::from(precision) <= DECIMAL_DIGITS_MAX => DataType::Decimal256(precision, scale),
        _ => return None,
    };
    ScalarValue::try_from_string(text.to_owned(), &kind).ok()
}

/// The digits before and behind the point of a number.
fn plain(number: &str) -> Option<(&str, &str)> {
    let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = whole.len() + fraction.len() > 0
        && [whole, fraction].iter().all(|part| part.bytes().all(|letter| letter.is_ascii_digit()));
    is_plain.then_some((whole, fraction))
}

/// A number with its point moved to the right, or to the left, by so many places.
fn shifted(number: &str, places: i32) -> Option<String> {
    let sign = if number.starts_with('-') { "-" } else { "" };
    let (whole, fraction) = plain(number)?;
    let count = usize::try_from(places.unsigned_abs()).ok().filter(|count| *count <= DECIMAL_DIGITS_MAX)?;
    let zeros = "0".repeat(count);
    let (digits, point) = match places < 0 {
        true => (format!("{zeros}{whole}{fraction}"), whole.len()),
        false => (format!("{whole}{fraction}{zeros}"), whole.len() + count),
    };
    let (whole, fraction) = digits.split_at(point);
    let fraction = if places < 0 { fraction } else { fraction.trim_end_matches('0') };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests;
