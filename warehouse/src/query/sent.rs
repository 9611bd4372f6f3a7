//! A statement as a plan that other processes run: over what is compacted, with nothing in it that only this process knows.
//!
//! What has landed since is not in it. The live view computes that tail from rows and walks that this process holds in memory,
//! and each of the others would have to compute it anew.

use std::sync::Arc;

use datafusion::common::plan_err;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Subquery};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use landing::Progress;

use super::dialect::translate;
use super::guard::only_statement;
use super::{Failure, Parameter, Planned, Scope, failed, planned, register, tables_of, views_of};
use crate::curated::Version;
use crate::curated::scan::Scan;
use crate::lake::Lake;
use crate::merge::Others;
use crate::tables::{self, RECORDINGS, Table};

/// Why a statement is refused, in words.
pub const NOT_ELSEWHERE: &str = "which a cluster does not compute as one process does";

/// A planned statement.
#[derive(Debug)]
pub struct Sent {
    pub plan: Arc<dyn ExecutionPlan>,
    /// What it was planned with, which is what it must be run with.
    pub config: SessionConfig,
    /// Links that have landed and that one of its tables, at least, has not taken in.
    pub waiting: usize,
}

/// Plans one read-only statement on every site; `with` sets what the other processes' engine wants otherwise than ours.
///
/// # Errors
/// When the statement may not be asked, cannot be planned, or the tables cannot be read.
pub async fn sent(
    lake: &Lake,
    sql: &str,
    parameters: &[Parameter],
    with: impl FnOnce(SessionConfig) -> SessionConfig,
) -> Result<Sent, Failure> {
    let mut statement = only_statement(sql)?;
    translate(&mut statement)?;
    let context = lake.engine.session();
    {
        let state = context.state_ref();
        let mut state = state.write();
        *state.config_mut() = with(state.config().clone());
    }
    let mut named = tables_of(&context, &statement)?;
    let views = views_of(&context, &mut named)?;
    let mut opened = Others::new();
    let mut versions = Vec::new();
    for table in tables::every().filter(|table| named.contains(table.name)) {
        let version = lake.table(table).newest().await.map_err(failed)?;
        opened.push((table, Scan::sent(&version)));
        versions.push(version);
    }
    register(&context, &opened, views, &Scope::All).await?;
    let Planned { logical, plan, .. } = planned(&context, statement, parameters).await?;
    one_row_each(&logical)?;
    let waiting = waiting(lake, &versions).await.map_err(failed)?;
    Ok(Sent { plan, config: context.copied_config(), waiting })
}

/// A subquery in place of a value is an error where it has several rows. The others' engine joins such a subquery, and does not count.
fn one_row_each(plan: &LogicalPlan) -> datafusion::common::Result<()> {
    let mut certain = true;
    let mut look = |expr: &Expr| {
        if let Expr::ScalarSubquery(Subquery { subquery, outer_ref_columns, .. }) = expr {
            // Of one that names the row around it the engine is certain, or does not plan it.
            certain &= !outer_ref_columns.is_empty() || subquery.max_rows().is_some_and(|rows| rows <= 1);
        }
        Ok(TreeNodeRecursion::Continue)
    };
    plan.apply_with_subqueries(|node| node.apply_expressions(|expr| expr.apply(&mut look)))?;
    match certain {
        true => Ok(()),
        false => plan_err!(
            "the statement has a subquery in place of a value that may have several rows, {NOT_ELSEWHERE}; \
             give it `limit 1`, or leave --engine out"
        ),
    }
}

/// Links that one of the versions, at least, has not taken in. Told after the versions: nothing is missed.
async fn waiting(lake: &Lake, versions: &[Arc<Version>]) -> anyhow::Result<usize> {
    let is_recording = |table: &Table| RECORDINGS.contains(&table);
    let of_events = versions.iter().filter(|version| !version.table.is_imported() && !is_recording(version.table));
    let of_recordings = versions.iter().filter(|version| is_recording(version.table));
    let mut count = 0;
    if let Some(least) = least(of_events) {
        count += lake.links_after(&least).await?.len();
    }
    if let Some(least) = least(of_recordings) {
        count += lake.recordings.chains.links_after(&least).await?.len();
    }
    Ok(count)
}

/// What all of them have taken in; nothing where there are none.
fn least<'a>(mut versions: impl Iterator<Item = &'a Arc<Version>>) -> Option<Progress> {
    let first = versions.next()?.progress.clone();
    Some(versions.fold(first, |least, version| least.least(&version.progress)))
}
