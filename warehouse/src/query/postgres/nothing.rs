//! Selects that find nothing, since they need rows of a table that is empty here. Clients ask many of them, for policies,
//! triggers and the like, some in words that the engine cannot plan.

use datafusion::sql::sqlparser::ast::{
    Expr, JoinOperator, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator,
    TableFactor, TableWithJoins,
};

use super::catalog;

/// How PostgreSQL calls a column that has no name.
const NAMELESS: &str = "?column?";
/// Functions that make a row of none.
const AGGREGATES: [&str; 8] = ["count", "sum", "min", "max", "string_agg", "array_agg", "bool_or", "bool_and"];

/// Names of the columns, if the query finds nothing.
pub(super) fn columns(query: &Query) -> Option<Vec<String>> {
    if query.with.is_some() || !is_nothing(&query.body) {
        return None;
    }
    names(&query.body)
}

fn is_nothing(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => !aggregates(select) && select.from.iter().any(needs_rows_of_none),
        SetExpr::Query(query) => query.with.is_none() && is_nothing(&query.body),
        SetExpr::SetOperation { op: SetOperator::Union, left, right, .. } => is_nothing(left) && is_nothing(right),
        SetExpr::SetOperation { left, .. } => is_nothing(left),
        _ => false,
    }
}

pub(super) fn aggregates(select: &Select) -> bool {
    let texts = select.projection.iter().map(|item| item.to_string().to_ascii_lowercase());
    // What a select within aggregates makes no row of this one.
    let mut own = texts.map(|text| text.split("(select ").next().unwrap_or_default().to_owned());
    own.any(|text| AGGREGATES.iter().any(|name| text.contains(&format!("{name}("))))
}

/// Whether no row can come of it: its first table is empty, or one that it is joined with so that both must have a row.
fn needs_rows_of_none(from: &TableWithJoins) -> bool {
    let mut nothing = is_empty(&from.relation);
    for join in &from.joins {
        nothing = match &join.join_operator {
            JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_) => {
                nothing || is_empty(&join.relation)
            }
            JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => nothing,
            _ => return false,
        };
    }
    nothing
}

fn is_empty(factor: &TableFactor) -> bool {
    match factor {
        TableFactor::Table { name, args: None, .. } => table(name).is_some_and(|name| catalog::is_empty(&name)),
        TableFactor::Derived { subquery, .. } => columns(subquery).is_some(),
        TableFactor::NestedJoin { table_with_joins, .. } => needs_rows_of_none(table_with_joins),
        _ => false,
    }
}

/// Name of a table of the catalog.
fn table(name: &ObjectName) -> Option<String> {
    let parts: Vec<String> =
        name.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.to_lowercase()).collect();
    match parts.as_slice() {
        [schema, name] if schema == "pg_catalog" => Some(name.clone()),
        [name] => Some(name.clone()),
        _ => None,
    }
}

fn names(body: &SetExpr) -> Option<Vec<String>> {
    match body {
        SetExpr::Select(select) => {
            let mut names = Vec::new();
            for item in &select.projection {
                match item {
                    SelectItem::UnnamedExpr(expr) => names.push(name(expr)),
                    SelectItem::ExprWithAlias { alias, .. } => names.push(alias.value.clone()),
                    SelectItem::Wildcard(_) => names.extend(all(select, None)?),
                    SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(of), _) => {
                        names.extend(all(select, of.0.last()?.as_ident().map(|ident| ident.value.as_str()))?);
                    }
                    _ => return None,
                }
            }
            Some(names)
        }
        SetExpr::Query(query) => names(&query.body),
        SetExpr::SetOperation { left, .. } => names(left),
        _ => None,
    }
}

/// The name of a column that is given none.
pub(super) fn name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map_or_else(|| NAMELESS.to_owned(), |part| part.value.clone()),
        Expr::Cast { expr, .. } | Expr::Nested(expr) => name(expr),
        Expr::Function(function) => {
            let ident = function.name.0.last().and_then(|part| part.as_ident());
            ident.map_or_else(|| NAMELESS.to_owned(), |ident| ident.value.clone())
        }
        Expr::Case { .. } => "case".to_owned(),
        _ => NAMELESS.to_owned(),
    }
}

/// Columns of all tables, or of the one that is called so.
fn all(select: &Select, of: Option<&str>) -> Option<Vec<String>> {
    let factors = select
        .from
        .iter()
        .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    let mut names = Vec::new();
    for factor in factors {
        let TableFactor::Table { name, alias, .. } = factor else { return None };
        let table = table(name)?;
        let called = alias.as_ref().map_or(table.as_str(), |alias| alias.name.value.as_str());
        if of.is_none_or(|of| of == called) {
            names.extend(catalog::columns_of(&table)?.into_iter().map(str::to_owned));
        }
    }
    Some(names)
}
