//! Some rows of a Parquet file of the store: first its visitors and tabs are read, then of the other columns the pages that
//! hold rows which are wanted.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, RowFilter};
use datafusion::parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use futures::TryStreamExt;
use object_store::ObjectStore;

use super::object::Object;
use super::pairs::Pairs;
use super::read::{in_dictionaries, narrowed};
use crate::curated::file::ScanFile;
use crate::merge::visitors::Key;

/// Rows of a batch: dictionaries are looked through for each.
const BATCH_ROWS: usize = 64 << 10;

/// Whose rows are wanted: of these visitors, and of these tabs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub visitors: Arc<HashMap<Key, i64>>,
    pub tabs: Arc<HashMap<Key, i64>>,
}

impl Wanted {
    fn rows(&self, rows: &RecordBatch, site_id: &str) -> BooleanArray {
        let of = |column: &str, known: &HashMap<Key, i64>| {
            let pairs = Pairs::at(rows, site_id, column);
            let wanted: Vec<bool> = pairs.keys().iter().map(|key| known.contains_key(key)).collect();
            (pairs.of_row, wanted)
        };
        let (visitors, wanted_visitors) = of("visitor_id", &self.visitors);
        if self.tabs.is_empty() {
            return visitors.iter().map(|visitor| Some(wanted_visitors[*visitor as usize])).collect();
        }
        let (tabs, wanted_tabs) = of("tab_id", &self.tabs);
        let both = visitors.iter().zip(&tabs);
        both.map(|(visitor, tab)| Some(wanted_visitors[*visitor as usize] || wanted_tabs[*tab as usize])).collect()
    }
}

/// Reads the columns that the schema names, as [`super::read::rows`] does.
pub(super) async fn rows(
    objects: Arc<dyn ObjectStore>,
    file: ScanFile,
    site_id: String,
    schema: SchemaRef,
    wanted: Wanted,
) -> anyhow::Result<Vec<RecordBatch>> {
    let key = file.key.clone();
    let read = async {
        let mut reader = Object::new(objects, &file);
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let plain = ArrowReaderMetadata::load_async(&mut reader, options).await?;
        let metadata = in_dictionaries(&plain)?;
        let mask = |name: &dyn Fn(&str) -> bool| {
            let fields = metadata.schema().fields().iter().enumerate();
            let places: Vec<usize> = fields.filter(|(_, field)| name(field.name())).map(|(place, _)| place).collect();
            ProjectionMask::roots(metadata.parquet_schema(), places)
        };
        let asked = mask(&|name| name == "visitor_id" || name == "tab_id" && !wanted.tabs.is_empty());
        let columns = mask(&|name| schema.column_with_name(name).is_some());
        let predicate = ArrowPredicateFn::new(asked, move |rows| Ok(wanted.rows(&rows, &site_id)));
        let stream = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata)
            .with_projection(columns)
            .with_row_filter(RowFilter::new(vec![Box::new(predicate)]))
            .with_batch_size(BATCH_ROWS)
            .build()?;
        let batches: Vec<RecordBatch> = stream.try_collect().await?;
        batches.iter().map(|batch| narrowed(batch, &schema)).collect::<anyhow::Result<Vec<_>>>()
    };
    read.await.with_context(|| format!("cannot read {key}"))
}
