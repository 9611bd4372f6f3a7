//! Recordings: the links and landing files of their topic, every landed frame in its table exactly once, every payload as it
//! landed.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::datasource::TableProvider;
use schemas::landing::Link;
use schemas::topics::REPLAY;
use xxhash_rust::xxh3::xxh3_64;

use super::places::check_places;
use super::{REMOVALS_MET_MAX, Report, check_progress, curated_files, key_count, landing, same_kept, unless_damaged};
use crate::books::Books;
use crate::books::compare::{Compared, EXAMPLES_MAX, Few, compare_rows, row_names};
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::inputs::{number, text};
use crate::lake::Lake;
use crate::limits::{BATCH_ROWS, REPLAY_BATCH_ROWS};
use crate::replay::identity;
use crate::tables::RECORDINGS;

/// Checks all that is there; where nothing was ever recorded, nothing is said.
pub(super) async fn check(lake: &Lake, mut step: impl FnMut(&str), report: &mut Report) -> anyhow::Result<()> {
    for _ in 1..REMOVALS_MET_MAX {
        let versions = versions(lake).await?;
        let mut own = Report::default();
        check_versions(lake, &versions, &mut step, &mut own).await?;
        if own.problems.is_empty() || same_kept(&versions, &self::versions(lake).await?) {
            report.take(own);
            return Ok(());
        }
        // Something was removed meanwhile, which may be all that is missing.
    }
    check_versions(lake, &versions(lake).await?, &mut step, report).await
}

async fn versions(lake: &Lake) -> anyhow::Result<Vec<Arc<Version>>> {
    let mut versions = Vec::new();
    for table in RECORDINGS {
        versions.push(lake.table(table).newest().await?);
    }
    Ok(versions)
}

async fn check_versions(
    lake: &Lake,
    versions: &[Arc<Version>],
    mut step: impl FnMut(&str),
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut books = Vec::new();
    for version in versions {
        books.push(lake.books(version).await?);
    }
    let chains = lake.recordings.chains.found().await?;
    if chains.is_empty() && versions.iter().all(|version| !version.exists()) {
        return Ok(());
    }
    step("recordings");
    landing::check_chains(&chains, report);
    let links: Vec<Arc<Link>> = chains.values().flatten().cloned().collect();
    // A landing file is needed until both tables have sealed its link.
    let is_sealed = |link: &Link| books.iter().all(|books| books.is_sealed(link));
    let found = landing::check_files(lake, &links, &is_sealed, report).await?;
    landing::note_orphans(lake, REPLAY, &links, report).await?;
    let done = check_payloads(lake, "landing files", ("landing", Scan::frames(&found.altered)), report).await;
    unless_damaged(done, !found.altered.is_empty(), "the payloads of damaged landing files", report)?;
    let waiting = links.iter().filter(|link| !versions.iter().all(|version| version.progress.covers(link))).count();
    if waiting > 0 {
        let links = key_count(waiting as u64, "link");
        report.notes.push(format!("{links} of recordings landed, not compacted yet: checked in the landing zone only"));
    }
    for (version, books) in versions.iter().zip(&books).filter(|(version, _)| version.exists()) {
        step(version.table.name);
        check_progress(version, &chains, report);
        landing::tell_books(&links, books, (version.table.name, "frame"), report);
        let sound = curated_files::check(lake, version, report).await?;
        let place = format!("table {}", version.table.name);
        let damaged = !report.problems.is_empty();
        let done = check_rows(lake, version, &sound, (&found.readable, books), report).await;
        unless_damaged(done, damaged, &place, report)?;
        let rows = Scan::some(version, &sound.iter().collect::<Vec<_>>());
        let done = check_payloads(lake, &place, ("curated", rows), report).await;
        unless_damaged(done, damaged, &format!("payloads of {place}"), report)?;
    }
    Ok(())
}

/// Compares a table's rows with the landed frames, and with the books of those that have no landing file any more.
async fn check_rows(
    lake: &Lake,
    version: &Version,
    sound: &[CuratedFile],
    (links, books): (&[Arc<Link>], &Books),
    report: &mut Report,
) -> anyhow::Result<()> {
    let identity = identity(version.table);
    let taken: Vec<_> = links.iter().filter(|link| version.progress.covers(link) && !books.is_sealed(link)).collect();
    let landing = Scan::frames(taken);
    let curated = Scan::some(version, &sound.iter().collect::<Vec<_>>());
    let compared = compare_rows(&lake.engine, &identity, landing.clone(), curated.clone()).await?;
    let Compared { lost, doubled, altered, .. } = &compared;
    let name = version.table.name;
    let unknown = check_places((name, "frame"), &compared, books, report);
    for (found, input, rows, what) in [
        (lost, "landing", landing, "landed, but missing in it"),
        (doubled, "curated", curated.clone(), "in it more than once"),
        (altered, "curated", curated.clone(), "with another checksum than landed"),
        (&unknown, "curated", curated, "in it, but in no landing file of the chain"),
    ] {
        if found.count == 0 {
            continue;
        }
        let inputs = lake.engine.inputs_that_spill(1, BATCH_ROWS).table(input, rows)?;
        let of = (input, if input == "landing" { identity.landed } else { "true" });
        let names = row_names(inputs, of, &identity, &found.keys).await?;
        tell(&format!("table {name}"), found, &names, what, report);
    }
    Ok(())
}

fn tell(place: &str, found: &Few, names: &[String], what: &str, report: &mut Report) {
    let more = if found.count as usize > names.len() { ", …" } else { "" };
    let frames = key_count(found.count, "frame");
    report.problem(format!("{place}: {frames} {what}: {}{more}", names.join(", ")));
}

/// Every payload is the one that its row's checksum is of.
async fn check_payloads(
    lake: &Lake,
    place: &str,
    (name, rows): (&str, Arc<dyn TableProvider>),
    report: &mut Report,
) -> anyhow::Result<()> {
    let is_landed = rows.schema().column_with_name("kind").is_some() && name == "landing";
    let called = match is_landed || rows.schema().column_with_name("page_view_id").is_some() {
        true => {
            "coalesce(page_view_id || ' chunk ' || cast(chunk_seq as varchar) || ' part ' || cast(part as varchar), '')"
        }
        false => "sha256 || ' of ' || cast(event_date as varchar)",
    };
    let asset = if is_landed { "coalesce(sha256, '')" } else { "''" };
    let sql =
        format!("select cast({called} as varchar), cast({asset} as varchar), checksum, bytes, payload from {name}");
    // A row may be half a megabyte.
    let inputs = lake.engine.inputs_of(REPLAY_BATCH_ROWS, 1).table(name, rows)?;
    let (mut altered, mut names) = (Few::default(), Vec::new());
    inputs
        .each(&sql, |batch, row| {
            let (checksum, bytes) = (number(batch, 2, row), number(batch, 3, row));
            let payload = batch.column(4).as_binary::<i32>().value(row);
            if xxh3_64(payload).cast_signed() != checksum || payload.len() as i64 != bytes {
                altered.count += 1;
                if names.len() < EXAMPLES_MAX {
                    names.push(format!("{}{}", text(batch, 0, row), text(batch, 1, row)));
                }
            }
        })
        .await?;
    if altered.count > 0 {
        tell(place, &altered, &names, "with another payload than landed", report);
    }
    Ok(())
}
