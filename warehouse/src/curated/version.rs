//! One version of a table: its files, and what of the landing zone stands in it.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Statistics};
use deltalake_core::kernel::LogicalFileView;
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::table::state::DeltaTableState;
use landing::Progress;

use super::file::{CuratedFile, ScanFile, folder_values};
use super::statistics::{column_statistics, of_all_rows};
use super::transactions::marks;
use crate::progress::{Kept, Marks};
use crate::tables::Table;

/// One version of a table.
#[derive(Debug)]
pub struct Version {
    pub table: &'static Table,
    pub number: u64,
    /// What of the landing zone stands in it.
    pub progress: Progress,
    /// What was removed of it.
    pub kept: Kept,
    pub files: Vec<CuratedFile>,
    /// None while there is no table.
    pub(super) state: Option<DeltaTableState>,
}

impl Version {
    /// Of a table that has not been made.
    pub(super) fn absent(table: &'static Table) -> Self {
        Self { table, number: 0, progress: Progress::default(), kept: Kept::default(), files: Vec::new(), state: None }
    }

    /// The version that the log says.
    pub(super) async fn of(table: &'static Table, log: &LogStoreRef, state: DeltaTableState) -> anyhow::Result<Self> {
        let Marks { progress, kept } = match table.is_imported() {
            true => Marks::default(),
            false => marks(log, state.version()).await?,
        };
        let files: Result<Vec<CuratedFile>, _> = state.log_data().iter().map(|file| logged(table, &file)).collect();
        Ok(Self { table, number: state.version(), progress, kept, files: files?, state: Some(state) })
    }

    /// Whether the table has been made.
    pub fn exists(&self) -> bool {
        self.state.is_some()
    }

    /// The same as if it held one site alone; nothing can be committed to it.
    #[must_use]
    pub fn of_site(&self, site_id: &str) -> Self {
        Self {
            table: self.table,
            number: self.number,
            progress: self.progress.clone(),
            kept: self.kept.clone(),
            files: self.files.iter().filter(|file| file.site_id == site_id).cloned().collect(),
            state: None,
        }
    }

    /// The files of these names, if it has all of them.
    pub fn same_files(&self, files: &[&CuratedFile]) -> Option<Vec<&CuratedFile>> {
        let by_path: HashMap<&str, &CuratedFile> = self.files.iter().map(|file| (file.path.as_str(), file)).collect();
        files.iter().map(|file| by_path.get(file.path.as_str()).copied()).collect()
    }

    /// The file as the scan reads it.
    pub fn scan_file(&self, file: &CuratedFile) -> ScanFile {
        file.scanned(self.table)
    }
}

/// A file as the log says it.
fn logged(table: &'static Table, file: &LogicalFileView) -> anyhow::Result<CuratedFile> {
    let partition = file.partition_values_map();
    let value = |name: &str| partition.get(name).cloned().flatten().unwrap_or_default();
    let event_date = value("event_date");
    let date: chrono::NaiveDate =
        event_date.parse().with_context(|| format!("{}: event_date {event_date:?}", file.path()))?;
    let (rows, columns) = column_statistics(table, file.stats().as_deref(), &file.path());
    let (site_id, event_date) = (value("site_id"), date.to_epoch_days());
    let of_folder = folder_values(&site_id, event_date).map(of_all_rows);
    let place = ColumnStatistics::new_unknown();
    let statistics = Statistics {
        num_rows: rows.map_or(Precision::Absent, |rows| Precision::Exact(rows as usize)),
        total_byte_size: Precision::Absent,
        column_statistics: columns.into_iter().chain(of_folder).chain([place]).collect(),
    };
    Ok(CuratedFile {
        path: file.object_store_path().to_string(),
        bytes: file.size(),
        rows,
        site_id,
        event_date,
        statistics: Arc::new(statistics),
        remove: file.remove_action(true),
    })
}
