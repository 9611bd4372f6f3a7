//! One import: all files together are one commit, which replaces the days that they hold.
//!
//! So the same import twice gives the same table, a day that the provider rewrote gives way to its new rows, and an import that
//! ends early leaves the table as it was. An intraday export gives way to the daily one, never the other way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use chrono::NaiveDate;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Date32Type;
use datafusion::catalog::streaming::StreamingTable;
use deltalake_core::kernel::Add;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use uuid::Uuid;

use super::Provider;
use super::cells::{IDENTITY, PLACE, schema};
use super::intake::Intake;
use super::order::Order;
use super::rejects::Rejects;
use super::sink::Counts;
use crate::curated::file::Maker;
use crate::curated::scan::Scan;
use crate::curated::writer::{Written, discard, write};
use crate::curated::{Committed, CuratedFile, Version};
use crate::engine::memory_exhausted;
use crate::lake::Lake;
use crate::limits::{IMPORT_BATCH_ROWS, ROUND_TRIES_MAX};

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);

/// What an import did.
#[derive(Debug, Default)]
pub struct Summary {
    /// Rows that the table now holds of the days.
    pub rows: u64,
    /// The days that were replaced.
    pub days: Vec<NaiveDate>,
    /// Days that stay as they are, since they hold the daily export and this is an intraday one.
    pub days_kept: Vec<NaiveDate>,
    /// Rows that stood twice in the files.
    pub repeated: u64,
    /// Rows that the provider leaves out of its own reports.
    pub excluded: u64,
    pub rejected: u64,
    /// `FILE:LINE: reason` of the first rejected rows.
    pub rejected_named: Vec<String>,
    /// Key below the store's root, where rejected rows are kept, and how many of them.
    pub rejected_kept: Option<(String, u64)>,
}

/// Imports the files. `progress` is told the bytes read, and those of all files.
pub async fn import(lake: &Lake, order: Order, progress: impl FnMut(u64, u64)) -> anyhow::Result<Summary> {
    let bytes = order.check()?;
    let order = Arc::new(order);
    let counts = Arc::new(Counts::default());
    let written = watched(rows(lake, &order, &counts), &counts, bytes, progress).await;
    let rejects = counts.take_rejects();
    let kept = keep(lake, order.provider, &rejects).await;
    if let (Ok(written), Err(_)) = (&written, &kept) {
        discard(lake.store.objects(), order.provider.table(), &written.added).await;
    }
    let written = written.map_err(|error| match (counts.take_failure(), memory_exhausted(&error)) {
        (Some(own), _) => own,
        (None, Some(what)) => {
            anyhow!("the import needs more memory or disk than memory_bytes_max and spill_bytes_max allow ({what})")
        }
        (None, None) => error,
    })?;
    let mut summary = Summary {
        repeated: counts.taken.load(Ordering::Relaxed).saturating_sub(written.rows),
        excluded: counts.excluded.load(Ordering::Relaxed),
        rejected: rejects.count,
        rejected_named: rejects.named,
        rejected_kept: kept?,
        ..Summary::default()
    };
    if written.added.is_empty() {
        let Summary { rejected, excluded, .. } = summary;
        let first = summary.rejected_named.first().map_or(String::new(), |first| format!("; the first: {first}"));
        bail!(
            "no row could be taken ({rejected} rejected, {excluded} excluded by the provider{first}); nothing was changed"
        );
    }
    commit(lake, &order, written, &mut summary).await?;
    Ok(summary)
}

/// Waits for the rows to be written, and tells how far they are read.
async fn watched<T>(
    work: impl Future<Output = T>,
    counts: &Counts,
    bytes: u64,
    mut progress: impl FnMut(u64, u64),
) -> T {
    let mut work = std::pin::pin!(work);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => progress(counts.read.load(Ordering::Relaxed).min(bytes), bytes),
        }
    }
}

