//! Sessions, late events and duplicates of one partition, in memory.
//!
//! Uses no clock, no randomness and no I/O, and its answers depend on the records alone, not on how they were cut into
//! batches: so a restart from any link, with the state that the link names, gives the same rows again.
//!
//! State: per visitor the recent sessions and per tab the sequence numbers seen; keys are hashes of the ids. It is
//! bounded by what was active within [`visitor::RETAIN_US`].

mod seen;
mod state;
mod visitor;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::{ArrayBuilder, BooleanArray, DictionaryArray, Int32Array, StringBuilder};
use arrow::datatypes::Int32Type;
use schemas::session::session_id;
use xxhash_rust::xxh3::xxh3_128;

use crate::events::{Assigned, BELIEVABLE_US, EventKeys};
use state::{StateFile, StateFileRef};
use visitor::Visitor;

/// How far events may be out of order: the watermark follows the partition's newest event at this distance
/// (DEFINITIONS.md).
pub(crate) const WATERMARK_LAG_US: i64 = 2 * 60 * 1_000_000;

/// How far events may be ahead of a later record's broker time: servers' clocks differ by an hour at most, and records of
/// one partition are stamped by several.
const AHEAD_OF_BROKER_US_MAX: i64 = 2 * 60 * 60 * 1_000_000;

/// The sessions of one partition.
#[derive(Debug)]
pub(crate) struct Sessions {
    visitors: HashMap<u128, Visitor>,
    /// Newest event time so far.
    newest: Option<i64>,
    /// Visitors touched since the last link, each once.
    touched: Vec<u128>,
    /// Counts links from 1, so that a visitor knows whether it stands in `touched`.
    link: u64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { visitors: HashMap::new(), newest: None, touched: Vec::new(), link: 1 }
    }
}

impl Sessions {
    /// The state after the last link: a snapshot and the deltas after it, in order.
    pub(crate) fn restore<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Result<Self> {
        let mut sessions = Self::default();
        for file in files {
            let file = StateFile::from_bytes(file)?;
            sessions.newest = file.newest;
            sessions
                .visitors
                .extend(file.visitors.into_iter().map(|(key, visitor)| (u128::from_be_bytes(key), visitor)));
        }
        sessions.withdraw_unbelievable();
        Ok(sessions)
    }

    /// Whether nothing was ever assigned: there is no state to keep.
    pub(crate) fn is_new(&self) -> bool {
        self.newest.is_none() && self.visitors.is_empty()
    }

    /// Undoes what a state holds that was written when any time was believed: a watermark in the year 9999, and visitors
    /// that would never be forgotten.
    fn withdraw_unbelievable(&mut self) {
        let latest = BELIEVABLE_US.end;
        self.newest = self.newest.filter(|newest| *newest < latest);
        self.visitors.values_mut().for_each(|visitor| visitor.withdraw_after(latest));
    }

    /// Compares time with the broker's time of the record at hand. What lies too far ahead of that was a clock's fault:
    /// time begins anew. What had expired by then stays forgotten, so that it does not matter when states were written.
    fn check_time(&mut self, broker_at: Option<i64>) {
        let latest = broker_at.map_or(i64::MAX, |broker| broker.saturating_add(AHEAD_OF_BROKER_US_MAX));
        let Some(watermark) = self.watermark().filter(|watermark| watermark + WATERMARK_LAG_US > latest) else {
            return;
        };
        for (key, visitor) in &mut self.visitors {
            if visitor.forget_expired(watermark) && visitor.touched_for_link != self.link {
                visitor.touched_for_link = self.link;
                self.touched.push(*key);
            }
        }
        self.newest = None;
    }

    /// Newest event time less the allowed disorder; `None` before the first event.
    pub(crate) fn watermark(&self) -> Option<i64> {
        self.newest.map(|newest| newest - WATERMARK_LAG_US)
    }

    pub(crate) fn visitors_total(&self) -> usize {
        self.visitors.len()
    }

