//! One page view: the page loads, the visitor looks, points, clicks, types, scrolls, waits, and leaves.

use schemas::ingest::EventType;

use super::chance::Chance;
use super::json;
use super::pointer;
use super::script::{Finished, Script, field};
use super::shop::{Kind, Page, PageKind};
use super::visitor::Visitor;

/// Half of the page views have more acts than this.
const ACTS_MEDIAN: f64 = 15.0;
/// The SDK sends a heartbeat that often while the page is visible …
const HEARTBEAT_MS: f64 = 30_000.0;
/// … and there was input not longer ago than this.
const HEARTBEAT_IDLE_MS_MAX: f64 = 300_000.0;
/// Think time between two acts: log-normal.
const THINK_MEDIAN_MS: f64 = 1_900.0;
const THINK_SIGMA: f64 = 1.1;
/// Beyond the session gap, now and then.
const AWAY_MS_MAX: f64 = 2_700_000.0;

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
pub fn view(chance: &mut Chance, visitor: &Visitor, page: &Page, start_ms: f64) -> (Finished, f64) {
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

    fn click(&mut self) {
        let clickable = |kind| matches!(kind, Kind::Link | Kind::Button | Kind::DeadButton);
        let Some(index) = self.point_at_any(clickable) else { return };
        let dead = self.page.elements[index].kind == Kind::DeadButton;
        let reaction_ms = self.chance.log_normal(180.0, 0.5);
        self.wait(reaction_ms);
        if self.chance.hit(0.01) {
            return self.press(index, EventType::ContextMenu, 2);
        }
        self.press(index, EventType::Click, 0);
        // Nothing happens, so one clicks again, and again.
        let again = if dead || self.chance.hit(0.04) { self.chance.whole(1, 5) } else { 0 };
        for _ in 0..again {
            let gap_ms = self.chance.log_normal(230.0, 0.35);
            self.wait(gap_ms);
            self.press(index, EventType::Click, 0);
        }
        if again > 0 && self.chance.hit(0.3) {
            self.at_pointer(index, EventType::DoubleClick, 0);
        }
        if !dead && self.chance.hit(0.45) {
            let after_ms = self.chance.between(5.0, 40.0);
            self.request(self.now_ms + after_ms);
        }
        if self.chance.hit(0.008) {
            self.error();
        }
    }

    fn press(&mut self, index: usize, kind: EventType, button: u8) {
        self.at_pointer(index, EventType::PointerDown, button);
        let held_ms = self.chance.between(55.0, 140.0);
        self.wait(held_ms);
        self.at_pointer(index, EventType::PointerUp, button);
        self.at_pointer(index, kind, button);
    }

    fn at_pointer(&mut self, index: usize, kind: EventType, button: u8) {
        let (page, [x, y]) = (self.page, self.pointer.map(f64::round));
        self.script.on_element(self.now_ms, kind, &page.elements[index].json, |out| {
            field(out, "x", x);
            field(out, "y", y);
            field(out, "button", f64::from(button));
        });
    }

    fn on(&mut self, index: usize, kind: EventType, more: impl FnOnce(&mut String)) {
        let page = self.page;
        self.script.on_element(self.now_ms, kind, &page.elements[index].json, more);
    }

    fn scroll(&mut self) {
        let down = self.scrolled < 100.0 || self.chance.hit(0.75);
        for _ in 0..self.chance.whole(2, 8) {
            let step = self.chance.between(60.0, 240.0).round();
            self.scrolled = (self.scrolled + if down { step } else { -step }).clamp(0.0, 2_400.0);
            let (scrolled, gap_ms) = (self.scrolled, self.chance.between(60.0, 180.0));
            self.wait(gap_ms);
            self.script.add(self.now_ms, EventType::Scroll, |out| {
                field(out, "x", 0.0);
                field(out, "y", scrolled);
            });
        }
    }

    /// Types into a field, with corrections; now and then pastes; sometimes submits.
    fn fill(&mut self) {
        let Some(index) = self.point_at_any(|kind| kind == Kind::TextField) else { return };
        self.press(index, EventType::Click, 0);
        self.on(index, EventType::Focus, |_| {});
        let focused_ms = self.now_ms;
        let mut length = 0u32;
        if self.chance.hit(0.06) {
            length = self.chance.whole(6, 30);
            self.on(index, EventType::Clipboard, |out| {
                out.push_str(&format!(",\"clipboard\":{{\"kind\":\"paste\",\"length\":{length}}}"))
            });
            self.edit(index, "insertFromPaste", length);
        } else {
            for _ in 0..self.chance.whole(4, 16) {
                let gap_ms = self.chance.log_normal(170.0, 0.45);
                self.wait(gap_ms);
                let back = length > 0 && self.chance.hit(0.08);
                length = if back { length - 1 } else { length + 1 };
                self.on(index, EventType::Key, |out| {
                    out.push_str(if back {
                        ",\"key\":{\"class\":\"editing\"}"
                    } else {
                        ",\"key\":{\"class\":\"character\"}"
                    });
                });
                self.edit(index, if back { "deleteContentBackward" } else { "insertText" }, length);
            }
        }
        let filled_ms = json::tenth(self.now_ms - focused_ms);
        self.on(index, EventType::Blur, |out| field(out, "duration_ms", filled_ms));
        if self.chance.hit(0.2) {
            self.on(index, EventType::Submit, |_| {});
            self.request(self.now_ms + 3.0);
        }
    }

    fn edit(&mut self, index: usize, kind: &str, length: u32) {
        self.on(index, EventType::Input, |out| {
            out.push_str(&format!(",\"input\":{{\"kind\":\"{kind}\",\"length\":{length}}}"));
        });
    }

    fn choose(&mut self) {
        let Some(index) = self.point_at_any(|kind| matches!(kind, Kind::ComboBox | Kind::CheckBox)) else { return };
        self.press(index, EventType::Click, 0);
        let reading_ms = self.chance.log_normal(700.0, 0.5);
        self.wait(reading_ms);
        let change = match self.page.elements[index].kind {
            Kind::CheckBox => format!(",\"change\":{{\"index\":0,\"checked\":{}}}", self.chance.hit(0.7)),
            _ => format!(",\"change\":{{\"index\":{}}}", self.chance.whole(0, 9)),
        };
        self.on(index, EventType::Change, |out| out.push_str(&change));
        if self.chance.hit(0.5) {
            self.request(self.now_ms + 4.0);
        }
    }

    /// Looks at another tab, or turns the phone.
    fn go_away(&mut self) {
        if self.chance.hit(0.2) {
            let [width, height] = self.visitor.viewport;
            self.script
                .add(self.now_ms, EventType::Resize, |out| out.push_str(&format!(",\"viewport\":[{height},{width}]")));
            return;
        }
        self.script.add(self.now_ms, EventType::Visibility, |out| out.push_str(",\"state\":\"hidden\""));
        self.script.flush();
        let away_ms = self.chance.log_normal(25_000.0, 1.4).min(AWAY_MS_MAX);
        self.now_ms += away_ms;
        self.next_heartbeat_ms = self.now_ms + HEARTBEAT_MS;
        self.script.add(self.now_ms, EventType::Visibility, |out| out.push_str(",\"state\":\"visible\""));
        if self.chance.hit(0.03) {
            self.script.add(self.now_ms, EventType::CaptureDegraded, |out| {
                out.push_str(",\"degraded\":{\"what\":\"pointer\",\"rate_hz\":60}");
            });
        }
    }

    fn vital(&mut self, at_ms: f64, name: &str, value: f64) {
        self.script.add(at_ms, EventType::WebVital, |out| {
            out.push_str(&format!(",\"vital\":{{\"name\":\"{name}\",\"value\":{value}}}"));
        });
    }

    /// An AJAX call that starts at `at_ms`: it is known, and stamped, when it ends.
    fn request(&mut self, at_ms: f64) {
        let endpoints: &[(f64, (&str, &str))] = &[
            (5.0, ("GET", "/api/quote")),
            (3.0, ("GET", "/api/stock")),
            (2.0, ("GET", "/api/suggestions")),
            (2.0, ("POST", "/api/cart")),
            (0.5, ("POST", "/api/orders")),
        ];
        let (method, url) = *self.chance.weighted(endpoints);
        let status = *self.chance.weighted(&[(96.0, 200), (2.0, 404), (1.5, 500), (0.5, 0)]);
        let duration_ms = json::tenth(self.chance.log_normal(160.0, 0.8));
        let bytes = self.chance.log_normal(1_800.0, 0.7) as u32;
        let initiator = if self.chance.hit(0.85) { "fetch" } else { "xhr" };
        self.script.add(at_ms + duration_ms, EventType::Request, |out| {
            out.push_str(&format!(
                ",\"request\":{{\"method\":\"{method}\",\"url\":\"{url}\",\"status\":{status},\"duration_ms\":{duration_ms},\"initiator\":\"{initiator}\",\"bytes\":{bytes}}}"
            ));
        });
    }

    fn error(&mut self) {
        let (line, column) = (self.chance.whole(1, 900), self.chance.whole(1, 120));
        self.script.add(self.now_ms + 20.0, EventType::Error, |out| {
            out.push_str(&format!(
                ",\"error\":{{\"message\":\"Cannot read properties of undefined (reading 'price')\",\"source\":\"/app.js\",\"line\":{line},\"column\":{column}}}"
            ));
        });
    }
}
