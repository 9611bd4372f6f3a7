//! Arithmetic of whole numbers and decimals that says when the result does not fit. The engine's own wraps around
//! silently, or makes a decimal of 39 digits that is then shown as one of 38; there is no setting for it
//! (apache/datafusion issue 17539).

use std::sync::Arc;

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
pub(super) struct Checked;

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
        // From above: an operator's type is quicker to tell than a function's, whose field is named by all of its text.
        let checked = expr.transform_down(|expr| Ok(checked(expr, &schema)))?;
        Ok(checked.update_data(|expr| name.restore(expr)))
    })?;
    if plan.transformed { plan.map_data(LogicalPlan::recompute_schema) } else { Ok(plan) }
}

fn checked(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expr {
        Expr::Negative(inner) if is_exact(&inner, schema) => {
            Transformed::yes(Operation::call(vec![Operator::Minus], vec![*inner]))
        }
        Expr::BinaryExpr(binary) if wraps(&binary, schema) => {
            let (operators, operands) = chain(binary, schema);
            Transformed::yes(Operation::call(operators, operands))
        }
        expr => Transformed::no(expr),
    }
}

/// Whole numbers, or decimals.
fn is_exact(expr: &Expr, schema: &DFSchema) -> bool {
    expr.get_type(schema).is_ok_and(|kind| kind.is_integer() || kind.is_decimal())
}

/// Whether the engine does not check this. It checks the quotient of whole numbers.
fn wraps(BinaryExpr { left, op, right }: &BinaryExpr, schema: &DFSchema) -> bool {
    let arithmetic = match op {
        Operator::Plus | Operator::Minus | Operator::Multiply => true,
        Operator::Divide | Operator::Modulo => left.get_type(schema).is_ok_and(|kind| kind.is_decimal()),
        _ => false,
    };
    arithmetic && is_exact(left, schema) && is_exact(right, schema)
}

/// `a + b - c` as one call: a thousand nested ones would take minutes to plan.
fn chain(last: BinaryExpr, schema: &DFSchema) -> (Vec<Operator>, Vec<Expr>) {
    let (mut operators, mut operands) = (vec![last.op], vec![*last.right]);
    let mut rest = *last.left;
    loop {
        match rest {
            Expr::BinaryExpr(binary) if wraps(&binary, schema) => {
                operators.push(binary.op);
                operands.push(*binary.right);
                rest = *binary.left;
            }
            first => {
                operands.push(first);
                operators.reverse();
                operands.reverse();
                return (operators, operands);
            }
        }
    }
}

/// The operation of that name in a plan that came from another process: a plan knows it by nothing else. Which types go together
/// was looked at where the plan was made.
pub fn operation(name: &str) -> Option<ScalarUDF> {
    Operation::named(name).map(ScalarUDF::new_from_impl)
}

/// Operators one after the other, as a function; its columns keep the operators' name.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Operation {
    name: String,
    /// One less than there are operands, or the sign of the only one.
    operators: Vec<Operator>,
    signature: Signature,
}

impl Operation {
    fn call(operators: Vec<Operator>, operands: Vec<Expr>) -> Expr {
        let name = operators.iter().map(ToString::to_string).collect();
        let signature = Signature::any(operands.len(), Volatility::Immutable);
        let function = ScalarUDF::new_from_impl(Self { name, operators, signature });
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(function), operands))
    }

    /// The function of that name, of whatever operands.
    fn named(name: &str) -> Option<Self> {
        let operator = |letter| match letter {
            '+' => Some(Operator::Plus),
            '-' => Some(Operator::Minus),
            '*' => Some(Operator::Multiply),
            '/' => Some(Operator::Divide),
            '%' => Some(Operator::Modulo),
            _ => None,
        };
        let operators: Vec<_> = name.chars().map(operator).collect::<Option<_>>()?;
        let signature = Signature::variadic_any(Volatility::Immutable);
        (!operators.is_empty()).then(|| Self { name: name.to_owned(), operators, signature })
    }

    fn written(&self, operands: &[String]) -> String {
        match operands {
            [operand] => format!("(- {operand})"),
            operands => {
                let rest = self.operators.iter().zip(&operands[1..]);
                rest.fold(operands[0].clone(), |written, (operator, operand)| format!("{written} {operator} {operand}"))
            }
        }
    }
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &str {
        &self.name
    }

    fn display_name(&self, operands: &[Expr]) -> Result<String> {
        Ok(self.written(&operands.iter().map(ToString::to_string).collect::<Vec<_>>()))
    }

    fn schema_name(&self, operands: &[Expr]) -> Result<String> {
        Ok(self.written(&operands.iter().map(|expr| expr.schema_name().to_string()).collect::<Vec<_>>()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("return_field_from_args is asked instead")
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let fields = arguments.arg_fields;
        let mut rest = self.operators.iter().zip(&fields[1..]);
        let kind = rest.try_fold(fields[0].data_type().clone(), |kind, (operator, field)| {
            BinaryTypeCoercer::new(&kind, operator, field.data_type()).get_result_type()
        })?;
        let nullable = fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), kind, nullable)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (first, rest) = match arguments.args.as_slice() {
            [ColumnarValue::Scalar(operand)] => return Ok(ColumnarValue::Scalar(operand.arithmetic_negate()?)),
            [ColumnarValue::Array(operand)] => return Ok(ColumnarValue::Array(neg(operand)?)),
            [first, rest @ ..] => (first, rest),
            [] => return internal_err!("arithmetic of nothing"),
        };
        self.operators.iter().zip(rest).try_fold(first.clone(), |left, (operator, right)| {
            let result = match operator {
                Operator::Plus => apply(&left, right, add),
                Operator::Minus => apply(&left, right, sub),
                Operator::Multiply => apply(&left, right, mul),
                Operator::Divide => apply(&left, right, div),
                _ => apply(&left, right, rem),
            }?;
            fits(&result)?;
            Ok(result)
        })
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
