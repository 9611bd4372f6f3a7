//! Small files are read whole and kept, since a file never changes. Most questions are about tables of a few of them, and each part
//! that is read by itself is a request to S3, or work that another thread is woken for.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use datafusion::execution::cache::default_cache::DefaultCache;
use datafusion::execution::cache::{Cache, CacheValue};
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::Result;
use object_store::ObjectMeta;
use object_store::path::Path;

use crate::curated::file::are_bytes_of;
use crate::limits::SMALL_FILE_BYTES_MAX;

/// Those that were read last, within a limit on their bytes.
pub(crate) struct SmallFiles(DefaultCache<Path, Whole>);

#[derive(Clone)]
struct Whole(Bytes);

impl CacheValue for Whole {
    fn size(&self) -> usize {
        self.0.len()
    }
}

impl SmallFiles {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self(DefaultCache::new(bytes_max))
    }

    /// Whether files of that size are kept.
    pub(super) fn takes(file: &ObjectMeta) -> bool {
        file.size <= SMALL_FILE_BYTES_MAX
    }

    /// These parts of a file that is taken.
    pub(super) async fn parts(
        &self,
        file: &ObjectMeta,
        ranges: Vec<Range<u64>>,
        reader: &mut (dyn AsyncFileReader + Send),
    ) -> Result<Vec<Bytes>> {
        let whole = match self.0.get(&file.location) {
            Some(Whole(bytes)) => bytes,
            None => {
                let bytes = reader.get_bytes(0..file.size).await?;
                // One that is damaged may be put right; of landing the name holds no checksum, but the length is known.
                if bytes.len() as u64 == file.size && are_bytes_of(file.location.as_ref(), &bytes) {
                    self.0.put(&file.location, Whole(bytes.clone()));
                }
                bytes
            }
        };
        // Of a damaged footer, or a file that was cut: the reader says what is wrong with it.
        if ranges.iter().any(|range| range.start > range.end || range.end > whole.len() as u64) {
            return reader.get_byte_ranges(ranges).await;
        }
        Ok(ranges.into_iter().map(|range| whole.slice(range.start as usize..range.end as usize)).collect())
    }
}

impl fmt::Debug for SmallFiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} small files", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
    use datafusion::parquet::errors::ParquetError;
    use datafusion::parquet::file::metadata::ParquetMetaData;
    use futures::FutureExt;
    use futures::future::BoxFuture;

    use super::*;
    use crate::curated::file::checksum;

    /// A file of the store that counts how often it is read.
    struct Counted {
        bytes: Bytes,
        reads: usize,
    }

    impl AsyncFileReader for Counted {
        fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
            self.reads += 1;
            // Whoever asks for the whole gets what there is.
            let end = if range.start == 0 { self.bytes.len().min(range.end as usize) } else { range.end as usize };
            let found = self.bytes.get(range.start as usize..end);
            let found = found.map(Bytes::copy_from_slice).ok_or_else(|| ParquetError::EOF("beyond the end".into()));
            async move { found }.boxed()
        }

        fn get_metadata<'a>(
            &'a mut self,
            _: Option<&'a ArrowReaderOptions>,
        ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
            unreachable!("nobody asks for it")
        }
    }

    fn file(name: &str, bytes: &[u8]) -> (ObjectMeta, Counted) {
        let meta = ObjectMeta {
            location: Path::from(name),
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size: bytes.len() as u64,
            e_tag: None,
            version: None,
        };
        (meta, Counted { bytes: Bytes::copy_from_slice(bytes), reads: 0 })
    }

    async fn part(files: &SmallFiles, (file, reader): &mut (ObjectMeta, Counted), range: Range<u64>) -> Vec<u8> {
        files.parts(file, vec![range], reader).await.unwrap().concat()
    }

    #[tokio::test]
    async fn a_file_is_read_once_and_kept_while_there_is_room() {
        let files = SmallFiles::new(100);
        let (mut one, mut other) = (file("one", b"0123456789"), file("other", &[7; 90]));
        for _ in 0..2 {
            let parts = files.parts(&one.0, vec![0..3, 2..10, 4..4], &mut one.1).await.unwrap();
            assert_eq!(parts, [&b"012"[..], b"23456789", b""]);
            assert_eq!(one.1.reads, 1);
        }
        assert_eq!(part(&files, &mut other, 89..90).await, [7]);
        assert_eq!(part(&files, &mut one, 9..10).await, b"9");
        assert_eq!((one.1.reads, other.1.reads), (2, 1), "the other had taken its place");
    }

    #[tokio::test]
    async fn a_file_that_is_damaged_is_read_again() {
        let files = SmallFiles::new(100);
        let name = format!("warehouse/fields/ct-1.{}.parquet", checksum(b"0123456789"));
        let mut one = file(&name, b"0123x56789");
        assert_eq!(part(&files, &mut one, 3..6).await, b"3x5");
        one.1.bytes = Bytes::from_static(b"0123456789");
        for _ in 0..2 {
            assert_eq!(part(&files, &mut one, 3..6).await, b"345");
        }
        assert_eq!(one.1.reads, 2);
    }

    #[tokio::test]
    async fn a_file_that_was_handed_out_cut_short_is_read_again() {
        let files = SmallFiles::new(100);
        let mut one = file("one", b"0123456789");
        one.1.bytes.truncate(9);
        assert_eq!(part(&files, &mut one, 3..6).await, b"345");
        one.1.bytes = Bytes::from_static(b"0123456789");
        assert_eq!(part(&files, &mut one, 8..10).await, b"89");
    }

    #[tokio::test]
    async fn what_lies_beyond_the_end_is_an_error_of_the_reader() {
        let files = SmallFiles::new(100);
        let mut one = file("one", b"0123456789");
        part(&files, &mut one, 0..10).await;
        let error = files.parts(&one.0, vec![0..3, 8..11], &mut one.1).await.unwrap_err();
        assert!(error.to_string().contains("beyond the end"), "{error}");
    }
}
