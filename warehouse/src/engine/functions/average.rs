//! `avg` of durations that does not wrap: the engine's own adds their ticks in 64 bits. Everything else it does right:
//! integers as doubles, decimals one size wider.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF, Signature,
};

/// The engine's `avg`, except for durations.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Average {
    pub inner: Arc<AggregateUDF>,
}

fn is_duration(kind: &DataType) -> bool {
    matches!(kind, DataType::Duration(_))
}

impl AggregateUDFImpl for Average {
    fn name(&self) -> &'static str {
        "avg"
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

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if is_duration(arguments.return_type()) && !arguments.is_distinct {
            return Ok(Box::new(Mean { ticks: 0, count: 0, kind: arguments.return_type().clone() }));
        }
        self.inner.accumulator(arguments)
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if is_duration(arguments.return_type()) && !arguments.is_distinct {
            return self.accumulator(arguments);
        }
        self.inner.create_sliding_accumulator(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        !is_duration(arguments.return_type()) && self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(arguments)
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if is_duration(arguments.return_field.data_type()) && !arguments.is_distinct {
            let ticks = Field::new("avg[ticks]", DataType::Decimal128(38, 0), false);
            return Ok(vec![ticks.into(), Field::new("avg[count]", DataType::Int64, false).into()]);
        }
        self.inner.state_fields(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
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

/// Mean of durations.
#[derive(Debug)]
struct Mean {
    ticks: i128,
    count: i64,
    kind: DataType,
}

impl Mean {
    fn add(&mut self, values: &[ArrayRef], sign: i64) -> Result<()> {
        let values = cast(&values[0], &DataType::Int64)?;
        for ticks in values.as_primitive::<Int64Type>().iter().flatten() {
            self.ticks += i128::from(ticks) * i128::from(sign);
            self.count += sign;
        }
        Ok(())
    }
}

impl Accumulator for Mean {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(values, 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(values, -1)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.ticks += states[0].as_primitive::<Decimal128Type>().iter().flatten().sum::<i128>();
        self.count += states[1].as_primitive::<Int64Type>().iter().flatten().sum::<i64>();
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Decimal128(Some(self.ticks), 38, 0), ScalarValue::Int64(Some(self.count))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mean = (self.count > 0).then(|| self.ticks / i128::from(self.count));
        // A mean lies between the values, and those are 64 bits wide.
        let mean = mean.and_then(|mean| i64::try_from(mean).ok());
        let array = ScalarValue::Int64(mean).to_array()?;
        ScalarValue::try_from_array(&cast(&array, &self.kind)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}
