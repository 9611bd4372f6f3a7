//! What a statement tells of the types of its parameters, before there are values.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, TryCast};

use crate::format::postgres::Kind;

/// The types that a statement tells, by place, from 1.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::query) struct Told(BTreeMap<usize, Place>);

/// How a parameter is used.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    /// The type of what it is compared or counted with.
    beside: Option<DataType>,
    /// The type that it is cast to, or counts rows as.
    around: Option<DataType>,
}

impl Told {
    /// # Errors
    /// When one parameter is used as two types; its value will tell then.
    pub(in crate::query) fn of(plan: &LogicalPlan) -> Result<Self> {
        let mut told = Self::default();
        plan.apply_with_subqueries(|plan| {
            if let LogicalPlan::Limit(limit) = plan {
                [&limit.skip, &limit.fetch].into_iter().flatten().for_each(|rows| told.around(rows, &DataType::Int64));
            }
            plan.apply_expressions(|expr| {
                expr.apply(|expr| {
                    match expr {
                        Expr::Placeholder(place) => told.beside(place)?,
                        Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field }) => {
                            told.around(expr, field.data_type());
                        }
                        _ => {}
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        Ok(told)
    }

    /// The type of a place, if the statement tells it.
    pub(in crate::query) fn at(&self, place: usize) -> Option<&DataType> {
        let used = self.0.get(&place)?;
        used.beside.as_ref().or(used.around.as_ref())
    }

    /// The highest place; 0 when there are no parameters.
    pub(super) fn places(&self) -> usize {
        self.0.last_key_value().map_or(0, |(place, _)| *place)
    }

    fn beside(&mut self, placeholder: &Placeholder) -> Result<()> {
        let Some(place) = number(placeholder) else { return Ok(()) };
        let used = self.0.entry(place).or_default();
        match (&used.beside, &placeholder.field) {
            (None, Some(field)) => used.beside = Some(field.data_type().clone()),
            (Some(one), Some(other)) if Kind::of(one) != Kind::of(other.data_type()) => {
                return plan_err!("${place} is used as {one} and as {}; cast it", other.data_type());
            }
            _ => {}
        }
        Ok(())
    }

    fn around(&mut self, expr: &Expr, kind: &DataType) {
        if let Expr::Placeholder(placeholder) = expr
            && let Some(place) = number(placeholder)
        {
            self.0.entry(place).or_default().around.get_or_insert_with(|| kind.clone());
        }
    }
}

/// The place of `$1`; none for one with a name, which the engine refuses.
fn number(placeholder: &Placeholder) -> Option<usize> {
    placeholder.id.strip_prefix('$')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    use super::*;

    async fn told(sql: &str) -> Vec<String> {
        let context = SessionContext::new();
        context.sql("create table events (seq bigint, type varchar)").await.unwrap();
        let plan = context.state().create_logical_plan(sql).await.unwrap();
        let told = Told::of(&plan).unwrap();
        (1..=told.places()).map(|place| told.at(place).map_or("open".to_owned(), DataType::to_string)).collect()
    }

    #[tokio::test]
    async fn a_statement_tells_types_by_what_stands_beside_and_around() {
        for (sql, types) in [
            ("select $1", &["open"][..]),
            ("select * from events where seq = $1 and type = $2", &["Int64", "Utf8View"]),
            ("select $1::bigint, cast($2 as double), try_cast($3 as boolean)", &["Int64", "Float64", "Boolean"]),
            ("select * from events limit $1 offset $2", &["Int64", "Int64"]),
            ("select (select max(seq) from events where seq < $2), $1", &["open", "Int64"]),
            // Wherever it stands, too.
            ("select $1 as a, $1::bigint as b", &["Int64"]),
            ("select * from events where seq = $1 and $1 is not null", &["Int64"]),
            ("select * from events where $1 is null or seq = $1", &["Int64"]),
            ("select cast($1 as double) from events where seq = $1", &["Int64"]),
        ] {
            assert_eq!(told(sql).await, types, "{sql}");
        }
    }

    #[tokio::test]
    async fn one_parameter_of_two_types_is_not_told() {
        let context = SessionContext::new();
        let sql = "select 1 where 1 = $1 and 'a' = $1";
        assert!(Told::of(&context.state().create_logical_plan(sql).await.unwrap()).is_err());
    }
}
