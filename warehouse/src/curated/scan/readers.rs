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
use object_store::ObjectMeta;

use super::small_files::SmallFiles;
use super::{FOOTER_BYTES, STORE_URL};
use crate::curated::file::ScanFile;

/// Of one file of the store, for whoever reads it without a plan.
pub(crate) fn reader(engine: &RuntimeEnv, file: &ScanFile) -> Result<Box<dyn AsyncFileReader>> {
    let readers = Readers::new(engine, &ObjectStoreUrl::parse(STORE_URL)?, None)?;
    let file = PartitionedFile::new(file.key.clone(), file.bytes);
    Ok(readers.create_reader(0, file, Some(FOOTER_BYTES), &ExecutionPlanMetricsSet::new())?)
}

/// Makes the readers of one store.
pub(super) struct Readers {
    factory: CachedParquetFileReaderFactory,
    small_files: Option<Arc<SmallFiles>>,
}

impl Readers {
    /// What is kept is shared by all scans of an engine, within a limit of its own.
    pub(super) fn new(
        engine: &RuntimeEnv,
        store: &ObjectStoreUrl,
        small_files: Option<Arc<SmallFiles>>,
    ) -> Result<Arc<Self>> {
        let known = engine.cache_manager.get_file_metadata_cache();
        let factory = CachedParquetFileReaderFactory::new(engine.object_store(store)?, known);
        Ok(Arc::new(Self { factory, small_files }))
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
        let small = self.small_files.clone().filter(|_| SmallFiles::takes(&file.object_meta));
        let small = small.map(|files| (files, file.object_meta.clone()));
        let reader = self.factory.create_reader(partition, file, footer_bytes, metrics)?;
        Ok(Box::new(Indexed { reader, small }))
    }
}

/// Asks for a file's page index together with its footer. The scan asks for the footer alone and reads the index beside the
/// cache, again for each statement.
struct Indexed {
    reader: Box<dyn AsyncFileReader + Send>,
    small: Option<(Arc<SmallFiles>, ObjectMeta)>,
}

impl AsyncFileReader for Indexed {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move { Ok(self.get_byte_ranges(vec![range]).await?.swap_remove(0)) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        match &self.small {
            Some((files, file)) => files.parts(file, ranges, self.reader.as_mut()).boxed(),
            None => self.reader.get_byte_ranges(ranges),
        }
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let whole = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
            self.reader.get_metadata(Some(&whole)).await
        }
        .boxed()
    }
}
