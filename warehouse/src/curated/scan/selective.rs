//! Which conditions are worth a look before anything else of a row is read.

use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use crate::limits::NAMED_IDS_MAX;

/// Columns whose equal values lie together in a file, a few rows among very many.
const KEYS: [&str; 4] = ["session_id", "visitor_id", "tab_id", "page_view_id"];

/// Whether the condition holds only for rows of a few sessions, visitors, tabs or page views.
pub(super) fn names_few(condition: &Expr) -> bool {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Eq => (is_key(left) && is_constant(right)) || (is_constant(left) && is_key(right)),
            Operator::And => names_few(left) || names_few(right),
            Operator::Or => names_few(left) && names_few(right),
            _ => false,
        },
        Expr::InList(InList { expr, list, negated: false }) => {
            is_key(expr) && list.len() <= NAMED_IDS_MAX && list.iter().all(is_constant)
        }
        _ => false,
    }
}

fn is_key(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if KEYS.contains(&column.name.as_str()))
}

fn is_constant(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(_, _))
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    #[test]
    fn a_few_keys_are_few_rows_and_all_else_may_be_many() {
        let session = || col("session_id").eq(lit("a"));
        let click = || col("type").eq(lit("click"));
        let ids = |count: usize| (0..count).map(|id| lit(id.to_string())).collect::<Vec<_>>();
        let few = [
            session(),
            lit("a").eq(col("events.page_view_id")),
            click().and(session()),
            session().or(col("tab_id").eq(lit("b"))),
            col("visitor_id").in_list(ids(NAMED_IDS_MAX), false),
        ];
        for condition in few {
            assert!(names_few(&condition), "{condition}");
        }
        let many = [
            click(),
            session().or(click()),
            col("session_id").not_eq(lit("a")),
            col("session_id").eq(col("tab_id")),
            col("visitor_id").in_list(ids(NAMED_IDS_MAX + 1), false),
            col("visitor_id").in_list(ids(2), true),
        ];
        for condition in many {
            assert!(!names_few(&condition), "{condition}");
        }
    }
}
