//! Plausible traffic from one seed: visitors with tabs and page views in a shop, as the SDK would send it.
//!
//! The same seed and profile give the same bytes. Times are true times from `base_ms` on; what a visitor's clock says
//! stands in the bodies. Batches come in the order in which they are sent, `seq` and `batch_seq` are gap-free per tab,
//! and the events of all batches that are no repeats are exactly `Profile::events`.

mod batch;
pub(crate) mod chance;
mod json;
mod page_view;
mod pointer;
mod script;
mod shop;
mod tab;
mod visitor;

#[cfg(test)]
mod tests;

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

pub use batch::{Batch, TypeCounts};
use chance::Chance;
use shop::Shop;
use tab::Tab;
use visitor::Visitor;

/// Origin of the shop's pages.
pub const SHOP_ORIGIN: &str = "https://shop.example";
/// Events a second of one open tab with the default profile, measured; used to choose how many visitors make a rate.
pub const EVENTS_PER_SECOND_OF_A_VISITOR: f64 = 2.3;

/// Visits at the same time, unless the profile says otherwise.
const VISITORS_AT_ONCE: usize = 200;
/// Traffic that is posted at full speed begins at least so long ago.
const PAST_LEAST_MS: f64 = 6.0 * 3_600_000.0;
/// How much longer than what visitors make on average their traffic is given, so that none of it lies in the future.
const PAST_SPARE: f64 = 1.2;

/// When a visit ends, another visitor comes after this time on average.
const ARRIVAL_MEAN_MS: f64 = 2_000.0;
/// How many visitors open a second tab beside the first.
const SECOND_TAB_FRACTION: f64 = 0.2;
/// How many visitors come back, and after how long: about two thirds beyond the session gap of 30 minutes.
const RETURN_FRACTION: f64 = 0.3;
const RETURN_MEDIAN_MS: f64 = 2_400_000.0;

/// What kind of traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Time of the first event, epoch milliseconds.
    pub base_ms: f64,
    /// Distinct events; repeats come on top.
    pub events: u64,
    /// Most events of a batch. A batch never spans two page views.
    pub batch_events_max: usize,
    /// A batch is sent at the latest this long after its first event.
    pub flush_after_ms: f64,
    /// The first visitors arrive within this time, not all at once.
    pub ramp_ms: f64,
    /// Visits going on at the same time: sets how densely events lie in time.
    pub visitors_at_once: usize,
    /// Batches that come minutes to hours after their events.
    pub late_fraction: f64,
    /// Batches that are sent twice, as after a lost answer.
    pub repeat_fraction: f64,
    /// Visitors whose clock is wrong by minutes or hours.
    pub skewed_fraction: f64,
    /// The SDK has its clock estimate from the first batch on. Without one the time of sending decides, so traffic that
    /// is posted later than its own time needs this.
    pub clock_from_first_batch: bool,
}

impl Profile {
    /// Begin of so many events that end before `now_ms`, both epoch milliseconds. A collector takes times from the future for
    /// wrong ones, and those of more than seven days ago: that many are 230 million events.
    pub fn past(now_ms: f64, events: u64) -> f64 {
        let span_ms = events as f64 * 1000.0 / (EVENTS_PER_SECOND_OF_A_VISITOR * VISITORS_AT_ONCE as f64);
        (now_ms - PAST_LEAST_MS.max(PAST_SPARE * span_ms)).floor()
    }

    /// Traffic to be posted at any speed: full batches, nothing late, nothing twice.
    pub fn plain(base_ms: f64, events: u64) -> Self {
        Self {
            base_ms,
            events,
            batch_events_max: 50,
            // Longer than the SDK's 5 s, for full batches, and well within the 2 min after which an event counts as late.
            flush_after_ms: 30_000.0,
            ramp_ms: 60_000.0,
            visitors_at_once: VISITORS_AT_ONCE,
            late_fraction: 0.0,
            repeat_fraction: 0.0,
            skewed_fraction: 0.0,
            clock_from_first_batch: true,
        }
    }

    /// Some of everything that goes wrong: late and repeated batches, wrong clocks.
    pub fn rough(base_ms: f64, events: u64) -> Self {
        Self { late_fraction: 0.02, repeat_fraction: 0.02, skewed_fraction: 0.05, ..Self::plain(base_ms, events) }
    }

    /// Traffic to be posted at its own times: batches go out 5 s after their first event, as the SDK's do.
    pub fn live(base_ms: f64, events: u64, events_per_second: f64) -> Self {
        Self {
            flush_after_ms: 5_000.0,
            ramp_ms: 3_000.0,
            visitors_at_once: (events_per_second / EVENTS_PER_SECOND_OF_A_VISITOR).ceil().max(1.0) as usize,
            clock_from_first_batch: false,
            ..Self::plain(base_ms, events)
        }
    }
}

