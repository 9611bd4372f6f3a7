//! One page view: the page loads, the visitor looks, points, clicks, types, scrolls, waits, and leaves.

mod acts;
mod background;

use schemas::ingest::EventType;

use crate::traffic::chance::Chance;
use crate::traffic::json;
use crate::traffic::pointer;
use crate::traffic::script::{Finished, Script, field};
use crate::traffic::shop::{Kind, Page, PageKind};
use crate::traffic::visitor::Visitor;

/// Half of the page views have more acts than this.
const ACTS_MEDIAN: f64 = 15.0;
/// The SDK sends a heartbeat that often while the page is visible …
const HEARTBEAT_MS: f64 = 30_000.0;
/// … and there was input not longer ago than this.
const HEARTBEAT_IDLE_MS_MAX: f64 = 300_000.0;
/// Think time between two acts: log-normal.
const THINK_MEDIAN_MS: f64 = 1_900.0;
const THINK_SIGMA: f64 = 1.1;

/// What a visitor does next, by how often.
#[derive(Clone, Copy)]
enum Act {
    Look,
    Click,
    Scroll,
    Fill,
    Choose,
    Away,
}

const ACTS: &[(f64, Act)] = &[
    (0.44, Act::Look),
    (0.24, Act::Click),
    (0.14, Act::Scroll),
    (0.03, Act::Fill),
    (0.13, Act::Choose),
    (0.02, Act::Away),
];
const ACTS_ON_FORMS: &[(f64, Act)] = &[
    (0.32, Act::Look),
    (0.2, Act::Click),
    (0.08, Act::Scroll),
    (0.25, Act::Fill),
    (0.13, Act::Choose),
    (0.02, Act::Away),
];
const ACTS_ON_PHONES: &[(f64, Act)] = &[
    (0.3, Act::Look),
    (0.24, Act::Click),
    (0.3, Act::Scroll),
    (0.04, Act::Fill),
    (0.1, Act::Choose),
    (0.02, Act::Away),
];

/// Writes one page view that starts at `start_ms`; returns its events and its end.
pub(super) fn view(chance: &mut Chance, visitor: &Visitor, page: &Page, start_ms: f64) -> (Finished, f64) {
    let mut view = View {
        chance,
        visitor,
        page,
        script: Script::default(),
        now_ms: start_ms,
        next_heartbeat_ms: start_ms + HEARTBEAT_MS,
        pointer: [visitor.viewport[0] / 2.0, visitor.viewport[1] / 3.0],
        over: None,
        scrolled: 0.0,
    };
    view.load();
    let acts = view.chance.log_normal(ACTS_MEDIAN, 0.6).clamp(1.0, 120.0) as usize;
    let mix = match page.kind {
        _ if visitor.phone => ACTS_ON_PHONES,
        PageKind::Checkout => ACTS_ON_FORMS,
        _ => ACTS,
    };
    for _ in 0..acts {
        let act = *view.chance.weighted(mix);
        view.act(act);
        let think_ms = view.chance.log_normal(THINK_MEDIAN_MS, THINK_SIGMA);
        view.wait(think_ms);
    }
    view.leave(start_ms);
    let end_ms = view.now_ms;
    (view.script.finish(), end_ms)
}

struct View<'a> {
    chance: &'a mut Chance,
    visitor: &'a Visitor,
    page: &'a Page,
    script: Script,
    now_ms: f64,
    next_heartbeat_ms: f64,
    pointer: [f64; 2],
    /// The element under the pointer, and since when.
    over: Option<(usize, f64)>,
    scrolled: f64,
}

