//! Values in the places of `$1`, `$2` … as literals, for statements whose types the engine cannot tell without them: a
//! function of a value, `array_has($1, type)`. They go into the parsed statement; nothing is put into a text.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Array, BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, TimezoneInfo, Value, VisitMut, VisitorMut,
};

use super::{Given, Parameter, from_binary};
use crate::format::postgres::{Kind, list_items};
use crate::limits::STATEMENT_PARAMETERS_MAX;

/// Puts the values in; false when one of them cannot be written so, and nothing is to be made of the statement then.
pub(in crate::query) fn put_in(statement: &mut Statement, parameters: &[Parameter]) -> bool {
    match statement {
        Statement::Statement(inner) => inner.visit(&mut Places(parameters)).is_continue(),
        Statement::Explain(explain) => put_in(&mut explain.statement, parameters),
        _ => false,
    }
}

/// Puts null in the place of each parameter, so that columns can be told before there are values. The types of the parameters: what
/// the client said, or text; none when there are no parameters.
pub(in crate::query) fn leave_open(statement: &mut Statement, given: &[u32]) -> Option<Vec<u32>> {
    let count = highest(statement).filter(|count| *count <= STATEMENT_PARAMETERS_MAX)?;
    let nulls = vec![Parameter { oid: 0, given: Given::Null }; count];
    let said = |place: usize| given.get(place).copied().filter(|oid| *oid != 0);
    put_in(statement, &nulls).then(|| (0..count).map(|place| said(place).unwrap_or(Kind::Text.oid())).collect())
}

/// The highest number of a parameter, if there is one.
fn highest(statement: &mut Statement) -> Option<usize> {
    let mut highest = Highest(0);
    match statement {
        Statement::Statement(inner) => {
            let _ = inner.visit(&mut highest);
        }
        Statement::Explain(explain) => return self::highest(&mut explain.statement),
        _ => {}
    }
    (highest.0 > 0).then_some(highest.0)
}

struct Highest(usize);

impl VisitorMut for Highest {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.0 = self.0.max(place(expr).and_then(|number| number.parse().ok()).unwrap_or_default());
        ControlFlow::Continue(())
    }
}

struct Places<'a>(&'a [Parameter]);

impl VisitorMut for Places<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        // `= any($1)`: a list, whatever type the client says that it has.
        if let Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } = expr
            && let Some(list) = self.given(right).and_then(items)
        {
            *expr = Expr::InList { expr: left.clone(), list, negated: false };
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if place(expr).is_none() {
            return ControlFlow::Continue(());
        }
        match self.given(expr).and_then(literal) {
            Some(literal) => {
                *expr = literal;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        }
    }
}

impl Places<'_> {
    /// The value of a place.
    fn given(&self, expr: &Expr) -> Option<&Parameter> {
        self.0.get(place(expr)?.parse::<usize>().ok()?.checked_sub(1)?)
    }
}

/// The digits of `$1`, if it is such a place.
fn place(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => name.strip_prefix('$'),
            _ => None,
        },
        _ => None,
    }
}

/// Items of a list in text.
fn items(parameter: &Parameter) -> Option<Vec<Expr>> {
    let item = Kind::of_oid(parameter.oid).and_then(Kind::item);
    let Given::Text(text) = &parameter.given else { return None };
    let items = list_items(text)?.into_iter().map(|value| match value {
        Some(value) => written(item, value),
        None => Some(Expr::Value(Value::Null.into())),
    });
    items.collect()
}

fn literal(parameter: &Parameter) -> Option<Expr> {
    let kind = Kind::of_oid(parameter.oid);
    let text = match &parameter.given {
        Given::Null => return Some(Expr::Value(Value::Null.into())),
        Given::Text(text) => text.clone(),
        Given::Binary(bytes) => match kind? {
            kind @ (Kind::Bool | Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Text) => {
                from_binary(kind, bytes)?.to_string()
            }
            _ => return None,
        },
    };
    match kind.and_then(Kind::item) {
        Some(_) => Some(Expr::Array(Array { elem: items(parameter)?, named: true })),
        None => written(kind, text),
    }
}

/// A text, as the type that the client says.
fn written(kind: Option<Kind>, text: String) -> Option<Expr> {
    let data_type = match kind {
        None | Some(Kind::Text | Kind::Json) => None,
        Some(Kind::Bool) => Some(DataType::Boolean),
        Some(Kind::Int2) => Some(DataType::SmallInt(None)),
        Some(Kind::Int4) => Some(DataType::Int(None)),
        Some(Kind::Int8) => Some(DataType::BigInt(None)),
        Some(Kind::Float4) => Some(DataType::Real),
        Some(Kind::Float8) => Some(DataType::DoublePrecision),
        Some(Kind::Numeric) => {
            let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            Some(DataType::Numeric(ExactNumberInfo::PrecisionAndScale(38, i64::try_from(scale).ok()?)))
        }
        Some(Kind::Date) => Some(DataType::Date),
        Some(Kind::Time) => Some(DataType::Time(None, TimezoneInfo::None)),
        Some(Kind::Timestamp) => Some(DataType::Timestamp(None, TimezoneInfo::None)),
        Some(Kind::TimestampTz) => Some(DataType::Timestamp(None, TimezoneInfo::WithTimeZone)),
        Some(_) => return None,
    };
    let text = Expr::Value(Value::SingleQuotedString(text).into());
    Some(match data_type {
        None => text,
        Some(data_type) => {
            Expr::Cast { kind: CastKind::Cast, expr: Box::new(text), data_type, array: false, format: None }
        }
    })
}
