//! Seals links: proves that their frames stand in a table, payloads unchanged, and enters them into its books.

use std::sync::Arc;

use anyhow::{bail, ensure};
use schemas::landing::Link;

use super::super::seal::{brought_by, sealing};
use crate::books::Cells;
use crate::books::compare::{compare_rows, row_names};
use crate::curated::scan::Scan;
use crate::curated::{Committed, Version};
use crate::lake::Lake;
use crate::limits::ROUND_TRIES_MAX;
use crate::progress::Kept;
use crate::replay::identity;
use crate::tables::Table;

/// Links that a table has taken in and that are not in its books, by partition and offset.
pub(super) async fn open_links(lake: &Lake, version: &Version) -> anyhow::Result<Vec<Arc<Link>>> {
    let books = lake.books(version).await?;
    let all = lake.recordings.chains.all().await?.into_values().flatten();
    Ok(all.filter(|link| version.progress.covers(link) && !books.is_sealed(link)).collect())
}

/// Seals those of the open links of a table that are wanted; gives how many.
pub(super) async fn seal(lake: &Lake, table: &'static Table, wanted: impl Fn(&Link) -> bool) -> anyhow::Result<u64> {
    for _ in 0..ROUND_TRIES_MAX {
        let base = lake.table(table).newest().await?;
        let mut links = open_links(lake, &base).await?;
        links.retain(|link| wanted(link));
        if links.is_empty() {
            return Ok(0);
        }
        let cells = prove(lake, &base, &links).await?;
        let mut books = lake.books(&base).await?.as_ref().clone();
        books.seal(links.iter().map(AsRef::as_ref), &cells);
        let kept = Kept { books: books.store(&lake.store, table, base.kept.books).await?, ..base.kept.clone() };
        if let Committed::Landed(_) = lake.table(table).keep(&base, (&[], Vec::new()), &kept, sealing()).await? {
            return Ok(links.len() as u64);
        }
    }
    bail!("links of recordings cannot be sealed: {ROUND_TRIES_MAX} commits in a row were won by others")
}

/// The frames that the links brought, which all stand in the table.
async fn prove(lake: &Lake, base: &Version, links: &[Arc<Link>]) -> anyhow::Result<Cells> {
    let (identity, landing) = (identity(base.table), Scan::frames(links));
    let rows = lake.engine.inputs().table("frames", Scan::version(base))?;
    let own = rows.select(&format!("select * from frames where {}", brought_by(links))).await?;
    let mut compared = compare_rows(&lake.engine, &identity, landing.clone(), own.into_view()).await?;
    if compared.lost.count > 0 {
        // What came again of a frame that another link brought stands in the table by that one.
        compared = compare_rows(&lake.engine, &identity, landing.clone(), Scan::version(base)).await?;
    }
    let table = base.table;
    if compared.lost.count > 0 {
        let inputs = lake.engine.inputs().table("landing", landing)?;
        let named = row_names(inputs, ("landing", identity.landed), &identity, &compared.lost.keys).await?;
        bail!(
            "{} landed frames are missing in the table {table:?}, such as {}: nothing was removed; see `warehouse verify`",
            compared.lost.count,
            named.join(", ")
        );
    }
    for (found, what) in [(&compared.doubled, "stand more than once"), (&compared.altered, "differ from what landed")] {
        ensure!(
            found.count == 0,
            "{} frames {what} in the table {table:?}: nothing was removed; see `warehouse verify`",
            found.count
        );
    }
    Ok(compared.own)
}
