//! The engine's rule that puts sorts and repartitions into a physical plan, without its last part. That part pushes sorts
//! further down, and takes a limit along where it must not: below a `distinct` of which each partition has made its part,
//! so that doubles fill the limit and values are lost (apache/datafusion issue 24927, in every version from 47 to 55.2).

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::ensure_requirements::enforce_distribution::{
    DistributionContext, PlanWithKeyRequirements, adjust_input_keys_ordering, ensure_distribution,
};
use datafusion::physical_optimizer::ensure_requirements::enforce_sorting::replace_with_order_preserving_variants::{
    OrderPreservationContext, replace_with_order_preserving_variants,
};
use datafusion::physical_optimizer::ensure_requirements::enforce_sorting::{
    PlanWithCorrespondingCoalescePartitions, PlanWithCorrespondingSort, ensure_sorting, parallelize_sorts,
    replace_with_partial_sort,
};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;

use super::in_turn::LongUnions;
use super::named_twice::bounded;
use super::sorted_joins::SortedJoins;

/// The engine's physical rules, with ours in the place of the faulty one, those that push filters within their bounds, and before
/// them those for long unions and for joins that spill.
pub(super) fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let ours: Arc<dyn PhysicalOptimizerRule + Send + Sync> = Arc::new(EnsureRequirements);
    let rules = PhysicalOptimizer::new().rules.into_iter();
    let rules = rules.map(|rule| if rule.name() == ours.name() { ours.clone() } else { bounded(rule) });
    let first: [Arc<dyn PhysicalOptimizerRule + Send + Sync>; 2] = [Arc::new(LongUnions), Arc::new(SortedJoins)];
    first.into_iter().chain(rules).collect()
}

#[derive(Debug)]
struct EnsureRequirements;

impl PhysicalOptimizerRule for EnsureRequirements {
    fn name(&self) -> &'static str {
        "EnsureRequirements"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let keys = PlanWithKeyRequirements::new_default(plan);
        let plan = keys.transform_down(adjust_input_keys_ordering).data()?.plan;
        let spread = DistributionContext::new_default(plan);
        let plan = spread.transform_up(|node| ensure_distribution(node, config)).data()?.plan;
        let sorted = PlanWithCorrespondingSort::new_default(plan);
        let plan = sorted.transform_up(ensure_sorting).data()?.plan;
        let parallel = PlanWithCorrespondingCoalescePartitions::new_default(plan);
        let plan = parallel.transform_up(parallelize_sorts).data()?.plan;
        let kept = OrderPreservationContext::new_default(plan);
        let kept = kept.transform_up(|node| replace_with_order_preserving_variants(node, false, true, config));
        kept.data()?.plan.transform_up(|node| Ok(Transformed::yes(replace_with_partial_sort(node)?))).data()
    }
}