/// Reads all files into files of the table: sorted, each row once, the first of its kind. In one part, so that a batch of wide
/// rows fits.
async fn rows(lake: &Lake, order: &Arc<Order>, counts: &Arc<Counts>) -> anyhow::Result<Written> {
    let table = order.provider.table();
    let schema = schema(table);
    let intake = Intake { order: order.clone(), schema: schema.clone(), counts: counts.clone() };
    let rows = StreamingTable::try_new(schema, vec![Arc::new(intake)])?;
    let inputs = lake.engine.inputs_of(IMPORT_BATCH_ROWS, 1).table("rows", Arc::new(rows))?;
    let (columns, sort_order) = (table.columns().join(", "), table.sort_order);
    let sorted = format!(
        "select {columns} from (select *, row_number() over (partition by {sort_order}, {IDENTITY} order by {PLACE}) as nth \
         from rows) where nth = 1 order by {sort_order}"
    );
    write(lake.store.objects(), (table, Maker::Any), inputs.select(&sorted).await?).await
}

/// Keeps rejected rows beside the table, before anything is committed.
async fn keep(lake: &Lake, provider: Provider, rejects: &Rejects) -> anyhow::Result<Option<(String, u64)>> {
    if rejects.kept.is_empty() {
        return Ok(None);
    }
    let key = format!("warehouse/_rejected/{}/{}.jsonl", provider.table().name, Uuid::now_v7());
    let put = lake.store.objects().put(&Path::from(key.as_str()), rejects.kept.clone().into()).await;
    put.with_context(|| format!("cannot write {key}"))?;
    Ok(Some((key, rejects.kept_count)))
}

/// Puts the new files in the place of those of their days.
async fn commit(lake: &Lake, order: &Order, written: Written, summary: &mut Summary) -> anyhow::Result<()> {
    let (objects, curated) = (lake.store.objects(), lake.table(order.provider.table()));
    let all = written.added;
    for _ in 0..ROUND_TRIES_MAX {
        let tried = async {
            let base = curated.ready().await?;
            let kept =
                if order.is_intraday() { daily_days(lake, &base, &order.site_id).await? } else { BTreeSet::new() };
            let (back, added): (Vec<Add>, Vec<Add>) = all.iter().cloned().partition(|add| kept.contains(&day(add)));
            let days: BTreeSet<i32> = added.iter().map(day).collect();
            let removed: Vec<&CuratedFile> = base
                .files
                .iter()
                .filter(|file| file.site_id == order.site_id && days.contains(&file.event_date))
                .collect();
            let landed = added.is_empty()
                || match curated.replace(&base, &removed, &added).await? {
                    Committed::Landed(_) => true,
                    Committed::Refused(_) => false,
                };
            anyhow::Ok(landed.then_some((back, added, days)))
        };
        match tried.await {
            Ok(None) => {}
            Ok(Some((back, added, days))) => {
                discard(objects, order.provider.table(), &back).await;
                let dates = |days: &mut dyn Iterator<Item = i32>| days.filter_map(NaiveDate::from_epoch_days).collect();
                summary.rows = added.iter().filter_map(rows_of).sum();
                summary.days = dates(&mut days.into_iter());
                summary.days_kept = dates(&mut back.iter().map(day).collect::<BTreeSet<_>>().into_iter());
                return Ok(());
            }
            Err(error) => {
                discard(objects, order.provider.table(), &all).await;
                return Err(error);
            }
        }
    }
    discard(objects, order.provider.table(), &all).await;
    bail!("others changed the table {ROUND_TRIES_MAX} times meanwhile; nothing was changed, try again")
}

/// Days of the site that hold the daily export.
async fn daily_days(lake: &Lake, base: &Version, site_id: &str) -> anyhow::Result<BTreeSet<i32>> {
    let files: Vec<&CuratedFile> = base.files.iter().filter(|file| file.site_id == site_id).collect();
    let mut days = BTreeSet::new();
    if files.is_empty() {
        return Ok(days);
    }
    let inputs = lake.engine.inputs().table("rows", Scan::some(base, &files))?;
    let sql = "select distinct event_date from rows where export = 'daily'";
    inputs
        .each(sql, |batch, row| {
            days.insert(batch.column(0).as_primitive::<Date32Type>().value(row));
        })
        .await?;
    Ok(days)
}

/// The partition's day, in days since the epoch.
fn day(add: &Add) -> i32 {
    let text = add.partition_values.get("event_date").cloned().flatten().unwrap_or_default();
    text.parse::<NaiveDate>().map_or(0, |date| date.to_epoch_days())
}

fn rows_of(add: &Add) -> Option<u64> {
    let statistics: serde_json::Value = serde_json::from_str(add.stats.as_deref()?).ok()?;
    statistics["numRecords"].as_u64()
}
