//! `warehouse erase`: a visitor goes out of the tables, the landing zone and the logs of the tables.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use datafusion::arrow::array::{Array, ArrayData};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use schemas::landing::data_prefix;
use schemas::topics::EVENTS as TOPIC;

use super::removal::{Cut, remove};
use super::{Keeping, Removed, leftovers};
use crate::curated::file::data_key;
use crate::curated::scan::{FILE_INDEX, Scan, file_of};
use crate::lake::Lake;
use crate::limits::ORPHANS_KEPT;
use crate::progress::quoted;
use crate::replay;
use crate::tables::{self, EVENTS, REPLAY_CHUNKS, Table};

/// What became of a visitor. Tells no more of them than was asked for.
#[derive(Debug, Default)]
pub struct Erased {
    pub removed: Vec<Removed>,
    /// Landing files that held rows of the visitor and were deleted.
    pub landing_files: u64,
    /// Files of older versions, and of processes that were killed, that were deleted.
    pub old_files: u64,
    /// Files of the tables' logs that were replaced by a checkpoint.
    pub log_files: u64,
    /// Whether anything is left, by looking at it again.
    pub left: Left,
}

/// What a search found afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Rows of the visitor in the tables.
    pub rows: u64,
    /// Files of the tables' logs that hold the visitor's id.
    pub log_files: Vec<String>,
    /// Landing files with rows of the visitor that came while it ran.
    pub landing_files: u64,
    /// Files that nothing names and that are too young to be deleted: somebody may be writing them.
    pub young_files: u64,
    /// Frames of recordings of the visitor's pages: an erasure does not reach them yet.
    pub frames: u64,
}

impl Left {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Erased {
    /// The report, for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .removed
            .iter()
            .map(|Removed { table, rows, files }| format!("table {table}: {rows} rows erased from {files} files"))
            .collect();
        lines.push(format!("landing: {} files with rows of the visitor removed", self.landing_files));
        lines.push(format!("older versions: {} files and {} files of logs removed", self.old_files, self.log_files));
        let Left { rows, log_files, landing_files, young_files, frames } = &self.left;
        lines.push(format!(
            "searched afterwards: {rows} rows in tables, {} files of logs and {landing_files} landing files hold the visitor",
            log_files.len()
        ));
        lines.extend(log_files.iter().map(|file| format!("LEFT {file}")));
        if *landing_files > 0 || *rows > 0 {
            lines.push(
                "LEFT events of the visitor that landed meanwhile: stop the visitor's tabs, and run it again".into(),
            );
        }
        if *young_files > 0 {
            lines.push(format!(
                "LEFT {young_files} files that nothing names yet, which may hold rows: run it again in a day"
            ));
        }
        if *frames > 0 {
            lines.push(format!(
                "LEFT {frames} frames of recordings of the visitor's pages: they are not erased yet; the table \
                 replay_chunks and the landing files of recordings can only be removed whole"
            ));
        }
        lines.push(
            "not reached: Kafka (events, dead letters), whose retention removes them; states of stream jobs hold hashes \
             and times, and forget in a day; exports of other providers, which an import replaces by their day"
                .into(),
        );
        lines
    }
}

/// Erases a visitor of a site. `step` is told what is being done. Can be repeated: what was done stays done.
pub async fn erase(
    lake: &Lake,
    keeping: &Keeping,
    (site_id, visitor_id): (&str, &str),
    mut step: impl FnMut(&str),
) -> anyhow::Result<Erased> {
    let condition = format!("(site_id = {} and visitor_id = {})", quoted(site_id), quoted(visitor_id));
    step("rows of the tables");
    let cut = || Cut { condition: Some(condition.clone()), ..Cut::default() };
    let started = Utc::now();
    let removed = remove(lake, &|_| cut(), true).await?;
    let fences = fences(lake).await?;
    step("landing files");
    let sealed = landed_with(lake, &condition, Landed::Sealed).await?;
    step("statements that are running");
    tokio::time::sleep(keeping.readers_wait).await;
    step("files that are not needed any more");
    let mut erased = Erased { removed, landing_files: leftovers::delete(lake, &sealed).await?, ..Erased::default() };
    for table in tables::ALL.iter().copied() {
        let curated = lake.table(table);
        if curated.newest().await?.exists() {
            erased.old_files += curated.delete(&leftovers::of_table(lake, table, Utc::now()).await?).await?;
            erased.log_files += curated.forget_log().await?;
        }
    }
    let old = Utc::now() - chrono::Duration::from_std(ORPHANS_KEPT)?;
    let orphans = leftovers::landed(lake, old).await?.orphans;
    let orphans: Vec<Path> = orphans.into_iter().map(|file| file.location).collect();
    erased.old_files += leftovers::delete(lake, &orphans).await?;
    step("what is left");
    erased.left = left(lake, &condition, visitor_id, (started, &fences)).await?;
    Ok(erased)
}

