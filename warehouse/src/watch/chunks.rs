//! Frames of some page views, compacted or only landed, each once: by the rule of compaction, asked for these page views alone.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::TableProvider;
use schemas::landing::Link;
use uuid::Uuid;

use crate::curated::Version;
use crate::curated::scan::Scan;
use crate::lake::Lake;
use crate::limits::{BATCH_ROWS, FRAMES_READ_BYTES, NAMED_IDS_MAX, REPLAY_BATCH_ROWS, SESSION_FRAMES_MAX};
use crate::query::{Failure, Scope};
use crate::tables::REPLAY_CHUNKS;
use crate::watch::unread;

const COLUMNS: &str = "site_id, visitor_id, page_view_id, kind, chunk_seq, part, parts, kafka_partition, kafka_offset, first_q, last_q, \
                       events, nodes, raw_bytes, bytes, first_at, last_at, viewport_width, viewport_height, clock_error_ms, partial, \
                       final, assets";

/// A chunk's frames, in the order of their parts.
pub(super) type Chunk<'a> = &'a [Frame];

/// Of frames in their order; none for one that is gone.
pub(super) type Payloads = Vec<Option<Vec<u8>>>;

/// What is known of a frame without its payload.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    pub site_id: String,
    pub visitor_id: String,
    pub page_view_id: String,
    pub is_snapshot: bool,
    pub seq: i64,
    pub part: i64,
    pub parts: i64,
    /// Partition and offset.
    pub origin: (i64, i64),
    pub first_q: Option<i64>,
    pub last_q: Option<i64>,
    pub events: Option<i64>,
    pub nodes: Option<i64>,
    pub raw_bytes: i64,
    pub bytes: i64,
    /// Epoch microseconds, the server's clock.
    pub first_at: i64,
    pub last_at: i64,
    pub viewport: (Option<f64>, Option<f64>),
    pub clock_error_ms: Option<f64>,
    pub partial: bool,
    pub ended: bool,
    pub assets: Vec<String>,
    is_curated: bool,
}

/// The table of chunks at one moment. The version is read before the chain, so no frame falls between them.
pub(super) struct Chunks<'a> {
    lake: &'a Lake,
    scope: &'a Scope,
    /// The site of all page views that are asked for, where it is known.
    site_id: Option<&'a str>,
    base: Arc<Version>,
    links: Vec<Arc<Link>>,
}

impl<'a> Chunks<'a> {
    pub(super) async fn open(lake: &'a Lake, scope: &'a Scope, site_id: Option<&'a str>) -> Result<Self, Failure> {
        let open = async {
            let base = lake.recordings.table(&REPLAY_CHUNKS).newest().await?;
            let mut links = lake.recordings.chains.links_after(&base.progress).await?;
            links.retain(|link| !link.files.is_empty());
            anyhow::Ok(Self { lake, scope, site_id, base, links })
        };
        open.await.map_err(unread)
    }

    /// All frames of these page views that the scope holds, in the order of their chunks and parts.
    pub(super) async fn of(&self, page_views: &[Uuid]) -> Result<Vec<Frame>, Failure> {
        let mut found: HashMap<(String, String, i64, i64), Frame> = HashMap::new();
        if page_views.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = page_views.iter().map(|id| format!("'{id}'")).collect();
        let condition = format!("page_view_id in ({})", ids.join(", "));
        let mut count = 0;
        for (is_curated, rows) in self.sources() {
            let sql = format!("select {COLUMNS} from chunks where {condition} and kind <> 'asset'");
            let take = |batch: &RecordBatch| {
                count += batch.num_rows();
                anyhow::ensure!(count <= SESSION_FRAMES_MAX, TooMany);
                for frame in (0..batch.num_rows()).map(|row| frame(batch, row, is_curated)) {
                    if !self.scope.holds(&frame.site_id) {
                        continue;
                    }
                    let name = (frame.site_id.clone(), frame.page_view_id.clone(), frame.seq, frame.part);
                    let first = found.entry(name).or_insert_with(|| frame.clone());
                    // What is compacted stands; of what has only landed, what came first will.
                    if !first.is_curated && frame.origin < first.origin {
                        *first = frame;
                    }
                }
                Ok(())
            };
            self.select(rows, (&sql, BATCH_ROWS), take).await?;
        }
        let mut found: Vec<Frame> = found.into_values().collect();
        found.sort_unstable_by(|a, b| {
            let key = |frame: &Frame| (frame.seq, frame.part);
            (&a.site_id, &a.page_view_id).cmp(&(&b.site_id, &b.page_view_id)).then(key(a).cmp(&key(b)))
        });
        Ok(found)
    }

