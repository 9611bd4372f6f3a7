//! `warehouse erase`: a visitor goes out of the tables, the landing zones and the logs of the tables, with the recordings and
//! with what other providers told of the visitor.

use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use datafusion::arrow::array::{Array, ArrayData};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use schemas::landing::data_prefix;

use super::find::{Text, any_in};
use super::imports::Cookies;
use super::removal::{Cut, remove};
use super::zone::Zone;
use super::{Keeping, Removed, imports, leftovers, recordings};
use crate::books::compare::EXAMPLES_MAX;
use crate::compact::compact;
use crate::curated::file::data_key;
use crate::curated::scan::{FILE_INDEX, Scan, file_of};
use crate::lake::Lake;
use crate::limits::ORPHANS_KEPT;
use crate::progress::quoted;
use crate::replay;
use crate::tables::{self, REPLAY_CHUNKS, Table};

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
    /// Recorded frames that were inflated and looked into afterwards.
    pub looked_into: u64,
    /// Whether anything is left, by looking at it again.
    pub left: Left,
}

/// What a search found afterwards. It inflates recordings before it looks into them.
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
    /// Rows of other providers' exports that the visitor's cookies name.
    pub imported: u64,
    /// Frames of the visitor's recordings that landed while it ran.
    pub frames: u64,
    /// Others' recordings in which the visitor's id or a cookie stands.
    pub shown: Vec<String>,
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
        let Left { rows, log_files, landing_files, young_files, imported, frames, shown } = &self.left;
        lines.push(format!(
            "searched afterwards: {rows} rows in tables, {} files of logs and {landing_files} landing files hold the visitor",
            log_files.len()
        ));
        if self.looked_into > 0 {
            lines.push(format!("searched afterwards, inflated: {} frames of others' recordings", self.looked_into));
        }
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
        if *imported > 0 {
            lines.push(format!(
                "LEFT {imported} rows of other providers' exports that were imported meanwhile: run it again"
            ));
        }
        if *frames > 0 {
            lines.push(format!(
                "LEFT {frames} frames of the visitor's recordings that landed meanwhile: stop the visitor's tabs, and run it \
                 again"
            ));
        }
        if !shown.is_empty() {
            let few: Vec<&str> = shown.iter().take(EXAMPLES_MAX).map(String::as_str).collect();
            let more = if shown.len() > few.len() { ", …" } else { "" };
            lines.push(format!(
                "LEFT {} recorded chunks of other visitors, on whose pages the id or a cookie of the visitor stood: {}{more}",
                shown.len(),
                few.join(", ")
            ));
        }
        lines.push(
            "not reached: Kafka (events, recordings, dead letters), whose retention removes them; states of stream jobs \
             hold hashes and times, and forget in a day; other providers' own copies"
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
    let started = Utc::now();
    step("what has landed");
    compact(lake, |_, _| {}).await?;
    // What other tables are found by goes last: whoever is killed before finds it again.
    let cookies = Cookies::of(lake, &condition).await?;
    step("exports of other providers");
    let imported = imports::erase(lake, &cookies, site_id).await?;
    step("recordings");
    let recorded = recordings::erase(lake, site_id, visitor_id).await?;
    step("rows of the tables");
    let cut = || Cut { condition: Some(condition.clone()), ..Cut::default() };
    let mut removed = remove(lake, &|_| cut(), true).await?;
    removed.extend(recorded);
    removed.extend(imported);
    let fences = fences(lake).await?;
    step("landing files");
    let mut sealed = landed_with(lake, &Zone::of_events(lake).await?, &condition, Landed::Sealed).await?;
    sealed.extend(landed_with(lake, &Zone::of_recordings(lake).await?, &condition, Landed::Sealed).await?);
    step("statements that are running");
    tokio::time::sleep(keeping.readers_wait).await;
    step("files that are not needed any more");
    let mut erased = Erased { removed, landing_files: leftovers::delete(lake, &sealed).await?, ..Erased::default() };
    for table in tables::every() {
        let curated = lake.table(table);
        if curated.newest().await?.exists() {
            erased.old_files += curated.delete(&leftovers::of_table(lake, table, Utc::now()).await?).await?;
            erased.log_files += curated.forget_log().await?;
        }
    }
    let old = Utc::now() - chrono::Duration::from_std(ORPHANS_KEPT)?;
    for zone in [Zone::of_events(lake).await?, Zone::of_recordings(lake).await?] {
        let orphans = leftovers::landed(lake, &zone, old).await?.orphans;
        let orphans: Vec<Path> = orphans.into_iter().map(|file| file.location).collect();
        erased.old_files += leftovers::delete(lake, &orphans).await?;
    }
    erased.old_files += leftovers::delete_staged(&leftovers::staged(lake, old).await?).await?;
    step("what is left");
    let texts = cookies.texts();
    let texts: Vec<Text> = [visitor_id].into_iter().chain(texts).map(Text::new).collect();
    erased.left = left(lake, &condition, &texts, (started, &fences)).await?;
    erased.left.imported = imports::left(lake, &cookies, site_id).await?;
    step("what is left in recordings");
    let shown = recordings::search(lake, site_id, &texts).await?;
    (erased.looked_into, erased.left.shown) = (shown.frames, shown.with);
    Ok(erased)
}

