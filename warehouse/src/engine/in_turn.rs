//! A union of many selects, computed one after the other.
//!
//! The engine starts all branches of a union at once: each has its sorts, aggregates and joins, and all of them share the memory. The
//! eight signals of `friction` have a hundred such operators, and none of them had room for the rows of all sessions. A branch
//! over many rows keeps all cores busy by itself, so they gain nothing from being computed beside each other either.

use std::fmt::{self, Formatter};
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, reset_plan_states};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;

use crate::limits::UNION_BRANCHES_MAX;

/// Puts [`InTurn`] in the place of long unions, before parts and orders are planned.
#[derive(Debug)]
pub(super) struct LongUnions;

impl PhysicalOptimizerRule for LongUnions {
    fn name(&self) -> &'static str {
        "long_unions_in_turn"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let in_turn = |node: Arc<dyn ExecutionPlan>| match node.downcast_ref::<UnionExec>() {
            Some(union) if union.inputs().len() > UNION_BRANCHES_MAX => {
                Ok(Transformed::yes(Arc::new(InTurn::new(union.inputs().clone())) as Arc<dyn ExecutionPlan>))
            }
            _ => Ok(Transformed::no(node)),
        };
        plan.transform_up(in_turn).data()
    }
}

/// A union whose branches are computed one after the other.
#[derive(Debug)]
struct InTurn {
    branches: Vec<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
}

impl InTurn {
    /// Of selects with the same columns, at least one.
    fn new(branches: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(branches[0].schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { branches, properties: Arc::new(properties) }
    }
}

impl DisplayAs for InTurn {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnionInTurnExec")
    }
}

impl ExecutionPlan for InTurn {
    fn name(&self) -> &'static str {
        "UnionInTurnExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.branches.iter().collect()
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition; self.branches.len()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; self.branches.len()]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(children)))
    }

    fn execute(&self, part: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if part != 0 {
            return internal_err!("a union in turn has one part, not {part}");
        }
        let mut rows = RecordBatchReceiverStreamBuilder::new(self.schema(), 1);
        let (branches, rows_to) = (self.branches.clone(), rows.tx());
        rows.spawn(async move {
            for branch in branches {
                // A copy, which gives back its share of the memory when it has been computed.
                let mut batches = reset_plan_states(branch)?.execute(0, context.clone())?;
                while let Some(batch) = batches.next().await {
                    // Nobody waits for more than a limit asks for.
                    if rows_to.send(Ok(batch?)).await.is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        Ok(rows.build())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::datatypes::Int64Type;
    use datafusion::arrow::record_batch::RecordBatch;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::SessionContext;
    use landing::Store;
    use object_store::memory::InMemory;

    use super::*;
    use crate::engine::{Engine, Resources};

    fn session() -> SessionContext {
        let store = Store::new("s3://store/".parse().unwrap(), Arc::new(InMemory::new())).unwrap();
        Engine::new(&store, Resources::default()).unwrap().session()
    }

    async fn numbers(branches: usize, then: &str) -> (String, Vec<i64>) {
        let context = session();
        let one =
            |n: usize| format!("select n + {} as n from generate_series(0, 9) as series (n) where n % 2 = 0", n * 10);
        let union = (0..branches).map(one).collect::<Vec<_>>().join(" union all ");
        let rows = context.sql(&format!("select n from ({union}) as u {then}")).await.unwrap();
        let plan = rows.clone().create_physical_plan().await.unwrap();
        let plan = displayable(plan.as_ref()).indent(false).to_string();
        let batches = rows.collect().await.unwrap();
        let column = |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().to_vec();
        (plan, batches.iter().flat_map(column).collect())
    }

    #[tokio::test]
    async fn a_long_union_has_the_rows_of_all_its_branches() {
        let (plan, mut found) = numbers(UNION_BRANCHES_MAX + 1, "").await;
        assert!(plan.contains("UnionInTurnExec"), "{plan}");
        found.sort_unstable();
        assert_eq!(found, (0..=48).step_by(2).collect::<Vec<_>>());
        let (_, found) = numbers(UNION_BRANCHES_MAX + 1, "order by n desc limit 2").await;
        assert_eq!(found, [48, 46]);
        assert_eq!(numbers(UNION_BRANCHES_MAX + 1, "limit 3").await.1.len(), 3);
    }

    #[tokio::test]
    async fn a_short_union_is_left_to_the_engine() {
        let (plan, found) = numbers(UNION_BRANCHES_MAX, "").await;
        assert!(!plan.contains("UnionInTurnExec"), "{plan}");
        assert_eq!(found.len(), UNION_BRANCHES_MAX * 5);
    }

    #[tokio::test]
    async fn a_branch_that_fails_fails_the_union() {
        let context = session();
        let union = ["select 1 / (n - 1) as n from generate_series(0, 2) as s (n)"; UNION_BRANCHES_MAX + 1];
        let told = context.sql(&union.join(" union all ")).await.unwrap().collect().await.unwrap_err();
        assert!(told.to_string().to_lowercase().contains("zero"), "{told}");
    }
}
