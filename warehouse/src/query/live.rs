//! The live view: every table as it would stand if everything that has landed were compacted now.
//!
//! Curated versions are read before the chain, so no row falls between them; a row that is in both is recognised by
//! its progress. The tail (links that a table has not taken in) goes through the same code as in compaction.

use std::sync::Arc;

use datafusion::datasource::TableProvider;
use schemas::landing::Link;

use crate::curated::Version;
use crate::curated::scan::Scan;
use crate::lake::Lake;
use crate::merge::{Derivation, Effect, Memo, Merge, Others, Part};
use crate::query::Scope;
use crate::tables::{self, EVENTS, Table};
use landing::Progress;

/// Providers of the tables that a query names, all of the same moment.
pub(crate) struct Live {
    pub tables: Others,
    /// Held while the providers are in use: it has reserved their memory.
    _merge: Option<Arc<Merge>>,
}

impl Live {
    /// Opens the wanted tables, and those that complete them. Files of sites outside of the scope are not read.
    pub(crate) async fn open(lake: &Lake, wanted: &[&'static Table], scope: &Scope) -> anyhow::Result<Self> {
        let versions = versions(lake, wanted).await?;
        let (events, derived) = versions.split_first().expect("events are always read");
        let least = derived.iter().fold(events.progress.clone(), |least, version| least.least(&version.progress));
        let links = lake.links_after(&least).await?;

        let tail = pending(&links, &events.progress);
        let merge = match tail.iter().all(|link| link.files.is_empty()) {
            true => None,
            false => Some(lake.merge(events, &tail).await?),
        };
        let effect = merge.clone().map(Effect::OnEvents);
        let events_now = rows(events, effect.as_ref(), &Others::new(), scope).await?;
        let mut tables = vec![(&EVENTS, events_now.clone())];
        let mut plans = Memo::default();
        for version in derived {
            let links = pending(&links, &version.progress);
            let made = async { Derivation::plan(&lake.engine, events_now.clone(), &links).await.map(Arc::new) };
            let effect = match links.is_empty() {
                true => None,
                false => Some(Effect::OnDerived(plans.get(&version.progress, made).await?)),
            };
            tables.push((version.table, rows(version, effect.as_ref(), &tables, scope).await?));
        }
        Ok(Self { tables, _merge: merge })
    }
}

/// The rows of a table that is imported, which nothing that has landed changes; none while nothing was imported.
pub(crate) async fn imported(lake: &Lake, table: &'static Table) -> anyhow::Result<Arc<dyn TableProvider>> {
    let version = lake.table(table).newest().await?;
    Ok(Scan::answering(&version, &version.files.iter().collect::<Vec<_>>()))
}

/// The newest versions, in the order of the tables, `events` first. It is read last, so that it is at least as far.
async fn versions(lake: &Lake, wanted: &[&'static Table]) -> anyhow::Result<Vec<Arc<Version>>> {
    let mut needed = wanted.to_vec();
    needed.push(&EVENTS);
    let mut versions = Vec::new();
    for table in tables::ALL.iter().rev() {
        if needed.contains(table) {
            needed.extend(table.reads());
            versions.push(lake.table(table).newest().await?);
        }
    }
    versions.reverse();
    Ok(versions)
}

/// The rows of a version after the effect: the table's own columns, in their order. What of them is outside of the scope is taken
/// out where they are asked.
async fn rows(
    version: &Version,
    effect: Option<&Effect>,
    others: &Others,
    scope: &Scope,
) -> anyhow::Result<Arc<dyn TableProvider>> {
    let files: Vec<_> = version.files.iter().filter(|file| scope.holds(&file.site_id)).collect();
    let Some(effect) = effect else { return Ok(Scan::answering(version, &files)) };
    let mut rows = effect.new_rows(version, others, Part::WHOLE).await?;
    if !files.is_empty() {
        rows = effect.kept_rows(version, &files).await?.union(rows)?;
    }
    let columns = version.table.columns();
    Ok(rows.select_columns(&columns.iter().map(String::as_str).collect::<Vec<_>>())?.into_view())
}

fn pending(links: &[Arc<Link>], progress: &Progress) -> Vec<Arc<Link>> {
    links.iter().filter(|link| !progress.covers(link)).cloned().collect()
}
