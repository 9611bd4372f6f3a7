//! Arithmetic of whole numbers and decimals that says when the result does not fit. The engine's own wraps around
//! silently, or makes a decimal of 39 digits that is then shown as one of 38; there is no setting for it
//! (apache/datafusion issue 17539).

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::kernels::numeric::{add, div, mul, neg, rem, sub};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Field, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, internal_err};
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;

/// Puts the checked operations in the place of those that wrap. Runs after the types are known.
#[derive(Debug)]
pub struct Checked;

impl AnalyzerRule for Checked {
    fn name(&self) -> &'static str {
        "checked_arithmetic"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(checked_plan)?.data)
    }
}

fn checked_plan(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    let plan = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let checked = expr.transform_up(|expr| Ok(checked(expr, &schema)))?;
        Ok(checked.update_data(|expr| name.restore(expr)))
    })?;
    if plan.transformed { plan.map_data(LogicalPlan::recompute_schema) } else { Ok(plan) }
}

fn checked(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let exact = |expr: &Expr| expr.get_type(schema).is_ok_and(|kind| kind.is_integer() || kind.is_decimal());
    let call = |function: &Arc<ScalarUDF>, arguments| {
        Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function.clone(), arguments)))
    };
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if exact(&left) && exact(&right) => {
            match BINARY.iter().find(|(operator, _)| *operator == op) {
                Some((_, function)) => call(function, vec![*left, *right]),
                None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
            }
        }
        Expr::Negative(inner) if exact(&inner) => call(&NEGATIVE, vec![*inner]),
        expr => Transformed::no(expr),
    }
}

static BINARY: LazyLock<[(Operator, Arc<ScalarUDF>); 5]> = LazyLock::new(|| {
    let operators = [Operator::Plus, Operator::Minus, Operator::Multiply, Operator::Divide, Operator::Modulo];
    operators.map(|operator| (operator, Operation::function(operator, 2)))
});
static NEGATIVE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Operation::function(Operator::Minus, 1));

/// An operator as a function; its columns keep the operator's name.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Operation {
    operator: Operator,
    signature: Signature,
}

impl Operation {
    fn function(operator: Operator, arguments: usize) -> Arc<ScalarUDF> {
        let signature = Signature::any(arguments, Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Self { operator, signature }))
    }

    fn written(&self, arguments: &[String]) -> String {
        match arguments {
            [left, right] => format!("{left} {} {right}", self.name()),
            arguments => format!("(- {})", arguments.join(", ")),
        }
    }
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &'static str {
        match self.operator {
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            _ => "%",
        }
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(self.written(&arguments.iter().map(ToString::to_string).collect::<Vec<_>>()))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(self.written(&arguments.iter().map(|expr| expr.schema_name().to_string()).collect::<Vec<_>>()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("return_field_from_args is asked instead")
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let fields = arguments.arg_fields;
        let kind = match fields {
            [left, right] => {
                BinaryTypeCoercer::new(left.data_type(), &self.operator, right.data_type()).get_result_type()?
            }
            fields => fields[0].data_type().clone(),
        };
        let nullable = fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), kind, nullable)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let result = match (arguments.args.as_slice(), self.operator) {
            ([left, right], Operator::Plus) => apply(left, right, add),
            ([left, right], Operator::Minus) => apply(left, right, sub),
            ([left, right], Operator::Multiply) => apply(left, right, mul),
            ([left, right], Operator::Divide) => apply(left, right, div),
            ([left, right], _) => apply(left, right, rem),
            ([ColumnarValue::Scalar(scalar)], _) => Ok(ColumnarValue::Scalar(scalar.arithmetic_negate()?)),
            ([ColumnarValue::Array(array)], _) => Ok(ColumnarValue::Array(neg(array)?)),
            _ => internal_err!("{} of {} values", self.name(), arguments.args.len()),
        }?;
        fits(&result)?;
        Ok(result)
    }
}

/// Whether decimals have the digits of their type: Arrow's own operations look at their bits only.
fn fits(result: &ColumnarValue) -> Result<()> {
    let fits = match (result.data_type(), result) {
        (DataType::Decimal128(digits, _), ColumnarValue::Array(array)) => {
            array.as_primitive::<Decimal128Type>().validate_decimal_precision(digits)
        }
        (DataType::Decimal256(digits, _), ColumnarValue::Array(array)) => {
            array.as_primitive::<Decimal256Type>().validate_decimal_precision(digits)
        }
        (DataType::Decimal128(_, _) | DataType::Decimal256(_, _), ColumnarValue::Scalar(scalar)) => {
            return fits(&ColumnarValue::Array(scalar.to_array()?));
        }
        _ => Ok(()),
    };
    Ok(fits.map_err(|error| ArrowError::ArithmeticOverflow(error.to_string()))?)
}
