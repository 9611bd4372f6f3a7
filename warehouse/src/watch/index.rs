//! What there is of a session: its page views, of each the chunks without payloads, and what is missing of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::chunks::{Chunks, Frame};
use super::session::{Seen, Told, seen};
use super::{asset, ms, not_found, unread};
use crate::lake::Lake;
use crate::limits::ASSETS_NAMED_MAX;
use crate::query::{Failure, Scope};

/// How `capture_degraded` begins where it says why a page is not recorded; the reason follows.
const NOT_RECORDED: &str = "replay:";

/// A chunk, its parts together.
#[derive(Serialize)]
struct Chunk {
    seq: i64,
    kind: &'static str,
    first_at: f64,
    last_at: f64,
    first_q: Option<i64>,
    last_q: Option<i64>,
    events: Option<i64>,
    nodes: Option<i64>,
    bytes: i64,
    raw_bytes: i64,
    viewport: (Option<f64>, Option<f64>),
    partial: bool,
    #[serde(rename = "final")]
    ended: bool,
    /// Whether all of its parts are there.
    whole: bool,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Books {
    expected: i64,
    received: i64,
    lost: i64,
}

#[derive(Serialize)]
struct PageView {
    page_view_id: String,
    tab_id: String,
    page_url: Option<String>,
    page_title: Option<String>,
    /// `recorded`, or why it is not, as its SDK said it (web/README.md); none where nobody said anything.
    replay: Option<String>,
    started_at: Option<f64>,
    ended_at: Option<f64>,
    /// How far the clock of its times may be wrong, at worst.
    clock_error_ms: Option<f64>,
    ledger: Books,
    /// Whether its recording is known to have ended: else nobody knows what is missing behind the last chunk.
    ended: bool,
    /// First and last number of the chunks that are missing.
    missing: Vec<(i64, i64)>,
    chunks: Vec<Chunk>,
    assets: Assets,
    /// What was recorded worse than it should be, and since when.
    degraded: Vec<Value>,
}

#[derive(Default, Serialize)]
struct Assets {
    named: usize,
    /// Media types of those that are stored, by their hash.
    stored: BTreeMap<String, String>,
}

/// The index, as it is answered. Times are epoch milliseconds by the server's clock.
pub(super) async fn of(lake: &Lake, session_id: Uuid, scope: &Scope) -> Result<Value, Failure> {
    let Seen { views: seen, said } = seen(lake, session_id, scope).await?;
    let Some(first) = seen.first() else { return Err(not_found(format_args!("session {session_id}"))) };
    let ids: BTreeSet<Uuid> = seen.iter().filter_map(|row| Uuid::try_parse(&row.page_view_id).ok()).collect();
    let chunks = Chunks::open(lake, scope, Some(&first.site_id)).await?;
    let frames = chunks.of(&ids.into_iter().collect::<Vec<_>>()).await?;
    let named: BTreeSet<&str> = frames.iter().flat_map(|frame| &frame.assets).map(String::as_str).collect();
    let named: Vec<&str> = named.into_iter().take(ASSETS_NAMED_MAX).collect();
    let stored = asset::known(lake, &first.site_id, &named).await.map_err(unread)?;
    let mut views = Vec::new();
    for view in &seen {
        let own = |frame: &&Frame| {
            (&frame.page_view_id, &frame.visitor_id, &frame.site_id)
                == (&view.page_view_id, &view.visitor_id, &view.site_id)
        };
        let frames: Vec<Frame> = frames.iter().filter(own).cloned().collect();
        let said: Vec<&Told> = said.iter().filter(|row| row.page_view_id == view.page_view_id).collect();
        views.push(page_view(view, &said, &frames, &stored));
    }
    let sum = |count: fn(&Books) -> i64| views.iter().map(|view| count(&view.ledger)).sum();
    let ledger = Books { expected: sum(|of| of.expected), received: sum(|of| of.received), lost: sum(|of| of.lost) };
    Ok(json!({"session_id": session_id, "site_id": first.site_id, "visitor_id": first.visitor_id, "ledger": ledger,
              "page_views": views}))
}

fn page_view(view: &Told, said: &[&Told], frames: &[Frame], stored: &BTreeMap<String, String>) -> PageView {
    let chunks: Vec<Chunk> = frames.chunk_by(|a, b| a.seq == b.seq).map(chunk).collect();
    let by_number = chunks.last().map_or(0, |chunk| chunk.seq + 1);
    let expected = said.iter().filter_map(|row| row.chunks).max().unwrap_or(0).max(by_number);
    let whole: Vec<i64> = chunks.iter().filter(|chunk| chunk.whole).map(|chunk| chunk.seq).collect();
    let received = whole.len() as i64;
    let named: BTreeSet<&String> = frames.iter().flat_map(|frame| &frame.assets).collect();
    let of_view = |hash: &&String| stored.get(*hash).map(|kind| ((*hash).clone(), kind.clone()));
    let degraded = said.iter().filter(|row| row.what == "capture_degraded");
    PageView {
        page_view_id: view.page_view_id.clone(),
        tab_id: view.tab_id.clone(),
        page_url: view.page_url.clone(),
        page_title: view.page_title.clone(),
        replay: replay(expected > 0, said),
        started_at: view.began_us.map(ms),
        ended_at: view.ended_us.map(ms),
        clock_error_ms: frames.iter().filter_map(|frame| frame.clock_error_ms).reduce(f64::max),
        ledger: Books { expected, received, lost: expected - received },
        ended: frames.iter().any(|frame| frame.ended) || said.iter().any(|row| row.chunks.is_some()),
        missing: missing(&whole, expected),
        assets: Assets { named: named.len(), stored: named.iter().filter_map(of_view).collect() },
        degraded: degraded.map(|row| json!({"at": row.began_us.map(ms), "what": row.degraded})).collect(),
        chunks,
    }
}

/// Why there is no recording is the first thing that is asked where there is none.
fn replay(is_recorded: bool, said: &[&Told]) -> Option<String> {
    let reason = |row: &&Told| row.degraded.as_deref()?.strip_prefix(NOT_RECORDED).map(str::to_owned);
    match is_recorded {
        true => Some("recorded".into()),
        false => said.iter().rev().find_map(reason),
    }
}

fn chunk(frames: &[Frame]) -> Chunk {
    let first = &frames[0];
    Chunk {
        seq: first.seq,
        kind: if first.is_snapshot { "snapshot" } else { "mutations" },
        first_at: ms(first.first_at),
        last_at: ms(frames.iter().map(|frame| frame.last_at).max().unwrap_or(first.last_at)),
        first_q: first.first_q,
        last_q: first.last_q,
        events: first.events,
        nodes: first.nodes,
        bytes: frames.iter().map(|frame| frame.bytes).sum(),
        raw_bytes: first.raw_bytes,
        viewport: first.viewport,
        partial: first.partial,
        ended: first.ended,
        whole: frames.len() as i64 >= first.parts,
    }
}

/// The numbers below `expected` that are not there, in stretches.
fn missing(there: &[i64], expected: i64) -> Vec<(i64, i64)> {
    let mut next = 0;
    let mut missing = Vec::new();
    for seq in there.iter().copied().chain([expected]) {
        if seq > next {
            missing.push((next, seq - 1));
        }
        next = seq + 1;
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_in_stretches() {
        assert_eq!(missing(&[], 0), []);
        assert_eq!(missing(&[0, 1, 2], 3), []);
        assert_eq!(missing(&[], 3), [(0, 2)]);
        assert_eq!(missing(&[1, 2, 5], 9), [(0, 0), (3, 4), (6, 8)]);
    }
}
