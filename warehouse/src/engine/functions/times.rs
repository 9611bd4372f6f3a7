//! Times of a zone as PostgreSQL means them. A timestamp is an instant (shown in UTC) or a local time without a zone;
//! `at time zone` turns the one into the other. The engine's own keeps the zone in the type instead, where some functions
//! (`date_bin`, casts) ignore it and answer in UTC; so no value with another zone than UTC is let in.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone};
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{
    ArrowTimestampType, DataType, Field, FieldRef, Float64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err, internal_err, not_impl_err, plan_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ExprSchemable, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::SessionContext;

/// Puts the functions about times into a session.
pub(super) fn register(context: &SessionContext) {
    context.register_udf(ScalarUDF::new_from_impl(AtTimeZone {
        signature: Signature::user_defined(Volatility::Immutable),
    }));
    let guarded: [(_, Check); 3] =
        [("to_char", strftime_pattern), ("to_timestamp", seconds_in_range), ("date_trunc", cut_downwards)];
    for (name, check) in guarded {
        if let Ok(inner) = context.udf(name) {
            context.register_udf(ScalarUDF::new_from_impl(Guarded { inner, check }));
        }
    }
}

/// `timezone(zone, time)`, which is what PostgreSQL, too, makes of `time at time zone zone`: the local time of an
/// instant, or the instant of a local time.
#[derive(Debug, PartialEq, Eq, Hash)]
struct AtTimeZone {
    signature: Signature,
}

impl ScalarUDFImpl for AtTimeZone {
    fn name(&self) -> &'static str {
        "timezone"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [_, time] = arguments else { return plan_err!("timezone takes a zone's name and a time") };
        let time = match time {
            DataType::Timestamp(unit, zone) => DataType::Timestamp(*unit, zone.clone()),
            _ => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        };
        Ok(vec![DataType::Utf8, time])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("return_field_from_args is asked instead")
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let kind = match arguments.arg_fields[1].data_type() {
            DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, None),
            DataType::Timestamp(unit, None) => DataType::Timestamp(*unit, Some("UTC".into())),
            other => return internal_err!("at time zone of {other}"),
        };
        Ok(Arc::new(Field::new(self.name(), kind, true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let zone = match &arguments.args[0] {
            ColumnarValue::Scalar(ScalarValue::Utf8(Some(zone))) => named_zone(zone)?,
            ColumnarValue::Scalar(zone) if zone.is_null() => {
                return Ok(ColumnarValue::Scalar(ScalarValue::try_from(arguments.return_type())?));
            }
            _ => return exec_err!("the zone of at time zone must be one text"),
        };
        let times = arguments.args[1].to_array(arguments.number_rows)?;
        let DataType::Timestamp(unit, from) = times.data_type() else { return internal_err!("at time zone of a text") };
        let turned = match unit {
            TimeUnit::Second => turned::<TimestampSecondType>(&times, zone, from.is_some()),
            TimeUnit::Millisecond => turned::<TimestampMillisecondType>(&times, zone, from.is_some()),
            TimeUnit::Microsecond => turned::<TimestampMicrosecondType>(&times, zone, from.is_some()),
            TimeUnit::Nanosecond => turned::<TimestampNanosecondType>(&times, zone, from.is_some()),
        };
        Ok(ColumnarValue::Array(turned?))
    }
}

fn named_zone(name: &str) -> Result<Tz> {
    // `+02:00` is east of Greenwich to ISO 8601, and west to PostgreSQL (POSIX).
    if name.starts_with(['+', '-']) || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return not_impl_err!(
            "the zone '{name}' has no name, and its sign means east to some and west to others; name a zone such as \
             Europe/Berlin, or add an interval: (time at time zone 'UTC') + interval '2 hours'"
        );
    }
    match Tz::from_str(name) {
        Ok(zone) => Ok(zone),
        Err(_) => exec_err!("there is no time zone '{name}'; name one of the IANA database, such as Europe/Berlin"),
    }
}

fn turned<T: ArrowTimestampType>(times: &ArrayRef, zone: Tz, from_instant: bool) -> Result<ArrayRef> {
    let second = ticks_of_second::<T>();
    let turn = |time: i64| {
        let out_of_range = || ArrowError::ComputeError(format!("the time {time} is out of range"));
        let seconds = DateTime::from_timestamp(time.div_euclid(second), 0).ok_or_else(out_of_range)?.naive_utc();
        let offset = if from_instant { seconds_east(zone, seconds) } else { -offset_of_local(zone, seconds) };
        time.checked_add(offset * second).ok_or_else(out_of_range)
    };
    let times: PrimitiveArray<T> = times.as_primitive::<T>().try_unary(turn)?;
    Ok(Arc::new(if from_instant { times.with_timezone_opt(None::<&str>) } else { times.with_timezone("UTC") }))
}

fn ticks_of_second<T: ArrowTimestampType>() -> i64 {
    match T::UNIT {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// The zone's seconds east of Greenwich at an instant.
fn seconds_east(zone: Tz, instant: NaiveDateTime) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&instant).fix().local_minus_utc())
}

