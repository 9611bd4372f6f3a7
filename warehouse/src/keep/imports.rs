//! Other providers' exports: rows that go, and what was rejected of them.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};

use super::Removed;
use super::find::{Text, any_in};
use super::removal::State;
use super::rewrite::Going;
use crate::curated::scan::Scan;
use crate::engine::inputs::text;
use crate::lake::Lake;
use crate::limits::{COOKIE_TEXT_MIN, ROUND_TRIES_MAX};
use crate::progress::quoted;
use crate::tables::{EVENTS, IMPORTED, Table, adobe_hits, ga4_events};

/// What names a visitor in other providers' exports: the cookies by which their events are joined with these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cookies {
    /// Of `_ga`: `user_pseudo_id` there.
    ga_client_ids: BTreeSet<String>,
    /// Experience Cloud ids: `ecid` there.
    adobe_ecids: BTreeSet<String>,
}

impl Cookies {
    /// Those of the events that meet a condition.
    pub(super) async fn of(lake: &Lake, condition: &str) -> anyhow::Result<Self> {
        let mut cookies = Self::default();
        let events = lake.table(&EVENTS).newest().await?;
        if !events.exists() {
            return Ok(cookies);
        }
        let inputs = lake.engine.inputs().table("events", Scan::version(&events))?;
        let sql = format!(
            "select distinct cast(coalesce(ga_client_id, '') as varchar), cast(coalesce(adobe_ecid, '') as varchar) from events where {condition}"
        );
        inputs
            .each(&sql, |batch, row| {
                cookies.ga_client_ids.insert(text(batch, 0, row).to_owned());
                cookies.adobe_ecids.insert(text(batch, 1, row).to_owned());
            })
            .await?;
        cookies.ga_client_ids.remove("");
        cookies.adobe_ecids.remove("");
        Ok(cookies)
    }

    /// Those that are long enough to be looked for in texts.
    pub(super) fn texts(&self) -> Vec<&str> {
        let all = self.ga_client_ids.iter().chain(&self.adobe_ecids);
        all.map(String::as_str).filter(|cookie| cookie.len() >= COOKIE_TEXT_MIN).collect()
    }

    /// Condition on rows of an imported table of a site.
    fn condition(&self, table: &Table, site_id: &str) -> Option<String> {
        let (column, ids) = if *table == ga4_events::TABLE {
            ("user_pseudo_id", &self.ga_client_ids)
        } else if *table == adobe_hits::TABLE {
            ("ecid", &self.adobe_ecids)
        } else {
            return None;
        };
        let list: Vec<String> = ids.iter().map(|id| quoted(id)).collect();
        (!list.is_empty()).then(|| format!("(site_id = {} and {column} in ({}))", quoted(site_id), list.join(", ")))
    }
}

/// Erases the rows that the cookies name from all imported tables, and the rejected rows in which one of them stands.
pub(super) async fn erase(lake: &Lake, cookies: &Cookies, site_id: &str) -> anyhow::Result<Vec<Removed>> {
    let texts: Vec<Text> = cookies.texts().into_iter().map(Text::new).collect();
    let mut all = Vec::new();
    for table in IMPORTED.iter().copied() {
        let Some(condition) = cookies.condition(table, site_id) else { continue };
        all.push(remove(lake, table, &condition).await?);
        erase_rejected(lake, table, &texts).await?;
    }
    Ok(all)
}

/// Rows of imported tables that the cookies still name.
pub(super) async fn left(lake: &Lake, cookies: &Cookies, site_id: &str) -> anyhow::Result<u64> {
    let mut left = 0;
    for table in IMPORTED.iter().copied() {
        let version = lake.table(table).newest().await?;
        let (true, Some(condition)) = (version.exists(), cookies.condition(table, site_id)) else { continue };
        let inputs = lake.engine.inputs().table("curated", Scan::version(&version))?;
        left += u64::try_from(inputs.number(&format!("select count(*) from curated where {condition}")).await?)?;
    }
    Ok(left)
}

/// Removes rows of an imported table.
pub(super) async fn remove(lake: &Lake, table: &'static Table, condition: &str) -> anyhow::Result<Removed> {
    for _ in 0..ROUND_TRIES_MAX {
        let base = lake.table(table).newest().await?;
        let kept = base.kept.clone();
        let state = State::of_rows(lake, base, Going::rows(condition.to_owned())).await?;
        let removed = state.removed();
        // Without rows no commit is made: nothing of an import that runs could be fenced off by it.
        if removed.rows == 0 || state.replace(lake, &kept).await? {
            return Ok(removed);
        }
    }
    bail!("rows cannot be removed from {table:?}: {ROUND_TRIES_MAX} commits in a row were won by others")
}

/// Takes the lines with one of the texts out of the files of rejected rows.
async fn erase_rejected(lake: &Lake, table: &Table, texts: &[Text]) -> anyhow::Result<()> {
    let folder = Path::from(format!("warehouse/_rejected/{}", table.name));
    let objects = lake.store.objects();
    let files: Vec<ObjectMeta> =
        objects.list(Some(&folder)).try_collect().await.with_context(|| format!("cannot list {folder}"))?;
    for file in files {
        let key = file.location;
        let bytes = objects.get(&key).await.with_context(|| format!("cannot read {key}"))?;
        let bytes = bytes.bytes().await.with_context(|| format!("cannot read {key}"))?;
        let has = |line: &&[u8]| any_in(texts, line);
        let stays: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| !has(line)).collect();
        let stays = stays.concat();
        if stays.len() < bytes.len() {
            objects.put(&key, stays.into()).await.with_context(|| format!("cannot write {key}"))?;
        }
    }
    Ok(())
}
