//! One browser tab: walks through the shop and cuts what happens into batches, `seq` and `batch_seq` gap-free.

use std::fmt::Write;
use std::sync::Arc;

use uuid::Uuid;

use super::batch::{Batch, TypeCounts};
use super::chance::Chance;
use super::json;
use super::page_view;
use super::script::Finished;
use super::shop::{PageKind, Shop};
use super::visitor::Visitor;
use super::{Profile, SHOP_ORIGIN};

/// Half of the visits see more pages than this.
const PAGES_MEDIAN: f64 = 4.0;
/// Time to load the next page.
const NAVIGATION_MEDIAN_MS: f64 = 600.0;
/// From the last event of a batch to its arrival.
const SENDING_MS: (f64, f64) = (20.0, 400.0);

/// Where visitors go from a page, by how often.
const NEXT_PAGES: &[(f64, PageKind)] = &[
    (30.0, PageKind::Product),
    (25.0, PageKind::Category),
    (10.0, PageKind::Search),
    (8.0, PageKind::Cart),
    (8.0, PageKind::Checkout),
    (8.0, PageKind::Other),
    (6.0, PageKind::Home),
];

pub(super) struct Tab {
    pub visitor: Arc<Visitor>,
    tab_id: Uuid,
    seq: u64,
    batch_seq: u64,
    /// When the last batch went out that was not late: the next one follows it.
    sent_ms: f64,
    pages_left: usize,
    /// Time of the next page view.
    next_page_ms: f64,
    /// Address of the page before, or the origin of the visit.
    referrer: String,
    /// Query of the next page, which a campaign may have set.
    query: String,
    current: Option<PageView>,
}

struct PageView {
    id: Uuid,
    events: Finished,
    /// How many of the events have gone out.
    sent: usize,
    end_ms: f64,
    /// The value of `"page"` in a batch.
    json: String,
}

impl Tab {
    pub(super) fn open(chance: &mut Chance, visitor: Arc<Visitor>, at_ms: f64) -> Self {
        let mut tab = Self {
            visitor,
            tab_id: chance.uuid7(at_ms),
            seq: 0,
            batch_seq: 0,
            sent_ms: at_ms,
            pages_left: 0,
            next_page_ms: at_ms,
            referrer: String::new(),
            query: String::new(),
            current: None,
        };
        tab.visit(chance, at_ms);
        tab
    }

    /// Starts another visit in the same tab: `seq` goes on.
    pub(super) fn visit(&mut self, chance: &mut Chance, at_ms: f64) {
        let (referrer, query) = Visitor::origin(chance);
        self.pages_left = chance.log_normal(PAGES_MEDIAN, 0.7).clamp(1.0, 40.0) as usize;
        self.next_page_ms = at_ms;
        referrer.clone_into(&mut self.referrer);
        query.clone_into(&mut self.query);
    }

    /// Time of the next event; after the visit's last page view, when the next page would have been opened.
    pub(super) fn next_ms(&self) -> f64 {
        self.current.as_ref().map_or(self.next_page_ms, |view| view.events.drafts[view.sent].at_ms)
    }

    /// The next batch of at most `events_max` events, `None` when the visit is over.
    pub(super) fn next_batch(
        &mut self,
        chance: &mut Chance,
        shop: &Shop,
        profile: &Profile,
        events_max: usize,
    ) -> Option<Batch> {
        if self.current.is_none() {
            self.current = Some(self.open_page(chance, shop)?);
        }
        let view = self.current.as_mut().expect("a page view was just opened");
        let first_ms = view.events.drafts[view.sent].at_ms;
        let limit = events_max.min(profile.batch_events_max);
        let flush_ms = first_ms + profile.flush_after_ms;
        let drafts = &view.events.drafts[view.sent..];
        let in_time = drafts.iter().take(limit).take_while(|draft| draft.at_ms <= flush_ms).count();
        let count = drafts[..in_time].iter().position(|draft| draft.flush).map_or(in_time, |index| index + 1);
        let batch = self.write(chance, profile, count);
        let view = self.current.as_mut().expect("the page view is still open");
        view.sent += count;
        if view.sent == view.events.drafts.len() {
            self.next_page_ms = view.end_ms + chance.log_normal(NAVIGATION_MEDIAN_MS, 0.5);
            self.current = None;
        }
        Some(batch)
    }