    /// The state of the visitors touched since the last link, which counts as written from now on.
    pub(crate) fn take_delta(&mut self) -> Result<Vec<u8>> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        self.link += 1;
        let visitors = touched.iter().map(|key| (key.to_be_bytes(), &self.visitors[key])).collect();
        StateFileRef { newest: self.newest, visitors }.to_bytes()
    }

    /// The whole state, without what has expired; counts as written from now on.
    pub(crate) fn take_snapshot(&mut self) -> Result<Vec<u8>> {
        if let Some(watermark) = self.watermark() {
            self.visitors.retain(|_, visitor| !visitor.expired(watermark));
        }
        self.touched.clear();
        self.link += 1;
        let mut visitors: Vec<_> = self.visitors.iter().map(|(key, visitor)| (key.to_be_bytes(), visitor)).collect();
        visitors.sort_unstable_by_key(|(key, _)| *key);
        StateFileRef { newest: self.newest, visitors }.to_bytes()
    }

    /// Assigns the events of some packages, in the order of their offsets.
    pub(crate) fn assign(&mut self, keys: &EventKeys) -> Result<Assigned> {
        let mut rows = Rows::with_capacity(keys.seq.len());
        let mut scratch = Scratch::default();
        for package in 0..keys.offsets.len() - 1 {
            self.assign_package(keys, package, &mut scratch, &mut rows);
        }
        rows.finish()
    }

    fn assign_package(&mut self, keys: &EventKeys, package: usize, scratch: &mut Scratch, rows: &mut Rows) {
        let events = keys.offsets[package] as usize..keys.offsets[package + 1] as usize;
        let times = &keys.occurred_at[events.clone()];
        let Some(newest_here) = times.iter().max() else { return };
        let (site_id, visitor_id) = (keys.site_id.value(package), keys.visitor_id.value(package));
        self.check_time(keys.broker_at[package]);
        let watermark = self.watermark().unwrap_or(i64::MIN);
        // Without the broker's word a record takes time along a step, never anywhere.
        let step_max = match (self.newest, keys.broker_at[package]) {
            (Some(newest), None) => newest.saturating_add(visitor::RETAIN_US),
            _ => i64::MAX,
        };
        let newest = self.newest.map_or(*newest_here, |newest| newest.max(*newest_here)).min(step_max);

        let key = scratch.visitor_key(site_id, visitor_id);
        let visitor = self.visitors.entry(key).or_default();
        if visitor.touched_for_link != self.link {
            visitor.touched_for_link = self.link;
            self.touched.push(key);
        }
        let seen = visitor.touch(xxh3_128(keys.tab_id.value(package).as_bytes()).to_be_bytes(), watermark, newest);
        scratch.duplicate.clear();
        scratch.duplicate.extend(keys.seq[events.clone()].iter().map(|seq| !seen.insert(*seq)));

        rows.open(events.len());
        scratch.sort_by_time(times);
        for index in scratch.order.iter().copied() {
            let at = times[index];
            let duplicate = scratch.duplicate[index];
            let start = if duplicate { visitor.find(at) } else { visitor.place(at) };
            rows.set(index, start, || session_id(site_id, visitor_id, start), at < watermark, duplicate);
        }
        // Duplicates were seen before, so they say nothing new about how far time has come.
        let first_copies = times.iter().zip(&scratch.duplicate).filter(|(_, duplicate)| !**duplicate);
        self.newest = first_copies.map(|(at, _)| (*at).min(step_max)).chain(self.newest).max();
    }
}

/// Memory that is used again for every package.
#[derive(Default)]
struct Scratch {
    text: Vec<u8>,
    duplicate: Vec<bool>,
    order: Vec<usize>,
}

impl Scratch {
    fn visitor_key(&mut self, site_id: &str, visitor_id: &str) -> u128 {
        self.text.clear();
        for part in [site_id, visitor_id] {
            self.text.extend_from_slice(part.as_bytes());
            self.text.push(0);
        }
        xxh3_128(&self.text)
    }

    /// Sets `order` to the places of `times` in ascending order of time; equal times keep theirs.
    fn sort_by_time(&mut self, times: &[i64]) {
        self.order.clear();
        self.order.extend(0..times.len());
        if !times.is_sorted() {
            self.order.sort_by_key(|index| times[*index]);
        }
    }
}

/// The columns in the making. Session ids are a dictionary: consecutive events share a value.
struct Rows {
    ids: StringBuilder,
    id_rows: Vec<i32>,
    started_at: Vec<i64>,
    late: Vec<bool>,
    duplicate: Vec<bool>,
    /// First row of the package at hand.
    package: Range<usize>,
    /// Start of the session whose id was added last, within the package.
    current: Option<i64>,
}

impl Rows {
    fn with_capacity(events: usize) -> Self {
        Self {
            ids: StringBuilder::new(),
            id_rows: Vec::with_capacity(events),
            started_at: Vec::with_capacity(events),
            late: Vec::with_capacity(events),
            duplicate: Vec::with_capacity(events),
            package: 0..0,
            current: None,
        }
    }

    /// Begins a package of `length` events.
    fn open(&mut self, length: usize) {
        self.package = self.package.end..self.package.end + length;
        self.current = None;
        self.id_rows.resize(self.package.end, 0);
        self.started_at.resize(self.package.end, 0);
        self.late.resize(self.package.end, false);
        self.duplicate.resize(self.package.end, false);
    }

    fn set(&mut self, index: usize, start: i64, id: impl FnOnce() -> uuid::Uuid, late: bool, duplicate: bool) {
        if self.current != Some(start) {
            self.current = Some(start);
            let mut text = uuid::Uuid::encode_buffer();
            self.ids.append_value(id().as_hyphenated().encode_lower(&mut text));
        }
        let row = self.package.start + index;
        self.id_rows[row] = i32::try_from(self.ids.len() - 1).expect("a batch holds fewer than i32::MAX events");
        self.started_at[row] = start;
        self.late[row] = late && !duplicate;
        self.duplicate[row] = duplicate;
    }

    fn finish(mut self) -> Result<Assigned> {
        let ids = Arc::new(self.ids.finish());
        let (late, duplicate) = (BooleanArray::from(self.late), BooleanArray::from(self.duplicate));
        Ok(Assigned {
            session_id: Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from(self.id_rows), ids)?),
            session_started_at: self.started_at,
            late_total: late.true_count() as u64,
            duplicates_total: duplicate.true_count() as u64,
            late,
            duplicate,
        })
    }
}

#[cfg(test)]
mod tests;