/// When each table had its last commit that makes void what was being written: that of this erasure, or a later one. What is
/// committed again since then was computed without the rows that went.
async fn fences(lake: &Lake) -> anyhow::Result<Vec<(&'static Table, DateTime<Utc>)>> {
    let mut fences = Vec::new();
    for table in tables::every() {
        let curated = lake.table(table);
        let version = curated.newest().await?;
        if version.exists() {
            let fence = match curated.fenced_at(&version).await? {
                Some(fence) => fence,
                // Another erasure has made the log shorter.
                None => curated.committed_at(version.number).await?,
            };
            fences.push((table, fence));
        }
    }
    Ok(fences)
}

/// Looks for a visitor everywhere. What is older than the fences may hold rows of theirs, even where nothing names it.
async fn left(
    lake: &Lake,
    condition: &str,
    texts: &[Text],
    (started, fences): (DateTime<Utc>, &[(&'static Table, DateTime<Utc>)]),
) -> anyhow::Result<Left> {
    let mut left = Left {
        landing_files: landed_with(lake, &Zone::of_events(lake).await?, condition, Landed::Any).await?.len() as u64,
        frames: frames(lake, condition).await?,
        young_files: leftovers::staged(lake, Utc::now()).await?.len() as u64,
        ..Left::default()
    };
    for zone in [Zone::of_events(lake).await?, Zone::of_recordings(lake).await?] {
        left.young_files += young_data(lake, &zone, started).await?;
    }
    for (table, fence) in fences {
        let curated = lake.table(table);
        let version = curated.newest().await?;
        let key = |file: &Path| Path::from(data_key(table, file.as_ref()));
        let inputs = lake.engine.inputs().table("curated", Scan::version(&version))?;
        if version.table.columns().iter().any(|column| column == "visitor_id") {
            let rows = inputs.number(&format!("select count(*) from curated where {condition}")).await?;
            left.rows += u64::try_from(rows)?;
        }
        for file in curated.leftovers().await? {
            // What is younger may be of a round that began before the fence, or of one that knows no more of the visitor.
            let may_hold = file.since <= *fence || !file.removed && holds(lake, &key(&file.path), texts).await?;
            left.young_files += u64::from(may_hold);
        }
        for file in curated.log_files().await? {
            let key = key(&file);
            if holds(lake, &key, texts).await? {
                left.log_files.push(key.to_string());
            }
        }
    }
    Ok(left)
}

/// Landing data that nothing names. States that nothing names are none: they hold no rows.
async fn young_data(lake: &Lake, zone: &Zone<'_>, started: DateTime<Utc>) -> anyhow::Result<u64> {
    let folder = data_prefix(zone.topic);
    let orphans = leftovers::landed(lake, zone, started).await?.orphans;
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
async fn landed_with(lake: &Lake, zone: &Zone<'_>, condition: &str, which: Landed) -> anyhow::Result<Vec<Path>> {
    let mut links = leftovers::there(lake, zone).await?;
    links.retain(|link| which == Landed::Any || zone.is_sealed(link));
    let files: Vec<&str> = links.iter().flat_map(|link| &link.files).map(|file| file.path.as_str()).collect();
    let mut with = Vec::new();
    let inputs = lake.engine.inputs().table("landing", zone.scan(&links))?;
    inputs
        .each(&format!("select distinct {FILE_INDEX} from landing where {condition}"), |batch, row| {
            with.extend(files.get(file_of(batch, 0, row) as usize).map(|path| Path::from(*path)));
        })
        .await?;
    Ok(with)
}

/// Whether a file holds one of the texts; one that is gone holds none.
async fn holds(lake: &Lake, key: &Path, texts: &[Text]) -> anyhow::Result<bool> {
    let bytes = match lake.store.objects().get(key).await {
        Ok(file) => file.bytes().await,
        Err(object_store::Error::NotFound { .. }) => return Ok(false),
        Err(error) => Err(error),
    };
    let bytes = bytes.with_context(|| format!("cannot read {key}"))?;
    stands_in(key, bytes, texts).with_context(|| format!("cannot read {key}"))
}

/// The same of its bytes; the pages of Parquet are decoded for it.
fn stands_in(key: &Path, bytes: Bytes, texts: &[Text]) -> anyhow::Result<bool> {
    if key.extension() != Some("parquet") {
        return Ok(any_in(texts, &bytes));
    }
    for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
        if batch?.columns().iter().any(|column| in_buffers(&column.to_data(), texts)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn in_buffers(data: &ArrayData, texts: &[Text]) -> bool {
    data.buffers().iter().any(|buffer| any_in(texts, buffer))
        || data.child_data().iter().any(|child| in_buffers(child, texts))
}
