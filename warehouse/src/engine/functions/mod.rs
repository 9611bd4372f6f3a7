//! Where the engine's own functions could answer wrongly: whole numbers that wrap, sums that overflow, times of a zone,
//! `NOT IN` with nulls. Each is put right, or refused with the way round. And where one answers slowly: [`lengths`]. Our own: [`shakes`].

mod arithmetic;
mod average;
mod lengths;
mod shakes;
mod subqueries;
mod sum;
mod times;

pub use arithmetic::operation;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::Analyzer;
use datafusion::prelude::SessionContext;

/// The engine's rules for a fresh plan, with ours around them.
pub(super) fn analyzer_rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> = vec![Arc::new(subqueries::NotIn)];
    rules.extend(Analyzer::new().rules);
    rules.push(Arc::new(arithmetic::Checked));
    rules.push(Arc::new(times::OneZone));
    rules
}

/// Puts our functions in the place of the engine's, and those that it lacks beside them.
pub(super) fn register(context: &SessionContext) {
    context.register_udaf(AggregateUDF::new_from_impl(shakes::PointerShakes::new()));
    times::register(context);
    if let Ok(inner) = context.udf("array_length") {
        context.register_udf(ScalarUDF::new_from_impl(lengths::Lengths { inner }));
    }
    if let Ok(inner) = context.udaf("sum") {
        context.register_udaf(AggregateUDF::new_from_impl(sum::Sum { inner }));
    }
    if let Ok(inner) = context.udaf("avg") {
        context.register_udaf(AggregateUDF::new_from_impl(average::Average { inner }));
    }
}