    /// Some chunks of one page view with the payloads of their frames; none for one that is gone meanwhile.
    pub(super) async fn payloads_of<'b>(&self, chunks: &[Chunk<'b>]) -> Result<Vec<(Chunk<'b>, Payloads)>, Failure> {
        let frames: Vec<&Frame> = chunks.iter().flat_map(|chunk| chunk.iter()).collect();
        let mut payloads = self.payloads(&frames).await?.into_iter();
        Ok(chunks.iter().map(|chunk| (*chunk, payloads.by_ref().take(chunk.len()).collect())).collect())
    }

    async fn payloads(&self, frames: &[&Frame]) -> Result<Payloads, Failure> {
        let mut payloads = vec![None; frames.len()];
        let Some(first) = frames.first() else { return Ok(payloads) };
        let id = Uuid::try_parse(&first.page_view_id).map_err(Failure::ours)?;
        let chunks = among(&frames.iter().map(|frame| frame.seq).collect());
        let places: HashMap<_, _> = frames.iter().enumerate().map(|(place, frame)| (frame.origin, place)).collect();
        for (is_curated, rows) in self.sources() {
            if frames.iter().all(|frame| frame.is_curated != is_curated) {
                continue;
            }
            let sql = format!(
                "select kafka_partition, kafka_offset, payload from chunks \
                 where page_view_id = '{id}' and {chunks}"
            );
            let take = |batch: &RecordBatch| {
                for row in 0..batch.num_rows() {
                    let origin = (whole(batch, 0, row).unwrap_or(-1), whole(batch, 1, row).unwrap_or(-1));
                    if let Some(place) = places.get(&origin) {
                        payloads[*place] = Some(batch.column(2).as_binary::<i32>().value(row).to_vec());
                    }
                }
                Ok(())
            };
            self.select(rows, (&sql, REPLAY_BATCH_ROWS), take).await?;
        }
        Ok(payloads)
    }

    /// What was compacted, then what has landed since. Files of other sites are not read.
    fn sources(&self) -> Vec<(bool, Arc<dyn TableProvider>)> {
        let wanted = |site_id: &str| self.scope.holds(site_id) && self.site_id.is_none_or(|wanted| wanted == site_id);
        let files: Vec<_> = self.base.files.iter().filter(|file| wanted(&file.site_id)).collect();
        let mut sources: Vec<(bool, Arc<dyn TableProvider>)> = Vec::new();
        if !files.is_empty() {
            sources.push((true, Scan::some(&self.base, &files)));
        }
        if !self.links.is_empty() {
            sources.push((false, Scan::frames(&self.links)));
        }
        sources
    }

    async fn select(
        &self,
        rows: Arc<dyn TableProvider>,
        (sql, batch_rows): (&str, usize),
        take: impl FnMut(&RecordBatch) -> anyhow::Result<()>,
    ) -> Result<(), Failure> {
        let inputs = self.lake.engine.inputs_of_few_rows(batch_rows).table("chunks", rows).map_err(unread)?;
        inputs.each_batch(sql, take).await.map_err(|error| match error.downcast_ref::<TooMany>() {
            Some(TooMany) => Failure::too_costly(TooMany),
            None => unread(error),
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the recording has more than {SESSION_FRAMES_MAX} frames; ask the table replay_chunks for a part of it")]
struct TooMany;

/// How many of the first chunks are read together.
pub(super) fn at_once(chunks: &[Chunk<'_>]) -> usize {
    let mut bytes = 0;
    let fit = chunks.iter().take_while(|chunk| {
        bytes += chunk.iter().map(|frame| usize::try_from(frame.bytes).unwrap_or(usize::MAX)).sum::<usize>();
        bytes <= FRAMES_READ_BYTES
    });
    fit.count().max(1)
}

/// A condition on the numbers of chunks: those between the least and the greatest, and where only a few of these are wanted, which.
fn among(seqs: &BTreeSet<i64>) -> String {
    let (least, greatest) = (seqs.first().copied().unwrap_or_default(), seqs.last().copied().unwrap_or_default());
    let between = format!("chunk_seq between {least} and {greatest}");
    match seqs.len() {
        count if count > NAMED_IDS_MAX || greatest - least < count as i64 => between,
        _ => {
            let each: Vec<String> = seqs.iter().map(i64::to_string).collect();
            format!("{between} and chunk_seq in ({})", each.join(", "))
        }
    }
}

fn frame(batch: &RecordBatch, row: usize, is_curated: bool) -> Frame {
    let text = |column: usize| batch.column(column).as_string_view().value(row).to_owned();
    let required = |column: usize| whole(batch, column, row).unwrap_or_default();
    let time = |column: usize| batch.column(column).as_primitive::<TimestampMicrosecondType>().value(row);
    let number = |column: usize| {
        let column = batch.column(column).as_primitive::<Float64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let flag = |column: usize| batch.column(column).as_boolean().value(row);
    let assets = batch.column(22).as_list::<i32>();
    let assets = if assets.is_valid(row) { texts(&assets.value(row)) } else { Vec::new() };
    Frame {
        site_id: text(0),
        visitor_id: text(1),
        page_view_id: text(2),
        is_snapshot: text(3) == "snapshot",
        seq: required(4),
        part: required(5),
        parts: required(6),
        origin: (required(7), required(8)),
        first_q: whole(batch, 9, row),
        last_q: whole(batch, 10, row),
        events: whole(batch, 11, row),
        nodes: whole(batch, 12, row),
        raw_bytes: required(13),
        bytes: required(14),
        first_at: time(15),
        last_at: time(16),
        viewport: (number(17), number(18)),
        clock_error_ms: number(19),
        partial: flag(20),
        ended: flag(21),
        assets,
        is_curated,
    }
}

fn whole(batch: &RecordBatch, column: usize, row: usize) -> Option<i64> {
    let column = batch.column(column).as_primitive::<Int64Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn texts(values: &dyn Array) -> Vec<String> {
    match values.as_string_opt::<i32>() {
        Some(texts) => texts.iter().flatten().map(str::to_owned).collect(),
        None => values.as_string_view().iter().flatten().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_chunks_far_apart_those_between_are_not_read() {
        assert_eq!(among(&[3, 4, 5].into()), "chunk_seq between 3 and 5");
        assert_eq!(among(&[3, 90].into()), "chunk_seq between 3 and 90 and chunk_seq in (3, 90)");
        assert_eq!(among(&(0..100).map(|seq| seq * 2).collect()), "chunk_seq between 0 and 198");
    }
}
