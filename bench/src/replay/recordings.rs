//! What was recorded: a few hundred recordings that have nothing in common but their kind of page. A store has each of them many
//! times, under other names and times; nothing between a browser and a player notices.

use serde_json::{Value, json};
use testkit::recorder::{gzip, sha256};

use super::page::{Page, VIEWPORT, style_sheet};
use crate::traffic::chance::Chance;

/// rrweb's types of events.
const FULL_SNAPSHOT: u8 = 2;
const INCREMENTAL_SNAPSHOT: u8 = 3;
const META: u8 = 4;

/// More than the broker's batches hold, so that no batch compresses better than it would.
const DISTINCT_MAX: usize = 768;
const DISTINCT_MIN: usize = 8;
/// Page views that share a recording, as long as there are so few.
const VIEWS_OF_ONE: usize = 8;
/// Cards of a page: mostly as the demo shop has them (about 400 nodes), sometimes those of a page of 1,330 nodes.
const CARDS: &[(f64, usize)] = &[(35.0, 12), (53.0, 29), (12.0, 101)];
/// Rules of the style sheet, as a shop with a framework has them.
const RULES: usize = 2_500;
/// Half of the page views have more chunks of changes than this; few have a hundred.
const CHANGES_MEDIAN: f64 = 2.5;
const CHANGES_MAX: f64 = 150.0;
const EVENTS_OF_A_CHUNK: (u32, u32) = (6, 18);
/// A chunk is cut after this time.
const CHUNK_MS: f64 = 5_000.0;
/// What is recorded five minutes later begins with a snapshot again.
const CHECKOUT_MS: f64 = 300_000.0;
/// The clock of the recorded pages when they were opened: their visitors' clocks are wrong by years, as some are.
const PAGE_CLOCK_MS: f64 = 1_700_000_000_000.0;
/// From the opening of a page until it is recorded.
const BEGUN_MS: f64 = 300.0;

pub struct Recordings {
    pub all: Vec<Recording>,
    /// Shared by all pages of a site.
    pub sheet: Sheet,
}

/// A style sheet, compressed.
pub struct Sheet {
    pub sha256: String,
    pub raw_bytes: usize,
    pub payload: Vec<u8>,
}

/// What was recorded of a page view.
pub struct Recording {
    pub chunks: Vec<Chunk>,
    /// From the opening of the page until it was left.
    pub length_ms: f64,
}

/// A chunk without its name.
pub struct Chunk {
    pub is_snapshot: bool,
    /// From the opening of the page.
    pub first_ms: f64,
    pub last_ms: f64,
    pub events: usize,
    pub nodes: u64,
    pub raw_bytes: usize,
    pub payload: Vec<u8>,
}

impl Recordings {
    /// As many as suit so many page views; `made` hears of each.
    pub fn make(seed: u64, page_views: usize, mut made: impl FnMut()) -> Self {
        let css = style_sheet(RULES);
        let payload = gzip(css.as_bytes());
        let sheet = Sheet { sha256: sha256(&payload), raw_bytes: css.len(), payload };
        let mut chance = Chance::new(seed);
        let one = |number| {
            made();
            Recording::make(seed.wrapping_add(number), &mut chance, &format!("asset:{}", sheet.sha256))
        };
        let all = (1..=Self::count(page_views) as u64).map(one).collect();
        Self { all, sheet }
    }

    /// How many suit so many page views.
    pub fn count(page_views: usize) -> usize {
        (page_views / VIEWS_OF_ONE).clamp(DISTINCT_MIN, DISTINCT_MAX)
    }
}

impl Recording {
    fn make(seed: u64, chance: &mut Chance, sheet: &str) -> Self {
        let cards = *chance.weighted(CARDS);
        let (mut page, document) = Page::open(seed, cards, sheet);
        let href = format!("https://shop.example/boxes?page={seed}");
        let meta = (META, json!({"href": href, "width": VIEWPORT[0], "height": VIEWPORT[1]}));
        let mut chunks = vec![Chunk::make(
            BEGUN_MS,
            page.nodes(),
            &[meta.clone(), (FULL_SNAPSHOT, snapshot(&document)), happened(&mut page), happened(&mut page)],
        )];
        let mut at_ms = BEGUN_MS + CHUNK_MS;
        let mut snapshot_ms = BEGUN_MS;
        let changes = chance.log_normal(CHANGES_MEDIAN, 0.9).clamp(1.0, CHANGES_MAX) as usize;
        for _ in 0..changes {
            // Where nothing changes there is no chunk.
            at_ms += if chance.hit(0.3) { chance.exponential(4.0 * CHUNK_MS) } else { 0.0 };
            if at_ms - snapshot_ms > CHECKOUT_MS {
                snapshot_ms = at_ms;
                let (now, document) = Page::open(seed.rotate_left(1), cards, sheet);
                page = now;
                chunks.push(Chunk::make(at_ms, page.nodes(), &[meta.clone(), (FULL_SNAPSHOT, snapshot(&document))]));
                at_ms += CHUNK_MS;
            }
            let count = chance.whole(EVENTS_OF_A_CHUNK.0, EVENTS_OF_A_CHUNK.1);
            let events: Vec<_> = (0..count).map(|_| happened(&mut page)).collect();
            chunks.push(Chunk::make(at_ms, 0, &events));
            at_ms += CHUNK_MS;
        }
        Self { chunks, length_ms: at_ms.ceil() }
    }
}

fn snapshot(document: &Value) -> Value {
    json!({"node": document, "initialOffset": {"left": 0, "top": 0}})
}

fn happened(page: &mut Page) -> (u8, Value) {
    (INCREMENTAL_SNAPSHOT, page.change())
}

impl Chunk {
    /// Events of one stretch, evenly spread over it. `nodes`: of a snapshot, else 0.
    fn make(first_ms: f64, nodes: u64, events: &[(u8, Value)]) -> Self {
        let step_ms = (CHUNK_MS / (events.len() + 1) as f64).floor();
        let mut lines = String::new();
        for (number, (kind, data)) in events.iter().enumerate() {
            let timestamp = PAGE_CLOCK_MS + first_ms + step_ms * number as f64;
            lines += &json!({"type": kind, "timestamp": timestamp, "q": number, "data": data}).to_string();
            lines.push('\n');
        }
        Self {
            is_snapshot: nodes > 0,
            first_ms,
            last_ms: first_ms + step_ms * (events.len() - 1) as f64,
            events: events.len(),
            nodes,
            raw_bytes: lines.len(),
            payload: gzip(lines.as_bytes()),
        }
    }
}
