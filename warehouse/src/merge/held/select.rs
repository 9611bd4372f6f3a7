//! Some rows of a Parquet file of the store: first the visitors and tabs of the row groups that name one which is wanted, then
//! of the other columns the pages that hold rows which are.

use anyhow::Context;
use arrow_select::dictionary::garbage_collect_any_dictionary;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, RowFilter};
use datafusion::parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use futures::TryStreamExt;

use super::names::groups_of;
use super::read::{in_dictionaries, narrowed};
use super::wanted::Wanted;
use crate::curated::file::ScanFile;
use crate::curated::scan::reader;
use crate::engine::Engine;

/// Rows of a batch: dictionaries are looked through for each.
const BATCH_ROWS: usize = 64 << 10;

/// Whose rows a file holds.
#[derive(Clone, Debug)]
pub(super) enum Site {
    /// All are of this one.
    Of(String),
    /// Each row names its own; those that are wanted are of this one.
    Named(String),
}

impl Site {
    /// Where rows do not name it.
    pub(super) fn of_all(&self) -> Option<&str> {
        match self {
            Self::Of(site_id) => Some(site_id),
            Self::Named(_) => None,
        }
    }

    pub(super) fn wanted(&self) -> &str {
        let (Self::Of(site_id) | Self::Named(site_id)) = self;
        site_id
    }
}

/// Reads the columns that the schema names, as [`super::read::rows`] does.
pub(super) async fn rows(
    engine: Engine,
    file: ScanFile,
    site: Site,
    schema: SchemaRef,
    wanted: Wanted,
) -> anyhow::Result<Vec<RecordBatch>> {
    let key = file.key.clone();
    let read = async {
        let mut reader = reader(engine.runtime(), &file)?;
        let dictionaries = engine.dictionaries();
        let all = dictionaries.of(&file, site.wanted(), &mut reader).await?;
        let groups = groups_of(&mut reader, dictionaries, &all, &wanted, site.wanted()).await?;
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = in_dictionaries(&ArrowReaderMetadata::load_async(&mut reader, options).await?)?;
        let mask = |name: &dyn Fn(&str) -> bool| {
            let fields = metadata.schema().fields().iter().enumerate();
            let places: Vec<usize> = fields.filter(|(_, field)| name(field.name())).map(|(place, _)| place).collect();
            ProjectionMask::roots(metadata.parquet_schema(), places)
        };
        let asked = mask(&|name| match name {
            "site_id" => site.of_all().is_none(),
            name => wanted.columns().any(|column| column == name),
        });
        let columns = mask(&|name| schema.column_with_name(name).is_some());
        let predicate = ArrowPredicateFn::new(asked, move |rows| Ok(wanted.rows(&rows, site.of_all())));
        let stream = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata)
            .with_row_groups(groups)
            .with_projection(columns)
            .with_row_filter(RowFilter::new(vec![Box::new(predicate)]))
            .with_batch_size(BATCH_ROWS)
            .build()?;
        let batches: Vec<RecordBatch> = stream.try_collect().await?;
        batches.iter().map(|batch| with_own_texts(narrowed(batch, &schema)?)).collect::<anyhow::Result<Vec<_>>>()
    };
    read.await.with_context(|| format!("cannot read {key}"))
}

/// The rows without the texts of others: a batch comes with all those of its row group.
fn with_own_texts(rows: RecordBatch) -> anyhow::Result<RecordBatch> {
    let columns = rows.columns().iter().map(|column| match column.as_any_dictionary_opt() {
        Some(texts) => garbage_collect_any_dictionary(texts),
        None => Ok(column.clone()),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}
