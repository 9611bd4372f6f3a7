//! Reads Parquet files with what is known of them: footers and page indexes are read once and kept, since a file never
//! changes.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::Result as ParquetResult;
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{FOOTER_BYTES, STORE_URL};
use crate::curated::file::ScanFile;

/// Of one file of the store, for whoever reads it without a plan.
pub(crate) fn reader(engine: &RuntimeEnv, file: &ScanFile) -> Result<Box<dyn AsyncFileReader>> {
    let readers = Readers::new(engine, &ObjectStoreUrl::parse(STORE_URL)?)?;
    let file = PartitionedFile::new(file.key.clone(), file.bytes);
    Ok(readers.create_reader(0, file, Some(FOOTER_BYTES), &ExecutionPlanMetricsSet::new())?)
}

/// Makes the readers of one store.
pub(super) struct Readers(CachedParquetFileReaderFactory);

impl Readers {
    /// What is kept is shared by all scans of an engine, within a limit of its own.
    pub(super) fn new(engine: &RuntimeEnv, store: &ObjectStoreUrl) -> Result<Arc<Self>> {
        let known = engine.cache_manager.get_file_metadata_cache();
        Ok(Arc::new(Self(CachedParquetFileReaderFactory::new(engine.object_store(store)?, known))))
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Readers")
    }
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        footer_bytes: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        Ok(Box::new(Indexed(self.0.create_reader(partition, file, footer_bytes, metrics)?)))
    }
}

/// Asks for a file's page index together with its footer. The scan asks for the footer alone and reads the index beside the
/// cache, again for each statement.
struct Indexed(Box<dyn AsyncFileReader + Send>);

impl AsyncFileReader for Indexed {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.0.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        self.0.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let whole = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
            self.0.get_metadata(Some(&whole)).await
        }
        .boxed()
    }
}
