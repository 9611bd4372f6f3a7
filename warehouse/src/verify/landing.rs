//! The landing zone: links without hole or overlap, and the files that they name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use ::landing::check_chain;
use bytes::Bytes;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use schemas::landing::{DataFile, Link, data_prefix};

use super::damage::damage;
use super::{Report, key_count};
use crate::books::Books;
use crate::curated::file::checksum;
use crate::lake::Lake;

/// Files held in memory at the same time.
const PARALLEL_FILES: usize = 4;

pub(super) fn check_chains(chains: &BTreeMap<i32, Vec<Arc<Link>>>, report: &mut Report) {
    let mut named: HashMap<&str, &Link> = HashMap::new();
    for links in chains.values() {
        let plain: Vec<Link> = links.iter().map(|link| link.as_ref().clone()).collect();
        let wrong = check_chain(&plain);
        for error in &wrong {
            report.problem(error.to_string());
        }
        for link in links {
            let rows: u64 = link.files.iter().map(|file| file.rows).sum();
            if rows != link.counts.events {
                report.problem(format!("{}: it counts {} events, its files {rows}", name(link), link.counts.events));
            }
            for file in &link.files {
                if let Some(other) = named.insert(&file.path, link) {
                    report.problem(format!(
                        "landing file {}: named twice, by {} and {}",
                        file.path,
                        name(other),
                        name(link)
                    ));
                }
            }
        }
        if let (Some(first), Some(last)) = (links.first(), links.last()) {
            let state = if wrong.is_empty() { "whole" } else { "damaged" };
            let (topic, partition) = (&first.topic, first.partition);
            let count = key_count(links.len() as u64, "link");
            report
                .summary
                .push(format!("chain {topic}/{partition}: {count}, offsets {} to {}, {state}", first.start, last.end));
        }
    }
}

/// The state that a worker would resume from.
pub(super) async fn check_state(
    lake: &Lake,
    chains: &BTreeMap<i32, Vec<Arc<Link>>>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let missing = missing_state(lake, chains).await?;
    if missing.is_empty() {
        return Ok(());
    }
    // A live worker folds state and removes what a newer link replaced: only what the newest links miss counts.
    let fresh = lake.chains.found().await?;
    for (link, key) in missing_state(lake, &fresh).await? {
        report.problem(format!("state file {key}: missing, named by {}", name(&link)));
    }
    Ok(())
}

