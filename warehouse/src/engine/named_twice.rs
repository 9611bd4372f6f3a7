//! The engine's rules that push filters down a physical plan, kept away from where two columns have one name. They find a column by
//! its name below each node, and take the first that has it: a filter on one side of a join went to the other side, and rows were
//! lost (apache/datafusion issues 21246 and 25296, mended after 55.2).

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;

type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// The rule as it is, or within its bounds.
pub(super) fn bounded(rule: Rule) -> Rule {
    if rule.name().starts_with("FilterPushdown") { Arc::new(Bounded(rule)) } else { rule }
}

/// A rule that sees only the parts of a plan in which every name says which column is meant.
#[derive(Debug)]
struct Bounded(Rule);

impl PhysicalOptimizerRule for Bounded {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_down(|node| {
            Ok(if node.exists(|inner| Ok(names_twice(inner.as_ref())))? {
                Transformed::no(node)
            } else {
                Transformed::new(self.0.optimize(node, config)?, true, TreeNodeRecursion::Jump)
            })
        })
        .data()
    }
}

fn names_twice(node: &dyn ExecutionPlan) -> bool {
    let schema = node.schema();
    let mut names: Vec<_> = schema.fields().iter().map(|field| field.name()).collect();
    names.sort_unstable();
    names.windows(2).any(|two| two[0] == two[1])
}