/// The zone's seconds east of Greenwich at a local time. PostgreSQL's rule where clocks change: a time that is skipped
/// counts as if they had not been put forward yet; one that comes twice is the second one.
fn offset_of_local(zone: Tz, local: NaiveDateTime) -> i64 {
    // No offset is more than a day, and no zone changes its clocks twice within two.
    let day = TimeDelta::days(1);
    let (before, after) = (seconds_east(zone, local - day), seconds_east(zone, local + day));
    let holds = |offset: i64| seconds_east(zone, local - TimeDelta::seconds(offset)) == offset;
    if holds(after) { after } else { before }
}

/// Looks at a call before the engine makes it: an error where it would answer wrongly, or the right answer instead.
type Check = fn(&ScalarFunctionArgs) -> Result<Option<ColumnarValue>>;

/// A function of the engine that is not asked what it would answer wrongly.
#[derive(Debug)]
struct Guarded {
    inner: Arc<ScalarUDF>,
    check: Check,
}

impl PartialEq for Guarded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Guarded {}

impl std::hash::Hash for Guarded {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Guarded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let inner = self.inner.inner().with_updated_config(config)?;
        Some(ScalarUDF::new_from_impl(Self { inner: Arc::new(inner), check: self.check }))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match (self.check)(&arguments)? {
            Some(answer) => Ok(answer),
            None => self.inner.invoke_with_args(arguments),
        }
    }
}

/// PostgreSQL's `YYYY-MM-DD` would come back as these very letters.
fn strftime_pattern(arguments: &ScalarFunctionArgs) -> Result<Option<ColumnarValue>> {
    let Some(ColumnarValue::Scalar(pattern)) = arguments.args.get(1) else { return Ok(None) };
    match pattern.try_as_str() {
        Some(Some(pattern)) if !pattern.contains('%') => {
            not_impl_err!("to_char writes patterns of strftime, such as '%Y-%m-%d %H:%M'; '{pattern}' has none")
        }
        _ => Ok(None),
    }
}

/// Seconds that nanoseconds cannot count would be moved to the last instant that they can.
fn seconds_in_range(arguments: &ScalarFunctionArgs) -> Result<Option<ColumnarValue>> {
    const SECONDS_MAX: f64 = (i64::MAX / 1_000_000_000) as f64;
    let Some(seconds) = arguments.args.first().filter(|value| value.data_type().is_floating()) else { return Ok(None) };
    let seconds = seconds.cast_to(&DataType::Float64, None)?.to_array(arguments.number_rows)?;
    match seconds
        .as_primitive::<Float64Type>()
        .iter()
        .flatten()
        .find(|seconds| seconds.is_nan() || seconds.abs() >= SECONDS_MAX)
    {
        Some(seconds) => {
            exec_err!("to_timestamp({seconds}) is out of range: seconds since 1970, up to {SECONDS_MAX:e}")
        }
        None => Ok(None),
    }
}

/// The engine cuts parts of a second towards 1970: before it, to the next one instead of the last.
fn cut_downwards(arguments: &ScalarFunctionArgs) -> Result<Option<ColumnarValue>> {
    let [ColumnarValue::Scalar(part), time] = arguments.args.as_slice() else { return Ok(None) };
    let parts_of_second = match part.try_as_str().flatten().map(str::to_ascii_lowercase).as_deref() {
        Some("millisecond") => 1_000,
        Some("microsecond") => 1_000_000,
        _ => return Ok(None),
    };
    let times = time.to_array(arguments.number_rows)?;
    let cut = match times.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => cut::<TimestampMicrosecondType>(&times, parts_of_second)?,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => cut::<TimestampNanosecondType>(&times, parts_of_second)?,
        _ => return Ok(None),
    };
    Ok(Some(ColumnarValue::Array(cut)))
}

fn cut<T: ArrowTimestampType>(times: &ArrayRef, parts_of_second: i64) -> Result<ArrayRef> {
    let times = times.as_primitive::<T>();
    let ticks = ticks_of_second::<T>() / parts_of_second;
    let cut: PrimitiveArray<T> = times.try_unary(|time| time.sub_checked(time.rem_euclid(ticks)))?;
    Ok(Arc::new(cut.with_timezone_opt(times.timezone().map(Arc::<str>::from))))
}

/// Refuses values that carry another zone than UTC. Runs after the types are known.
#[derive(Debug)]
pub(super) struct OneZone;

impl AnalyzerRule for OneZone {
    fn name(&self) -> &'static str {
        "one_time_zone"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.apply_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            plan.apply_expressions(|expr| expr.apply(|expr| carries_utc(expr, &schema)))
        })?;
        Ok(plan)
    }
}

fn carries_utc(expr: &Expr, schema: &DFSchema) -> Result<TreeNodeRecursion> {
    let makes_zones = matches!(expr, Expr::Cast(_) | Expr::TryCast(_) | Expr::ScalarFunction(_));
    match if makes_zones { expr.get_type(schema) } else { Ok(DataType::Null) } {
        Ok(DataType::Timestamp(_, Some(zone))) if !["UTC", "+00:00", "+00", "Z"].contains(&zone.as_ref()) => {
            not_impl_err!(
                "a timestamp cannot carry the zone '{zone}'; (time at time zone '{zone}') is the local time there"
            )
        }
        _ => Ok(TreeNodeRecursion::Continue),
    }
}
