//! Places in something bounded, by holder: one sender may have a share only, and the slow lose theirs first.
//!
//! Two things are bounded so: the window (requests with their bytes) and the connections. Whoever keeps the process
//! waiting (a body that has not come, a peer that asks for nothing or does not read) stands in a line. When a share or
//! the whole is full, the one who has stood in its line for longest loses the place, if that is longer than the
//! patience; nobody who only waits for Kafka does.

pub(crate) mod shares;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus::IntCounter;
use tokio::sync::Notify;

#[cfg(test)]
mod tests;

/// What is taken, or may be at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Requests, or connections.
    pub count: usize,
    pub bytes: usize,
}

/// Whose share a place is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// A site, by its place in the configuration.
    Key(usize),
    /// An address, or the network that one customer has: see `rate_limit.rs`.
    Address(IpAddr),
}

/// The most that may be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub whole: Amount,
    pub key: Amount,
    pub address: Amount,
    /// How long somebody may stand in the line before another may have the place.
    pub patience: Duration,
}

/// Why there is no place, or no more room at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    Whole,
    Key,
    Address,
    /// Somebody else has this place: it was slow.
    Lost,
}

/// All places of one bounded thing.
#[derive(Debug)]
pub(crate) struct Places {
    caps: Caps,
    state: Mutex<State>,
    lost: IntCounter,
}

/// One place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    id: u64,
    lost: Arc<Notify>,
}

/// A request comes with a key and an address; a connection with an address, or with none behind a trusted proxy.
type Holders = [Option<Holder>; 2];

#[derive(Debug, Default)]
struct State {
    taken: Amount,
    shares: HashMap<Holder, Share>,
    held: HashMap<u64, Held>,
    /// Places by their order in the line: numbers grow, so the first stands longest.
    line: BTreeMap<u64, u64>,
    /// Next id, or order in the line.
    next: u64,
}

#[derive(Debug, Default)]
struct Share {
    taken: Amount,
    line: BTreeSet<u64>,
}

#[derive(Debug)]
struct Held {
    holders: Holders,
    taken: Amount,
    standing: Option<(u64, Instant)>,
    lost: Arc<Notify>,
}

impl Places {
    /// `lost` counts the places that the slow lost.
    pub(crate) fn new(caps: Caps, lost: IntCounter) -> Arc<Self> {
        Arc::new(Self { caps, state: Mutex::default(), lost })
    }

    /// A place, as yet without bytes.
    pub(crate) fn enter(self: &Arc<Self>, holders: Holders) -> Result<Place, NoRoom> {
        let one = Amount { count: 1, bytes: 0 };
        let mut state = self.state();
        self.make_room(&mut state, holders, one, None)?;
        state.add(holders, one);
        let id = state.number();
        let lost = Arc::new(Notify::new());
        state.held.insert(id, Held { holders, taken: one, standing: None, lost: Arc::clone(&lost) });
        drop(state);
        Ok(Place { places: Arc::clone(self), id, lost })
    }

    /// What all places together take.
    pub(crate) fn taken(&self) -> Amount {
        self.state().taken
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes places from those who stand in line for too long, until `more` fits.
    fn make_room(&self, state: &mut State, holders: Holders, more: Amount, own: Option<u64>) -> Result<(), NoRoom> {
        while let Some(full) = self.full(state, holders, more) {
            let Some(slow) = state.slowest(full, holders, self.caps.patience) else {
                let whole = !state.taken.has_room(more, self.caps.whole);
                return Err(if whole { NoRoom::Whole } else { full });
            };
            // Its bytes are freed as soon as its task has heard; until then they are counted nowhere.
            if let Some(held) = state.release(slow) {
                held.lost.notify_one();
                self.lost.inc();
            }
            if own == Some(slow) {
                return Err(NoRoom::Lost);
            }
        }
        Ok(())
    }

    /// The first cap that `more` does not fit under: the sender's own shares before the whole.
    fn full(&self, state: &State, holders: Holders, more: Amount) -> Option<NoRoom> {
        for holder in holders.into_iter().flatten() {
            let (cap, full) = match holder {
                Holder::Address(_) => (self.caps.address, NoRoom::Address),
                Holder::Key(_) => (self.caps.key, NoRoom::Key),
            };
            let taken = state.shares.get(&holder).map(|share| share.taken).unwrap_or_default();
            if !taken.has_room(more, cap) {
                return Some(full);
            }
        }
        (!state.taken.has_room(more, self.caps.whole)).then_some(NoRoom::Whole)
    }
}

impl Place {
    /// Asks for `more` bytes; nothing changes when there is no room for them.
    pub(crate) fn grow(&self, more: usize) -> Result<(), NoRoom> {
        let more = Amount { count: 0, bytes: more };
        let mut state = self.places.state();
        let holders = state.held.get(&self.id).ok_or(NoRoom::Lost)?.holders;
        self.places.make_room(&mut state, holders, more, Some(self.id))?;
        state.add(holders, more);
        if let Some(held) = state.held.get_mut(&self.id) {
            held.taken.bytes += more.bytes;
        }
        Ok(())
    }