/// When the newest version of each table was committed. What was being written before can never be committed.
async fn fences(lake: &Lake) -> anyhow::Result<Vec<(&'static Table, DateTime<Utc>)>> {
    let mut fences = Vec::new();
    for table in tables::ALL.iter().copied() {
        let curated = lake.table(table);
        let version = curated.newest().await?;
        if version.exists() {
            fences.push((table, curated.committed_at(&version).await?));
        }
    }
    Ok(fences)
}

/// Looks for a visitor everywhere. What is older than the fences may hold rows of theirs, even where nothing names it.
async fn left(
    lake: &Lake,
    condition: &str,
    visitor_id: &str,
    (started, fences): (DateTime<Utc>, &[(&'static Table, DateTime<Utc>)]),
) -> anyhow::Result<Left> {
    let mut left = Left {
        landing_files: landed_with(lake, condition, Landed::Any).await?.len() as u64,
        young_files: young_data(lake, started).await?,
        frames: frames(lake, condition).await?,
        ..Left::default()
    };
    for (table, fence) in fences {
        let curated = lake.table(table);
        let version = curated.newest().await?;
        let inputs = lake.engine.inputs().table("curated", Scan::version(&version))?;
        let rows = inputs.number(&format!("select count(*) from curated where {condition}")).await?;
        left.rows += u64::try_from(rows)?;
        left.young_files += curated.leftovers().await?.iter().filter(|file| file.since <= *fence).count() as u64;
        for file in curated.log_files().await? {
            let key = Path::from(data_key(table, file.as_ref()));
            let bytes = match lake.store.objects().get(&key).await {
                Ok(file) => file.bytes().await,
                Err(object_store::Error::NotFound { .. }) => continue,
                Err(error) => Err(error),
            };
            let bytes = bytes.with_context(|| format!("cannot read {key}"))?;
            if holds(&key, bytes, visitor_id.as_bytes()).with_context(|| format!("cannot read {key}"))? {
                left.log_files.push(key.to_string());
            }
        }
    }
    Ok(left)
}

/// Landing data that nothing names. States that nothing names are none: they hold no rows.
async fn young_data(lake: &Lake, started: DateTime<Utc>) -> anyhow::Result<u64> {
    let folder = data_prefix(TOPIC);
    let orphans = leftovers::landed(lake, started).await?.orphans;
    Ok(orphans.iter().filter(|file| file.location.as_ref().starts_with(&folder)).count() as u64)
}

/// Frames of recordings, compacted or not.
async fn frames(lake: &Lake, condition: &str) -> anyhow::Result<u64> {
    let inputs = lake.engine.inputs().table("recorded", replay::open(lake, &REPLAY_CHUNKS).await?)?;
    Ok(u64::try_from(inputs.number(&format!("select count(*) from recorded where {condition}")).await?)?)
}

/// Which links' landing files are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Landed {
    Sealed,
    Any,
}

/// Landing files that are there and hold rows of a condition.
async fn landed_with(lake: &Lake, condition: &str, which: Landed) -> anyhow::Result<Vec<Path>> {
    let found = leftovers::landed(lake, Utc::now()).await?;
    let there: HashSet<String> = found.sealed.into_iter().map(|(_, file)| file.location.to_string()).collect();
    let books = lake.books(&*lake.table(&EVENTS).newest().await?).await?;
    let mut links: Vec<_> = lake.chains.all().await?.into_values().flatten().collect();
    links.retain(|link| which == Landed::Any || books.is_sealed(link));
    for link in &mut links {
        if books.is_sealed(link) {
            Arc::make_mut(link).files.retain(|file| there.contains(&file.path));
        }
    }
    let files: Vec<&str> = links.iter().flat_map(|link| &link.files).map(|file| file.path.as_str()).collect();
    let mut with = Vec::new();
    let inputs = lake.engine.inputs().table("landing", Scan::landing(&links))?;
    inputs
        .each(&format!("select distinct {FILE_INDEX} from landing where {condition}"), |batch, row| {
            with.extend(files.get(file_of(batch, 0, row) as usize).map(|path| Path::from(*path)));
        })
        .await?;
    Ok(with)
}

/// Whether a file of a log holds a text; the pages of a checkpoint are decoded for it.
fn holds(key: &Path, bytes: Bytes, text: &[u8]) -> anyhow::Result<bool> {
    if key.extension() != Some("parquet") {
        return Ok(contains(&bytes, text));
    }
    for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
        if batch?.columns().iter().any(|column| in_buffers(&column.to_data(), text)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn in_buffers(data: &ArrayData, text: &[u8]) -> bool {
    data.buffers().iter().any(|buffer| contains(buffer, text))
        || data.child_data().iter().any(|child| in_buffers(child, text))
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    !text.is_empty() && bytes.windows(text.len()).any(|window| window == text)
}
