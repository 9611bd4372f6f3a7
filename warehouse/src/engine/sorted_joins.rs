//! Joins of plans in one part that sort both sides, which spills to disk, instead of holding one side in memory. The engine's planner
//! makes them only for plans in several parts, whatever its setting `prefer_hash_join` says (`physical_planner.rs` of datafusion
//! 55).

use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, SortMergeJoinExec};

/// Makes such joins where hash joins are not preferred.
#[derive(Debug)]
pub(super) struct SortedJoins;

impl PhysicalOptimizerRule for SortedJoins {
    fn name(&self) -> &'static str {
        "SortedJoins"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        if config.optimizer.prefer_hash_join || config.execution.target_partitions > 1 {
            return Ok(plan);
        }
        plan.transform_up(|node| {
            Ok(match node.downcast_ref::<HashJoinExec>().filter(|join| !join.null_aware) {
                Some(join) => Transformed::yes(sorted(join)?),
                None => Transformed::no(node),
            })
        })
        .data()
    }
}

/// The plan is young: it has no projection inside of joins yet.
fn sorted(join: &HashJoinExec) -> Result<Arc<dyn ExecutionPlan>> {
    let sorts = vec![SortOptions::default(); join.on().len()];
    let (left, right) = (join.left().clone(), join.right().clone());
    let (on, filter) = (join.on().to_vec(), join.filter().cloned());
    Ok(Arc::new(SortMergeJoinExec::try_new(left, right, on, filter, *join.join_type(), sorts, join.null_equality())?))
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::displayable;
    use landing::Store;
    use object_store::memory::InMemory;

    use super::*;
    use crate::engine::{Engine, Resources};

    #[tokio::test]
    async fn joins_sort_in_plans_that_spill_and_in_no_others() {
        let store = Store::new("memory:///".parse().unwrap(), Arc::new(InMemory::new())).unwrap();
        let engine = Engine::new(&store, Resources::default()).unwrap();
        for (inputs, sorts) in [(engine.inputs_that_spill(2, 64), true), (engine.inputs_of(64, 1), false)] {
            for (kind, rows) in [("full", 4), ("left", 3), ("right", 2), ("inner", 1)] {
                let sql = format!(
                    "select a.x, b.y from (values (1), (2), (3)) a(x) {kind} join (values (3), (4)) b(y) on a.x = b.y"
                );
                let joined = inputs.select(&sql).await.unwrap();
                let plan = joined.clone().create_physical_plan().await.unwrap();
                let shown = displayable(plan.as_ref()).indent(false).to_string();
                assert_eq!((shown.contains("SortMergeJoinExec"), shown.contains("HashJoinExec")), (sorts, !sorts));
                assert_eq!(joined.count().await.unwrap(), rows, "{kind}");
            }
        }
    }
}
