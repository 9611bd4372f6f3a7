//! What of a Parquet file cannot be decoded: a decoder says where it stopped, and hardly ever in what.

use bytes::Bytes;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::limits::REPLAY_BATCH_ROWS;

/// The first part that cannot be decoded, and why; none where all of them can. The decoder may break on what is damaged.
pub(super) async fn damage(bytes: &Bytes) -> Option<String> {
    let metadata = match decoded({
        let bytes = bytes.clone();
        move || Ok(ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new())?)
    })
    .await
    {
        Ok(metadata) => metadata,
        Err(why) => return Some(format!("its footer: {why}")),
    };
    let names: Vec<String> = metadata.schema().fields().iter().map(|field| field.name().clone()).collect();
    for group in 0..metadata.metadata().num_row_groups() {
        for (place, name) in names.iter().enumerate() {
            let (bytes, metadata) = (bytes.clone(), metadata.clone());
            if let Err(why) = decoded(move || column(bytes, metadata, group, place)).await {
                return Some(format!("column {name} in row group {group}: {why}"));
            }
        }
    }
    None
}

fn column(bytes: Bytes, metadata: ArrowReaderMetadata, group: usize, place: usize) -> anyhow::Result<()> {
    let mask = ProjectionMask::roots(metadata.parquet_schema(), [place]);
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata)
        .with_row_groups(vec![group])
        .with_projection(mask)
        .with_batch_size(REPLAY_BATCH_ROWS)
        .build()?;
    for batch in reader {
        batch?;
    }
    Ok(())
}

async fn decoded<T: Send + 'static>(decode: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Result<T, String> {
    match tokio::task::spawn_blocking(decode).await {
        Ok(decoded) => decoded.map_err(|error| format!("{error:#}")),
        Err(_) => Err("the decoder breaks".into()),
    }
}