    /// Gives back all but `bytes`.
    pub(crate) fn shrink_to(&self, bytes: usize) {
        let mut state = self.places.state();
        let Some(held) = state.held.get_mut(&self.id) else { return };
        let surplus = Amount { count: 0, bytes: held.taken.bytes.saturating_sub(bytes) };
        held.taken.bytes -= surplus.bytes;
        let holders = held.holders;
        state.subtract(holders, surplus);
    }

    /// Joins the line at its end: from now on the process waits for this sender.
    pub(crate) fn stand(&self) {
        self.places.state().stand(self.id, Instant::now());
    }

    /// Leaves the line; an error if the place is lost.
    pub(crate) fn step_out(&self) -> Result<(), NoRoom> {
        self.places.state().step_out(self.id).then_some(()).ok_or(NoRoom::Lost)
    }

    /// Ends when somebody else has got this place.
    pub(crate) async fn lost(&self) {
        self.lost.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.state().release(self.id);
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn add(&mut self, holders: Holders, more: Amount) {
        self.taken.add(more);
        for holder in holders.into_iter().flatten() {
            self.shares.entry(holder).or_default().taken.add(more);
        }
    }

    fn subtract(&mut self, holders: Holders, less: Amount) {
        self.taken.subtract(less);
        for holder in holders.into_iter().flatten() {
            let Some(share) = self.shares.get_mut(&holder) else { continue };
            share.taken.subtract(less);
            if share.taken.count == 0 {
                self.shares.remove(&holder);
            }
        }
    }

    fn stand(&mut self, id: u64, now: Instant) {
        let order = self.number();
        let Some(held) = self.held.get_mut(&id) else { return };
        if held.standing.is_some() {
            return;
        }
        held.standing = Some((order, now));
        self.line.insert(order, id);
        for holder in held.holders.into_iter().flatten() {
            self.shares.entry(holder).or_default().line.insert(order);
        }
    }

    /// Whether the place is still held.
    fn step_out(&mut self, id: u64) -> bool {
        let Some(held) = self.held.get_mut(&id) else { return false };
        if let Some((order, _)) = held.standing.take() {
            self.line.remove(&order);
            for holder in held.holders.into_iter().flatten() {
                if let Some(share) = self.shares.get_mut(&holder) {
                    share.line.remove(&order);
                }
            }
        }
        true
    }

    fn release(&mut self, id: u64) -> Option<Held> {
        self.step_out(id);
        let held = self.held.remove(&id)?;
        self.subtract(held.holders, held.taken);
        Some(held)
    }

    /// Who has stood for longest in the line of what is full, if that is for longer than `patience`.
    fn slowest(&self, full: NoRoom, holders: Holders, patience: Duration) -> Option<u64> {
        let of_share = |holder: &Holder| {
            let share = self.shares.get(holder)?;
            share.line.first().and_then(|order| self.line.get(order))
        };
        let id = match full {
            NoRoom::Whole | NoRoom::Lost => self.line.first_key_value().map(|(_, id)| id),
            NoRoom::Key => holders.iter().flatten().find(|holder| matches!(holder, Holder::Key(_))).and_then(of_share),
            NoRoom::Address => {
                holders.iter().flatten().find(|holder| matches!(holder, Holder::Address(_))).and_then(of_share)
            }
        }?;
        let (_, since) = self.held.get(id)?.standing?;
        (since.elapsed() >= patience).then_some(*id)
    }
}

impl Amount {
    /// `percent` of this, and at least `least`.
    pub(crate) fn share(self, percent: usize, least: Amount) -> Amount {
        let of = |whole: usize| whole / 100 * percent + whole % 100 * percent / 100;
        Amount { count: of(self.count).max(least.count), bytes: of(self.bytes).max(least.bytes) }
    }

    fn has_room(self, more: Amount, cap: Amount) -> bool {
        let fits = |taken: usize, more: usize, cap: usize| more == 0 || more <= cap.saturating_sub(taken);
        fits(self.count, more.count, cap.count) && fits(self.bytes, more.bytes, cap.bytes)
    }

    fn add(&mut self, more: Amount) {
        self.count += more.count;
        self.bytes += more.bytes;
    }

    fn subtract(&mut self, less: Amount) {
        self.count -= less.count;
        self.bytes -= less.bytes;
    }
}
