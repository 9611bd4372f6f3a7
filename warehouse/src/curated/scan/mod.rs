//! A table over a given list of Parquet files of the store: landing files, or files of a curated version.
//!
//! Texts are views: rows that share a text in the file share it in memory, from here to the file that they are written to.
//!
//! Each row also says which file it came from (`file_index`, the file's place in the list), so that compaction finds
//! the files that it must rewrite. Whoever asks by SQL sees the table's own columns alone.
//!
//! Files are cut between row groups, so that all cores read a single one. Where a condition names a few sessions, visitors, tabs
//! or page views, it is answered from its own columns first, and of the others only the pages of rows that it holds for are
//! read; other conditions cost less on whole batches.

mod files;
mod readers;
mod selective;
mod small_files;

use std::iter;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;
use schemas::landing::{Link, event_fields, replay_fields};

use super::file::{CuratedFile, ScanFile};
use super::version::Version;
use crate::tables::{self, PARTITION_COLUMNS, Table};
use files::without_others;
use readers::Readers;
pub(crate) use readers::reader;
use selective::names_few;
pub(crate) use small_files::SmallFiles;

/// The column that names a row's file.
pub(crate) const FILE_INDEX: &str = "file_index";

/// The store in DataFusion's registry.
pub(crate) const STORE_URL: &str = "telemetry://store/";

/// Tail of a Parquet file that is read first: holds the footer of all but very large files.
pub(crate) const FOOTER_BYTES: usize = 64 << 10;

/// The table.
#[derive(Debug)]
pub(crate) struct Scan {
    schema: TableSchema,
    files: Vec<ScanFile>,
    shown: Shown,
    /// Whether other processes run the plan.
    is_sent: bool,
}

/// The columns that others see, in their order.
#[derive(Clone, Debug)]
struct Shown {
    places: Vec<usize>,
    schema: SchemaRef,
}

impl Scan {
    /// Rows of the landing files that the links name, in the links' order.
    pub(crate) fn landing<'a>(links: impl IntoIterator<Item = &'a Arc<Link>>) -> Arc<Self> {
        Self::landed(event_fields(), links)
    }

    /// The same of links of the replay topic.
    pub(crate) fn frames<'a>(links: impl IntoIterator<Item = &'a Arc<Link>>) -> Arc<Self> {
        Self::landed(replay_fields(), links)
    }

    fn landed<'a>(fields: Vec<Field>, links: impl IntoIterator<Item = &'a Arc<Link>>) -> Arc<Self> {
        let files = links.into_iter().flat_map(|link| &link.files).map(ScanFile::landed);
        Arc::new(Self::new(read_of_files(viewed(&Schema::new(fields)), iter::empty()), files.collect()))
    }

    /// All rows of a version.
    pub(crate) fn version(version: &Version) -> Arc<Self> {
        Self::some(version, &version.files.iter().collect::<Vec<_>>())
    }

    /// Rows of some files of a version.
    pub(crate) fn some(version: &Version, files: &[&CuratedFile]) -> Arc<Self> {
        Arc::new(Self::of_table(version.table, files.iter().map(|file| version.scan_file(file)).collect()))
    }

    /// The same as an answer shows them: the table's own columns, in their order.
    pub(crate) fn answering(version: &Version, files: &[&CuratedFile]) -> Arc<Self> {
        let files = files.iter().map(|file| version.scan_file(file)).collect();
        Arc::new(Self::of_table(version.table, files).with_own_columns(version.table))
    }

    /// The same of all rows of a version, for a plan that other processes run. Its texts are plain, since a batch of views is written
    /// to the wire with all that its views look into. And the plan does not say what the log says of each file: that is larger than
    /// the rest of it.
    pub(crate) fn sent(version: &Version) -> Arc<Self> {
        let (schema, shown) = columns(version.table, Field::clone);
        let files = version.files.iter().map(|file| plain_values(version.scan_file(file)));
        Arc::new(Self { shown, is_sent: true, ..Self::new(schema, files.collect()) })
    }

    /// A table without rows.
    pub(crate) fn empty(table: &'static Table) -> Arc<Self> {
        Arc::new(Self::of_table(table, Vec::new()).with_own_columns(table))
    }

    fn of_table(table: &'static Table, files: Vec<ScanFile>) -> Self {
        let (schema, _) = &COLUMNS[table.index()];
        Self::new(schema.clone(), files)
    }

    fn with_own_columns(self, table: &'static Table) -> Self {
        let (_, shown) = &COLUMNS[table.index()];
        Self { shown: shown.clone(), ..self }
    }

    fn new(schema: TableSchema, mut files: Vec<ScanFile>) -> Self {
        for (index, file) in files.iter_mut().enumerate() {
            let index = i32::try_from(index).expect("a table has fewer than two thousand million files");
            file.partition_values.push(ScalarValue::Int32(Some(index)));
        }
        let all = schema.table_schema().clone();
        let shown = Shown { places: (0..all.fields().len()).collect(), schema: all };
        Self { schema, files, shown, is_sent: false }
    }
}

/// What is read of each table, by its index, and what of that is its own. A statement opens several tables: putting two hundred
/// columns together each time took as long as reading a small one.
static COLUMNS: LazyLock<Vec<(TableSchema, Shown)>> =
    LazyLock::new(|| tables::every().map(|table| columns(table, viewed_field)).collect());

