//! Files that nothing needs: of tables, of the landing zone, of the books.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use schemas::landing::{Link, data_prefix};

use super::zone::Zone;
use crate::books::generations;
use crate::curated::Leftover;
use crate::lake::Lake;
use crate::limits::ORPHANS_KEPT;
use crate::tables::Table;
use landing::Staged;

/// Files of the landing zone.
pub(super) struct Landed {
    /// Of links that are sealed, each with its link.
    pub sealed: Vec<(Arc<Link>, ObjectMeta)>,
    /// Data that no link names, and states that no worker would resume from.
    pub orphans: Vec<ObjectMeta>,
}

/// Looks through a landing zone; orphans are those that were written before `old`.
pub(super) async fn landed(lake: &Lake, zone: &Zone<'_>, old: DateTime<Utc>) -> anyhow::Result<Landed> {
    // The files first: a link that comes in between names a file that was listed, never the other way round.
    let objects = lake.store.objects();
    let files = list(objects, &data_prefix(zone.topic)).await?;
    let states = list(objects, &format!("landing/state/{}", zone.topic)).await?;
    let chains = zone.chains.all().await?;
    let named: HashMap<&str, &Arc<Link>> = chains
        .values()
        .flatten()
        .flat_map(|link| link.files.iter().map(move |file| (file.path.as_str(), link)))
        .collect();
    let mut found = Landed { sealed: Vec::new(), orphans: Vec::new() };
    for file in files {
        match named.get(file.location.as_ref()) {
            Some(link) if zone.is_sealed(link) => found.sealed.push((Arc::clone(link), file)),
            Some(_) => {}
            None if file.last_modified < old => found.orphans.push(file),
            None => {}
        }
    }
    let live = states_named(&chains);
    found.orphans.extend(
        states.into_iter().filter(|state| state.last_modified < old && !live.contains(state.location.as_ref())),
    );
    Ok(found)
}

/// All links, those that are sealed with the files that are still there.
pub(super) async fn there(lake: &Lake, zone: &Zone<'_>) -> anyhow::Result<Vec<Arc<Link>>> {
    let sealed = landed(lake, zone, Utc::now()).await?.sealed;
    let there: HashSet<String> = sealed.into_iter().map(|(_, file)| file.location.to_string()).collect();
    let mut links: Vec<_> = zone.chains.all().await?.into_values().flatten().collect();
    for link in links.iter_mut().filter(|link| zone.is_sealed(link)) {
        Arc::make_mut(link).files.retain(|file| there.contains(&file.path));
    }
    Ok(links)
}

fn states_named(chains: &BTreeMap<i32, Vec<Arc<Link>>>) -> HashSet<&str> {
    chains.values().filter_map(|links| links.last()).flat_map(|link| link.state.iter().map(String::as_str)).collect()
}

/// Files of a table that nobody reads any more: those that a version has named until `removed_before`, and those that were written
/// before it and that none will ever name, since whoever wrote them was killed.
///
/// A round is committed again as it is where nothing but rounds came before it, so its files are given up when a commit of another
/// kind is younger than they are. Where there is none, a day tells, and a younger commit of any kind. An import names its files
/// whatever was committed meanwhile: these are told by the day alone.
pub(super) async fn of_table(
    lake: &Lake,
    table: &'static Table,
    removed_before: DateTime<Utc>,
) -> anyhow::Result<Vec<Leftover>> {
    let curated = lake.table(table);
    let mut left = curated.leftovers().await?;
    left.retain(|file| file.since < removed_before);
    if left.iter().all(|file| file.removed) {
        return Ok(left);
    }
    let mut given_up = Utc::now() - chrono::Duration::from_std(ORPHANS_KEPT)?;
    if !table.is_imported() {
        let newest = curated.newest().await?;
        given_up = given_up.min(curated.committed_at(newest.number).await?);
        // The log need not be gone through for what is old.
        if left.iter().any(|file| !file.removed && file.since >= given_up) {
            given_up = curated.fenced_at(&newest).await?.map_or(given_up, |fence| fence.max(given_up));
        }
    }
    left.retain(|file| file.removed || file.since < given_up);
    Ok(left)
}

/// Generations of the books of a table that no commit names any more.
pub(super) async fn old_books(
    lake: &Lake,
    table: &'static Table,
    old: DateTime<Utc>,
) -> anyhow::Result<Vec<ObjectMeta>> {
    let known = generations(&lake.store, table).await?;
    let named = lake.table(table).newest().await?.kept.books;
    Ok(known.into_iter().filter(|(of, file)| *of != named && file.last_modified < old).map(|(_, file)| file).collect())
}

/// What was cut off before it got its name, before `old`: of the landing zone, of tables, and of their logs. Lists do not show it.
pub(super) async fn staged(lake: &Lake, old: DateTime<Utc>) -> anyhow::Result<Vec<Staged>> {
    let mut staged = lake.store.staged().await?;
    staged.retain(|file| file.since < old);
    Ok(staged)
}

/// Deletes that; what is gone already is none of the count.
pub(super) async fn delete_staged(files: &[Staged]) -> anyhow::Result<u64> {
    let mut deleted = 0;
    for file in files {
        deleted += u64::from(file.remove().await?);
    }
    Ok(deleted)
}

/// Deletes files of the store; those that are gone already are none of the count.
pub(super) async fn delete(lake: &Lake, files: &[Path]) -> anyhow::Result<u64> {
    let mut deleted = 0;
    for file in files {
        match lake.store.objects().delete(file).await {
            Ok(()) => deleted += 1,
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot delete {file}")),
        }
    }
    Ok(deleted)
}

async fn list(objects: &Arc<dyn ObjectStore>, folder: &str) -> anyhow::Result<Vec<ObjectMeta>> {
    objects.list(Some(&Path::from(folder))).try_collect().await.with_context(|| format!("cannot list {folder}"))
}
