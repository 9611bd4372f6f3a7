//! What the visitor does beyond pointing.

use schemas::ingest::EventType;

use super::{HEARTBEAT_MS, View};
use crate::traffic::json;
use crate::traffic::script::field;
use crate::traffic::shop::Kind;

/// Beyond the session gap, now and then.
const AWAY_MS_MAX: f64 = 2_700_000.0;

impl View<'_> {
    pub(super) fn click(&mut self) {
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

    pub(super) fn scroll(&mut self) {
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
    pub(super) fn fill(&mut self) {
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

    pub(super) fn choose(&mut self) {
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
    pub(super) fn go_away(&mut self) {
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
}
