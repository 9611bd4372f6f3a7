//! Which landed frames are new to a table. Reads names and places; no payload.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use schemas::landing::Link;

use super::{name_columns, name_of, rule};
use crate::curated::Version;
use crate::curated::scan::Scan;
use crate::engine::Engine;
use crate::engine::inputs::{number, text};
use crate::merge::visitors::Key;
use crate::tables::{REPLAY_CHUNKS, Table};

/// Where a frame stood in Kafka: partition and offset.
pub(crate) type Origin = (i64, i64);

/// Landed frames of a table, each once.
#[derive(Debug, Default)]
struct Taken {
    /// Of each name the first frame, by partition and offset.
    frames: HashMap<Key, Origin>,
    /// Least and greatest page view; of chunks.
    page_views: Option<(String, String)>,
}

/// The frames of some links that a table takes, whatever stands in it.
async fn taken(engine: &Engine, table: &Table, links: &[Arc<Link>]) -> anyhow::Result<Taken> {
    let mut taken = Taken::default();
    let is_of_page_views = *table == REPLAY_CHUNKS;
    let (names, own) = (name_columns(table), rule(table).own);
    let sql = format!("select {names}, kafka_partition, kafka_offset from landing where {own}");
    let after_names = 1 + rule(table).name.len();
    let inputs = engine.inputs().table("landing", Scan::frames(links))?;
    inputs
        .each(&sql, |batch, row| {
            let frame = origin(batch, after_names, row);
            let first = taken.frames.entry(name_of(table, batch, row)).or_insert(frame);
            *first = (*first).min(frame);
            if is_of_page_views {
                widen(&mut taken.page_views, text(batch, 1, row));
            }
        })
        .await?;
    Ok(taken)
}

/// The origins of the frames of some links that are new to a version of a table.
pub(super) async fn fresh(engine: &Engine, base: &Version, links: &[Arc<Link>]) -> anyhow::Result<HashSet<Origin>> {
    let table = base.table;
    let mut taken = taken(engine, table, links).await?;
    if !base.files.is_empty() && !taken.frames.is_empty() {
        // Ids of page views begin with their time: files and pages of other days are not read.
        let condition = match &taken.page_views {
            Some((least, greatest)) => format!(" where page_view_id between '{least}' and '{greatest}'"),
            None => String::new(),
        };
        let sql = format!("select {} from curated{condition}", name_columns(table));
        let inputs = engine.inputs().table("curated", Scan::version(base))?;
        inputs
            .each(&sql, |batch, row| {
                taken.frames.remove(&name_of(table, batch, row));
            })
            .await?;
    }
    Ok(taken.frames.into_values().collect())
}

fn origin(batch: &RecordBatch, column: usize, row: usize) -> Origin {
    (number(batch, column, row), number(batch, column + 1, row))
}

fn widen(bounds: &mut Option<(String, String)>, id: &str) {
    match bounds {
        None => *bounds = Some((id.to_owned(), id.to_owned())),
        Some((least, _)) if id < least.as_str() => *least = id.to_owned(),
        Some((_, greatest)) if id > greatest.as_str() => *greatest = id.to_owned(),
        Some(_) => {}
    }
}
