//! How a plan is made for a cluster, and run on one.

use std::sync::Arc;

use ballista_core::config::BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK;
use ballista_core::execution_plans::execute_physical_plan;
use ballista_core::extension::SessionConfigExt;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result, plan_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::joins::NestedLoopJoinExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, replace_children_if_necessary};
use datafusion::prelude::SessionConfig;
use datafusion_proto::protobuf::PhysicalPlanNode;
use tokio::net::TcpStream;
use uuid::Uuid;
use warehouse::elsewhere::Engine;
use warehouse::query::NOT_ELSEWHERE;

use crate::Codec;

/// Into how many parts a plan is split: no more tasks of a stage run beside each other. Each part of a stage writes a file for each
/// of the next.
const PARTS: usize = 16;

/// Longest message between the processes: a plan names every file that it reads, with some 300 bytes each.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// What a cluster wants otherwise than one process does.
pub fn settings(config: SessionConfig) -> SessionConfig {
    config
        .upgrade_for_ballista()
        .with_ballista_grpc_client_max_message_size(MESSAGE_BYTES_MAX)
        .with_target_partitions(PARTS)
        // Ballista prefers joins that sort. These are the ones of one process, of which it is known what they answer.
        .set_bool("datafusion.optimizer.prefer_hash_join", true)
        // A join that collects one side the scheduler may turn into one that divides both. What is above it is then not told that it
        // has more parts, and reads one of them.
        .set_usize("datafusion.optimizer.hash_join_single_partition_threshold", 0)
        .set_usize("datafusion.optimizer.hash_join_single_partition_threshold_rows", 0)
        // With several parts the limit is put below windows that look further ahead.
        .set_bool("datafusion.optimizer.enable_window_limits", false)
}

/// The same where each part of the plan is to be a task of its own.
pub fn settings_of_tasks() -> SessionConfig {
    settings(SessionConfig::new()).set_usize(BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK, 1)
}

/// Steps that come out of a cluster as they go in. Others are known not to (with a union of which a branch is empty a job of Ballista 55
/// never ends), or nobody has tried.
const STEPS: [&str; 20] = [
    "AggregateExec",
    "BoundedWindowAggExec",
    "CoalescePartitionsExec",
    "CompactExec",
    "CrossJoinExec",
    "DataSourceExec",
    "EmptyExec",
    "FilterExec",
    "GlobalLimitExec",
    "HashJoinExec",
    "LocalLimitExec",
    "NestedLoopJoinExec",
    "PlaceholderRowExec",
    "ProjectionExec",
    "RepartitionExec",
    "SortExec",
    "SortExec(TopK)",
    "SortPreservingMergeExec",
    "UnnestExec",
    "WindowAggExec",
];

/// What windows lose on their way as bytes (datafusion-proto 55.2), as their debug texts have it: there is no other way to ask them.
const LOST: [(&str, &str); 3] = [
    ("ignore_nulls: true", "IGNORE NULLS"),
    ("filter: Some", "FILTER"),
    ("is_reversed: true", "an order that is another window's, reversed"),
];

/// Whether a cluster answers the plan as one process does.
///
/// # Errors
/// Names what in it a cluster would answer wrongly, or not at all.
pub fn fits(plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
    plan.apply(|node| {
        let windows = node.downcast_ref::<BoundedWindowAggExec>().map(BoundedWindowAggExec::window_expr);
        let windows = windows.or_else(|| node.downcast_ref::<WindowAggExec>().map(WindowAggExec::window_expr));
        let lost = windows.into_iter().flatten().find_map(|window| {
            let told = format!("{window:?}");
            LOST.iter().find(|(text, _)| told.contains(text)).map(|(_, name)| format!("a window with {name},"))
        });
        let unknown = (!STEPS.contains(&node.name())).then(|| format!("a step of its plan, {},", node.name()));
        match lost.or(unknown) {
            Some(what) => plan_err!("the statement has {what} {NOT_ELSEWHERE}; leave --engine out"),
            None => Ok(TreeNodeRecursion::Continue),
        }
    })?;
    Ok(())
}

/// Fails where nobody listens: what the engine says then names neither the scheduler nor a way out.
async fn reached(engine: &Engine) -> Result<()> {
    match TcpStream::connect((engine.host.as_str(), engine.port)).await {
        Ok(_) => Ok(()),
        Err(error) => plan_err!(
            "no scheduler at {engine}: {error}; start one with `warehouse-cluster scheduler`, or leave --engine out"
        ),
    }
}

/// Runs a plan, made with these settings, on the cluster; the rows come when all of them are computed.
///
/// # Errors
/// When the scheduler cannot be reached, the plan cannot be written down, or a task failed.
pub async fn run(
    engine: &Engine,
    plan: Arc<dyn ExecutionPlan>,
    config: SessionConfig,
) -> Result<SendableRecordBatchStream> {
    let url = format!("http://{}:{}", engine.host, engine.port);
    fits(&plan)?;
    reached(engine).await?;
    let (plan, session) = (gathered(joined_in_one_task(plan)?), Uuid::now_v7().to_string());
    let ballista = config.ballista_config();
    execute_physical_plan::<PhysicalPlanNode>(url, &ballista, plan, &Codec::default(), session, config).await
}

/// The last stage as one task. Of the last stage the scheduler remembers where each part of the answer is, and does not forget the
/// parts of an executor that is lost before the others are done: who asked would look for them in vain, or have them twice.
fn gathered(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    match plan.output_partitioning().partition_count() {
        1 => plan,
        _ => Arc::new(CoalescePartitionsExec::new(plan)),
    }
}

/// A nested loop join reads all of its left side in each task, and a part of its right. Which rows of the left have found nothing
/// is known only where all of the right was read: each task would tell of those that have found nothing in its part. Ballista looks
/// at this for hash joins alone.
fn joined_in_one_task(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| match node.downcast_ref::<NestedLoopJoinExec>() {
        Some(join) if tells_of_left(*join.join_type()) && !join.right().is::<CoalescePartitionsExec>() => {
            let right = Arc::new(CoalescePartitionsExec::new(join.right().clone()));
            let sides = vec![join.left().clone(), right as Arc<dyn ExecutionPlan>];
            Ok(Transformed::yes(replace_children_if_necessary(node, sides)?))
        }
        _ => Ok(Transformed::no(node)),
    })
    .data()
}

/// Whether rows of the left side depend on all of the right.
fn tells_of_left(join: JoinType) -> bool {
    match join {
        JoinType::Inner | JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => false,
        JoinType::Left | JoinType::Full | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => true,
    }
}