async fn missing_state(
    lake: &Lake,
    chains: &BTreeMap<i32, Vec<Arc<Link>>>,
) -> anyhow::Result<Vec<(Arc<Link>, String)>> {
    let mut missing = Vec::new();
    for link in chains.values().filter_map(|links| links.last()) {
        for key in &link.state {
            match lake.store.objects().head(&Path::from(key.as_str())).await {
                Ok(_) => {}
                Err(object_store::Error::NotFound { .. }) => missing.push((link.clone(), key.clone())),
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(missing)
}

/// Links with those of their files that can be read, as they are.
pub(super) struct Files {
    pub readable: Vec<Arc<Link>>,
    /// Of these those whose content is not the one that the link says, and can be decoded.
    pub altered: Vec<Arc<Link>>,
}

/// Reads every landing file but those of sealed links, which may be gone.
pub(super) async fn check_files(
    lake: &Lake,
    links: &[Arc<Link>],
    is_sealed: &impl Fn(&Link) -> bool,
    report: &mut Report,
) -> anyhow::Result<Files> {
    let open: Vec<_> = links.iter().filter(|link| !is_sealed(link)).collect();
    let files: Vec<_> =
        open.iter().flat_map(|link| link.files.iter().map(|file| (Arc::clone(link), file.clone()))).collect();
    let checked: Vec<_> = stream::iter(files)
        .map(|(link, file)| check_file(lake.store.objects().clone(), link, file))
        .buffered(PARALLEL_FILES)
        .try_collect()
        .await?;
    let (mut readable, mut altered) = (HashMap::new(), HashSet::new());
    let (mut files, mut rows) = (0, 0);
    for found in checked {
        files += 1;
        if let Some(size) = found.readable {
            rows += size.rows;
            readable.insert(found.path.clone(), size.bytes);
            if !found.problems.is_empty() && !found.is_damaged {
                altered.insert(found.path.clone());
            }
        }
        for problem in found.problems {
            report.problem(format!("landing file {}: {problem}", found.path));
        }
    }
    report.summary.push(format!("landing: {}, {}", key_count(files, "file"), key_count(rows, "row")));
    let with = |wanted: &dyn Fn(&str) -> bool| {
        let links = open.iter().map(|link| {
            let mut link = link.as_ref().clone();
            link.files.retain_mut(|file| {
                let size = readable.get(&file.path).filter(|_| wanted(&file.path));
                file.bytes = size.copied().unwrap_or_default();
                size.is_some()
            });
            Arc::new(link)
        });
        links.collect::<Vec<_>>()
    };
    let mut damaged = with(&|path| altered.contains(path));
    damaged.retain(|link| !link.files.is_empty());
    Ok(Files { readable: with(&|_| true), altered: damaged })
}

/// What the books of a table say of sealed links; `of` is its name, and what its rows are.
pub(super) fn tell_books(links: &[Arc<Link>], books: &Books, of: (&str, &str), report: &mut Report) {
    let sealed: Vec<_> = links.iter().filter(|link| books.is_sealed(link)).collect();
    if sealed.is_empty() {
        return;
    }
    let (table, row) = of;
    report.summary.push(format!(
        "books of {table}: {}, {} of {} whose landing files are not needed any more, {} removed since",
        key_count(sealed.iter().map(|link| link.counts.events).sum(), "landed row"),
        key_count(books.cells().values().map(|cell| cell.events).sum(), row),
        key_count(sealed.len() as u64, "link"),
        key_count(books.removed, row),
    ));
}

struct Found {
    path: String,
    problems: Vec<String>,
    /// Some column cannot be decoded.
    is_damaged: bool,
    readable: Option<Size>,
}

struct Size {
    rows: u64,
    bytes: u64,
}

async fn check_file(objects: Arc<dyn ObjectStore>, link: Arc<Link>, file: DataFile) -> anyhow::Result<Found> {
    let mut found = Found { path: file.path.clone(), problems: Vec::new(), is_damaged: false, readable: None };
    let link = link.as_ref();
    let bytes = match objects.get(&Path::from(file.path.as_str())).await {
        Ok(answer) => answer.bytes().await?,
        Err(object_store::Error::NotFound { .. }) => {
            found.problems.push(format!("missing, named by {}", name(link)));
            return Ok(found);
        }
        Err(error) => return Err(error.into()),
    };
    if bytes.len() as u64 != file.bytes {
        found.problems.push(format!("{} bytes, not {} as {} says", bytes.len(), file.bytes, name(link)));
    } else if checksum(&bytes) != file.checksum {
        found.problems.push(format!("its checksum is not the one in {}: another content", name(link)));
    }
    let size = bytes.len() as u64;
    if !found.problems.is_empty()
        && let Some(what) = damage(&bytes).await
    {
        found.problems.push(format!("cannot be read: {what}"));
        found.is_damaged = true;
    }
    // The decoder may break on what is damaged.
    let origins = match tokio::task::spawn_blocking(move || origins(bytes)).await {
        Ok(origins) => origins,
        Err(error) => Err(error.into()),
    };
    match origins {
        Ok(origins) => {
            let rows = origins.len() as u64;
            if rows != file.rows {
                found.problems.push(format!("{}, not {} as {} says", key_count(rows, "row"), file.rows, name(link)));
            }
            let inside = |(partition, offset): &(i64, i64)| {
                *partition == i64::from(link.partition) && (link.start..=link.end).contains(offset)
            };
            let outside = origins.iter().filter(|origin| !inside(origin)).count() as u64;
            if outside > 0 {
                found.problems.push(format!(
                    "{} from outside the offsets of {}",
                    key_count(outside, "row"),
                    name(link)
                ));
            }
            found.readable = Some(Size { rows, bytes: size });
        }
        Err(_) if found.is_damaged => {}
        Err(error) => found.problems.push(format!("cannot be read: {error:#}")),
    }
    Ok(found)
}

/// Partition and offset of each row.
fn origins(bytes: Bytes) -> anyhow::Result<Vec<(i64, i64)>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["kafka_partition", "kafka_offset"]);
    let mut origins = Vec::new();
    for batch in builder.with_projection(mask).build()? {
        let batch = batch?;
        let number =
            |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>().cloned());
        let (Some(partition), Some(offset)) = (number("kafka_partition"), number("kafka_offset")) else {
            anyhow::bail!("it has no columns kafka_partition and kafka_offset");
        };
        origins.extend(partition.values().iter().copied().zip(offset.values().iter().copied()));
    }
    Ok(origins)
}

/// Files that no link names: uploads that have no link yet, or that a crash left behind.
pub(super) async fn note_orphans(
    lake: &Lake,
    topic: &str,
    links: &[Arc<Link>],
    report: &mut Report,
) -> anyhow::Result<()> {
    let named: HashSet<&str> = links.iter().flat_map(|link| &link.files).map(|file| file.path.as_str()).collect();
    let folder = Path::from(data_prefix(topic));
    let files: Vec<_> = lake.store.objects().list(Some(&folder)).try_collect().await?;
    let orphans = files.iter().filter(|file| !named.contains(file.location.as_ref())).count() as u64;
    if orphans > 0 {
        report.notes.push(format!(
            "{} in {folder} named by no link: being written, or left by a crash",
            key_count(orphans, "file")
        ));
    }
    Ok(())
}

pub(super) fn name(link: &Link) -> String {
    format!("the link {}/{} at {}", link.topic, link.partition, link.start)
}
