//! Stretches of time in which a page is visible or its visitor engaged: what several tables measure with.
//!
//! `visible` from one event of a tab to the next while its page is visible; `engaged` from an input to five seconds later,
//! cut where the page is hidden or left (DEFINITIONS: engaged time is the union of these). A page that is frozen
//! (`visibility`, see the Page Lifecycle API) is not visible until its next event, and as visible as before from there on.

use schemas::ingest::EventType;

/// After an input somebody is there for so long.
const ENGAGED_US: i64 = 5_000_000;

/// What a stretch is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Visible,
    Engaged,
}

/// A stretch of time on a page, in epoch microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub kind: Kind,
    /// The page's place among those of the tab.
    pub page: usize,
    pub from: i64,
    pub to: i64,
}

/// What the stretches of a tab need of an event.
pub(super) struct Step<'a> {
    pub kind: Option<EventType>,
    pub at: i64,
    pub visibility_state: Option<&'a str>,
    pub page: usize,
}

/// A tab of a session, while its events come in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct TabTime {
    hidden: bool,
    /// Time and page of the event before, if the page is visible from there on.
    seen: Option<(i64, usize)>,
    inputs: Vec<Input>,
    /// When its pages were hidden, left or frozen.
    ends: Vec<i64>,
}

#[derive(Debug)]
struct Input {
    at: i64,
    page: usize,
    /// So many of the ends came before it.
    ends_before: usize,
}

impl TabTime {
    /// The next event. Hands out what ends with it.
    pub(super) fn step(&mut self, step: &Step<'_>, give: &mut impl FnMut(Stretch)) {
        let (at, page) = (step.at, step.page);
        let told = step.visibility_state.filter(|_| step.kind == Some(EventType::Visibility));
        let frozen = told == Some("frozen");
        let hidden = match step.kind {
            Some(EventType::PageLeave) => Some(true),
            Some(EventType::PageView) => Some(false),
            _ => told.filter(|state| !matches!(*state, "frozen" | "resumed")).map(|state| state == "hidden"),
        };
        self.hidden = hidden.unwrap_or(self.hidden);
        if let Some((from, page)) = self.seen.take().filter(|(from, _)| *from < at) {
            give(Stretch { kind: Kind::Visible, page, from, to: at });
        }
        if hidden == Some(true) || frozen {
            self.ends.push(at);
        }
        if self.hidden {
            return;
        }
        self.seen = (!frozen).then_some((at, page));
        if step.kind.is_some_and(is_input) {
            self.inputs.push(Input { at, page, ends_before: self.ends.len() });
        }
    }

    /// The tab's last event was it. Hands out the rest, and is as new.
    pub(super) fn end(&mut self, give: &mut impl FnMut(Stretch)) {
        let (mut next, mut end) = (self.ends.len(), i64::MAX);
        for Input { at, page, ends_before } in self.inputs.drain(..).rev() {
            while next > ends_before {
                next -= 1;
                end = end.min(self.ends[next]);
            }
            let to = at.saturating_add(ENGAGED_US).min(end).max(at);
            give(Stretch { kind: Kind::Engaged, page, from: at, to });
        }
        self.ends.clear();
        (self.hidden, self.seen) = (false, None);
    }
}

fn is_input(kind: EventType) -> bool {
    use EventType::{
        Change, Click, Clipboard, Composition, ContextMenu, DoubleClick, Drag, Input, Key, Pointer, PointerCancel,
        PointerDown, PointerUp, Scroll, Submit,
    };
    matches!(
        kind,
        Click
            | DoubleClick
            | ContextMenu
            | Pointer
            | PointerDown
            | PointerUp
            | PointerCancel
            | Drag
            | Input
            | Composition
            | Change
            | Submit
            | Scroll
            | Key
            | Clipboard
    )
}

/// Visible and engaged time: unions of stretches.
#[derive(Debug, Default)]
pub(super) struct Times {
    visible: Union,
    engaged: Union,
}

impl Times {
    pub(super) fn add(&mut self, stretch: Stretch) {
        let union = match stretch.kind {
            Kind::Visible => &mut self.visible,
            Kind::Engaged => &mut self.engaged,
        };
        union.add(stretch.from, stretch.to);
    }

    /// In milliseconds.
    pub(super) fn visible_ms(&mut self) -> f64 {
        self.visible.ms()
    }

    /// In milliseconds.
    pub(super) fn engaged_ms(&mut self) -> f64 {
        self.engaged.ms()
    }
}

/// Times that are covered by one stretch at least. Neighbours that touch are one, so that little is held.
#[derive(Debug, Default)]
struct Union(Vec<(i64, i64)>);

impl Union {
    fn add(&mut self, from: i64, to: i64) {
        match self.0.last_mut().filter(|last| from <= last.1 && last.0 <= to) {
            Some(last) => *last = (last.0.min(from), last.1.max(to)),
            None => self.0.push((from, to)),
        }
    }

    fn ms(&mut self) -> f64 {
        self.0.sort_unstable();
        let (mut covered, mut us) = (i64::MIN, 0_i64);
        for (from, to) in &self.0 {
            us = us.saturating_add(to.saturating_sub(covered.max(*from)).max(0));
            covered = covered.max(*to);
        }
        us as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretches(steps: &[(EventType, i64, Option<&str>)]) -> (f64, f64) {
        let (mut tab, mut times) = (TabTime::default(), Times::default());
        for (kind, at_ms, visibility_state) in steps {
            let step = Step { kind: Some(*kind), at: at_ms * 1_000, visibility_state: *visibility_state, page: 0 };
            tab.step(&step, &mut |stretch| times.add(stretch));
        }
        tab.end(&mut |stretch| times.add(stretch));
        (times.visible_ms(), times.engaged_ms())
    }

    #[test]
    fn an_input_counts_five_seconds_but_not_beyond_the_first_end_after_it() {
        use EventType::{Click, Heartbeat, PageLeave, PageView, Visibility};
        assert_eq!(stretches(&[(PageView, 0, None), (Click, 1_000, None), (Click, 4_000, None)]), (4_000.0, 8_000.0));
        let left = [(Click, 0, None), (PageLeave, 2_000, None), (Heartbeat, 9_000, None)];
        assert_eq!(stretches(&left), (2_000.0, 2_000.0));
        let frozen = [(Click, 0, None), (Visibility, 1_000, Some("frozen")), (Visibility, 9_000, Some("resumed"))];
        assert_eq!(stretches(&frozen), (1_000.0, 1_000.0));
        let hidden = [(Visibility, 0, Some("hidden")), (Click, 1_000, None), (Heartbeat, 2_000, None)];
        assert_eq!(stretches(&hidden), (0.0, 0.0), "nobody clicks what is hidden");
    }

    #[test]
    fn a_union_counts_what_overlaps_once_in_whatever_order_it_comes() {
        let parts = [(0, 10), (20, 30), (5, 25), (40, 40), (-5, 1)];
        for turn in 0..parts.len() {
            let mut union = Union::default();
            parts.iter().cycle().skip(turn).take(parts.len()).for_each(|(from, to)| union.add(*from, *to));
            assert_eq!(union.ms(), 0.035, "{turn}");
        }
    }
}