/// The traffic, batch by batch.
pub struct Traffic {
    profile: Profile,
    chance: Chance,
    shop: Shop,
    pending: BinaryHeap<Reverse<Pending>>,
    /// Distinct events that are not in a batch yet.
    events_left: u64,
    /// Breaks ties of time, so that the order is total.
    order: u64,
}

/// A visit that is going on.
struct Visit {
    tab: Tab,
    /// Somebody else comes when it ends; not so for second tabs and returns, or there would be ever more visits.
    holds_place: bool,
}

/// What happens at a time.
struct Pending {
    due_ms: f64,
    order: u64,
    what: Due,
}

enum Due {
    /// A batch is sent, and its visit goes on.
    Sent(Box<Batch>, Option<Box<Visit>>),
    /// A visit begins or goes on. Nothing is prepared before, so that what would come after the last event never does.
    Wake(Box<Visit>),
}

impl Traffic {
    pub fn new(seed: u64, profile: Profile) -> Self {
        let mut traffic = Self {
            chance: Chance::new(seed),
            shop: Shop::new(),
            pending: BinaryHeap::new(),
            events_left: profile.events,
            order: 0,
            profile,
        };
        for index in 0..traffic.profile.visitors_at_once {
            let after_ms = if index == 0 { 0.0 } else { traffic.chance.between(0.0, traffic.profile.ramp_ms) };
            traffic.arrive(traffic.profile.base_ms + after_ms);
        }
        traffic
    }

    /// A new visitor comes, perhaps with two tabs.
    fn arrive(&mut self, at_ms: f64) {
        let visitor = Visitor::arrive(&mut self.chance, at_ms, self.profile.skewed_fraction);
        if self.chance.hit(SECOND_TAB_FRACTION) {
            let second_ms = at_ms + self.chance.between(5_000.0, 60_000.0);
            let second = Tab::open(&mut self.chance, visitor.clone(), second_ms);
            self.wake(Visit { tab: second, holds_place: false });
        }
        let tab = Tab::open(&mut self.chance, visitor, at_ms);
        self.wake(Visit { tab, holds_place: true });
    }

    /// Puts the visit's next batch in the queue, or ends it.
    fn go_on(&mut self, mut visit: Box<Visit>) {
        let events_max = usize::try_from(self.events_left).unwrap_or(usize::MAX);
        if events_max == 0 {
            return;
        }
        let Some(batch) = visit.tab.next_batch(&mut self.chance, &self.shop, &self.profile, events_max) else {
            return self.end(*visit);
        };
        self.events_left -= u64::from(batch.events);
        if self.chance.hit(self.profile.repeat_fraction) {
            let again_ms = batch.sent_ms + self.chance.between(1_000.0, 30_000.0);
            self.push(again_ms, Due::Sent(Box::new(Batch { repeat: true, sent_ms: again_ms, ..batch.clone() }), None));
        }
        // A late batch waits in the outbox while the tab goes on.
        if batch.late {
            self.push(batch.sent_ms, Due::Sent(Box::new(batch), None));
            self.wake(*visit);
        } else {
            self.push(batch.sent_ms, Due::Sent(Box::new(batch), Some(visit)));
        }
    }

    /// Lets the visit go on when its next event happens.
    fn wake(&mut self, visit: Visit) {
        self.push(visit.tab.next_ms(), Due::Wake(Box::new(visit)));
    }

    fn push(&mut self, due_ms: f64, what: Due) {
        self.order += 1;
        self.pending.push(Reverse(Pending { due_ms, order: self.order, what }));
    }

    /// A visit is over: the visitor may come back later, in the same tab or in a new one, and somebody else comes.
    fn end(&mut self, visit: Visit) {
        let Visit { mut tab, holds_place } = visit;
        let ended_ms = tab.next_ms();
        if self.chance.hit(RETURN_FRACTION) {
            let back_ms = ended_ms + self.chance.log_normal(RETURN_MEDIAN_MS, 0.7);
            if self.chance.hit(0.4) {
                tab.visit(&mut self.chance, back_ms);
            } else {
                tab = Tab::open(&mut self.chance, tab.visitor.clone(), back_ms);
            }
            self.wake(Visit { tab, holds_place: false });
        }
        if holds_place {
            let next_ms = ended_ms + self.chance.exponential(ARRIVAL_MEAN_MS);
            self.arrive(next_ms);
        }
    }
}

impl Iterator for Traffic {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        loop {
            let Reverse(pending) = self.pending.pop()?;
            match pending.what {
                Due::Wake(visit) => self.go_on(visit),
                Due::Sent(batch, visit) => {
                    if let Some(visit) = visit {
                        self.wake(*visit);
                    }
                    return Some(*batch);
                }
            }
        }
    }
}

impl Ord for Pending {
    fn cmp(&self, other: &Self) -> Ordering {
        self.due_ms.total_cmp(&other.due_ms).then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pending {}
