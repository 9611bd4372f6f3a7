//! PostgreSQL's words for its catalog in words that the engine knows.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Statement, TableAlias, TableFactor, UnaryOperator, Value, VisitMut,
    VisitorMut,
};

use super::functions::TYPE_NAME;
use super::settings::{DATABASE, USER};
use super::{catalog, nothing};
use crate::format::postgres::{Kind, MARK, list_items};

const CATALOG: &str = "pg_catalog";
/// Object identifier of the role that everything belongs to.
const ROLE_OID: i64 = 10;

/// Rewrites a statement:
/// - tables of the catalog get their schema, functions and operators lose it;
/// - `'name'::regclass` and its like become object identifiers, and identifiers names where they are to be shown;
/// - a select in an expression that finds nothing becomes null, and another one an aggregate, as which the engine plans it;
/// - columns of one name are told apart by [`MARK`];
/// - `= any(list)` becomes `array_has`, `current_user` a text, `collate` nothing;
/// - the schemas of the search path are `public`.
pub(super) fn rewrite(statement: &mut Statement) {
    let _ = statement.visit(&mut Rewriting);
}

struct Rewriting;

impl VisitorMut for Rewriting {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        // Dashboards take the path apart, in words that no planner but PostgreSQL's knows: `string_to_array(…) s` as a table.
        if let Expr::InSubquery { expr: inner, subquery, negated } = expr
            && subquery.to_string().contains("current_setting('search_path')")
        {
            *expr = Expr::InList { expr: inner.clone(), list: vec![text("public")], negated: *negated };
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        // A function that is a table here.
        if let TableFactor::Table { name, args, .. } = factor
            && name.to_string().ends_with("pg_get_keywords")
        {
            *args = None;
        }
        // The engine's own call every table a view, and every view a table.
        if let TableFactor::Table { name, alias, .. } = factor
            && let Some(known) = of_standard(name)
        {
            alias.get_or_insert_with(|| named(known));
            let name_here = format!("information_schema_{known}");
            *name = ObjectName::from(vec![Ident::new(CATALOG), Ident::new(name_here)]);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        mark_names(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        let parts: Vec<String> = relation.0.iter().map(|part| part.to_string().replace('"', "")).collect();
        match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [name] if catalog::columns_of(name).is_some() => {
                relation.0.insert(0, ObjectNamePart::Identifier(Ident::new(CATALOG)));
            }
            // A function.
            [schema, name] if *schema == CATALOG && !name.starts_with("pg_") && catalog::columns_of(name).is_none() => {
                drop(relation.0.remove(0))
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let rewritten = match expr {
            Expr::Function(function) => called(function),
            Expr::Collate { expr, .. } => Some((**expr).clone()),
            Expr::BinaryOp { op, .. } => {
                if let Some(known) = operator(op) {
                    *op = known;
                }
                None
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => among(left, right),
            Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => {
                among(left, right).map(|found| Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(found) })
            }
            Expr::Cast { expr, data_type, .. } => cast(expr, data_type),
            Expr::Subquery(query) if nothing::columns(query).is_some() => Some(null(DataType::Text)),
            Expr::Subquery(query) => {
                as_aggregate(query);
                None
            }
            _ => None,
        };
        if let Some(rewritten) = rewritten {
            *expr = rewritten;
        }
        ControlFlow::Continue(())
    }
}

/// `tables` or `views` of the schema `information_schema`.
fn of_standard(name: &ObjectName) -> Option<&'static str> {
    let name = name.to_string().replace('"', "").to_ascii_lowercase();
    let table = name.strip_prefix("telemetry.").unwrap_or(&name).strip_prefix("information_schema.")?;
    ["tables", "views"].into_iter().find(|known| *known == table)
}

/// `as name`
fn named(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: Ident::new(name), columns: Vec::new(), at: None }
}

/// Tells columns of one name apart, which the engine wants and clients do not see: it is taken off again.
fn mark_names(select: &mut Select) {
    let wildcards = |item: &SelectItem| match item {
        SelectItem::Wildcard(_) => Some(String::new()),
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(of), _) => Some(of.to_string()),
        _ => None,
    };
    let wildcards: Vec<String> = select.projection.iter().filter_map(wildcards).collect();
    let mut seen: Vec<String> = Vec::new();
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let name = nothing::name(expr);
        let of = match expr {
            Expr::CompoundIdentifier(parts) => parts.first().map(|part| part.value.clone()),
            _ => None,
        };
        let among = wildcards.iter().any(|wildcard| wildcard.is_empty() || Some(wildcard) == of.as_ref());
        let count = seen.iter().filter(|other| **other == name).count() + usize::from(among);
        if count > 0 {
            let alias = Ident::with_quote('"', format!("{name}{}", String::from(MARK).repeat(count)));
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
        seen.push(name);
    }
}

