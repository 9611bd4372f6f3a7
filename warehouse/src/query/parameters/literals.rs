//! Values in the places of `$1`, `$2` … as literals, for statements whose types the engine cannot tell without them: a
//! function of a value, `array_has($1, type)`. They go into the parsed statement; nothing is put into a text.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::ScalarValue;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Array, ArrayElemTypeDef, BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, TimezoneInfo, Value, VisitMut,
    VisitorMut,
};

use super::{Given, Parameter, binary, number};
use crate::format::postgres::{Kind, list_items};

/// Puts the values in; false when one of them cannot be written so, and nothing is to be made of the statement then.
pub(in crate::query) fn put_in(statement: &mut Statement, parameters: &[Parameter]) -> bool {
    match statement {
        Statement::Statement(inner) => inner.visit(&mut Places(parameters)).is_continue(),
        Statement::Explain(explain) => put_in(&mut explain.statement, parameters),
        _ => false,
    }
}

/// Makes members of lists, `left in ($1)`, of `left = any($1)`: the engine tells the type of `$1` as that of an item then. Tells the
/// places of the lists.
pub(in crate::query) fn as_members(statement: &mut Statement) -> BTreeSet<usize> {
    let mut members = Members::default();
    match statement {
        Statement::Statement(inner) => {
            let _ = inner.visit(&mut members);
        }
        Statement::Explain(explain) => return as_members(&mut explain.statement),
        _ => {}
    }
    members.0
}

#[derive(Default)]
struct Members(BTreeSet<usize>);

impl VisitorMut for Members {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some((left, right, negated)) = membership(expr)
            && let Some(place) = place(right)
        {
            self.0.insert(place);
            *expr = Expr::InList { expr: Box::new(left.clone()), list: vec![right.clone()], negated };
        }
        ControlFlow::Continue(())
    }
}

/// The sides of `left = any(right)`, or of `left <> all(right)`, which is negated.
fn membership(expr: &Expr) -> Option<(&Expr, &Expr, bool)> {
    match expr {
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => Some((left, right, false)),
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => Some((left, right, true)),
        _ => None,
    }
}

/// The highest number of a parameter; 0 when there is none.
pub(super) fn highest(statement: &mut Statement) -> usize {
    let mut highest = Highest(0);
    match statement {
        Statement::Statement(inner) => {
            let _ = inner.visit(&mut highest);
        }
        Statement::Explain(explain) => return self::highest(&mut explain.statement),
        _ => {}
    }
    highest.0
}

struct Highest(usize);

impl VisitorMut for Highest {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.0 = self.0.max(place(expr).unwrap_or_default());
        ControlFlow::Continue(())
    }
}

struct Places<'a>(&'a [Parameter]);

impl VisitorMut for Places<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        // `= any($1)`: a list, whatever type the client says that it has.
        if let Some((left, right, negated)) = membership(expr)
            && let Some(list) = self.given(right).and_then(items)
        {
            *expr = Expr::InList { expr: Box::new(left.clone()), list, negated };
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if !is_place(expr) {
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
        self.0.get(place(expr)?.checked_sub(1)?)
    }
}

/// The number of `$1`, if it is such a place.
fn place(expr: &Expr) -> Option<usize> {
    name(expr)?.strip_prefix('$')?.parse().ok()
}

fn is_place(expr: &Expr) -> bool {
    name(expr).is_some_and(|name| name.starts_with('$'))
}

fn name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// Items of a list. A list that is null has one that is: neither tells whether something is in it.
fn items(parameter: &Parameter) -> Option<Vec<Expr>> {
    let item = Kind::of_oid(parameter.oid).and_then(Kind::item);
    let items: Vec<Option<String>> = match &parameter.given {
        Given::Null => vec![None],
        Given::Text(text) => list_items(text)?,
        Given::Binary(bytes) => {
            let items = binary::items(item?, bytes)?.into_iter();
            items.map(|item| if item.is_null() { Some(None) } else { text(&item).map(Some) }).collect::<Option<_>>()?
        }
    };
    let items = items.into_iter().map(|value| match value {
        Some(value) => written(item, value),
        None => Some(null()),
    });
    items.collect()
}

fn literal(parameter: &Parameter) -> Option<Expr> {
    let kind = Kind::of_oid(parameter.oid);
    let text = match &parameter.given {
        Given::Null => return Some(open(kind)),
        _ if kind.and_then(Kind::item).is_some() => {
            let array = Expr::Array(Array { elem: items(parameter)?, named: true });
            return Some(cast(array, sql_type(kind)?));
        }
        Given::Text(text) => text.clone(),
        Given::Binary(bytes) => text(&binary::value(parameter.oid, kind.unwrap_or(Kind::Text), bytes)?)?,
    };
    written(kind, text)
}

/// A value in text that reads back as it.
fn text(value: &ScalarValue) -> Option<String> {
    match value.cast_to(&ArrowType::Utf8).ok()? {
        ScalarValue::Utf8(text) => text,
        _ => None,
    }
}

/// Null as the type that the client says; a null of a text may be a null of anything.
fn open(kind: Option<Kind>) -> Expr {
    match sql_type(kind) {
        Some(data_type) => cast(null(), data_type),
        None => null(),
    }
}

/// A text, as the type that the client says.
fn written(kind: Option<Kind>, text: String) -> Option<Expr> {
    let quoted = |text: String| Expr::Value(Value::SingleQuotedString(text).into());
    match kind {
        None | Some(Kind::Text | Kind::Json) => Some(quoted(text)),
        Some(Kind::Numeric) => {
            let number = number(&text)?;
            let (ArrowType::Decimal128(precision, scale) | ArrowType::Decimal256(precision, scale)) =
                number.data_type()
            else {
                return None;
            };
            Some(cast(quoted(self::text(&number)?), decimal(precision, scale)))
        }
        Some(Kind::Bytea) => None,
        kind => Some(cast(quoted(text), sql_type(kind)?)),
    }
}

fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

fn decimal(precision: u8, scale: i8) -> DataType {
    DataType::Numeric(ExactNumberInfo::PrecisionAndScale(precision.into(), scale.into()))
}

/// What a type is called in a statement; none for texts, which become what they stand beside.
fn sql_type(kind: Option<Kind>) -> Option<DataType> {
    Some(match kind? {
        Kind::Text | Kind::Json => return None,
        Kind::Bool => DataType::Boolean,
        Kind::Int2 => DataType::SmallInt(None),
        Kind::Int4 => DataType::Int(None),
        Kind::Int8 => DataType::BigInt(None),
        Kind::Float4 => DataType::Real,
        Kind::Float8 => DataType::DoublePrecision,
        Kind::Numeric => decimal(38, 10),
        Kind::Bytea => DataType::Bytea,
        Kind::Date => DataType::Date,
        Kind::Time => DataType::Time(None, TimezoneInfo::None),
        Kind::Timestamp => DataType::Timestamp(None, TimezoneInfo::None),
        Kind::TimestampTz => DataType::Timestamp(None, TimezoneInfo::WithTimeZone),
        list => {
            let item = sql_type(list.item()).unwrap_or(DataType::Text);
            DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(item), None))
        }
    })
}
