//! What is remembered of one visitor: recent sessions, and which events of which tab were landed.

use schemas::session::{GAP_US_MAX, SESSION_US_MAX, continues};
use serde::{Deserialize, Serialize};

use super::seen::Seen;

/// How long a visitor and a tab are remembered after they were last touched, by the partition's newest event time.
/// A day of an SDK's outbox and the longest lateness that the stream accepts (2 h) fit in.
pub(super) const RETAIN_US: i64 = 26 * 60 * 60 * 1_000_000;
/// Most sessions remembered of a visitor; the oldest are forgotten. A day holds at most 48 that are 30 minutes apart.
const SESSIONS_MAX: usize = 48;
/// Most tabs remembered of a visitor; the longest untouched are forgotten.
const TABS_MAX: usize = 128;

/// First and newest event of a session, epoch microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    start: i64,
    end: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tab {
    /// Hash of the tab's id.
    key: [u8; 16],
    seen: Seen,
    touched_at: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visitor {
    /// Ascending, never overlapping.
    sessions: Vec<Span>,
    tabs: Vec<Tab>,
    /// The partition's newest event time when a package of the visitor came last.
    touched_at: i64,
    /// The link that the visitor was last touched for; not part of the state.
    #[serde(skip)]
    pub touched_for_link: u64,
}

impl Visitor {
    pub(super) fn expired(&self, watermark: i64) -> bool {
        self.touched_at.saturating_add(RETAIN_US) < watermark
    }

    /// Forgets what has expired; false when nothing had.
    pub(super) fn forget_expired(&mut self, watermark: i64) -> bool {
        let expired = self.expired(watermark);
        let before = (self.sessions.len(), self.tabs.len());
        if expired {
            self.sessions.clear();
        }
        self.tabs.retain(|tab| !expired && !tab.expired(watermark));
        before != (self.sessions.len(), self.tabs.len())
    }

    /// Visitor and tabs that were touched at `latest` or after count as touched long ago.
    pub(super) fn withdraw_after(&mut self, latest: i64) {
        for touched_at in self.tabs.iter_mut().map(|tab| &mut tab.touched_at).chain([&mut self.touched_at]) {
            if *touched_at >= latest {
                *touched_at = 0;
            }
        }
    }

    /// Begins a package: forgets what has expired by `watermark` and marks visitor and tab as touched at `newest`.
    /// Gives the seen numbers of the tab.
    pub(super) fn touch(&mut self, tab: [u8; 16], watermark: i64, newest: i64) -> &mut Seen {
        if self.expired(watermark) {
            self.forget_expired(watermark);
        }
        self.touched_at = newest;
        let found = self.tabs.iter().position(|known| known.key == tab);
        let index = match found.filter(|index| !self.tabs[*index].expired(watermark)) {
            Some(index) => index,
            None => self.add_tab(tab, watermark, found),
        };
        self.tabs[index].touched_at = newest;
        &mut self.tabs[index].seen
    }

    fn add_tab(&mut self, key: [u8; 16], watermark: i64, expired: Option<usize>) -> usize {
        if let Some(index) = expired {
            self.tabs[index].seen = Seen::default();
            return index;
        }
        self.tabs.retain(|tab| !tab.expired(watermark));
        if self.tabs.len() >= TABS_MAX {
            let oldest = (0..self.tabs.len()).min_by_key(|index| (self.tabs[*index].touched_at, self.tabs[*index].key));
            self.tabs.remove(oldest.expect("the list is not empty"));
        }
        self.tabs.push(Tab { key, seen: Seen::default(), touched_at: i64::MIN });
        self.tabs.len() - 1
    }

    /// Puts an event into its session and gives the session's start. Late events join, extend and merge what is known:
    /// a merged session keeps the earlier start.
    pub(super) fn place(&mut self, at: i64) -> i64 {
        let next = self.sessions.partition_point(|session| session.start <= at);
        if next > 0 {
            let previous = self.sessions[next - 1];
            if at <= previous.end {
                return previous.start;
            }
            if continues(previous.start, previous.end, at) {
                self.sessions[next - 1].end = at;
                self.merge_with_next(next - 1);
                return previous.start;
            }
        }
        match self.sessions.get_mut(next) {
            Some(following) if begins_earlier(*following, at) => following.start = at,
            _ => {
                self.sessions.insert(next, Span { start: at, end: at });
                if self.sessions.len() > SESSIONS_MAX {
                    self.sessions.remove(0);
                }
            }
        }
        at
    }

    /// The start of the session that an event would be put into; changes nothing.
    pub(super) fn find(&self, at: i64) -> i64 {
        let next = self.sessions.partition_point(|session| session.start <= at);
        match next.checked_sub(1).map(|index| self.sessions[index]) {
            Some(session) if at <= session.end || continues(session.start, session.end, at) => session.start,
            _ => at,
        }
    }

    fn merge_with_next(&mut self, index: usize) {
        let Some(next) = self.sessions.get(index + 1).copied() else { return };
        let session = self.sessions[index];
        if continues(session.start, session.end, next.start) && next.end - session.start <= SESSION_US_MAX {
            self.sessions[index].end = next.end;
            self.sessions.remove(index + 1);
        }
    }
}

impl Tab {
    fn expired(&self, watermark: i64) -> bool {
        self.touched_at.saturating_add(RETAIN_US) < watermark
    }
}

/// Whether an event before a session is its true beginning.
fn begins_earlier(session: Span, at: i64) -> bool {
    session.start - at <= GAP_US_MAX && session.end - at <= SESSION_US_MAX
}

#[cfg(test)]
mod tests;
