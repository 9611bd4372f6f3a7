//! `NOT IN (subquery)` with nulls. The engine answers wrongly when the subquery names outer columns, when the value is a
//! null that its type does not tell, and beside `or` (apache/datafusion issues 25336, 25347, 25473, 25474). So conditions
//! are rewritten into what SQL defines them to be, of parts that it does right:
//!
//! `e NOT IN Q` holds if and only if no `y` of `Q` equals `e` or is null, and `e` is not null unless `Q` is empty.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, not_impl_err};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, not,
};
use datafusion::optimizer::AnalyzerRule;

/// Rewrites `NOT IN (subquery)`, and refuses what can be no condition.
#[derive(Debug)]
pub(super) struct NotIn;

impl AnalyzerRule for NotIn {
    fn name(&self) -> &'static str {
        "not_in_subquery"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(rewritten)?.data)
    }
}

fn rewritten(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Filter(filter) = plan else {
        plan.apply_expressions(|expr| expr.apply(refuse))?;
        return Ok(Transformed::no(plan));
    };
    if !filter.predicate.exists(|expr| Ok(matches!(expr, Expr::InSubquery(_))))? {
        return Ok(Transformed::no(LogicalPlan::Filter(filter)));
    }
    let predicate = condition(filter.predicate, filter.input.schema(), false)?;
    Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(predicate, filter.input)?)))
}

fn refuse(expr: &Expr) -> Result<TreeNodeRecursion> {
    match expr {
        Expr::InSubquery(_) => not_impl_err!(
            "IN (subquery) is only known as a condition of WHERE or HAVING, combined by AND, OR and NOT; elsewhere join the \
             subquery"
        ),
        _ => Ok(TreeNodeRecursion::Continue),
    }
}

/// What holds when `expr` holds (`negated`: when it is false), where "unknown" and "does not hold" are alike.
fn condition(expr: Expr, schema: &DFSchema, negated: bool) -> Result<Expr> {
    match expr {
        Expr::Not(inner) => condition(*inner, schema, !negated),
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (condition(*left, schema, negated)?, condition(*right, schema, negated)?);
            Ok(if (op == Operator::And) == negated { left.or(right) } else { left.and(right) })
        }
        Expr::InSubquery(found) if found.negated == negated => {
            Ok(Expr::InSubquery(InSubquery { negated: false, ..found }))
        }
        Expr::InSubquery(found) => not_in(&found, schema),
        expr => {
            expr.apply(refuse)?;
            Ok(if negated { not(expr) } else { expr })
        }
    }
}

fn not_in(found: &InSubquery, schema: &DFSchema) -> Result<Expr> {
    let plan = found.subquery.subquery.as_ref();
    let answered = Expr::from(plan.schema().qualified_field(0));
    let (value, outer) = as_outer(&found.expr, schema)?;
    let matching = answered.clone().eq(value).or(answered.is_null());
    let matching = LogicalPlanBuilder::from(plan.clone()).filter(matching)?.build()?;
    let matching = Subquery {
        subquery: Arc::new(matching),
        outer_ref_columns: found.subquery.outer_ref_columns.iter().cloned().chain(outer).collect(),
        spans: found.subquery.spans.clone(),
    };
    let none_matches = Expr::Exists(Exists::new(matching, true));
    let empty = Expr::Exists(Exists::new(found.subquery.clone(), true));
    Ok(none_matches.and(found.expr.as_ref().clone().is_not_null().or(empty)))
}

/// The value as the subquery sees it from inside, and the outer columns in it.
fn as_outer(expr: &Expr, schema: &DFSchema) -> Result<(Expr, Vec<Expr>)> {
    let mut columns = Vec::new();
    let value = expr.clone().transform_up(|expr| {
        let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
        let (_, field) = expr.to_field(schema)?;
        let outer = Expr::OuterReferenceColumn(field, column.clone());
        columns.push(outer.clone());
        Ok(Transformed::yes(outer))
    })?;
    Ok((value.data, columns))
}
