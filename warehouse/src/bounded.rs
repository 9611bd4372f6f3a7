//! Text functions that make much of little, with a bound. `repeat('x', 1000000000)` allocates its answer in one piece,
//! which no memory pool sees and no time limit interrupts; so what would be made is counted first.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::length::length;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, resources_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};
use datafusion::prelude::SessionContext;

use crate::limits::MADE_TEXT_BYTES_MAX;

/// Lists of a length that a number says: of no use on these tables, and as unbounded.
const REMOVED: [&str; 3] = ["range", "array_repeat", "array_resize"];

/// Puts the bounded functions into a session, and takes out those that cannot be bounded.
pub fn bound_functions(context: &SessionContext) {
    for name in ["repeat", "lpad", "rpad"] {
        if let Ok(inner) = context.udf(name) {
            context.register_udf(ScalarUDF::new_from_impl(Bounded { inner }));
        }
    }
    REMOVED.iter().for_each(|name| context.deregister_udf(name));
}

/// A function of a text and a number that says how long the answer is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
}

impl Bounded {
    /// About the bytes that a call makes over all rows, at least.
    fn made_bytes(&self, arguments: &ScalarFunctionArgs) -> Result<u128> {
        let [text, number] = [&arguments.args[0], &arguments.args[1]];
        let rows = match (text, number) {
            (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)) => 1,
            _ => arguments.number_rows,
        };
        let numbers = cast(&number.to_array(rows)?, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        let lengths = match self.inner.name() {
            "repeat" => Some(cast(&length(text.to_array(rows)?.as_ref())?, &DataType::Int64)?),
            _ => None,
        };
        let unit = |row| lengths.as_ref().map_or(1, |lengths| lengths.as_primitive::<Int64Type>().value(row));
        let valid = (0..rows).filter(|row| numbers.is_valid(*row));
        Ok(valid.map(|row| numbers.value(row).max(0) as u128 * unit(row).max(0) as u128).sum())
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bytes = self.made_bytes(&arguments)?;
        if bytes > MADE_TEXT_BYTES_MAX as u128 {
            return resources_err!("{} would make {bytes} bytes; {MADE_TEXT_BYTES_MAX} are allowed", self.name());
        }
        self.inner.invoke_with_args(arguments)
    }
}
