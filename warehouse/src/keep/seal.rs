//! Seals links: proves that their rows stand in `events`, and enters them into the books. See [`crate::books`].

use std::sync::Arc;

use anyhow::{bail, ensure};
use deltalake_core::protocol::DeltaOperation;
use schemas::landing::Link;

use crate::books::Cells;
use crate::books::compare::{compare, names};
use crate::curated::scan::Scan;
use crate::curated::{Committed, Version};
use crate::lake::Lake;
use crate::limits::ROUND_TRIES_MAX;
use crate::progress::Kept;
use crate::tables::EVENTS;

/// Links that every table has taken in and that are not sealed, by partition and offset.
pub(super) async fn open_links(lake: &Lake) -> anyhow::Result<Vec<Arc<Link>>> {
    let events = lake.table(&EVENTS).newest().await?;
    let (books, taken) = (lake.books(&events).await?, lake.least_progress().await?);
    let all = lake.chains.all().await?.into_values().flatten();
    Ok(all.filter(|link| taken.covers(link) && !books.is_sealed(link)).collect())
}

/// Seals those of the open links that are wanted; gives how many.
pub(super) async fn seal(lake: &Lake, wanted: impl Fn(&Link) -> bool) -> anyhow::Result<u64> {
    for _ in 0..ROUND_TRIES_MAX {
        let base = lake.table(&EVENTS).newest().await?;
        let mut links = open_links(lake).await?;
        links.retain(|link| wanted(link) && base.progress.covers(link));
        if links.is_empty() {
            return Ok(0);
        }
        let cells = prove(lake, &base, &links).await?;
        let mut books = lake.books(&base).await?.as_ref().clone();
        books.seal(links.iter().map(AsRef::as_ref), &cells);
        let kept = Kept { books: books.store(&lake.store, &EVENTS, base.kept.books).await?, ..base.kept.clone() };
        if let Committed::Landed(_) = lake.table(&EVENTS).keep(&base, (&[], Vec::new()), &kept, sealing()).await? {
            return Ok(links.len() as u64);
        }
    }
    bail!("links cannot be sealed: {ROUND_TRIES_MAX} commits in a row were won by others")
}

/// An operation of the log that adds and removes no file.
pub(super) fn sealing() -> DeltaOperation {
    DeltaOperation::SetTableProperties { properties: std::collections::HashMap::new() }
}

/// The events that the links brought, which all stand in the table.
async fn prove(lake: &Lake, base: &Version, links: &[Arc<Link>]) -> anyhow::Result<Cells> {
    let landing = Scan::landing(links);
    let inputs = || lake.engine.inputs().table("events", Scan::version(base));
    let own = inputs()?.select(&format!("select * from events where {}", brought_by(links))).await?;
    let mut compared = compare(&lake.engine, landing.clone(), own.into_view()).await?;
    if compared.lost.count > 0 {
        // What came again of an event that another link brought stands in the table by that one.
        compared = compare(&lake.engine, landing.clone(), Scan::version(base)).await?;
    }
    if compared.lost.count > 0 {
        let named = names(&inputs()?.table("landing", landing)?, "landing", &compared.lost.keys).await?;
        bail!(
            "{} landed events are missing in the table events, such as {}: nothing was removed; see `warehouse verify`",
            compared.lost.count,
            named.join(", ")
        );
    }
    ensure!(
        compared.doubled.count == 0,
        "{} events stand in the table events more than once: nothing was removed; see `warehouse verify`",
        compared.doubled.count
    );
    Ok(compared.own)
}

/// Condition on rows of a table that say where they stood in Kafka.
pub(super) fn brought_by(links: &[Arc<Link>]) -> String {
    let mut ranges: Vec<(i32, i64, i64)> = Vec::new();
    for link in links {
        match ranges.last_mut().filter(|(partition, _, end)| *partition == link.partition && *end + 1 == link.start) {
            Some((_, _, end)) => *end = link.end,
            None => ranges.push((link.partition, link.start, link.end)),
        }
    }
    let ranges = ranges.into_iter().map(|(partition, start, end)| {
        format!("(kafka_partition = {partition} and kafka_offset between {start} and {end})")
    });
    ranges.collect::<Vec<_>>().join(" or ")
}
