//! Rows in memory, for a round that fits: read once from their files, ordered once, written a column at a time.
//!
//! Texts stay in dictionaries, as they lie in the files, until they are encoded again.

mod gather;
mod names;
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

use super::ids::Ids;
use super::sessionize::Staying;
use crate::curated::file::ScanFile;
use crate::curated::{CuratedFile, Version};
use crate::engine::Engine;
use crate::progress::DAY_US;
use select::Site;

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

    /// Of a version the rows of the wanted visitors in files that hold events of that time or later, and those of the wanted tabs in any,
    /// with the places of their files.
    pub(crate) async fn chosen(
        engine: &Engine,
        (base, columns): (&Version, SchemaRef),
        since: i64,
        wanted: &Wanted,
        memory: MemoryReservation,
    ) -> anyhow::Result<(Self, Vec<usize>)> {
        let (mut held, mut places) = (Vec::new(), Vec::new());
        let take = |rows: Held, place: usize| {
            memory.try_grow(rows.rows.get_array_memory_size())?;
            held.push(Arc::new(rows));
            places.push(place);
            Ok(())
        };
        selected(engine, (sought(base, since, wanted), columns), take).await?;
        Ok((Self { held, memory }, places))
    }

    /// The same rows, handed over as they are read, each batch with the place of its file, and not held.
    pub(super) async fn each_chosen(
        engine: &Engine,
        (base, columns): (&Version, SchemaRef),
        since: i64,
        wanted: &Wanted,
        mut take: impl FnMut(&Held, usize) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let memory = engine.reserved("rows that are looked up");
        let take = |rows: Held, place: usize| {
            memory.try_resize(rows.rows.get_array_memory_size())?;
            take(&rows, place)
        };
        selected(engine, (sought(base, since, wanted), columns), take).await
    }

    /// Of the landing files that the links name, the wanted rows, which are of one site.
    pub(crate) async fn chosen_of_landed(
        engine: &Engine,
        (links, columns): (&[Arc<Link>], SchemaRef),
        (wanted, site_id): (&Wanted, &str),
        memory: MemoryReservation,
    ) -> anyhow::Result<Self> {
        let files = links.iter().flat_map(|link| &link.files).map(ScanFile::landed).enumerate();
        let sought =
            |(place, file)| Sought { place, file, site: Site::Named(site_id.to_owned()), wanted: wanted.clone() };
        let mut held = Vec::new();
        let take = |rows: Held, _| {
            memory.try_grow(rows.rows.get_array_memory_size())?;
            held.push(Arc::new(rows));
            Ok(())
        };
        selected(engine, (files.map(sought).collect(), columns), take).await?;
        Ok(Self { held, memory })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The tabs that the rows name.
    pub(super) fn tabs(&self) -> Ids {
        let mut tabs = Ids::default();
        for held in &self.held {
            Pairs::of(held, "tab_id").pairs.iter().for_each(|(site, tab)| tabs.add(site, tab));
        }
        tabs
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

/// Some rows of a file.
struct Sought {
    /// Place of the file among others.
    place: usize,
    file: ScanFile,
    site: Site,
    wanted: Wanted,
}

/// The files of a version that may hold wanted rows, those of visitors of that time or later.
fn sought(base: &Version, since: i64, wanted: &Wanted) -> Vec<Sought> {
    let tab_id = base.table.file_schema().index_of("tab_id").ok();
    let since = since.div_euclid(DAY_US);
    let files = base.files.iter().enumerate().filter_map(|(place, file)| {
        let wanted = wanted.of_file(file, since, tab_id)?;
        Some(Sought { place, file: base.scan_file(file), site: Site::Of(file.site_id.clone()), wanted })
    });
    files.collect()
}

/// Hands over rows of some files, each batch with the place of its file.
async fn selected(
    engine: &Engine,
    (files, columns): (Vec<Sought>, SchemaRef),
    mut take: impl FnMut(Held, usize) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let may_have = |Sought { file, site, wanted, .. }: &Sought| {
        let known = engine.dictionaries().known(file, site.wanted());
        known.is_none_or(|all| names::may_have(&all, wanted, site.wanted()))
    };
    let mut read = stream::iter(files.into_iter().filter(may_have))
        .map(async |Sought { place, file, site, wanted }| {
            let read = select::rows(engine.clone(), file, site.clone(), columns.clone(), wanted);
            let rows = AbortOnDropHandle::new(tokio::spawn(read)).await??;
            anyhow::Ok((place, site, rows))
        })
        .buffered(engine.partitions());
    while let Some((place, site, batches)) = read.try_next().await? {
        for rows in batches.into_iter().filter(|rows| rows.num_rows() > 0) {
            take(Held { rows, site_id: site.of_all().map(str::to_owned) }, place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