/// PostgreSQL fails where such a select finds several rows; here it has the greatest.
fn as_aggregate(query: &mut Query) {
    if let SetExpr::Select(select) = query.body.as_mut()
        && query.limit_clause.is_none()
        && !nothing::aggregates(select)
        && let [item] = select.projection.as_mut_slice()
        && let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item
    {
        *expr = function("max", vec![expr.clone()]);
    }
}

/// A function without the catalog's name in front; one that is written without brackets, as its value.
fn called(function: &mut Function) -> Option<Expr> {
    let in_catalog = function.name.0.len() == 2
        && function.name.0[0].as_ident().is_some_and(|schema| schema.value.eq_ignore_ascii_case(CATALOG));
    if in_catalog {
        function.name.0.remove(0);
    }
    let name = function.name.to_string().to_ascii_lowercase();
    match (&function.args, name.as_str()) {
        (FunctionArguments::None, _) => {}
        (_, "array_upper") => {
            function.name = ObjectName::from(vec![Ident::new("array_length")]);
            return Some(cast_to(&Expr::Function(function.clone()), DataType::BigInt(None)));
        }
        (_, "array_lower") => return Some(whole(1)),
        // Of options that nothing has here.
        (FunctionArguments::Subquery(_), "array") => {
            let texts = ArrayElemTypeDef::SquareBracket(Box::new(DataType::Text), None);
            return Some(null(DataType::Array(texts)));
        }
        _ => return None,
    }
    match name.as_str() {
        "current_user" | "session_user" | "current_role" | "user" => Some(text(USER)),
        "current_catalog" => Some(text(DATABASE)),
        "current_schema" => Some(text("public")),
        _ => None,
    }
}

/// `OPERATOR(pg_catalog.~)` as the operator.
fn operator(op: &BinaryOperator) -> Option<BinaryOperator> {
    let BinaryOperator::PGCustomBinaryOperator(parts) = op else { return None };
    Some(match parts.last()?.as_str() {
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "||" => BinaryOperator::StringConcat,
        _ => return None,
    })
}

fn among(left: &Expr, right: &Expr) -> Option<Expr> {
    match right {
        Expr::Subquery(_) => None,
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(items) => {
                let items = list_items(items)?.into_iter().flatten().map(|item| text(&item)).collect();
                Some(Expr::InList { expr: Box::new(left.clone()), list: items, negated: false })
            }
            _ => None,
        },
        list => Some(function("array_has", vec![list.clone(), left.clone()])),
    }
}

/// A cast to one of the types that name objects, or to one that the engine calls otherwise.
fn cast(inner: &Expr, to: &DataType) -> Option<Expr> {
    let to = to.to_string().to_ascii_lowercase().replace('"', "");
    let literal = match inner {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    };
    let number = literal.and_then(|text| text.parse::<i64>().ok());
    let name = literal.map(|text| text.rsplit('.').next().unwrap_or(text).trim_matches('"'));
    let oid = |oid: Option<i64>| Some(whole(number.or(oid).unwrap_or_default()));
    match to.strip_prefix("pg_catalog.").unwrap_or(&to) {
        "regclass" => match name {
            Some(name) => oid(catalog::table_oid(name)),
            None => Some(function("regclass_name", vec![inner.clone()])),
        },
        "regnamespace" => match name {
            Some(name) => oid(catalog::schema_oid(name)),
            None => Some(function("regnamespace_name", vec![inner.clone()])),
        },
        "regtype" => match name {
            Some(name) => oid(Kind::all().find(|kind| kind.name() == name).map(|kind| i64::from(kind.oid()))),
            None => Some(function(TYPE_NAME, vec![inner.clone()])),
        },
        "regrole" => match literal {
            Some(_) => oid(Some(ROLE_OID)),
            None => Some(text(USER)),
        },
        "regproc" => Some(name.map_or_else(|| inner.clone(), text)),
        "oid" | "xid" => Some(cast_to(inner, DataType::BigInt(None))),
        "text" | "name" | "char" | "cstring" => Some(cast_to(inner, DataType::Text)),
        _ => None,
    }
}

fn cast_to(inner: &Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(inner.clone()), data_type, array: false, format: None }
}

fn null(data_type: DataType) -> Expr {
    cast_to(&Expr::Value(Value::Null.into()), data_type)
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).into())
}

fn whole(number: i64) -> Expr {
    Expr::Value(Value::Number(number.to_string(), false).into())
}

fn function(name: &str, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