impl View<'_> {
    fn load(&mut self) {
        let start_ms = self.now_ms;
        self.script.bare(start_ms, EventType::PageView);
        let (ttfb, spread) = (self.chance.log_normal(220.0, 0.5), self.chance.log_normal(1.0, 0.4));
        for (name, value) in [("TTFB", ttfb), ("FCP", ttfb + 420.0 * spread), ("LCP", ttfb + 900.0 * spread)] {
            self.vital(start_ms + value, name, json::tenth(value));
        }
        for _ in 0..self.chance.whole(0, 2) {
            let after_ms = self.chance.between(50.0, 600.0);
            self.request(start_ms + after_ms);
        }
        if self.chance.hit(0.01) {
            self.script.add(start_ms + 400.0, EventType::Custom, |out| {
                out.push_str(",\"name\":\"experiment_shown\",\"properties\":{\"experiment\":\"hero\",\"variant\":\"b\",\"slots\":[1,2]}");
            });
        }
        let settle_ms = self.chance.log_normal(1_200.0, 0.5);
        self.wait(settle_ms);
    }

    fn leave(&mut self, start_ms: f64) {
        self.leave_element();
        let (shift, interaction) = (self.chance.log_normal(0.03, 1.0), self.chance.log_normal(70.0, 0.7));
        self.vital(self.now_ms, "CLS", (shift * 10_000.0).round() / 10_000.0);
        self.vital(self.now_ms, "INP", (interaction / 8.0).round() * 8.0);
        let duration_ms = json::tenth(self.now_ms - start_ms);
        self.script.add(self.now_ms, EventType::PageLeave, |out| field(out, "duration_ms", duration_ms));
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Look => {
                self.point_at_any(|_| true);
            }
            Act::Click => self.click(),
            Act::Scroll => self.scroll(),
            Act::Fill => self.fill(),
            Act::Choose => self.choose(),
            Act::Away => self.go_away(),
        }
    }

    /// Lets time pass; the SDK's heartbeats fall into it.
    fn wait(&mut self, wait_ms: f64) {
        let until_ms = self.now_ms + wait_ms;
        let beats_until_ms = until_ms.min(self.now_ms + HEARTBEAT_IDLE_MS_MAX);
        while self.next_heartbeat_ms < beats_until_ms {
            self.script.bare(self.next_heartbeat_ms, EventType::Heartbeat);
            self.next_heartbeat_ms += HEARTBEAT_MS;
        }
        self.next_heartbeat_ms = self.next_heartbeat_ms.max(until_ms);
        self.now_ms = until_ms;
    }

    /// Moves to one of the wanted elements, the popular ones more often; `None` if the page has none.
    fn point_at_any(&mut self, wanted: impl Fn(Kind) -> bool) -> Option<usize> {
        let candidates: Vec<usize> =
            (0..self.page.elements.len()).filter(|index| wanted(self.page.elements[*index].kind)).collect();
        if candidates.is_empty() {
            return None;
        }
        let index = candidates[self.chance.popular(candidates.len())];
        self.point_at(index);
        Some(index)
    }

    fn point_at(&mut self, index: usize) {
        if self.over.is_some_and(|(over, _)| over == index) {
            return;
        }
        let page = self.page;
        let element = &page.elements[index];
        let aim = |chance: &mut Chance, size: f64| chance.normal(0.16).clamp(-0.45, 0.45) * size;
        let target = [
            element.x + aim(self.chance, element.width),
            (element.y + aim(self.chance, element.height) - self.scrolled).clamp(2.0, self.visitor.viewport[1] - 2.0),
        ];
        let start_ms = self.now_ms;
        let (trails, arrived_ms) = pointer::reach(
            self.chance,
            self.visitor,
            start_ms,
            self.pointer,
            target,
            element.width.min(element.height),
        );
        for trail in &trails {
            self.script.trail(trail);
        }
        let moved_ms = arrived_ms - start_ms;
        self.wait(moved_ms * 0.1);
        self.leave_element();
        for _ in 0..self.chance.whole(0, 1) {
            let crossed = self.chance.popular(page.elements.len());
            self.wait(moved_ms * 0.2);
            self.enter_element(crossed);
            self.wait(moved_ms * 0.15);
            self.leave_element();
        }
        self.wait((arrived_ms - self.now_ms).max(0.0));
        self.enter_element(index);
        self.pointer = target;
    }

    fn enter_element(&mut self, index: usize) {
        let page = self.page;
        self.script.on_element(self.now_ms, EventType::ElementEnter, &page.elements[index].json, |_| {});
        self.over = Some((index, self.now_ms));
    }

    fn leave_element(&mut self) {
        let Some((index, since_ms)) = self.over.take() else { return };
        let (page, dwell_ms) = (self.page, json::tenth(self.now_ms - since_ms));
        self.script.on_element(self.now_ms, EventType::ElementLeave, &page.elements[index].json, |out| {
            field(out, "duration_ms", dwell_ms);
        });
    }
}