    fn open_page(&mut self, chance: &mut Chance, shop: &Shop) -> Option<PageView> {
        self.pages_left = self.pages_left.checked_sub(1)?;
        let landing = if self.seq == 0 && chance.hit(0.4) { PageKind::Home } else { *chance.weighted(NEXT_PAGES) };
        let page = &shop.pages[shop.page(chance, landing)];
        let (events, end_ms) = page_view::view(chance, &self.visitor, page, self.next_page_ms);
        let query = std::mem::take(&mut self.query);
        let query = match page.kind {
            _ if !query.is_empty() => query,
            PageKind::Category if chance.hit(0.4) => format!("page={}&sort=price", chance.whole(1, 9)),
            PageKind::Search => format!("q=query-{}", chance.whole(1, 5_000)),
            _ => query,
        };
        let separator = if query.is_empty() { "" } else { "?" };
        let url = format!("{SHOP_ORIGIN}{}{separator}{query}", page.path);
        let json = self.page_json(&url, &page.title);
        self.referrer = url;
        Some(PageView { id: chance.uuid7(self.next_page_ms), events, sent: 0, end_ms, json })
    }

    fn page_json(&self, url: &str, title: &str) -> String {
        let visitor = &self.visitor;
        let mut out = String::with_capacity(320);
        for (name, text) in [("{\"url\":", url), (",\"referrer\":", &self.referrer), (",\"title\":", title)] {
            out.push_str(name);
            json::string(&mut out, text);
        }
        out.push_str(",\"viewport\":");
        json::numbers(&mut out, &visitor.viewport);
        out.push_str(",\"screen\":");
        json::numbers(&mut out, &visitor.screen);
        write!(out, ",\"language\":\"{}\",\"timezone\":\"{}\"", visitor.language, visitor.timezone)
            .and_then(|()| write!(out, ",\"webdriver\":{}}}", visitor.webdriver))
            .expect("a String takes everything");
        out
    }

    /// Writes the next `count` events of the open page view as one batch.
    fn write(&mut self, chance: &mut Chance, profile: &Profile, count: usize) -> Batch {
        let view = self.current.as_ref().expect("the page view is open");
        let drafts = &view.events.drafts[view.sent..view.sent + count];
        let last_ms = drafts.last().expect("a batch has at least one event").at_ms;
        let late = chance.hit(profile.late_fraction);
        // Late: the browser was without network and sends from its outbox when it is back.
        let delay_ms =
            if late { chance.log_normal(900_000.0, 0.8) } else { chance.between(SENDING_MS.0, SENDING_MS.1) };
        let sent_ms = (last_ms + delay_ms).max(self.sent_ms + 0.1);
        if !late {
            self.sent_ms = sent_ms;
        }
        let ahead_ms = self.visitor.clock_ahead_ms;

        let mut body = String::with_capacity(900 + 320 * count);
        write!(
            body,
            "{{\"batch_id\":\"{}\",\"batch_seq\":{},\"visitor_id\":\"{}\",\"tab_id\":\"{}\",\"page_view_id\":\"{}\",\"sent_at\":",
            chance.uuid7(sent_ms), self.batch_seq, self.visitor.id, self.tab_id, view.id
        )
        .expect("a String takes everything");
        json::number(&mut body, json::tenth(sent_ms + ahead_ms));
        let clock_known = self.batch_seq > 0 || profile.clock_from_first_batch;
        body.push_str(",\"clock\":");
        if clock_known {
            write!(
                body,
                "{{\"offset_ms\":{},\"error_ms\":{}}}",
                self.visitor.clock_offset_ms, self.visitor.clock_error_ms
            )
            .expect("a String takes everything");
        } else {
            body.push_str("null");
        }
        body.push_str(",\"sdk\":\"1.0.0\",\"page\":");
        body.push_str(&view.json);
        body.push_str(",\"identity\":");
        body.push_str(&self.visitor.identity_json);
        body.push_str(",\"events\":[");
        let mut counts = TypeCounts::default();
        for (index, draft) in drafts.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            view.events.write(&mut body, draft, self.seq, ahead_ms);
            counts.add(draft.kind);
            self.seq += 1;
        }
        body.push_str("]}");
        self.batch_seq += 1;
        Batch {
            body: body.into(),
            user_agent: self.visitor.user_agent,
            visitor_id: self.visitor.id,
            site: 0,
            sent_ms,
            events: count as u32,
            counts,
            late,
            repeat: false,
        }
    }
}
