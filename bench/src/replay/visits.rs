//! Who saw which pages when: visitors of several sites, over several days, one session each.

use schemas::session::session_id;
use uuid::Uuid;

use super::recordings::Recordings;
use crate::traffic::chance::Chance;

const HOUR_MS: f64 = 3_600_000.0;
const DAY_MS: f64 = 24.0 * HOUR_MS;
/// The sessions of a day begin within this time, which ends so long before the present: nothing is to come.
const ARRIVALS_MS: f64 = 2.0 * HOUR_MS;
const PAST_MS: f64 = 3.0 * HOUR_MS;
/// Half of the sessions see more pages than this.
const PAGES_MEDIAN: f64 = 4.0;
const PAGES_MAX: f64 = 30.0;
const NAVIGATION_MEDIAN_MS: f64 = 600.0;
/// Something happens on a page so often, and what happened is sent as often as that.
pub(super) const EVENT_MS: f64 = 4_000.0;
pub(super) const BATCH_MS: f64 = 30_000.0;

/// How many, and of when.
#[derive(Clone, Debug)]
pub struct Setting {
    pub page_views: usize,
    /// The last one is that of `now_ms`.
    pub days: usize,
    pub sites: usize,
    pub seed: u64,
    /// Epoch milliseconds.
    pub now_ms: f64,
}

/// A page view. Visitors' clocks are those of the server.
#[derive(Clone, Debug)]
pub struct View {
    /// Place among the sites: the first ones have most visitors.
    pub site: usize,
    pub visitor_id: Uuid,
    pub tab_id: Uuid,
    pub page_view_id: Uuid,
    /// When its session began, and when the page was opened; epoch milliseconds.
    pub session_ms: f64,
    pub began_ms: f64,
    /// Place among the recordings.
    pub recording: usize,
    /// Numbers of its first event and its first batch in the tab.
    pub first_seq: u64,
    pub first_batch: u64,
}

impl View {
    /// The id of its session, by the rule of sessions.
    pub fn session_id(&self, site_id: &str) -> Uuid {
        session_id(site_id, &self.visitor_id.to_string(), (self.session_ms * 1_000.0) as i64)
    }
}

/// The page views of each day, in the order in which sessions began.
pub fn days(setting: &Setting, recordings: &Recordings) -> Vec<Vec<View>> {
    let mut chance = Chance::new(setting.seed);
    let days = setting.days.max(1);
    let day = |day: usize| {
        let count = setting.page_views * (day + 1) / days - setting.page_views * day / days;
        let from_ms = (setting.now_ms - (days - 1 - day) as f64 * DAY_MS - PAST_MS - ARRIVALS_MS).floor();
        let mut views = Vec::with_capacity(count);
        while views.len() < count {
            let began_ms = from_ms + chance.between(0.0, ARRIVALS_MS).floor();
            session(&mut views, count, (&mut chance, setting, recordings), began_ms);
        }
        views
    };
    (0..days).map(day).collect()
}

/// Adds the page views of a session, as long as there are fewer than `count`.
fn session(
    views: &mut Vec<View>,
    count: usize,
    (chance, setting, recordings): (&mut Chance, &Setting, &Recordings),
    session_ms: f64,
) {
    let site = chance.popular(setting.sites.max(1));
    let (visitor_id, tab_id) = (chance.uuid4(), chance.uuid7(session_ms));
    let pages = chance.log_normal(PAGES_MEDIAN, 0.7).clamp(1.0, PAGES_MAX) as usize;
    let (mut began_ms, mut first_seq, mut first_batch) = (session_ms, 0, 0);
    for _ in 0..pages.min(count - views.len()) {
        let recording = chance.whole(0, recordings.all.len() as u32 - 1) as usize;
        let page_view_id = chance.uuid7(began_ms);
        views.push(View {
            site,
            visitor_id,
            tab_id,
            page_view_id,
            session_ms,
            began_ms,
            recording,
            first_seq,
            first_batch,
        });
        let length_ms = recordings.all[recording].length_ms;
        first_seq += events(length_ms);
        first_batch += batches(length_ms);
        began_ms = (began_ms + length_ms + chance.log_normal(NAVIGATION_MEDIAN_MS, 0.5)).ceil();
    }
}

/// Events of a page view of that length, the first and the last one included.
pub(super) fn events(length_ms: f64) -> u64 {
    (length_ms / EVENT_MS).ceil() as u64 + 1
}

/// Batches in which they are sent.
pub(super) fn batches(length_ms: f64) -> u64 {
    (length_ms / BATCH_MS).ceil() as u64
}