/// What is read, each column `as_read`, and what is shown.
fn columns(table: &'static Table, as_read: fn(&Field) -> Field) -> (TableSchema, Shown) {
    let schema = table.schema();
    let partitions = PARTITION_COLUMNS.iter().filter_map(|name| schema.column_with_name(name));
    let in_files = mapped(&table.file_schema(), as_read);
    let read = read_of_files(in_files, partitions.map(|(_, field)| as_read(field)));
    let all = read.table_schema();
    let places: Vec<_> = table.columns().iter().filter_map(|name| all.index_of(name).ok()).collect();
    let own = Arc::new(all.project(&places).expect("places of the schema's own columns"));
    (read, Shown { places, schema: own })
}

/// Columns of files, of their folders, and the file's place.
fn read_of_files(file_schema: SchemaRef, partitions: impl Iterator<Item = Field>) -> TableSchema {
    let place = Field::new(FILE_INDEX, DataType::Int32, false);
    let partitions: Vec<_> = partitions.chain([place]).map(Arc::new).collect();
    TableSchema::builder(file_schema).with_table_partition_cols(partitions).build()
}

/// Spreads the files over so many parts of a plan.
fn groups(mut files: Vec<PartitionedFile>, count: usize) -> Vec<FileGroup> {
    files.sort_by_key(|file| std::cmp::Reverse(file.object_meta.size));
    let mut groups = vec![(0, Vec::new()); count.clamp(1, files.len().max(1))];
    for file in files {
        let least = groups.iter_mut().min_by_key(|(bytes, _)| *bytes).expect("there is a group");
        least.0 += file.object_meta.size;
        least.1.push(file);
    }
    groups.into_iter().map(|(_, files)| FileGroup::new(files)).collect()
}

/// Rows of all files, where the log says them of each.
fn rows<'a>(files: impl Iterator<Item = Option<&'a Arc<Statistics>>>) -> Precision<usize> {
    let rows: Option<usize> = files.map(|known| known?.num_rows.get_value().copied()).sum();
    rows.map_or(Precision::Absent, Precision::Exact)
}

/// Place of a row's file in the scan, where [`FILE_INDEX`] stands in that column.
pub(crate) fn file_of(batch: &RecordBatch, column: usize, row: usize) -> i32 {
    batch.column(column).as_primitive::<Int32Type>().value(row)
}

/// The schema with texts as views.
pub(crate) fn viewed(schema: &Schema) -> SchemaRef {
    mapped(schema, viewed_field)
}

fn mapped(schema: &Schema, field: fn(&Field) -> Field) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|of| field(of)).collect::<Vec<_>>()))
}

/// The file with plain texts among its partition's values.
fn plain_values(mut file: ScanFile) -> ScanFile {
    for value in &mut file.partition_values {
        if let ScalarValue::Utf8View(text) = value {
            *value = ScalarValue::Utf8(text.take());
        }
    }
    file
}

fn viewed_field(field: &Field) -> Field {
    match field.data_type() {
        DataType::Utf8 => field.clone().with_data_type(DataType::Utf8View),
        _ => field.clone(),
    }
}

fn partitioned(file: &ScanFile) -> PartitionedFile {
    let made = PartitionedFile::new(file.key.clone(), file.bytes).with_partition_values(file.partition_values.clone());
    // `with_statistics` would copy those of all columns to add those of the folder, for each statement.
    PartitionedFile { statistics: file.statistics.clone(), ..made }
}

#[async_trait]
impl TableProvider for Scan {
    fn schema(&self) -> SchemaRef {
        self.shown.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Rows of all files, where the log says them of each.
    fn statistics(&self) -> Option<Statistics> {
        let rows = rows(self.files.iter().map(|file| file.statistics.as_ref()));
        Some(Statistics { num_rows: rows, ..Statistics::new_unknown(&self.shown.schema) })
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // The physical optimizer hands the filters to the Parquet source, which skips files, row groups and pages.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let store = ObjectStoreUrl::parse(STORE_URL)?;
        let small_files = state.config().get_extension::<SmallFiles>();
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_metadata_size_hint(FOOTER_BYTES)
            .with_parquet_file_reader_factory(Readers::new(state.runtime_env(), &store, small_files)?)
            .with_pushdown_filters(filters.iter().any(names_few));
        let shown = &self.shown.places;
        let read =
            projection.map_or_else(|| shown.clone(), |wanted| wanted.iter().map(|place| shown[*place]).collect());
        let files = self.files.iter().map(partitioned).collect();
        let mut files = without_others(files, state, self.schema.table_schema(), filters);
        // Nothing is told of columns.
        let rows = rows(files.iter().map(|file| file.statistics.as_ref()));
        if self.is_sent {
            files.iter_mut().for_each(|file| file.statistics = None);
        }
        let statistics = Statistics { num_rows: rows, ..Statistics::new_unknown(self.schema.table_schema()) };
        let config = FileScanConfigBuilder::new(store, Arc::new(source))
            .with_file_groups(groups(files, state.config().target_partitions()))
            .with_statistics(statistics)
            .with_limit(limit)
            .with_projection_indices(Some(read))?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
