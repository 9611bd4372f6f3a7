//! What a statement means, where the engine would read it in another way: its text is rewritten before it is planned.

use std::ops::ControlFlow;

use datafusion::common::{DataFusionError, Result};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, Query, SetExpr, SetOperator, SetQuantifier, Value, VisitMut, VisitorMut,
};

/// Digits of the widest decimal.
const DECIMAL_DIGITS_MAX: usize = 76;

/// Rewrites the statement:
/// - `time at time zone 'Z'` becomes `timezone('Z', time)`, as in PostgreSQL;
/// - a number with more digits than a double keeps becomes a decimal.
///
/// # Errors
/// What the engine would answer wrongly and cannot be put in other words: `except all`, `intersect all`, `similar to`.
pub fn translate(statement: &mut Statement) -> Result<()> {
    let done = match statement {
        Statement::Statement(inner) => inner.visit(&mut Translation),
        Statement::Explain(explain) => return translate(&mut explain.statement),
        _ => ControlFlow::Continue(()),
    };
    match done {
        ControlFlow::Break(refused) => Err(*refused),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Translation;

impl VisitorMut for Translation {
    type Break = Box<DataFusionError>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        if counts_rows(&query.body) {
            refused(
                "except all and intersect all count rows wrongly; number the rows of both \
            sides by row_number() over (partition by …) and use except or intersect",
            )
        } else {
            ControlFlow::Continue(())
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let rewritten = match expr {
            Expr::SimilarTo { .. } => {
                return refused(
                    "similar to is read as a regular expression; use like, or ~ '^…$' for a regular expression",
                );
            }
            Expr::AtTimeZone { timestamp, time_zone } => Some(call("timezone", [&**time_zone, &**timestamp])),
            Expr::Value(literal) => match &literal.value {
                Value::Number(digits, _) if !fits_machine(digits) => match decimal(digits) {
                    Some((digits_count, scale)) => Some(Expr::Cast {
                        kind: CastKind::Cast,
                        data_type: DataType::Decimal(ExactNumberInfo::PrecisionAndScale(digits_count, scale)),
                        expr: Box::new(Expr::Value(Value::SingleQuotedString(digits.clone()).into())),
                        format: None,
                        array: false,
                    }),
                    None => return refused(&format!("{digits} has more than {DECIMAL_DIGITS_MAX} digits")),
                },
                _ => None,
            },
            _ => None,
        };
        if let Some(rewritten) = rewritten {
            *expr = rewritten;
        }
        ControlFlow::Continue(())
    }
}

fn refused(why: &str) -> ControlFlow<Box<DataFusionError>> {
    ControlFlow::Break(Box::new(DataFusionError::NotImplemented(why.to_owned())))
}

/// `except all` or `intersect all`: the engine keeps or drops all rows of a kind, where SQL counts them.
fn counts_rows(body: &SetExpr) -> bool {
    match body {
        SetExpr::SetOperation { op, set_quantifier, left, right } => {
            let all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
            (all && *op != SetOperator::Union) || counts_rows(left) || counts_rows(right)
        }
        _ => false,
    }
}

fn call<const N: usize>(name: &str, arguments: [&Expr; N]) -> Expr {
    let arguments = arguments.map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument.clone())));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// Whether 64 bits hold the number as it is written: as an integer, or as a double that is written so.
fn fits_machine(digits: &str) -> bool {
    if digits.parse::<u64>().is_ok() || digits.contains(['e', 'E', 'x', 'X', '_']) {
        return true;
    }
    let Ok(double) = digits.parse::<f64>() else { return true };
    let shortest = format!("{double:e}");
    let mantissa = shortest.split('e').next().unwrap_or_default();
    significant(mantissa) == significant(digits)
}

fn significant(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// Digits in all, and behind the point.
fn decimal(digits: &str) -> Option<(u64, i64)> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let count = (whole.len() + fraction.len()).max(1);
    (count <= DECIMAL_DIGITS_MAX).then_some((count as u64, fraction.len() as i64))
}

#[cfg(test)]
mod tests;
