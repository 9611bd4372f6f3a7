//! `sum` that says when the total does not fit. The engine's own wraps around silently, so it is made to add in a type
//! one size wider, where no number of rows overflows, and the total is checked when it is told. Totals of parts may
//! leave the narrow type on the way; the answer does not depend on how rows were split.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, not_impl_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, ReversedUDAF, Signature,
};

/// Digits of the widest decimal whose totals are known to fit its 76.
const DECIMAL_256_DIGITS_MAX: u8 = 66;

/// The engine's `sum`, in a wider type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Sum {
    pub inner: Arc<AggregateUDF>,
}

/// The type in which values of a type are added; none where the engine's own does it right.
fn wider(kind: &DataType) -> Option<DataType> {
    match kind {
        DataType::Int64 | DataType::UInt64 | DataType::Duration(_) => Some(DataType::Decimal128(38, 0)),
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
            Some(DataType::Decimal256(76, *scale))
        }
        _ => None,
    }
}

fn field(kind: &DataType) -> FieldRef {
    Arc::new(Field::new("sum", kind.clone(), true))
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match &arguments[0] {
            DataType::Interval(_) => {
                not_impl_err!(
                    "intervals have no exact sum; sum(extract(epoch from …)), or subtract timestamps and sum that"
                )
            }
            DataType::Decimal256(digits, _) if *digits > DECIMAL_256_DIGITS_MAX => {
                not_impl_err!(
                    "sum takes decimals of {DECIMAL_256_DIGITS_MAX} digits at most, these have {digits}; cast them first"
                )
            }
            _ => self.inner.return_type(arguments),
        }
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let narrow = arguments.return_type().clone();
        let Some(wide) = wider(&narrow) else { return self.inner.accumulator(arguments) };
        let inner = self.inner.accumulator(AccumulatorArgs { return_field: field(&wide), ..arguments })?;
        Ok(Box::new(Total { inner, wide, narrow }))
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let narrow = arguments.return_type().clone();
        let Some(wide) = wider(&narrow) else { return self.inner.create_sliding_accumulator(arguments) };
        if arguments.is_distinct {
            return not_impl_err!("sum(distinct …) over a sliding frame is not supported; sum a distinct subquery");
        }
        let inner =
            self.inner.create_sliding_accumulator(AccumulatorArgs { return_field: field(&wide), ..arguments })?;
        Ok(Box::new(Total { inner, wide, narrow }))
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let narrow = arguments.return_type().clone();
        let Some(wide) = wider(&narrow) else { return self.inner.create_groups_accumulator(arguments) };
        let inner =
            self.inner.create_groups_accumulator(AccumulatorArgs { return_field: field(&wide), ..arguments })?;
        Ok(Box::new(Total { inner, wide, narrow }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        match wider(arguments.return_field.data_type()) {
            Some(wide) => self.inner.state_fields(StateFieldsArgs { return_field: field(&wide), ..arguments }),
            None => self.inner.state_fields(arguments),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// An accumulator of the wide type, fed with and asked for the narrow one. Its state stays wide.
struct Total<A: ?Sized> {
    inner: Box<A>,
    wide: DataType,
    narrow: DataType,
}

impl<A: ?Sized> std::fmt::Debug for Total<A> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "sum of {} as {}", self.narrow, self.wide)
    }
}

impl<A: ?Sized> Total<A> {
    fn widened(&self, values: &[ArrayRef]) -> Result<[ArrayRef; 1]> {
        let values = match values[0].data_type() {
            DataType::Duration(_) => &cast(&values[0], &DataType::Int64)?,
            _ => &values[0],
        };
        Ok([cast(values, &self.wide)?])
    }

    fn narrowed(&self, totals: &dyn Array) -> Result<ArrayRef> {
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let narrow = match &self.narrow {
            DataType::Duration(_) => &DataType::Int64,
            narrow => narrow,
        };
        let totals = cast_with_options(totals, narrow, &options).map_err(|_| self.overflow())?;
        Ok(cast(&totals, &self.narrow)?)
    }

    fn overflow(&self) -> ArrowError {
        ArrowError::ArithmeticOverflow(format!("a sum does not fit {}", self.narrow))
    }
}

impl Accumulator for Total<dyn Accumulator> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = self.widened(values)?;
        self.inner.update_batch(&values)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = self.widened(values)?;
        self.inner.retract_batch(&values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let total = self.inner.evaluate()?;
        // A running sum is asked for after every row; most are of this type.
        if let (ScalarValue::Decimal128(total, _, _), DataType::Int64) = (&total, &self.narrow) {
            let total = total.map(i64::try_from).transpose().map_err(|_| self.overflow())?;
            return Ok(ScalarValue::Int64(total));
        }
        ScalarValue::try_from_array(&self.narrowed(&total.to_array()?)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

impl GroupsAccumulator for Total<dyn GroupsAccumulator> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        groups_count: usize,
    ) -> Result<()> {
        let values = self.widened(values)?;
        self.inner.update_batch(&values, groups, filter, groups_count)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], groups_count: usize) -> Result<()> {
        self.inner.merge_batch(states, groups, groups_count)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let totals = self.inner.evaluate(emit_to)?;
        self.narrowed(&totals)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(&self.widened(values)?, filter)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}
