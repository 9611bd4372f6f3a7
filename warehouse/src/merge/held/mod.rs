//! Rows in memory, for a round that fits: read once from their files, ordered once, written a column at a time.
//!
//! Texts stay in dictionaries, as they lie in the files, until they are encoded again.

mod gather;
mod names;
mod object;
mod order;
mod pairs;
mod read;
mod select;
mod table;
mod wanted;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::memory_pool::MemoryReservation;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use schemas::landing::{Link, event_fields};
use tokio_util::task::AbortOnDropHandle;

pub(crate) use order::Ordered;
pub(super) use pairs::Pairs;
pub(super) use table::{OrderedTable, Stretch};
pub(crate) use wanted::Wanted;

use super::sessionize::Staying;
use crate::curated::{CuratedFile, Version};

/// Rows of one row group.
#[derive(Debug)]
pub(super) struct Held {
    pub rows: RecordBatch,
    /// Site of a curated file's rows; landed rows name theirs.
    site_id: Option<String>,
}

/// Rows in reserved memory.
#[derive(Debug)]
pub(crate) struct HeldRows {
    pub(super) held: Vec<Arc<Held>>,
    memory: MemoryReservation,
}

impl HeldRows {
    /// The rows of the landing files that the links name, in the links' order; so many files at once.
    pub(crate) async fn landed(
        objects: &Arc<dyn ObjectStore>,
        links: &[Arc<Link>],
        memory: MemoryReservation,
        at_once: usize,
    ) -> anyhow::Result<Self> {
        let schema = Arc::new(Schema::new(event_fields()));
        let files = links.iter().flat_map(|link| &link.files).map(|file| (file.path.clone(), file.bytes));
        let read = stream::iter(files.collect::<Vec<_>>())
            .map(|file| read::rows(objects.clone(), file, schema.clone(), &memory))
            .buffered(at_once)
            .try_collect::<Vec<_>>()
            .await?;
        let held = read.into_iter().flatten().map(|rows| Arc::new(Held { rows, site_id: None })).collect();
        Ok(Self { held, memory })
    }

    /// Of the files of a version that hold events of that time or later, the wanted rows, with the places of their files.
    pub(crate) async fn chosen(
        objects: &Arc<dyn ObjectStore>,
        (base, columns): (&Version, SchemaRef),
        since: i64,
        wanted: &Wanted,
        memory: MemoryReservation,
        at_once: usize,
    ) -> anyhow::Result<(Self, Vec<usize>)> {
        let mut tasks = Vec::new();
        for (place, file) in base.files_since(since) {
            let read = select::rows(
                objects.clone(),
                base.scan_file(file),
                file.site_id.clone(),
                columns.clone(),
                wanted.clone(),
            );
            tasks.push((place, file.site_id.clone(), read));
        }
        let mut read = stream::iter(tasks)
            .map(async |(place, site_id, read)| {
                let rows = AbortOnDropHandle::new(tokio::spawn(read)).await??;
                anyhow::Ok((place, site_id, rows))
            })
            .buffered(at_once);
        let (mut held, mut places) = (Vec::new(), Vec::new());
        while let Some((place, site_id, batches)) = read.try_next().await? {
            for rows in batches.into_iter().filter(|rows| rows.num_rows() > 0) {
                memory.try_grow(rows.get_array_memory_size())?;
                held.push(Arc::new(Held { rows, site_id: Some(site_id.clone()) }));
                places.push(place);
            }
        }
        drop(read);
        Ok((Self { held, memory }, places))
    }

    /// Of each batch the start of the session of the rows that stay.
    pub(super) fn starts(&self, staying: &[Staying]) -> Vec<Vec<Option<i64>>> {
        order::session_starts(self, staying)
    }

    /// No rows, in memory of the same kind.
    pub(super) fn none_beside(&self) -> Self {
        Self { held: Vec::new(), memory: self.memory.new_empty() }
    }

    /// The rows of some files of a version, in memory of the same kind as these rows.
    pub(crate) async fn beside(
        &self,
        objects: &Arc<dyn ObjectStore>,
        base: &Version,
        files: &[&CuratedFile],
    ) -> anyhow::Result<Self> {
        let (schema, memory) = (base.table.file_schema(), self.memory.new_empty());
        let mut held = Vec::new();
        for file in files {
            let of = base.scan_file(file);
            let read = read::rows(objects.clone(), (of.key, of.bytes), schema.clone(), &memory).await?;
            let site_id = || Some(file.site_id.clone());
            held.extend(read.into_iter().map(|rows| Arc::new(Held { rows, site_id: site_id() })));
        }
        Ok(Self { held, memory })
    }
}

#[cfg(test)]
mod tests;
