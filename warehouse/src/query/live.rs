//! The live view: every table as it would stand if everything that has landed were compacted now.
//!
//! Curated versions are read before the chain, so no row falls between them; a row that is in both is recognised by
//! its progress. The tail (links that a table has not taken in) goes through the same code as in compaction.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::datasource::TableProvider;
use landing::Progress;
use schemas::landing::Link;

use crate::curated::Version;
use crate::curated::scan::Scan;
use crate::lake::Lake;
use crate::lake::share::Part;
use crate::merge::Merge;
use crate::merge::derivation::Derivation;
use crate::tables::Table;

/// Providers of the tables that a query names, all of the same moment.
pub struct Live {
    pub tables: Vec<(Table, Arc<dyn TableProvider>)>,
    /// Held while the providers are in use: it has reserved their memory.
    _merge: Option<Arc<Merge>>,
}

impl Live {
    /// Opens the wanted tables.
    pub async fn open(lake: &Lake, wanted: &[Table]) -> anyhow::Result<Self> {
        // Sessions are completed by the ledger. Derived tables first: events are then at least as far.
        let mut needed: Vec<Table> = wanted.to_vec();
        if needed.contains(&Table::Sessions) {
            needed.push(Table::Ledger);
        }
        let mut versions = Vec::new();
        for table in Table::ALL.into_iter().rev().filter(|table| needed.contains(table) || *table == Table::Events) {
            versions.push(lake.table(table).newest().await?);
        }
        let events = versions.pop().expect("events come last");
        versions.reverse();
        let least = versions.iter().fold(events.progress.clone(), |least, version| least.least(&version.progress));
        let links = lake.chains.links_after(&least).await?;

        let mut live = Self { tables: Vec::new(), _merge: None };
        let events_now = live.open_events(lake, &events, &pending(&links, &events.progress)).await?;
        let mut derivation: Option<(Progress, Derivation)> = None;
        for version in versions {
            let links = pending(&links, &version.progress);
            let provider: Arc<dyn TableProvider> = if links.is_empty() {
                Scan::version(&version)
            } else {
                let known = derivation.take().filter(|(progress, _)| *progress == version.progress);
                let (progress, planned) = match known {
                    Some(known) => known,
                    None => {
                        let planned = Derivation::plan(&lake.engine, events_now.clone(), &links).await?;
                        (version.progress.clone(), planned)
                    }
                };
                let provider = live.derived(&planned, &version).await?;
                derivation = Some((progress, planned));
                provider
            };
            live.tables.push((version.table, provider));
        }
        live.tables.push((Table::Events, events_now));
        for (table, provider) in &mut live.tables {
            *provider = answered(lake, *table, provider.clone()).await?;
        }
        Ok(live)
    }

    async fn open_events(
        &mut self,
        lake: &Lake,
        version: &Version,
        tail: &[Arc<Link>],
    ) -> anyhow::Result<Arc<dyn TableProvider>> {
        if tail.iter().all(|link| link.files.is_empty()) {
            return Ok(Scan::version(version));
        }
        let merge = lake.merge(version, tail).await?;
        let mut rows = merge.new_rows(&lake.engine, Part::WHOLE).await?;
        if !version.files.is_empty() {
            rows = merge.curated_rows(&lake.engine, Scan::version(version)).await?.union(rows)?;
        }
        self._merge = Some(merge);
        Ok(rows.into_view())
    }

    async fn derived(&self, derivation: &Derivation, version: &Version) -> anyhow::Result<Arc<dyn TableProvider>> {
        let ledger = self.tables.iter().find(|(table, _)| *table == Table::Ledger).map(|(_, ledger)| ledger.clone());
        let mut rows = derivation.fresh(version, ledger, Part::WHOLE).await?;
        if !version.files.is_empty() {
            let all: Vec<_> = version.files.iter().collect();
            rows = derivation.surviving(version, &all).await?.union(rows)?;
        }
        Ok(rows.into_view())
    }
}

fn pending(links: &[Arc<Link>], progress: &Progress) -> Vec<Arc<Link>> {
    links.iter().filter(|link| !progress.covers(link)).cloned().collect()
}

/// The rows with the table's own columns only, in their order and with the types of the table: texts are views inside.
async fn answered(lake: &Lake, table: Table, rows: Arc<dyn TableProvider>) -> anyhow::Result<Arc<dyn TableProvider>> {
    let context = lake.engine.session();
    context.register_table("rows", rows)?;
    let schema = table.schema();
    let columns = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => format!("arrow_cast({0}, 'Utf8') as {0}", field.name()),
        _ => field.name().clone(),
    });
    let columns: Vec<String> = columns.collect();
    let rows = context.sql(&format!("select {} from rows", columns.join(", "))).await?;
    Ok(rows.into_view())
}
